"""The process of a SIP worker: it owns PJSIP, and dies with it. Only here is pjsua2 imported (``make sip`` builds it).

Rules that PJSIP sets: one thread, the process's first, makes all calls into it; its sound runs on threads of its own, which call
back into Python and only leave notes; a call's object lives some seconds longer than the call; nothing is made anew while
sound runs that can be kept and used again.
"""
