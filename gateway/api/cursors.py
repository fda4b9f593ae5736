"""Cursors of lists that are told page by page: where the next page begins, in a form that nobody needs to read."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, TypeVar

import msgspec

from gateway.api.problems import bad_parameter

_Place = TypeVar("_Place")


def cursor_of(place: Any) -> str | None:
    """Return the cursor of a place, a Struct; None of none, which is the end."""
    return None if place is None else urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str | None, kind: type[_Place]) -> _Place | None:
    """Return the place that a cursor names; None without one, which is the beginning.

    Raises:
        ApiError: It is none of ours.
    """
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise bad_parameter("cursor", "it is none that an answer gave as `next`") from error
