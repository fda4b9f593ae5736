"""Rows as Asterisk writes them to ``Master.csv`` and ``queue_log``."""

from datetime import UTC, datetime
from typing import Final

from support.virtual_time import EPOCH_S

BEGAN: Final = int(EPOCH_S)
"""When virtual time begins, in seconds since the epoch; the rows' times count from then."""


def cdr_row(number: int, began_s: int, talked_s: int = 30, *, zone_s: int = 0, unique: bool = True, answered: bool = True) -> str:
    """A call that waits 5 s in a queue and talks with desk 1001."""

    def shown(at: int) -> str:
        return datetime.fromtimestamp(BEGAN + at + zone_s, UTC).strftime("%Y-%m-%d %H:%M:%S")

    times = [shown(began_s), shown(began_s + 5) if answered else "", shown(began_s + 5 + talked_s)]
    fields = [
        "", "+85291234567", "5000", "queues", '""Chan, T M"" <+85291234567>', f"PJSIP/carrier-{number:08x}",
        "PJSIP/1001-0000000c", "Queue", "support,tT", *times, str(talked_s + 5), str(talked_s if answered else 0),
        "ANSWERED" if answered else "NO ANSWER", "DOCUMENTATION",
    ]  # fmt: skip
    text = ",".join(f'"{field}"' for field in fields)
    return f'{text},"{leg_of(number, began_s)}",""\n' if unique else f'{text},""\n'


def leg_of(number: int, began_s: int) -> str:
    return f"cc1-{BEGAN + began_s}.{number}"


def queue_line(number: int, began_s: int, talked_s: int = 30, event: str = "COMPLETECALLER") -> str:
    """What the queue writes of the same call."""
    return f"{BEGAN + began_s + 5 + talked_s}|{leg_of(number, began_s)}|support|Agent One|{event}|5|{talked_s}|1\n"
