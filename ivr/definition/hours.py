"""Whether it is within a dialog's hours; the time comes in."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ivr.definition.values import Hours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class HoursError(ValueError):
    """Days or times are written in a way that nobody reads; the text says which."""


def is_open(hours: Hours, now: datetime) -> bool:
    """Tell whether ``now``, which has a time zone, lies within the hours.

    A span that ends before it begins goes on after midnight, and belongs to the day on which it began.
    """
    local = now.astimezone(ZoneInfo(hours.timezone))
    today, clock = local.date(), local.time().replace(tzinfo=None)
    for begin, end in _spans_on(hours, today):
        if begin <= clock and (clock < end or end <= begin):
            return True
    return any(clock < end <= begin for begin, end in _spans_on(hours, today - timedelta(days=1)))


def days_of(text: str) -> frozenset[int]:
    """Return the days (Monday is 0) of ``mon``, ``mon-fri`` or ``sat,sun``.

    Raises:
        HoursError: It is none of these.
    """
    found: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise HoursError(f"{text} is no day")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)


def spans_of(spans: str | tuple[str, ...]) -> tuple[tuple[time, time], ...]:
    """Return the spans of ``"09:00-18:00"``, or of several; 24:00 is midnight.

    Raises:
        HoursError: One is written otherwise.
    """
    return tuple(_span(each) for each in ((spans,) if isinstance(spans, str) else spans))


def _span(text: str) -> tuple[time, time]:
    begin, dash, end = text.replace(" ", "").partition("-")
    try:
        if not dash:
            raise ValueError(text)
        return _clock(begin), _clock(end)
    except ValueError as error:
        raise HoursError(f"{text} is no span of time") from error


def _clock(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(0) if text == "24:00" else time(int(hour), int(minute))


def _spans_on(hours: Hours, day: date) -> tuple[tuple[time, time], ...]:
    if any(_falls_on(holiday, day) for holiday in hours.holidays):
        return ()
    return tuple(span for days, spans in hours.open.items() if day.weekday() in days_of(days) for span in spans_of(spans))


def _falls_on(holiday: str, day: date) -> bool:
    if holiday.startswith("--"):
        return f"{day:--%m-%d}" == holiday
    first, _, last = holiday.partition("/")
    return date.fromisoformat(first) <= day <= date.fromisoformat(last or first)
