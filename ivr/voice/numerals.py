"""Numbers, codes, dates and amounts as a voice says them: long numbers digit by digit, in groups to write down. Pure."""

import re
from collections.abc import Callable
from typing import Final

LONG: Final = 5
"""From so many digits on a number is read digit by digit."""
_ZH_DIGITS: Final = "零幺二三四五六七八九"
_EN_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DATE: Final = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_CHINESE_NUMBER: Final = re.compile(r"\+86(?=1\d{10}(?!\d))")
_CODE: Final = re.compile(r"(?<![A-Za-z0-9.])([A-Z]{1,4})?(\+?\d+(?:[- ]\d+)*)(?!\d|\.\d)")
_YUAN: Final = re.compile(r"[¥￥]\s?(\d+(?:\.\d+)?)(?!元)")
_TIME: Final = re.compile(r"(?<!\d)([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_MONEY: Final = re.compile(r"(?<![\d.])(\d+)\.(\d)0(?!\d)")


def speakable(text: str, language: str) -> str:
    """Return a text as it is to be said.

    ``86.50`` becomes ``86.5``, ``2026-12-10`` a day, ``+8613800138000`` 幺三八，零零幺三，八零零零 or ``one three eight, …``.
    """
    text = _MONEY.sub(r"\1.\2", text)
    text = _DATE.sub(_day(language), text)
    text = _CHINESE_NUMBER.sub("", text)
    if language == "zh":
        text = _TIME.sub(r"\1点\2分", _YUAN.sub(r"\1元", text))
    return _CODE.sub(lambda found: _code(found, language), text)


def _day(language: str) -> Callable[[re.Match[str]], str]:
    def said(found: re.Match[str]) -> str:
        month, day = int(found[2]), int(found[3])
        if not (1 <= month <= len(_MONTHS) and 1 <= day <= 31):
            return found[0]
        return f"{month}月{day}号" if language == "zh" else f"{_MONTHS[month - 1]} {day}"

    return said


def _code(found: re.Match[str], language: str) -> str:
    letters, number = found[1] or "", found[2]
    digits = re.sub(r"\D", "", number)
    if len(digits) < LONG and not letters:
        return found[0]
    comma = "，" if language == "zh" else ", "
    groups = comma.join(_digits(group, language) for group in _grouped(digits))
    spelled = " ".join(letters)
    return f"{spelled} {groups}".strip()


def _digits(group: str, language: str) -> str:
    if language == "zh":
        return "".join(_ZH_DIGITS[int(digit)] for digit in group)
    return " ".join(_EN_DIGITS[int(digit)] for digit in group)


def _grouped(digits: str) -> list[str]:
    """Cut as people do: mobile numbers 3-4-4, others from the left in threes with a last group of two to four."""
    if len(digits) == 11 and digits.startswith("1"):
        return [digits[:3], digits[3:7], digits[7:]]
    if len(digits) % 4 == 0:
        return [digits[at : at + 4] for at in range(0, len(digits), 4)]
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups
