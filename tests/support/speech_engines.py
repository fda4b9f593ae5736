"""Engines for worker processes that do what a test says: the text of a request, or a sound's first byte, is an order."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Heard, Voice, Wanted

ECHO, RAISES, CRASHES, HANGS, PRINTS, WAITS = b"e", b"r", b"c", b"h", b"p", b"w"
LONG_S = 60.0
LIFE = 2000
"""Bytes of a sound that is long enough to be a sentence."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    fails: str = ""
    final: bool = False
    gate: str | None = None
    """A file: ``WAITS`` answers when it is there."""


def sound(order: bytes) -> bytes:
    return order * LIFE


def recogniser(settings: EngineSettings) -> Callable[[bytes, Wanted], Heard]:
    if settings.fails:
        raise (ConfigurationError if settings.final else RuntimeError)(settings.fails)

    def recognise(heard: bytes, wanted: Wanted) -> Heard:
        match heard[:1]:
            case b"r":
                raise RuntimeError("no such word")
            case b"c":
                os.kill(os.getpid(), signal.SIGSEGV)
            case b"h":
                time.sleep(LONG_S)
            case b"p":
                os.write(1, b"a library talks\n")
            case b"w":
                while settings.gate is not None and not Path(settings.gate).exists():
                    time.sleep(0.01)
            case _:
                pass
        return Heard(text=f"{len(heard)} {os.getpid()}", language=wanted.language)

    return recognise


def speaker(settings: EngineSettings) -> Callable[[str, Voice], bytes]:
    return lambda text, voice: f"{voice.language}:{text}".encode()
