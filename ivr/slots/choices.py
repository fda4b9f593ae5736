"""Which of several options is meant: by name, by synonym, by digit, by its place ("the second one", 第二个); and yes or no."""

import re
from typing import Final

from ivr.definition.values import Option
from ivr.slots.numbers import whole
from ivr.slots.spans import Found, plain

_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_PLACE: Final = re.compile(
    rf"第(?P<chinese>\d|[一二两三四五六七八九])(?:个|项|种|款|条)?|\b(?:the\s+)?(?P<english>{'|'.join(_ORDINALS)})(?:\s+(?:one|option))?\b"
    r"|(?P<last>最后(?:一)?(?:个|项|种|款|条)|\b(?:the\s+)?last\s+(?:one|option)\b)",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"(?:(?:选|按|press|option|number)\s*)?(\d|[一二两三四五六七八九])\s*(?:号)?[。.!！]?", re.IGNORECASE)
_YES: Final = re.compile(
    # What denies a trouble says yes, though it begins with a no.
    r"没有?问题|没有?不对|不错|\b(?:no (?:problem|worries|doubt)|why not)\b"
    r"|(?<![不没])(?:是的?|对的?|好的?|可以|没错|确认|同意|行|嗯)|\b(?:yes|yeah|yep|sure|right|correct|ok(?:ay)?|please do)\b",
    re.IGNORECASE,
)
_NO: Final = re.compile(
    r"不(?:是|对|要|行|用|可以|好|同意)?|没有|别|取消|\b(?:no|nope|not|don't|do not|never|cancel)\b", re.IGNORECASE
)


def choices(text: str, options: tuple[Option, ...]) -> list[Found]:
    """Return the options that a text (:func:`~ivr.slots.spans.plain`) names, in its order."""
    pressed = _DIGIT.fullmatch(text.strip())
    if pressed is not None:
        by_digit = [option for option in options if option.digit == str(whole(pressed[1]))]
        if by_digit:
            return [Found(by_digit[0].value, 0, len(text), 1.0)]
    low = text.lower()
    named = [
        (match.start(), match.end(), option.value)
        for option in options
        for name in _names(option)
        for match in _standing(name, low)
    ]
    found: list[Found] = []
    for start, end, value in sorted(named, key=lambda each: (each[0] - each[1], each[0])):
        if all(end <= other.start or start >= other.end for other in found):
            found.append(Found(value, start, end, 1.0 if (start, end) == (0, len(text.strip())) else 0.85))
    for match in _PLACE.finditer(text):
        place = _place(match, len(options))
        if 0 <= place < len(options) and all(match.end() <= other.start or match.start() >= other.end for other in found):
            found.append(Found(options[place].value, match.start(), match.end(), 0.9))
    return sorted(found, key=lambda each: each.start)


def yes_or_no(text: str) -> list[Found]:
    """Return ``yes`` or ``no``, whichever a text says first; nothing where it says neither."""
    no, yes = _NO.search(text), _YES.search(text)
    if no is not None and (yes is None or no.start() < yes.start()):
        return [Found("no", no.start(), no.end(), 0.9)]
    return [] if yes is None else [Found("yes", yes.start(), yes.end(), 0.9)]


def _names(option: Option) -> set[str]:
    label = option.label
    labels = () if label is None else (label,) if isinstance(label, str) else tuple(label.values())
    return {plain(name).strip().lower() for name in (option.value, *labels, *option.synonyms)} - {""}


def _standing(name: str, text: str) -> list[re.Match[str]]:
    """A Latin name stands between spaces; Chinese has none."""
    left = r"(?<![a-z0-9])" if name[0].isascii() else ""
    right = r"(?![a-z0-9])" if name[-1].isascii() else ""
    return list(re.finditer(left + re.escape(name) + right, text))


def _place(match: re.Match[str], count: int) -> int:
    if match["last"]:
        return count - 1
    if match["english"]:
        return _ORDINALS.index(match["english"].lower())
    return (whole(match["chinese"]) or 0) - 1
