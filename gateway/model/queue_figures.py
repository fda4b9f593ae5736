"""What the queues of one PBX did today, counted from its calls. Pure.

Each call counts with what it says now: a correction takes out what the call counted before. So the figures are the same whether
the calls were watched or read from the store, and in whichever order.

Source of the service level: answered in time / (answered + abandoned), "abandoned calls have a negative impact" in Cisco's
definitions, without short abandons; ITU-T E.423 and ISO 18295 leave the formula to the operator.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from gateway.model.calls import Call, QueueStay
from gateway.model.ended import BESIDE_GAP_S, DOUBTFUL_S, REMEMBERED_S
from gateway.model.ids import CallId, QueueName
from gateway.model.site import Site
from gateway.model.terms import QueueResult

MARGIN_S: Final = 30.0
"""Seconds for which it is known what a call counted, longer than the PBX may still correct it."""
KEPT_DAYS: Final = 2
"""The running day, and the one of which a late call may still tell."""


class Fate(StrEnum):
    """How a caller's time in a queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    OVERFLOWED = "overflowed"
    UNKNOWN = "unknown"
    """A gap hides it."""


class Count(NamedTuple):
    """What one stay of one call counts."""

    day: date
    hour: int
    queue: QueueName
    fate: Fate
    wait_s: float | None
    in_time: bool
    talk_s: float | None


class _Counted(NamedTuple):
    """What a call counted, and when it said so."""

    at: float
    counts: tuple[Count, ...]


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one queue, over an hour or a day."""

    offered: int
    """Callers who joined and are out of it again, whatever became of them."""
    answered: int
    answered_in_time: int
    """Within the queue's ``service_level_s``."""
    abandoned: int
    short_abandoned: int
    """Sooner than the queue's ``short_abandon_s``."""
    overflowed: int
    """Left the queue for another place: its time was over, a key was pressed, somebody moved them."""
    unknown: int
    """A gap hides what became of them."""
    service_level: float | None
    """answered_in_time / (answered + abandoned), 0 to 1; None while there were neither."""
    average_wait_s: float | None
    """Of those who were answered."""
    max_wait_s: float | None
    """Of all."""
    average_talk_s: float | None
    """Of answered calls that have ended and whose length is known."""


class _Sums:
    """What can be added to and taken from."""

    __slots__ = ("answered_wait_s", "answered_waits", "fates", "in_time", "talk_s", "talks", "waits")

    def __init__(self) -> None:
        self.fates: Counter[Fate] = Counter()
        self.in_time = 0
        self.answered_wait_s = 0.0
        self.answered_waits = 0
        self.waits: Counter[int] = Counter()
        """By tenths of a second, so that the longest can be taken out again."""
        self.talk_s = 0.0
        self.talks = 0

    def add(self, count: Count, sign: int) -> None:
        self.fates[count.fate] += sign
        self.in_time += sign * count.in_time
        if count.wait_s is not None:
            tenths = round(count.wait_s * 10)
            self.waits[tenths] += sign
            if not self.waits[tenths]:
                del self.waits[tenths]
            if count.fate is Fate.ANSWERED:
                self.answered_wait_s += sign * count.wait_s
                self.answered_waits += sign
        if count.talk_s is not None:
            self.talk_s += sign * count.talk_s
            self.talks += sign

    def merge(self, other: "_Sums") -> None:
        self.fates.update(other.fates)
        self.waits.update(other.waits)
        self.in_time += other.in_time
        self.answered_wait_s += other.answered_wait_s
        self.answered_waits += other.answered_waits
        self.talk_s += other.talk_s
        self.talks += other.talks

    def figures(self) -> QueueFigures:
        fates = self.fates
        counted = fates[Fate.ANSWERED] + fates[Fate.ABANDONED]
        return QueueFigures(
            offered=sum(fates.values()),
            answered=fates[Fate.ANSWERED],
            answered_in_time=self.in_time,
            abandoned=fates[Fate.ABANDONED],
            short_abandoned=fates[Fate.SHORT_ABANDONED],
            overflowed=fates[Fate.OVERFLOWED],
            unknown=fates[Fate.UNKNOWN],
            service_level=round(self.in_time / counted, 4) if counted else None,
            average_wait_s=round(self.answered_wait_s / self.answered_waits, 1) if self.answered_waits else None,
            max_wait_s=max(self.waits) / 10 if self.waits else None,
            average_talk_s=round(self.talk_s / self.talks, 1) if self.talks else None,
        )


