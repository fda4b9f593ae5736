"""What may stand in the applications of a call that was handed over to us. Pure.

Source: FreeSWITCH's ``mod_dptools.c``, ``play_and_get_digits``, ``bridge``, ``playback``: blanks part their arguments.
"""

import re
from typing import Final

from gateway.model.errors import CommandRefusedError

_SOUND: Final = re.compile(r"[^\x00-\x20\x7f'\"`\\{}]{1,512}")
_ENDPOINT: Final = re.compile(r"[0-9A-Za-z_]+/[0-9A-Za-z_./:@;=+*#-]{1,256}", re.ASCII)
_WORD: Final = re.compile(r"[0-9A-Za-z_.-]{1,80}", re.ASCII)
_KEYS: Final = re.compile(r"[0-9*#]{1,12}", re.ASCII)
LONGEST_S: Final = 24 * 3600


def sound(text: str) -> str:
    """Return a file or stream to be played, as one argument.

    Raises:
        CommandRefusedError: It holds a blank, a quote or a brace.
    """
    return _checked(_SOUND, text, "is no file or stream that can be played: no blanks, quotes or braces")


def endpoint(text: str) -> str:
    """Return one endpoint, such as ``user/1001``.

    Raises:
        CommandRefusedError: It is none, or several, or has variables.
    """
    return _checked(_ENDPOINT, text, "is no endpoint such as user/1001")


def word(text: str) -> str:
    """Return the name of a variable, a context or a cause.

    Raises:
        CommandRefusedError: It is none.
    """
    return _checked(_WORD, text, "is no name")


def terminators(keys: str) -> str:
    """Return the keys that end an input; ``none`` without any.

    Raises:
        CommandRefusedError: A telephone has no such key.
    """
    return _checked(_KEYS, keys, "are no keys: 0-9, * and #") if keys else "none"


def seconds(value: float) -> float:
    """Return a length of time.

    Raises:
        CommandRefusedError: It is none, or more than a day.
    """
    if not 0 < value <= LONGEST_S:
        raise CommandRefusedError(f"{value:g} s is no time to wait")
    return value


def _checked(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    if pattern.fullmatch(text) is None:
        raise CommandRefusedError(f"{text!r} {otherwise}")
    return text
