"""What became today of the callers from outside, by the hour in which they called. Pure.

Each call counts with what it says now: a correction takes out what the call counted before. So the figures are the same whether
the calls were watched or read from the store, and in whichever order.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from gateway.model.calls import Call
from gateway.model.ids import CallId, QueueName
from gateway.model.outcome import outcome_of
from gateway.model.record import direction_of
from gateway.model.site import Site
from gateway.model.terms import QueueResult

KEPT_DAYS: Final = 2
"""The running day, and the one of which a late call may still tell."""
MISSED: Final = frozenset({"abandoned", "no_answer", "busy", "rejected", "unreachable", "failed"})
"""Outcomes of calls in which nobody talked with the caller, and nothing served him."""


class Became(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """Nobody talked with him, whoever's fault that was: the reason says."""
    SERVED = "served"
    """A mailbox took his message, or the menu did what he wanted."""
    OVERFLOWED = "overflowed"
    """He left this queue for another place."""
    UNKNOWN = "unknown"
    """A gap hides it."""


class Reason(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Why nobody talked with a caller."""

    outcome: str
    stage: str | None


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of an hour or a day."""

    offered: int
    """All who called, whatever became of them; who still waits is not among them."""
    answered: int
    abandoned: int
    served: int
    overflowed: int
    unknown: int


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """One day."""

    totals: DayFigures
    hours: tuple[DayFigures, ...]
    """24, by the site's clock."""
    reasons: tuple[tuple[Reason, int], ...]
    """The most frequent first."""


class _Count(NamedTuple):
    """What a call counts for one queue; None is for all of the PBX."""

    hour: int
    queue: QueueName | None
    became: Became
    reason: Reason | None


class CallDays:
    """The figures of one PBX."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._days: dict[date, dict[CallId, tuple[_Count, ...]]] = {}
        self._sums: dict[date, Counter[_Count]] = {}

    def put(self, call: Call) -> None:
        """Count a call as it is now, in place of what it counted before."""
        if not call.ended and call.answered_at is None:
            return
        day, hour = self._hour(call)
        counted = self._days.setdefault(day, {})
        before = counted.get(call.call_id)
        if before is not None and not call.ended:
            return
        counts = self._counts(call, hour)
        if before != counts:
            sums = self._sums.setdefault(day, Counter())
            sums.subtract(before or ())
            sums.update(counts)
            counted[call.call_id] = counts
        while len(self._days) > KEPT_DAYS:
            oldest = min(self._days)
            del self._days[oldest]
            self._sums.pop(oldest, None)

    def put_stored(self, calls: Iterable[Call]) -> None:
        """Count calls of before; what was heard of one meanwhile stands."""
        for call in calls:
            day, _ = self._hour(call)
            if call.call_id not in self._days.get(day, ()):
                self.put(call)

    def today(self, now: float, queues: Collection[QueueName] | None) -> Today:
        """Return the figures of the day of ``now`` (seconds since the epoch).

        Args:
            queues: Of callers who were in one of these; None is all callers from outside.
        """
        wanted: Collection[QueueName | None] = (None,) if queues is None else frozenset(queues)
        sums = self._sums.get(datetime.fromtimestamp(now, self._site.zone).date(), Counter[_Count]())
        hours: list[Counter[Became]] = [Counter() for _ in range(24)]
        reasons: Counter[Reason] = Counter()
        for count, times in sums.items():
            if count.queue in wanted and times:
                hours[count.hour][count.became] += times
                if count.reason is not None:
                    reasons[count.reason] += times
        total = sum(hours, Counter[Became]())
        listed = sorted(reasons.items(), key=lambda each: (-each[1], each[0].outcome, each[0].stage or ""))
        return Today(totals=_figures(total), hours=tuple(map(_figures, hours)), reasons=tuple(listed))

    def _hour(self, call: Call) -> tuple[date, int]:
        local = datetime.fromtimestamp(call.began_at, self._site.zone)
        return local.date(), local.hour

    def _counts(self, call: Call, hour: int) -> tuple[_Count, ...]:
        if call.merged_into is not None or direction_of(call, self._site) != "inbound":
            return ()
        became, reason = _became(call)
        found = [_Count(hour, None, became, reason)]
        stays = {stay.queue: stay for stay in call.queues}
        for queue in dict.fromkeys(stay.queue for stay in call.queues):
            if any(stay.queue == queue and stay.result is QueueResult.ANSWERED for stay in call.queues):
                found.append(_Count(hour, queue, Became.ANSWERED, None))
            elif call.ended and became is not Became.ANSWERED and stays[queue] is call.queues[-1]:
                found.append(_Count(hour, queue, became, reason))
            elif stays[queue].left_at is not None or call.ended:
                found.append(_Count(hour, queue, Became.OVERFLOWED, None))
        return tuple(found)


def together(days: Iterable[Today]) -> Today:
    """Return the sum of several PBXs' days."""
    all_days = list(days)
    hours = tuple(_sum(day.hours[hour] for day in all_days) for hour in range(24))
    reasons: Counter[Reason] = Counter()
    for day in all_days:
        reasons.update(dict(day.reasons))
    listed = sorted(reasons.items(), key=lambda each: (-each[1], each[0].outcome, each[0].stage or ""))
    return Today(totals=_sum(day.totals for day in all_days), hours=hours, reasons=tuple(listed))


def _sum(figures: Iterable[DayFigures]) -> DayFigures:
    total: Counter[str] = Counter()
    for each in figures:
        total.update(msgspec.structs.asdict(each))
    return DayFigures(**{field: total[field] for field in DayFigures.__struct_fields__})


def _figures(became: Counter[Became]) -> DayFigures:
    return DayFigures(offered=became.total(), **{each.value: became[each] for each in Became})


def _became(call: Call) -> tuple[Became, Reason | None]:
    if call.answered_at is not None or call.answered_by:
        return Became.ANSWERED, None
    result = outcome_of(call)
    if result.outcome in MISSED:
        return Became.ABANDONED, Reason(outcome=result.outcome, stage=result.stage)
    if result.outcome == "unknown":
        return Became.UNKNOWN, None
    return Became.SERVED, None
