"""Times as people and programs read them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_LAST_MILLISECOND: Final = 253402300799_000
"""Of the year 9999. A PBX's clock may say anything."""
_KEPT_SECONDS: Final = 1024
"""Seconds whose text is kept: much happens in the same one."""


def rfc3339(at: float) -> str:
    """Write seconds since the epoch in UTC to the millisecond, ``2026-11-22T14:31:40.123Z``; what no calendar has as its end."""
    second, millisecond = divmod(min(max(int(at * 1000), 0), _LAST_MILLISECOND), 1000)
    return f"{_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=_KEPT_SECONDS)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
