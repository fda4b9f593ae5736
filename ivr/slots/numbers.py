"""Numbers as people say them: 一千二百五, 三万五, 1.5k, "twelve hundred and fifty", "two point five"."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

_DIGITS: Final = {
    character: value
    for value, characters in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for character in characters
}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_BIG: Final = {"万": 10**4, "亿": 10**8}
_TO_NINETEEN: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS: Final = {word: value for value, word in enumerate(_TO_NINETEEN)} | {word: 10 * n for n, word in enumerate(_TENS, start=2)}
_SCALES: Final = {"thousand": 1000, "million": 10**6}
_TIMES: Final = {"k": 1000, "hundred": 100, **_SCALES, **_UNITS, **_BIG}
_ANY: Final = "|".join(sorted((*_WORDS, *_SCALES, "hundred"), key=len, reverse=True))
_WRITTEN: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER: Final = re.compile(
    r"(?P<below>负|\b(?:minus|negative)\s+)?(?:"
    rf"(?P<minus>(?<![\w.])-)?(?P<written>{_WRITTEN})\s*(?P<times>k(?![a-z])|[百千万亿]|hundred\b|thousand\b|million\b)?"
    r"|(?P<chinese>(?!一[下点些直样共般起定])[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?|半(?=[个天年块])|^半$)"
    rf"|(?P<english>\b(?:an?\s+(?=hundred|thousand|million))?(?:{_ANY})(?:[\s-]+(?:and\s+)?(?:{_ANY}))*"
    r"(?:\s+point(?:\s+(?:zero|one|two|three|four|five|six|seven|eight|nine))+)?\b))",
    re.IGNORECASE,
)


class Number(NamedTuple):
    """One number of a text."""

    value: Decimal
    start: int
    end: int


def numbers(text: str) -> list[Number]:
    """Return the numbers of a text (:func:`~ivr.slots.spans.plain`), in its order."""
    found = []
    for match in _NUMBER.finditer(text):
        value = _value(match)
        if value is not None:
            found.append(Number(value, match.start(), match.end()))
    return found


def whole(text: str) -> int | None:
    """Return the whole number that the text is, written, Chinese or English."""
    match = _NUMBER.fullmatch(text.strip())
    value = _value(match) if match is not None else None
    return int(value) if value is not None and value == value.to_integral_value() else None


def canonical(value: Decimal) -> str:
    """Return a number as systems want it: ``1250``, ``12.5``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _value(match: re.Match[str]) -> Decimal | None:
    value = _size(match)
    return -value if value is not None and match["below"] else value


def _size(match: re.Match[str]) -> Decimal | None:
    if match["written"]:
        try:
            value = Decimal(match["written"].replace(",", ""))
        except InvalidOperation:
            return None
        times = (match["times"] or "").lower()
        value *= _TIMES.get(times, 1)
        return -value if match["minus"] else value
    if match["chinese"]:
        return _chinese(match["chinese"])
    return _english(match["english"])


def _chinese(text: str) -> Decimal:
    if text == "半":
        return Decimal("0.5")
    front, _, behind = text.partition("点")
    if not any(character in _UNITS or character in _BIG for character in front):
        value = int("".join(str(_DIGITS[character]) for character in front))
    else:
        value = _with_units(front)
    if behind:
        return Decimal(f"{value}." + "".join(str(_DIGITS[character]) for character in behind))
    return Decimal(value)


def _with_units(text: str) -> int:
    total = section = digit = 0
    last = 1
    """The unit that was said last: what follows 千 without one is hundreds (一千二 is 1200)."""
    for character in text:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character]
            if digit == 0:
                last = 1
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit, last = 0, _UNITS[character]
        else:
            total = (total + section + digit) * _BIG[character]
            section = digit = 0
            last = _BIG[character]
    return total + section + (digit * last // 10 if last > 10 and digit < 10 else digit)


def _english(text: str) -> Decimal:
    front, _, behind = re.sub(r"[\s-]+", " ", text.lower()).partition(" point ")
    total = part = 0
    spelled = ""
    words = [word for word in front.split() if word != "and"]
    if len(words) > 1 and all(_WORDS.get(word, 99) < 10 for word in words):
        spelled = "".join(str(_WORDS[word]) for word in words)
    for word in words:
        if word in ("a", "an"):
            part = 1
        elif word == "hundred":
            part = (part or 1) * 100
        elif word in _SCALES:
            total += (part or 1) * _SCALES[word]
            part = 0
        else:
            part += _WORDS[word]
    value = int(spelled) if spelled else total + part
    if behind:
        return Decimal(f"{value}." + "".join(str(_WORDS[word]) for word in behind.split()))
    return Decimal(value)
