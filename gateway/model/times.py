"""Times as people and programs read them."""

from datetime import UTC, datetime
from typing import Final

_LAST_SECOND: Final = 253402300799.0
"""Of the year 9999. A PBX's clock may say anything."""


def rfc3339(at: float) -> str:
    """Write seconds since the epoch in UTC to the millisecond, ``2026-11-22T14:31:40.123Z``; what no calendar has as its end."""
    at = min(max(at, 0.0), _LAST_SECOND)
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
