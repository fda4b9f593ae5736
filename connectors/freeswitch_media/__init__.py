"""The voice of a FreeSWITCH's calls without SIP: by its outbound event socket, and UDP for the sound."""
