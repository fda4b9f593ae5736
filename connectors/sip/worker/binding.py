"""pjsua2, and what our build of it has beside: limits, codecs, the guard. The one module that imports it.

Source: packaging/pjsua2. SWIG's classes carry no types; ``Any`` ends at the modules of this package.
"""

import ctypes
from importlib import import_module
from typing import Any, Final

pj: Final[Any] = import_module("pjsua2")
_build: Final = ctypes.PyDLL(import_module("_pjsua2").__file__)
_libc: Final = ctypes.CDLL(None)
_build.tieline_codecs.restype = ctypes.c_char_p
_build.tieline_guard_last_locked.restype = ctypes.c_char_p
_build.tieline_guard_start.argtypes = (ctypes.c_double, ctypes.c_int, ctypes.c_int, ctypes.c_double)

_COUNTS: Final = ctypes.c_ulonglong * 6


def quiet() -> None:
    """Have PJSIP print nothing, not even while it begins: callers' numbers are in its log."""
    _build.tieline_quiet()


def trim() -> None:
    """Give free memory back to the system (glibc); takes some milliseconds."""
    _libc.malloc_trim(0)


def max_calls() -> int:
    """Calls that this build has room for, whatever its configuration says."""
    return int(_build.tieline_max_calls())


def codecs() -> tuple[str, ...]:
    """Codecs of this build, by PJSIP's names without ``/1``."""
    return tuple(_build.tieline_codecs().decode().split())


def guard_allow(network: str) -> bool:
    """Let requests from a network in; False when it is none."""
    return bool(_build.tieline_guard_allow(network.encode()) == 0)


def guard_start(requests_per_s: float, burst: int, max_failures: int, lockout_s: float) -> bool:
    """Begin to look at requests. PJSIP is initialized, and has no transport yet."""
    return bool(_build.tieline_guard_start(requests_per_s, burst, max_failures, lockout_s) == 0)


def without_udp() -> None:
    """Stay with a peer's TCP or TLS, whatever its Contact says. To be called before there is a transport."""
    _build.tieline_without_udp()


def guard_counts() -> tuple[int, ...]:
    """Strangers, too many, locked out, passwords tried, lock-outs, strangers' connections."""
    counts = _COUNTS()
    _build.tieline_guard_counts(counts)
    return tuple(counts)


def guard_last_locked() -> str:
    """Return the source that was locked out last; empty when none was."""
    return str(_build.tieline_guard_last_locked().decode())
