"""Telephone numbers and order numbers, written or said digit by digit: 幺三八…, "one three eight double zero", "S F 1 2"."""

import re
from typing import Final, NamedTuple

from gateway.model.numbers import e164
from gateway.model.site import Site
from ivr.slots.spans import Found

MAX_TOKENS: Final = 120
"""Words and digits of a text that are looked at; a number of ten digits may be said in thirty words."""
MAX_CODE_CHARACTERS: Final = 64
_CHINESE: Final = dict(zip("零〇洞一幺二两三四五六七八九", "00011223456789", strict=True)) | {"拐": "7", "勾": "9"}
_ENGLISH: Final = {
    word: str(digit)
    for digit, words in enumerate(
        ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    )
    for word in words.split()
}
_TIMES: Final = {"double": 2, "triple": 3}
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+|[零〇洞一幺二两三四五六七八九拐勾]+|\S")
_SPELLED: Final = re.compile(r"\b([A-Za-z])\s+(?:as in|for|like)\s+([A-Za-z]+)", re.IGNORECASE)
_BETWEEN: Final = frozenset("-.()/,，、。+") | {"then", "and"}
"""May stand between the parts of one number."""
_LONG: Final = 3
"""Digits from which on a word of digits stands for itself, beside a shorter one ("12345678, 2 days late")."""
_DIGITS_OF_A_NUMBER: Final = 5


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    joins: bool
    """May be left out between the parts of a number."""


def phones(text: str, region: str) -> list[Found]:
    """Return the telephone numbers of a text (:func:`~ivr.slots.spans.plain`) in E.164; ``region`` is ISO 3166's."""
    site = Site(region=region)
    found: list[Found] = []
    tokens = _tokens(text)
    at = 0
    while at < len(tokens):
        taken = _phone_at(tokens, at, site, text)
        if taken is None:
            at += 1
            continue
        found.append(taken[0])
        at = taken[1]
    return found


def codes(text: str, pattern: str) -> list[Found]:
    """Return what in a text matches the whole pattern, once its parts are put together; capital or small letters do not matter.

    The pattern must be one that :mod:`re` can compile.
    """
    wanted = re.compile(pattern)
    tokens = _tokens(text)
    matches: list[tuple[int, int, str]] = []
    for first, token in enumerate(tokens):
        if token.joins and not wanted.fullmatch(token.text):
            continue
        kept = together = ""
        for last in range(first, len(tokens)):
            part = tokens[last]
            kept += part.text
            together += "" if part.joins else part.text
            if len(together) > MAX_CODE_CHARACTERS or not (part.joins or part.text.isascii()):
                break
            value = None if part.joins else _matching(wanted, kept) or _matching(wanted, together)
            if value is not None and not _cut_out(tokens, first, last):
                matches.append((first, last, value))
    return [Found(value, tokens[first].start, tokens[last].end, 0.95) for first, last, value in _longest(matches)]


def _phone_at(tokens: list[_Token], first: int, site: Site, text: str) -> tuple[Found, int] | None:
    if not tokens[first].text.isdecimal() or (first and tokens[first - 1].text.isdecimal()):
        return None
    start = tokens[first].start
    prefix = "+" if start and text[start - 1] == "+" else ""
    digits = ""
    best: tuple[Found, int] | None = None
    for last in range(first, len(tokens)):
        token = tokens[last]
        if token.joins:
            continue
        if not token.text.isdecimal():
            break
        digits += token.text
        number = e164(prefix + digits, site)
        if number is not None:
            best = Found(number, start - len(prefix), token.end, 1.0), last + 1
    if best is not None and best[1] < len(tokens) and tokens[best[1]].text.isdecimal():
        # The first digits of something longer.
        return None
    if best is None and len(digits) < _DIGITS_OF_A_NUMBER:
        return None
    return best


def _tokens(text: str) -> list[_Token]:
    spelled = _SPELLED.sub(_only_the_letter, text)
    found: list[_Token] = []
    times = 1
    begun = 0
    for match in _TOKEN.finditer(spelled):
        word = match[0]
        low = word.lower()
        if low in _TIMES:
            times, begun = _TIMES[low], match.start()
            continue
        value = "".join(_CHINESE[each] for each in word) if word[0] in _CHINESE else _ENGLISH.get(low, word)
        start = match.start()
        if times > 1:
            if len(value) == 1 and value.isdecimal():
                value, start = value * times, begun
            times = 1
        found.append(_Token(value, start, match.end(), low in _BETWEEN))
        if len(found) == MAX_TOKENS:
            break
    return found


def _only_the_letter(match: re.Match[str]) -> str:
    letter, word = match[1], match[2]
    return letter + " " * (len(match[0]) - 1) if word[0].lower() == letter.lower() else match[0]


def _matching(wanted: re.Pattern[str], text: str) -> str | None:
    return next((each for each in (text, text.upper(), text.lower()) if wanted.fullmatch(each)), None)


def _cut_out(tokens: list[_Token], first: int, last: int) -> bool:
    """Whether these tokens are the middle of a longer row of digits, as of a telephone number in groups."""
    whole = first == last and len(tokens[first].text) >= _LONG
    for edge, beside in ((first, first - 1), (last, last + 1)):
        if not (0 <= beside < len(tokens) and tokens[edge].text.isdecimal() and tokens[beside].text.isdecimal()):
            continue
        if not whole or len(tokens[beside].text) >= _LONG:
            return True
    return False


def _longest(matches: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for first, last, value in sorted(matches, key=lambda each: (each[0] - each[1], each[0])):
        if all(last < other[0] or first > other[1] for other in kept):
            kept.append((first, last, value))
    return sorted(kept)
