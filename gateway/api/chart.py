"""A day's callers by the hour, drawn as SVG: stacked bars, with its numbers as text, and read out to who cannot see it.

Colours are classes, for the page's own light and dark; what stands in attributes is for where no page's style reaches, such as a
picture by itself.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final, Literal

from gateway.model.day_figures import DayFigures

Language = Literal["en", "zh"]

WIDTH: Final = 520
HEIGHT: Final = 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 44, 24
_GAP: Final = 0.28
"""Of an hour's width between two bars."""
_MOST_LINES: Final = 5
_ROUND: Final = (1, 2, 5)
"""What lines of the grid count by, and tens and hundreds of these."""

_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "Callers by the hour, {date}",
        "desc": "{offered} callers: {answered} answered, {abandoned} not reached, {other} otherwise. {busiest}",
        "busiest": "Most between {hour}:00 and {next}:00: {offered}.",
        "none": "Nobody has called yet.",
        "answered": "Answered",
        "abandoned": "Not reached",
        "other": "Otherwise",
        "bar": "{hour}:00 to {next}:00: {offered} callers, {answered} answered, {abandoned} not reached",
    },
    "zh": {
        "title": "{date} 每小时来电",
        "desc": "共 {offered} 个来电：接听 {answered}，未接 {abandoned}，其他 {other}。{busiest}",
        "busiest": "{hour}:00 至 {next}:00 最多：{offered} 个。",
        "none": "今天还没有来电。",
        "answered": "已接听",
        "abandoned": "未接",
        "other": "其他",
        "bar": "{hour}:00 至 {next}:00：来电 {offered}，接听 {answered}，未接 {abandoned}",
    },
}
_KINDS: Final = (("answered", "#2f6fd6"), ("abandoned", "#c8372d"), ("other", "#8a94a6"))


def chart(hours: Sequence[DayFigures], totals: DayFigures, date: str, language: Language, *, name: str = "today") -> str:
    """Return the chart of one day.

    Args:
        hours: 24.
        totals: Of the day.
        date: The site's, ``2026-11-22``.
        name: What its ids begin with, so that several stand on one page.
    """
    words = _WORDS[language]
    first, last = _shown(hours)
    step = _step(max((hour.offered for hour in hours), default=0))
    top = max(step, -(-max((hour.offered for hour in hours), default=0) // step) * step)
    plot_height = HEIGHT - _TOP - _BOTTOM
    column = (WIDTH - _LEFT - _RIGHT) / (last - first + 1)

    def y(count: int) -> float:
        return _TOP + plot_height * (1 - count / top)

    spoken = "zh-CN" if language == "zh" else "en"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" lang="{spoken}"',
        f' aria-labelledby="{name}-title {name}-desc" font-family="system-ui, sans-serif" font-size="11">',
        f'<title id="{name}-title">{escape(words["title"].format(date=date))}</title>',
        f'<desc id="{name}-desc">{escape(_described(hours, totals, words))}</desc>',
        '<g class="chart-grid" stroke="#8a94a6" stroke-opacity="0.3" aria-hidden="true">',
        *(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(count):.1f}" y2="{y(count):.1f}"/>'
            for count in range(0, top + 1, step)
        ),
        '</g><g class="chart-axis" fill="#6a7384" text-anchor="end" aria-hidden="true">',
        *(f'<text x="{_LEFT - 6}" y="{y(count) + 4:.1f}">{count}</text>' for count in range(0, top + 1, step)),
        '</g><g class="chart-axis" fill="#6a7384" text-anchor="middle" aria-hidden="true">',
        *(
            f'<text x="{_LEFT + column * (hour - first + 0.5):.1f}" y="{HEIGHT - 8}">{hour}</text>'
            for hour in range(first, last + 1)
        ),
        "</g>",
        *(_bar(hour, hours[hour], _LEFT + column * (hour - first), column, y, words) for hour in range(first, last + 1)),
        _legend(words),
        "</svg>",
    ]
    return "".join(parts)


def _bar(hour: int, figures: DayFigures, left: float, column: float, y: Callable[[int], float], words: dict[str, str]) -> str:
    if not figures.offered:
        return ""
    width = column * (1 - _GAP)
    x = left + (column - width) / 2
    told = words["bar"].format(
        hour=hour, next=hour + 1, offered=figures.offered, answered=figures.answered, abandoned=figures.abandoned
    )
    parts = [f'<g class="chart-bar"><title>{escape(told)}</title>']
    below = 0
    for kind, colour in _KINDS:
        count = _count(figures, kind)
        if count:
            upper, lower = y(below + count), y(below)
            parts.append(
                f'<rect class="chart-{kind}" fill="{colour}" x="{x:.1f}" y="{upper:.1f}" width="{width:.1f}"'
                f' height="{lower - upper:.1f}"/>'
            )
            below += count
    at = f'x="{x + width / 2:.1f}" y="{y(below) - 4:.1f}"'
    parts.append(f'<text class="chart-number" fill="#6a7384" text-anchor="middle" {at}>{figures.offered}</text></g>')
    return "".join(parts)


def _legend(words: dict[str, str]) -> str:
    parts = ['<g class="chart-legend" aria-hidden="true">']
    for place, (kind, colour) in enumerate(_KINDS):
        x = _LEFT + place * 120
        parts.append(f'<rect class="chart-{kind}" fill="{colour}" x="{x}" y="6" width="10" height="10"/>')
        parts.append(f'<text class="chart-word" fill="#6a7384" x="{x + 15}" y="15">{escape(words[kind])}</text>')
    return "".join([*parts, "</g>"])


def _described(hours: Sequence[DayFigures], totals: DayFigures, words: dict[str, str]) -> str:
    if not totals.offered:
        return words["none"]
    busiest = max(range(len(hours)), key=lambda hour: hours[hour].offered)
    said = words["busiest"].format(hour=busiest, next=busiest + 1, offered=hours[busiest].offered)
    return words["desc"].format(
        offered=totals.offered,
        answered=totals.answered,
        abandoned=totals.abandoned,
        other=_count(totals, "other"),
        busiest=said,
    )


def _count(figures: DayFigures, kind: str) -> int:
    if kind == "answered":
        return figures.answered
    return figures.abandoned if kind == "abandoned" else figures.served + figures.overflowed + figures.unknown


def _shown(hours: Sequence[DayFigures]) -> tuple[int, int]:
    """Return the first and the last hour to draw: those of a working day, and all in which somebody called."""
    called = [hour for hour, figures in enumerate(hours) if figures.offered]
    return min([8, *called]), max([18, *called])


def _step(most: int) -> int:
    """Return what the lines of the grid count by, so that there are few, at round numbers."""
    scale = 1
    while True:
        for each in _ROUND:
            if most <= each * scale * _MOST_LINES:
                return each * scale
        scale *= 10
