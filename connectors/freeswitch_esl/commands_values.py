"""What may stand in a command: everything that somebody asked for is checked here before it is sent. Pure.

A line end would begin a command of its own; a blank begins the next argument; ``, | & { } [ ] < > ' " ^ $ ( )`` mean something in
FreeSWITCH's dial strings and variables.
"""

import re
from typing import Final

from gateway.model.errors import CommandRefusedError

_NUMBER: Final = re.compile(r"[0-9A-Za-z*#+._-]{1,64}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9A-D*#]{1,64}", re.ASCII)
_NAME: Final = re.compile(r"[^\x00-\x20\x7f'\"`,|&{}\[\]<>^$()\\;]{1,128}")
_PATH: Final = re.compile(r"[^\x00-\x1f\x7f'\"`\\]{1,512}")
MAX_LEVEL: Final = 10_000
"""Far more than any queue has tiers."""


def number(text: str, what: str) -> str:
    """Return a number or an extension as it is.

    Raises:
        CommandRefusedError: It holds what no telephone dials.
    """
    if _NUMBER.fullmatch(text) is None:
        raise CommandRefusedError(f"{what} {text!r} is none: digits, letters and any of * # + . _ - make one, 64 at most")
    return text


def digits(text: str) -> str:
    """Return keys as they are.

    Raises:
        CommandRefusedError: A telephone has no such key, or they are none or more than 64.
    """
    if _DIGITS.fullmatch(text) is None:
        raise CommandRefusedError(f"{text!r} are no keys of a telephone: 0-9, A-D, * and #, 64 at most")
    return text


def name(text: str, what: str) -> str:
    """Return the name of a queue, an agent or a leg as it is.

    Raises:
        CommandRefusedError: It holds a blank, a quote or a sign that means something to FreeSWITCH.
    """
    if _NAME.fullmatch(text) is None:
        raise CommandRefusedError(
            f"{what} {text!r} cannot be named to FreeSWITCH: it is empty, too long, or holds a blank or quote"
        )
    return text


def path(text: str) -> str:
    """Return a file's path as an argument.

    Raises:
        CommandRefusedError: It holds a quote, a backslash or what nobody sees.
    """
    if _PATH.fullmatch(text) is None:
        raise CommandRefusedError(f"the recording {text!r} cannot be named to FreeSWITCH")
    return f"'{text}'" if " " in text else text


def level(penalty: int) -> str:
    """Return a penalty as the level of a tier.

    Raises:
        CommandRefusedError: It is negative or absurd.
    """
    if not 0 <= penalty <= MAX_LEVEL:
        raise CommandRefusedError(f"a penalty is 0 to {MAX_LEVEL}, not {penalty}")
    return str(penalty)
