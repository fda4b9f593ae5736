"""What a system's answer says: the values that a handler takes of it. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_PATH: Final = re.compile(r"\$(?:\.[A-Za-z_][\w-]*|\[\d{1,4}\])*")
_PART: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]")


class AnswerError(ValueError):
    """An answer that does not hold what it should; the system's people, or whoever wrote the handler, must act."""


def taken(body: bytes, take: Mapping[str, str]) -> dict[str, str]:
    """Return the values by name; ``take`` says where each stands: ``$.parcel.events[0].place``.

    Null is the empty text, true and false are ``true`` and ``false``. Nothing to take: the body is not read.

    Raises:
        AnswerError: The body is no JSON, or a value is missing or a structure.
    """
    if not take:
        return {}
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise AnswerError(f"the answer is no JSON: {error}") from error
    return {name: _text(_at(decoded, path), path) for name, path in take.items()}


def _at(decoded: Any, path: str) -> Any:
    if _PATH.fullmatch(path) is None:
        raise AnswerError(f"take: {path!r} is no path such as $.parcel.events[0].place")
    value = decoded
    for part in _PART.finditer(path):
        try:
            if part[2]:
                value = value[int(part[2])] if isinstance(value, list) else value[None]
            else:
                value = value[part[1]] if isinstance(value, dict) else value[None]
        except (KeyError, IndexError, TypeError) as error:
            raise AnswerError(f"the answer has no {path}") from error
    return value


def _text(value: Any, path: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            raise AnswerError(f"{path} is no single value")
