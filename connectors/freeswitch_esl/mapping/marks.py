"""Whose doing a command is, as its Job-UUID says: a recording holds it, so that a replay knows it too. Pure."""

import re
from typing import Final

import msgspec

_MARK: Final = re.compile(r"tieline:(?P<kind>[a-z_]{1,40}):(?P<by>[^:\s]{0,80}):(?P<order>[^:\s]{1,40}):[0-9]{1,4}")


class Mark(msgspec.Struct, frozen=True):
    """What somebody asked for."""

    kind: str = ""
    """The command's ``type``; empty when nobody asked for it."""
    by: str = ""
    """The extension that gave it; empty where the command has none."""


def mark_of(kind: str, by: str, order: str, place: int) -> str:
    """Return the Job-UUID of one of an order's commands."""
    return f"tieline:{kind}:{by}:{order}:{place}"


def read_mark(job: str) -> Mark:
    """Return what a Job-UUID says; one that is not ours says nothing."""
    found = _MARK.fullmatch(job)
    return Mark() if found is None else Mark(found["kind"], found["by"])
