"""Tables and times for people."""

import time
import unicodedata
from collections.abc import Sequence
from datetime import datetime


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write rows below each other; no rows are said to be none."""
    if not rows:
        return "(none)\n"
    lines = [[head.upper() for head in heads], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(heads))]
    return "".join(
        "  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(line)).rstrip() + "\n"
        for line in lines
    )


def width(text: str) -> int:
    """Return how many places a text takes on a terminal: those of Chinese, Japanese and Korean take two."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def printable(text: str) -> str:
    """Take out what would steer a terminal: callers' names come from anywhere."""
    return "".join(char if char.isprintable() else "?" for char in text)


def day_of(at: float) -> str:
    """Write seconds since the epoch as a day and a minute here."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def moment_of(told: str | None) -> str:
    """Write a time of the API (RFC 3339) as a day and a second here; nothing where it is not known."""
    return "" if told is None else datetime.fromisoformat(told).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def seconds_of(told: str) -> float:
    """Return a time of the API as seconds since the epoch."""
    return datetime.fromisoformat(told).timestamp()


def length_of(seconds: float) -> str:
    """Write a length as ``1:02`` or ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
