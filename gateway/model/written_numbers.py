"""Telephone numbers among what people write into a field: several, with words around them, separators of all kinds, extensions.

Cuts a field and leaves it to others what a number is. What cannot be explained to the last digit is none: a letter for a digit,
a digit too many, what stands in an address.

Source: RFC 3966 (``tel:`` URIs), ITU-T E.123; what CRMs and lists of contacts hold in China, Germany and America.
"""

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category
from urllib.parse import unquote

import msgspec
from phonenumbers import is_valid_number, parse

MAX_FIELD_CHARACTERS: Final = 400
"""Of a field; a longer one is a text, and has no numbers."""
MAX_NUMBERS: Final = 12
"""Of one field; more are a list that was pasted, of which none is read."""
MAX_PIECES: Final = 40
"""Groups of digits in a row that are looked through for several numbers with nothing but spaces between them."""

_LONGEST: Final = 30
"""Characters of one number with its separators, where several stand in a row."""

Read = Callable[[str], str | None]
"""Returns the E.164 of what may be a number: ``+`` or none, digits, and ``" ()./-"`` between them."""


class FoundNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number in a field."""

    e164: str
    extension: str | None = None
    """The digits that are dialled when it has answered."""


_ALIKE: Final = str.maketrans(
    # Full-width forms, as Chinese input methods write them.
    {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)}
    # Spaces and what is seen as one; marks of direction, which copying out of a web page brings, are nothing.
    | dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
    | dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF])
    # Dashes; a katakana lengthening mark and a box-drawing line serve as one too.
    | dict.fromkeys([0xAD, *range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0x30FC, 0x2500], "-")
    | {0x2044: "/", 0x2215: "/", 0x00B7: ".", 0x2022: "|", 0xFF61: ".", 0x3002: ".", 0xFF64: "、"}
)
_EXTENSION_WORD: Final = (
    r"(?:\bext(?:ension|n)?\b\.?|(?<![^\W\d_])ext\.?|(?<![^\W\d_])x|#|分机号?|分機|转|轉|内线|內線"
    r"|\bdurchwahl|\bdw\b\.?|\bnst\b\.?|\bapp(?:arat)?\b\.?|\bposte|\bramal|\banexo|\bдоб\b\.?)"
)
_EXTENSION: Final = re.compile(
    rf"\s{{0,3}}(?:[,;(\[]\s?)?(?:-\s?)?{_EXTENSION_WORD}[\s.:=\-]{{0,3}}(\d{{1,8}})(?![\d*])#?[)\]]?|,{{2,4}}(\d{{1,8}})#?(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_URI: Final = re.compile(r"tel:([^\s;,<>\"]+)((?:;[a-z\-]+(?:=[^\s;,<>\"]*)?)*)", re.IGNORECASE)
_BETWEEN: Final = (
    rf"(?![,;]\s{{0,3}}-?\s?{_EXTENSION_WORD}[\s.:=\-]{{0,3}}\d)(?!,{{2,4}}\d)"
    r"(?:[;,、|&\t\n\r\v\f\u0085\u2028\u2029]|\s(?:or|oder|ou|and|und|et)\s|或者?|和)"
)
_FIELD_PART: Final = re.compile(rf"(?:{_URI.pattern}|,{{2,4}}(?=\d)|(?!{_BETWEEN}).)+", re.DOTALL | re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s]+")
_NUMBER: Final = re.compile(r"(?:\(?\+\(?|\()?\d(?:[ ()./\-]{0,4}\d)*", re.ASCII)
_LABELS: Final = frozenset(
    ["tel", "telefon", "phone", "mobile", "mobil", "mob", "cell", "handy", "fax", "t", "m", "p", "f", "h", "w", "o", "c", "d"]
)
"""Words that may stand before a number without anything between."""
_LAST_WORD: Final = re.compile(r"[a-z]{1,8}$", re.IGNORECASE)
_CHINA: Final = "+86"
_BEHIND: Final = re.compile(r"(.+?)\s?(?:-\s?(\d{1,6})|\((\d{1,6})\)?)", re.ASCII)
"""In China an extension stands behind the number as if it were a part of it."""


def plain(text: str) -> str:
    """Return a text with the digits, spaces, dashes and signs that only look otherwise replaced by those of ASCII.

    Other digits (superscripts, circled, Arabic ones) stay: they may be footnotes.
    """
    return text.translate(_ALIKE)


def parts_of(text: str) -> list[str]:
    """Cut a field at what stands between two numbers: ``;``, ``,``, ``、``, ``|``, lines, ``or``, ``或``.

    A stroke or spaces may stand in a number as well as between two: :func:`find_numbers` tells. None of a field that is too long.
    """
    if len(text) > MAX_FIELD_CHARACTERS:
        return []
    parts = (match[0].strip() for match in _FIELD_PART.finditer(plain(text)))
    return [part for part in parts if part]


def find_numbers(part: str, read: Read) -> list[FoundNumber]:
    """Return the numbers in a part of a field, in their order."""
    found: list[FoundNumber] = []

    def take_uri(match: re.Match[str]) -> str:
        number = _of_uri(match[1], match[2], read)
        if number is not None:
            found.append(number)
        # What is no URI is a label with its number: "tel:010-85671234 ext. 12".
        return " ; " if number is not None or "phone-context" in match[2].lower() else f"tel: {unquote(match[1])}{match[2]}"

    text = _URI.sub(take_uri, part) if "tel:" in part.lower() else part
    text = _ADDRESS.sub(lambda word: ";" if "@" in word[0] or "://" in word[0] else word[0], text)
    position = 0
    while (match := _NUMBER.search(text, position)) is not None:
        extension = _EXTENSION.match(text, match.end())
        # "#12" before any number, or what follows "x" where no number was.
        if _is_whole(text, match, extension):
            numbers = _numbers_of(match[0], read)
            if extension is not None and numbers:
                last = numbers[-1]
                if last.extension is None:
                    numbers[-1] = FoundNumber(e164=last.e164, extension=extension[1] or extension[2])
            found += numbers
        position = match.end() if extension is None else extension.end()
    return found


def _of_uri(number: str, parameters: str, read: Read) -> FoundNumber | None:
    """Read a ``tel:`` URI; a local number of a context that is no number, such as a company's name, is none."""
    given = dict(pair.partition("=")[::2] for pair in parameters.lower().split(";") if pair)
    written = plain(unquote(number))
    context = given.get("phone-context", "")
    if _NUMBER.fullmatch(written) is None:
        return None
    if context and not written.startswith("+"):
        if re.fullmatch(r"\+[\d\-.()]{1,20}", context, re.ASCII) is None:
            return None
        written = context + re.sub(r"\D", "", written)
    extension = re.sub(r"[\-.()]", "", given.get("ext", ""))
    if not parameters:
        return None
    e164 = read(written)
    return (
        None if e164 is None else FoundNumber(e164=e164, extension=extension if re.fullmatch(r"[0-9]{1,8}", extension) else None)
    )