class DayBook:
    """The figures of one PBX's queues, by the hours of the site's day."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._days: dict[date, dict[tuple[QueueName, int], _Sums]] = {}
        self._sure: dict[CallId, _Counted] = {}
        self._doubtful: dict[CallId, _Counted] = {}
        """The same of calls that a gap hides in part, or that it may."""
        self._doubt_until = 0.0

    def put(self, call: Call) -> None:
        """Count a call as it is now, in place of what it counted before."""
        before = self._counted(call.call_id)
        if not call.queues and before is None:
            return
        counts = () if call.merged_into is not None else self._counts(call)
        if before is not None:
            if before.counts == counts:
                return
            self._add(before.counts, -1)
            self._sure.pop(call.call_id, None)
            self._doubtful.pop(call.call_id, None)
        self._add(counts, 1)
        kept = self._sure if call.complete and call.changed_at > self._doubt_until else self._doubtful
        kept[call.call_id] = _Counted(call.changed_at, counts)
        self._forget(call.changed_at)

    def gap(self, at: float) -> None:
        """A gap begins or ends: what ended just before or ends just after it may still be corrected for long."""
        self._doubt_until = at + BESIDE_GAP_S
        for call_id, counted in tuple(self._sure.items()):
            if counted.at > at - BESIDE_GAP_S:
                self._doubtful[call_id] = self._sure.pop(call_id)

    def put_stored(self, calls: Iterable[Call]) -> None:
        """Count calls of before; what was heard of one meanwhile stands."""
        for call in calls:
            if self._counted(call.call_id) is None:
                self.put(call)

    def queues(self, now: float) -> set[QueueName]:
        """Return the queues that somebody has left today."""
        return {queue for queue, _ in self._days.get(self._day(now), ())}

    def today(self, queue: QueueName, now: float) -> QueueFigures:
        """Return a queue's figures of the day of ``now``, in seconds since the epoch."""
        total = _Sums()
        for (name, _), sums in self._days.get(self._day(now), {}).items():
            if name == queue:
                total.merge(sums)
        return total.figures()

    def hours(self, queue: QueueName, now: float) -> list[tuple[int, QueueFigures]]:
        """Return the same for each hour of the site's day in which there was something."""
        hours = self._days.get(self._day(now), {})
        return sorted(((hour, sums.figures()) for (name, hour), sums in hours.items() if name == queue), key=lambda each: each[0])

    def day(self, now: float) -> str:
        """Return the site's date, ``2026-11-22``."""
        return self._day(now).isoformat()

    def begins_at(self, now: float) -> float:
        """Return when the site's day began, in seconds since the epoch."""
        local = datetime.fromtimestamp(now, self._site.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def _day(self, now: float) -> date:
        return datetime.fromtimestamp(now, self._site.zone).date()

    def _counts(self, call: Call) -> tuple[Count, ...]:
        stays = [stay for stay in call.queues if stay.left_at is not None or call.ended]
        answered = [stay for stay in stays if stay.result is QueueResult.ANSWERED]
        talks = _talks(call, len(answered))
        return tuple(self._count(call, stay, talks.pop(0) if stay in answered and talks else None) for stay in stays)

    def _count(self, call: Call, stay: QueueStay, talk_s: float | None) -> Count:
        rule = self._site.queue_rules.of(stay.queue)
        wait_s = None if stay.joined_at is None or stay.left_at is None else max(stay.left_at - stay.joined_at, 0.0)
        match stay.result:
            case QueueResult.ANSWERED:
                fate = Fate.ANSWERED
            case QueueResult.ABANDONED:
                short = wait_s is not None and wait_s < rule.short_abandon_s
                fate = Fate.SHORT_ABANDONED if short else Fate.ABANDONED
            case QueueResult.TIMEOUT | QueueResult.LEFT:
                fate = Fate.OVERFLOWED
            case _:
                fate = Fate.UNKNOWN
        joined = datetime.fromtimestamp(stay.joined_at or stay.left_at or call.began_at, self._site.zone)
        in_time = fate is Fate.ANSWERED and wait_s is not None and wait_s <= rule.service_level_s
        return Count(joined.date(), joined.hour, stay.queue, fate, wait_s, in_time, talk_s)

    def _add(self, counts: Iterable[Count], sign: int) -> None:
        for count in counts:
            hours = self._days.setdefault(count.day, {})
            hours.setdefault((count.queue, count.hour), _Sums()).add(count, sign)

    def _forget(self, now: float) -> None:
        while len(self._days) > KEPT_DAYS:
            del self._days[min(self._days)]
        for kept, kept_s in ((self._sure, REMEMBERED_S), (self._doubtful, DOUBTFUL_S)):
            while kept:
                oldest = next(iter(kept))
                if kept[oldest].at >= now - kept_s - MARGIN_S:
                    break
                del kept[oldest]

    def _counted(self, call_id: CallId) -> _Counted | None:
        return self._sure.get(call_id) or self._doubtful.get(call_id)


def _talks(call: Call, answers: int) -> list[float | None]:
    """Return the seconds of talk of each time that a queue's caller was answered, in order; None where they are not known."""
    if not call.ended:
        return [None] * answers
    if not call.complete:
        return [call.known_talk_s] if answers == 1 else [None] * answers
    return [agent.talk_s for agent in call.agents]
