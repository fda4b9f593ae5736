"""ESL wire protocol, without I/O, for both of its ends: FreeSWITCH's (frames) and its client's (commands).

Source: developer.signalwire.com, "mod_event_socket"; FreeSWITCH's ``mod_event_socket.c`` and ``switch_event.c``.
"""