def _is_whole(text: str, match: re.Match[str], extension: re.Match[str] | None) -> bool:
    """Tell whether nothing clings to a number that could be a part of it, or makes it something else."""
    before = text[match.start() - 1] if match.start() else " "
    label = _LAST_WORD.search(text[max(0, match.start() - 9) : match.start()])
    if match[0].startswith(("+", "(+")) and before.isdigit():
        # A plus begins a number, whatever was before.
        before = " "
    if _clings(before) and not (label is not None and label[0].lower() in _LABELS):
        return False
    if before == "-" and match.start() > 1 and _clings(text[match.start() - 2]):
        return False
    if extension is not None:
        return True
    after = text[match.end() : match.end() + 2].ljust(2)
    return not (_clings(after[0]) or (after[0] in "-.:'," and _clings(after[1])))


def _clings(character: str) -> bool:
    # Chinese, Japanese and Korean stand beside numbers without a space.
    return character in "*#_=%$~^" or (character.isalnum() and category(character) != "Lo")


def _numbers_of(run: str, read: Read) -> list[FoundNumber]:
    """Read digits that have nothing but separators between them: one number mostly, or several."""
    pieces = [piece for piece in run.split("/") if piece.strip()]
    if len(pieces) > 1:
        # Complete numbers on both sides; without spaces around it, digits that are one by chance are no number of their own.
        apart = " / " in run
        each = [_one(piece, read) if apart or piece.lstrip("(").startswith(("0", "+")) else None for piece in pieces]
        if all(each):
            return [number for number in each if number is not None]
    whole = _one(run, read)
    if whole is not None:
        return [whole]
    in_a_row = _in_a_row(run, read)
    if in_a_row or len(pieces) == 1:
        return in_a_row
    return [number for piece in pieces for number in _within(piece, read)]


def _within(piece: str, read: Read) -> list[FoundNumber]:
    one = _one(piece, read)
    return _in_a_row(piece, read) if one is None else [one]


def _one(written: str, read: Read) -> FoundNumber | None:
    text = written.strip(" ./-")
    if "+" in text:
        text = "+" + text.partition("+")[2].lstrip("(")
    e164 = read(text)
    if e164 is not None and not (e164.startswith(_CHINA) and not is_valid_number(parse(e164))):
        return FoundNumber(e164=e164)
    behind = _BEHIND.fullmatch(text)
    inner = None if behind is None else read(behind[1])
    if behind is not None and inner is not None and inner.startswith(_CHINA) and is_valid_number(parse(inner)):
        return FoundNumber(e164=inner, extension=behind[2] or behind[3])
    return None if e164 is None else FoundNumber(e164=e164)


def _in_a_row(run: str, read: Read) -> list[FoundNumber]:
    """Cut digits at spaces and strokes into numbers, where that can be done in one way that leaves nothing over."""
    pieces = re.findall(r"[^ /]+", run)
    if not 1 < len(pieces) <= MAX_PIECES:
        return []
    # ways[i]: the numbers in the pieces from i on, in each way that there is; two ways are as many as one needs to know of.
    ways: list[list[list[FoundNumber]]] = [[] for _ in pieces] + [[[]]]
    for start in reversed(range(len(pieces))):
        for end in range(start + 1, len(pieces) + 1):
            text = " ".join(pieces[start:end])
            if len(text) > _LONGEST:
                break
            if ways[end] and (number := _one(text, read)) is not None:
                ways[start] += [[number, *rest] for rest in ways[end]]
        ways[start] = ways[start][:2]
    return ways[0][0] if len(ways[0]) == 1 else []
