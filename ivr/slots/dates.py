"""Dates as people say them, in Chinese and English: 昨天, 上周五, 十月一号, "3 days ago", "last Friday", "Oct 1st".

Neither ranges nor hours.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final, Literal

from ivr.slots.numbers import whole
from ivr.slots.spans import Found

_DAYS: Final = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "明天": 1, "明日": 1, "大后天": 3, "后天": 2,
    "the day before yesterday": -2, "day before yesterday": -2, "yesterday": -1, "today": 0, "tonight": 0,
    "the day after tomorrow": 2, "day after tomorrow": 2, "tomorrow": 1,
}  # fmt: skip
_WEEKDAYS: Final = {
    character: day for day, characters in enumerate(("一", "二", "三", "四", "五", "六", "日天")) for character in characters
}
_ENGLISH_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SMALL: Final = (
    r"(?:\d{1,3}|[零一二两三四五六七八九十]{1,3}|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen)\b)"
)
_MONTH: Final = (
    r"\b(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_TO_NINETEENTH: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
    *("thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_ORDINALS: Final = (
    *_TO_NINETEENTH,
    "twentieth",
    *(f"twenty-{each}" for each in _TO_NINETEENTH[:9]),
    "thirtieth",
    "thirty-first",
)
_DAY: Final = rf"(?P<day>\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})\b"
_HALF_A_YEAR: Final = timedelta(days=183)
_WEEK: Final = 7

Side = Literal["past", "future"]
"""On which side of today a date must be; today is on both."""
_Reading = Callable[[re.Match[str], date, Side | None], tuple[date, float] | None]


def dates(text: str, today: date, side: Side | None = None) -> list[Found]:
    """Return the dates of a text (:func:`~ivr.slots.spans.plain`) as ``2026-10-01``, in its order.

    A day without its year, month or week is the one nearest to ``today``, on the ``side`` if there is one; what is told to
    be on the other side ("yesterday") is none then.
    """
    found: list[Found] = []
    seen: list[tuple[int, int]] = []
    for match, reading in _matches(text):
        if any(match.start() < end and start < match.end() for start, end in seen):
            continue
        # Of a day that does not exist no part is another: 二月三十一号 is not the 31st of the month that is nearest.
        seen.append(match.span())
        try:
            read = reading(match, today, side)
        except (ValueError, OverflowError):
            # The 31st of February, the year 0, a million weeks ago.
            continue
        if read is not None and _is_on(side, read[0], today):
            found.append(Found(read[0].isoformat(), match.start(), match.end(), read[1]))
    return sorted(found, key=lambda each: each.start)


def _matches(text: str) -> Iterator[tuple[re.Match[str], _Reading]]:
    for pattern, reading in _READINGS:
        for match in pattern.finditer(text):
            yield match, reading


def _full(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float]:
    return date(int(match["year"]), int(match["month"]), int(match["day"])), 1.0


def _slashes(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float]:
    """10/1: the month first, as in Chinese and American; the day first where it can be no month."""
    first, second = int(match["first"]), int(match["second"])
    month, day = (second, first) if first > len(_MONTHS) else (first, second)
    certain = 0.9 if first > len(_MONTHS) or second > len(_MONTHS) or first == second else 0.6
    year = match["year"]
    return (date(int(year), month, day) if year else _nearest(month, day, today, side)), certain


def _chinese(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float] | None:
    month, day = whole(match["month"]), whole(match["day"])
    if month is None or day is None:
        return None
    said = match["year"]
    if not said:
        return _nearest(month, day, today, side), 0.95
    years = {"去年": today.year - 1, "今年": today.year, "明年": today.year + 1, "前年": today.year - 2}
    year = years.get(said) or whole(said.removesuffix("年"))
    return None if year is None else (date(year + 2000 if year < 100 else year, month, day), 1.0)


def _day_of_month(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float] | None:
    day = whole(match["day"])
    if day is None:
        return None
    shift = {"上": -1, "这": 0, "本": 0, "下": 1}.get((match["which"] or "")[:1])
    if shift is not None:
        return _in_month(today, shift, day), 0.95
    return _nearest_in_months(day, today, side), 0.6


def _english(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float]:
    month, day = _MONTHS.index(match["month"][:3].lower()) + 1, _day(match["day"])
    year = match["year"]
    return (date(int(year), month, day), 1.0) if year else (_nearest(month, day, today, side), 0.95)


def _english_day(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float] | None:
    return _nearest_in_months(_day(match["day"]), today, side), 0.6


def _relative(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float]:
    return today + timedelta(days=_DAYS[match[0].lower()]), 1.0


def _counted(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float] | None:
    said = match["count"].lower()
    count = 1 if said in ("a", "an") else whole(said)
    if count is None:
        return None
    unit = match["unit"].lower()
    days = count * (1 if unit[0] in "天日d" else _WEEK)
    return today + timedelta(days=days if match["later"] else -days), 0.95


def _weekday(match: re.Match[str], today: date, side: Side | None) -> tuple[date, float]:
    which, said = (match["which"] or "").lower(), match["weekday"].lower()
    weekday = _WEEKDAYS[said] if said in _WEEKDAYS else _ENGLISH_WEEKDAYS.index(said[:3])
    monday = today - timedelta(days=today.weekday())
    if which.startswith("last"):
        # English: the most recent one, be it of this week.
        return today - timedelta(days=(today.weekday() - weekday - 1) % _WEEK + 1), 0.9
    weeks = which.count("上") * -1 + which.count("下") + (1 if which.startswith("next") else 0)
    if which:
        return monday + timedelta(days=weekday + _WEEK * weeks), 0.9
    ago = (today.weekday() - weekday) % _WEEK
    if side is not None:
        return today - timedelta(days=ago) if side == "past" or not ago else today + timedelta(days=_WEEK - ago), 0.9
    return today - timedelta(days=ago if ago <= _WEEK // 2 else ago - _WEEK), 0.6


def _day(said: str) -> int:
    low = said.lower()
    return _ORDINALS.index(low) + 1 if low in _ORDINALS else int(re.sub(r"\D", "", low))


def _is_on(side: Side | None, day: date, today: date) -> bool:
    return side is None or (day >= today if side == "future" else day <= today)


def _nearest(month: int, day: int, today: date, side: Side | None) -> date:
    for year in (today.year, today.year - 1, today.year + 1):
        meant = date(year, month, day)
        if _is_on(side, meant, today) and (side is not None or abs(meant - today) <= _HALF_A_YEAR):
            return meant
    return date(today.year, month, day)


def _nearest_in_months(day: int, today: date, side: Side | None) -> date:
    # Not every month has a 31st: of those around the nearest that has.
    around = [each for shift in range(-2, 3) if (each := _maybe(today, shift, day)) is not None]
    return min(around, key=lambda each: (not _is_on(side, each, today), abs(each - today)))


def _in_month(today: date, shift: int, day: int) -> date:
    months = today.year * 12 + today.month - 1 + shift
    return date(months // 12, months % 12 + 1, day)


def _maybe(today: date, shift: int, day: int) -> date | None:
    try:
        return _in_month(today, shift, day)
    except ValueError:
        return None


_READINGS: Final[tuple[tuple[re.Pattern[str], _Reading], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), reading)
    for pattern, reading in (
        (r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)", _full),
        (r"(?<!\d)(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)", _full),
        (
            (
                r"(?P<year>去年|今年|明年|前年|(?:\d{2}|\d{4}|[零〇一二三四五六七八九]{2,4})年)?的?\s*"
                r"(?P<month>\d{1,2}|[一二三四五六七八九十]{1,2})月(?:份)?\s*(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})[号日]?"
            ),
            _chinese,
        ),
        (rf"{_MONTH}\s+(?:the\s+)?{_DAY}(?:,?\s+(?P<year>\d{{4}})\b)?", _english),
        (rf"(?<!\w){_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}})\b)?", _english),
        (rf"(?P<count>{_SMALL})\s*个?(?P<unit>天|日|周|星期|礼拜)(?:以|之)?(?:前|(?P<later>后))", _counted),
        (rf"(?P<count>{_SMALL})\s+(?P<unit>days?|weeks?)\s+(?:ago|before|(?P<later>from now|later))", _counted),
        (rf"(?P<later>\bin)\s+(?P<count>{_SMALL})\s+(?P<unit>days?|weeks?)\b", _counted),
        ("|".join(sorted((rf"\b{each}\b" if each.isascii() else each for each in _DAYS), key=len, reverse=True)), _relative),
        (r"(?P<which>上上|下下|上|下|这|本)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])", _weekday),
        (
            (
                r"(?:\b(?P<which>last|this|next)\s+)?\b(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?"
                r"|fri(?:day)?|sat(?:urday)?|sunday)\b"
            ),
            _weekday,
        ),
        (r"(?<![\d/])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>\d{4}))?(?![\d/])", _slashes),
        (
            r"(?P<which>上个?月|这个?月|本月|下个?月)?的?(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})[号日](?![码线楼])",
            _day_of_month,
        ),
        (rf"\bthe\s+{_DAY}(?!\s+(?:one|parcel|order|bill|time))", _english_day),
    )
)
"""The surest first: what it takes, no later one reads."""
