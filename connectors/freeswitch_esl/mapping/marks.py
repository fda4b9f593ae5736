"""Whose doing a command is, as its Job-UUID says: a recording holds it, so that a replay knows it too. Pure."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

_MARK: Final = re.compile(
    r"tieline:(?P<kind>[a-z_]{1,40}):(?P<by>[^:\s]{0,80}):(?P<order>[^:\s]{1,40}):[0-9]{1,4}(?::(?P<reason>[\w=-]{1,192}))?",
    re.ASCII,
)
REASON_BYTES: Final = 144
"""Of UTF-8 that a reason may have, the rest is cut off: FreeSWITCH keeps 256 characters of a Job-UUID."""


class Mark(msgspec.Struct, frozen=True):
    """What somebody asked for."""

    kind: str = ""
    """The command's ``type``; empty when nobody asked for it."""
    by: str = ""
    """The extension that gave it; empty where the command has none."""
    reason: str = ""
    """What was given for a break, of which FreeSWITCH itself keeps no reason."""


def mark_of(kind: str, by: str, order: str, place: int, reason: str = "") -> str:
    """Return the Job-UUID of one of an order's commands."""
    job = f"tieline:{kind}:{by}:{order}:{place}"
    if not reason:
        return job
    whole = reason.encode()[:REASON_BYTES].decode(errors="ignore")
    return f"{job}:{urlsafe_b64encode(whole.encode()).decode()}"


def read_mark(job: str) -> Mark:
    """Return what a Job-UUID says; one that is not ours says nothing."""
    found = _MARK.fullmatch(job)
    if found is None:
        return Mark()
    try:
        reason = urlsafe_b64decode(found["reason"] or "").decode(errors="replace")
    except ValueError:
        reason = ""
    return Mark(found["kind"], found["by"], reason)
