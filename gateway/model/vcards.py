"""Contacts out of vCards 2.1, 3.0 and 4.0, as telephones, Outlook, Apple's and CardDAV's address books write them.

Source: RFC 6350, RFC 2426, vCard 2.1 of the Versit Consortium; Apple's ``item1.X-ABLabel``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from quopri import decodestring
from typing import Final

import msgspec

from gateway.model.contacts import BadContact, WrittenContact

WANTED: Final = frozenset({"FN", "N", "ORG", "TEL", "EMAIL", "LANG", "CATEGORIES", "UID", "KIND", "X-ABLABEL", "X-ABSHOWAS"})
"""Properties that are read; pictures, keys and addresses are not looked at."""
MAX_VALUES: Final = 100
"""Of one property in one card."""
_PROPERTY: Final = re.compile(
    r"(?:(?P<group>[\w-]+)\.)?(?P<name>[\w-]+)(?P<parameters>(?:;(?:[^\";:]|\"[^\"]*\")*)*):(?P<value>.*)", re.DOTALL
)
_PARAMETER: Final = re.compile(r";((?:[^\";]|\"[^\"]*\")*)")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_APPLE: Final = re.compile(r"_\$!<(.*)>!\$_")
_CHINESE: Final = frozenset({"gb2312", "gbk"})


class _Value(msgspec.Struct, frozen=True):
    text: str
    words: str
    """Its types, such as ``CELL VOICE``."""
    group: str | None


def is_vcards(text: str) -> bool:
    """Tell whether a file has vCards."""
    return text[:200].lstrip("\ufeff \t\r\n").upper().startswith("BEGIN:VCARD")


def written_in(text: str, file: str, *, numbered: bool = True) -> Iterator[WrittenContact | BadContact]:
    """Go through cards one by one; groups of people are passed over.

    Args:
        text: The cards.
        file: What they are called.
        numbered: Whether to tell of each card's line.
    """
    began, depth, lines = 0, 0, list[str]()
    for number, line in enumerate(_lines(text), 1):
        word = line.strip().upper()
        if word == "BEGIN:VCARD":
            depth += 1
            if depth == 1:
                began, lines = number, []
        elif word == "END:VCARD":
            depth -= 1
            if depth == 0:
                yield from _contact(lines, f"{file}:{began}" if numbered else file)
            depth = max(depth, 0)
        elif depth == 1:
            # A card inside a card is somebody's assistant.
            lines.append(line)
    if depth:
        place = f"{file}:{began}" if numbered else file
        yield BadContact(place=place, reason="the card has no end (END:VCARD): the file is cut off")


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _contact(lines: Sequence[str], place: str) -> Iterator[WrittenContact]:
    values = _values(lines)

    def first(name: str) -> str | None:
        return next((text for each in values.get(name, ()) if (text := _plain(each.text).strip())), None)

    def texts(name: str) -> list[str]:
        return [_plain(each.text).strip() for each in values.get(name, ())]

    if (first("KIND") or "").casefold() == "group":
        return
    labels = {each.group: _APPLE.sub(r"\1", _plain(each.text)) for each in values.get("X-ABLABEL", ())}
    company = next(iter(_parts(values["ORG"][0].text)), None) if "ORG" in values else None
    names = _parts(values["N"][0].text) if "N" in values else []
    family, given, *_ = [*names, "", ""]
    tags = [_plain(tag).strip() for each in values.get("CATEGORIES", ()) for tag in _split(each.text, ",") if tag]
    is_company = (first("X-ABSHOWAS") or first("KIND") or "").casefold() in ("company", "org")
    yield WrittenContact(
        place=place,
        name=first("FN") or (company if is_company else None),
        first_name=given or None,
        last_name=family or None,
        company=company or None,
        language=first("LANG"),
        vip=True if "vip" in map(str.casefold, tags) else None,
        tags=tuple(tags),
        external_id=_id(first("UID")),
        phones=tuple(
            (_number(_plain(each.text)), f"{each.words} {labels.get(each.group, '')}") for each in values.get("TEL", ())
        ),
        emails=tuple(text.removeprefix("mailto:") for text in texts("EMAIL") if text),
    )


def _values(lines: Sequence[str]) -> Mapping[str, list[_Value]]:
    found: dict[str, list[_Value]] = {}
    at = 0
    while at < len(lines):
        line, at = lines[at], at + 1
        pieces = [line]
        # Folded by a blank, or in 2.1 by a "=" at the end of what is quoted-printable.
        quoted = "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
        while at < len(lines):
            if quoted and pieces[-1].endswith("="):
                pieces[-1] = pieces[-1][:-1]
                pieces.append(lines[at])
            elif lines[at][:1] in (" ", "\t"):
                pieces.append(lines[at][1:])
            else:
                break
            at += 1
        read = _PROPERTY.fullmatch("".join(pieces))
        if read is None or (name := read["name"].upper()) not in WANTED:
            continue
        of_name = found.setdefault(name, [])
        if len(of_name) < MAX_VALUES:
            of_name.append(_value(read["value"], read["parameters"], read["group"]))
    return found


def _value(text: str, parameters: str, group: str | None) -> _Value:
    types: list[str] = []
    charset = "utf-8"
    for parameter in _PARAMETER.findall(parameters):
        name, is_pair, value = parameter.partition("=")
        name = name.strip().upper()
        if not is_pair or name == "TYPE":
            types.append((value if is_pair else name).replace('"', "").replace(",", " "))
        elif name == "CHARSET":
            charset = value.strip().strip('"')
    if "QUOTED-PRINTABLE" in parameters.upper():
        text = _decoded(decodestring(text.encode("utf-8", "replace")), charset)
    return _Value(text, " ".join(types), group)


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode("gb18030" if charset.casefold() in _CHINESE else charset, "replace")
    except (LookupError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def _split(text: str, by: str) -> list[str]:
    """Cut where this stands, but not where it is escaped."""
    return re.findall(rf"((?:[^\\{by}]|\\.)*)(?:{by}|$)", text, re.DOTALL)[:MAX_VALUES]


def _parts(text: str) -> list[str]:
    return [_plain(part).strip() for part in _split(text, ";")]


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda read: "\n" if read[1] in "nN" else read[1], text).replace("\0", "")


def _number(text: str) -> str:
    """Return a number; 4.0 writes it as a URI (RFC 3966)."""
    number, *parameters = _plain(text).strip().removeprefix("tel:").split(";")
    extension = next((value for name, _, value in (each.partition("=") for each in parameters) if name == "ext"), None)
    return number if extension is None else f"{number} ext. {extension}"


def _id(text: str | None) -> str | None:
    return None if text is None else text.removeprefix("urn:uuid:")
