"""What may stand in an action's headers: everything that somebody asked for is checked here before it is sent. Pure.

A line end would begin a header, or an action, of its own; ``, & / ( ) $ { }`` mean something to the dial plan's applications,
which get some of these values as their arguments.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from gateway.model.errors import CommandRefusedError

_NUMBER: Final = re.compile(r"[0-9A-Za-z*#+._-]{1,64}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9A-D*#]{1,64}", re.ASCII)
_NAME: Final = re.compile(r"[0-9A-Za-z_]{1,40}", re.ASCII)
MAX_TEXT_CHARACTERS: Final = 80
MAX_CONTEXT: Final = 16
"""Entries of what is told with a call."""
MAX_CONTEXT_CHARACTERS: Final = 256
MAX_PENALTY: Final = 10_000
"""Far more than any queue has ranks of members."""


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


def text(value: str, what: str) -> str:
    """Return a name or a reason as it is.

    Raises:
        CommandRefusedError: It holds a line end or another control character, is empty or too long.
    """
    if not value.strip() or len(value) > MAX_TEXT_CHARACTERS:
        raise CommandRefusedError(f"{what} has 1 to {MAX_TEXT_CHARACTERS} characters, not {value!r}")
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise CommandRefusedError(f"{what} {value!r} holds a character that nobody sees, such as a line end")
    return value


def context_variables(context: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return channel variables for what is told with a call: ``intent`` is ``__TIELINE_INTENT``; legs dialled later inherit it.

    Raises:
        CommandRefusedError: A name or a value is none, or there are too many.
    """
    if len(context) > MAX_CONTEXT:
        raise CommandRefusedError(f"the context has {len(context)} entries, and {MAX_CONTEXT} are taken at most")
    variables = []
    for name, value in context.items():
        if _NAME.fullmatch(name) is None:
            raise CommandRefusedError(f"{name!r} is no name for a context: letters, digits and _, 40 at most")
        if len(value) > MAX_CONTEXT_CHARACTERS or any(unicodedata.category(each).startswith("C") for each in value):
            what = f"{MAX_CONTEXT_CHARACTERS} characters at most, and none that nobody sees, such as a line end"
            raise CommandRefusedError(f"the context's {name} is not taken: {what}")
        variables.append((f"__TIELINE_{name.upper()}", value))
    return variables


def penalty(value: int) -> str:
    """Return a queue member's penalty as Asterisk reads it.

    Raises:
        CommandRefusedError: It is negative or absurd.
    """
    if not 0 <= value <= MAX_PENALTY:
        raise CommandRefusedError(f"a penalty is 0 to {MAX_PENALTY}, not {value}")
    return str(value)
