"""Reads the end of Asterisk's ``Master.csv``: what it wrote of calls that ended while we were away.

A row has the columns of ``cdr_csv`` (docs.asterisk.org, "CDR"): account, source, destination, context, caller id, leg, called
leg, application, its data, start, answer, end, duration, billed, disposition, flags and, with ``loguniqueid=yes``, the leg's
Uniqueid. Times are the PBX's local ones unless it has ``usegmtime=yes``; a Uniqueid begins with seconds since the epoch, so the
rows themselves tell which.
"""

import csv
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from statistics import median_low
from typing import Final

import msgspec

from connectors.asterisk_ami.tail import Tail
from gateway.model.ids import LegId
from gateway.model.reports import CallDetail

_ZONE_STEP_S: Final = 900
"""Seconds by which time zones differ at least."""
_COLUMNS: Final = 17
_REMEMBERED_OFFSETS: Final = 101
_UNIQUEID: Final = re.compile(r"(?:.+-)?(?P<began>\d{9,11})\.\d+$")


class CdrFile:
    """One ``Master.csv``, read from where the last reading ended. Reading blocks: do it in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.without_id = 0
        """Rows that name no leg, in the last reading: ``loguniqueid=yes`` is missing in ``cdr.conf``."""
        self._tail = Tail(path)
        self._offsets: deque[float] = deque(maxlen=_REMEMBERED_OFFSETS)

    def forget(self) -> None:
        """Begin with the file's end again: what was read before is read once more."""
        self._tail.forget()

    def read_new(self, ended_after: float, now: float) -> list[CallDetail]:
        """Return what was written since the last reading about legs that ended after ``ended_after``, in the file's order.

        Args:
            ended_after: Seconds since the epoch.
            now: The same. A row's event is dated by the leg's end, and never later than this: a PBX whose events come late may
                still have to say what was before that.

        Raises:
            OSError: The file cannot be read.
        """
        lines = self._tail.new_lines()
        self.without_id = 0
        details = [detail for fields in csv.reader(lines) if (detail := self._detail(fields, now)) is not None]
        if not details:
            return []
        zone_s = round(median_low(self._offsets) / _ZONE_STEP_S) * _ZONE_STEP_S
        details = [_shifted(detail, zone_s, now) for detail in details]
        return [detail for detail in details if detail.ended_at is not None and detail.ended_at > ended_after]

    def _detail(self, fields: list[str], now: float) -> CallDetail | None:
        if len(fields) < _COLUMNS - 1:
            return None
        found = _UNIQUEID.match(fields[_COLUMNS - 1]) if len(fields) >= _COLUMNS else None
        started_at = _seconds(fields[9])
        if found is None or started_at is None:
            self.without_id += 1
            return None
        # A later row of the same leg tells more than the zone, so the middle of many is taken.
        self._offsets.append(float(found["began"]) - started_at)
        return CallDetail(
            at=now,
            leg=LegId(fields[16]),
            leg_name=fields[5],
            source=fields[1],
            destination=fields[2],
            started_at=started_at,
            answered_at=_seconds(fields[10]),
            ended_at=_seconds(fields[11]),
            duration_s=_count(fields[12]),
            billed_s=_count(fields[13]),
            answered=fields[14] == "ANSWERED",
            disposition=fields[14],
            destination_leg=fields[6],
            application=fields[7],
            application_data=fields[8],
            place=fields[3],
        )


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _shifted(detail: CallDetail, by_s: float, now: float) -> CallDetail:
    def shift(at: float | None) -> float | None:
        return None if at is None else at + by_s

    ended_at = shift(detail.ended_at)
    return msgspec.structs.replace(
        detail,
        at=now if ended_at is None else min(ended_at, now),
        started_at=shift(detail.started_at),
        answered_at=shift(detail.answered_at),
        ended_at=ended_at,
    )
