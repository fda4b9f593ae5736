"""Amounts of money: 12块5, 一千二百五, $20, 1.5k, "twenty dollars and fifty cents".

The currency is the company's own, and is not kept.
"""

import re
from decimal import Decimal
from typing import Final

from ivr.slots.numbers import Number, canonical, numbers
from ivr.slots.spans import Found

_BEFORE: Final = re.compile(r"(?:[$€£¥￥]|\b(?:rmb|usd|cny|eur))\s*$", re.IGNORECASE)
_MAIN: Final = re.compile(r"\s*(?:块钱|块|元|圆|dollars?\b|bucks?\b|yuan\b|rmb\b|usd\b|euros?\b|pounds?\b)", re.IGNORECASE)
_TENTH: Final = re.compile(r"\s*[角毛]")
_HUNDREDTH: Final = re.compile(r"\s*(?:分|cents?\b|pence\b)", re.IGNORECASE)
_LINK: Final = re.compile(r"\s*(?:and\s+)?", re.IGNORECASE)


def amounts(text: str) -> list[Found]:
    """Return the amounts of a text (:func:`~ivr.slots.spans.plain`), in its order."""
    found: list[Found] = []
    rest = numbers(text)
    while rest:
        number = rest.pop(0)
        before = _BEFORE.search(text, 0, number.start)
        start = before.start() if before else number.start
        value, end, named = number.value, number.end, before is not None
        if unit := _MAIN.match(text, end):
            end, named = unit.end(), True
            value, end = _smaller(text, value, end, rest)
        elif unit := _TENTH.match(text, end):
            value, end, named = value / 10, unit.end(), True
            if rest and rest[0].start == end and 0 < rest[0].value < 10:
                # 八毛五, and 八毛五分: what follows is hundredths, said or not.
                value += rest[0].value / 100
                end = rest.pop(0).end
                hundredths = _HUNDREDTH.match(text, end)
                end = end if hundredths is None else hundredths.end()
        elif unit := _HUNDREDTH.match(text, end):
            value, end, named = value / 100, unit.end(), True
        if value >= 0:
            found.append(Found(canonical(value), start, end, 0.95 if named else 0.6))
    return found


def _smaller(text: str, value: Decimal, end: int, rest: list[Number]) -> tuple[Decimal, int]:
    """Add what follows the main unit: 5毛3分, 5 (12块5 is 12.5), "and fifty cents"."""
    for share, unit in ((Decimal("0.1"), _TENTH), (Decimal("0.01"), _HUNDREDTH)):
        if not rest or _LINK.fullmatch(text, end, rest[0].start) is None:
            break
        if said := unit.match(text, rest[0].end):
            value += rest.pop(0).value * share
            end = said.end()
        elif (
            text[end - 1] in "块毛角"
            and _HUNDREDTH.match(text, rest[0].end) is None
            and rest[0].start == end
            and 0 < rest[0].value < 10
        ):
            value += rest[0].value * share
            end = rest.pop(0).end
            break
    return value, end
