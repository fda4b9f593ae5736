"""Lists of contacts as people have them: CSV out of Excel, CRMs and telephones, in any encoding, under any headings.

What cannot be used is told by line with its reason, and costs the others nothing.

Source: RFC 4180, and what Excel writes instead in Germany (semicolons) and China (GB18030).
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.claims import Identity, IdentityKind
from gateway.model.customers import Person, read_identity
from gateway.model.site import Site

DELIMITERS: Final = (",", ";", "\t", "|")
GUESSED_LINES: Final = 50
"""Lines by which the delimiter is guessed."""
COMMON: Final = 0.7
"""From which share of its non-ASCII characters in GB 2312 on a text is taken for Chinese: Latin-1 read so gives rare ones."""
MAX_TEXT_CHARACTERS: Final = 200
"""Of a name or another field; what is longer is cut."""


class ContactField(StrEnum):
    """What a column may hold."""

    EXTERNAL_ID = "external_id"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    COMPANY = "company"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    VIP = "vip"
    TAGS = "tags"


SEVERAL: Final = frozenset({ContactField.PHONE, ContactField.EMAIL})
"""What may have several columns."""

_HEADINGS: Final[Mapping[ContactField, re.Pattern[str]]] = {
    # The first that fits counts: "company phone" is a number, "first name" no name in full.
    ContactField.PHONE: re.compile(
        r"phone|tele?f|^tel|mobile?|handy|cell|number|rufnummer|nummer|电话|電話|手机|手機|座机|号码|號碼"
    ),
    ContactField.EMAIL: re.compile(r"e?mail|邮箱|郵箱|邮件|郵件"),
    ContactField.EXTERNAL_ID: re.compile(r"^id$|externalid|customer(id|no)|contact(id|no)|kunden(nr|nummer)|编号|編號|客户id"),
    ContactField.FIRST_NAME: re.compile(r"^(first|given|vor)name$|^名$"),
    ContactField.LAST_NAME: re.compile(r"^(last|family|sur|nach)name$|^姓$|^姓氏$"),
    ContactField.COMPANY: re.compile(r"company|organi[sz]ation|firma|account|公司|单位|單位|企业"),
    ContactField.NAME: re.compile(
        r"^((display|full|contact|customer)?name|contact|customer|姓名|名字|名称|联系人|聯絡人|客户(姓名|名称)?)$"
    ),
    ContactField.LANGUAGE: re.compile(r"lang|sprache|语言|語言"),
    ContactField.VIP: re.compile(r"^vip|贵宾|重要"),
    ContactField.TAGS: re.compile(r"^(tags?|labels?|groups?|categor(y|ies)|标签|標籤|分组|类别)$"),
}
# Numbers that cannot be dialled.
_NO_NUMBER: Final = re.compile(r"(customer|account|contact|kunden|order|id)(number|nummer|no)$|客户号码")
_LABELS: Final[Mapping[str, re.Pattern[str]]] = {
    "fax": re.compile(r"fax|传真"),
    "mobile": re.compile(r"mobil|cell|handy|手机|手機"),
    "home": re.compile(r"home|privat|住宅|家"),
    "work": re.compile(r"work|office|business|gesch|公司|办公|單位|单位"),
}
_YES: Final = frozenset({"1", "y", "yes", "true", "x", "ja", "vip", "是", "有", "√"})
_BETWEEN_NUMBERS: Final = re.compile(r"[;,、，；|\n]|\s/\s|(?<=\d)/(?=[+0\d]{6})")
_SCIENTIFIC: Final = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One line that can be used."""

    line: int
    """In the file, from 1."""
    name: str | None = None
    company: str | None = None
    language: str | None = None
    vip: bool | None = None
    """None where the list has no such column."""
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    identities: tuple[tuple[Identity, str | None], ...] = ()
    """With their labels."""


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    """What of a line cannot be used."""

    line: int
    reason: str
    whole: bool = True
    """Whether nothing of it is used."""


Columns = Mapping[ContactField, Sequence[str]]
"""Headings by what their columns hold."""


class ContactList(msgspec.Struct, frozen=True, kw_only=True):
    """A list, read."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """With the line that each begins at."""


def decode(data: bytes) -> tuple[str, str]:
    """Return a file's text and the encoding by which it was read: UTF-8, UTF-16 with its mark, GB18030 or Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "latin-1"
    foreign = [character for character in text if not character.isascii()]
    common = sum(_is_common(character) for character in foreign)
    return (text, "gb18030") if common >= COMMON * len(foreign) else (data.decode("cp1252", "replace"), "latin-1")


def _is_common(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def delimiter_of(text: str) -> str:
    """Guess what stands between fields: what gives most lines the same number of them, and more than one."""
    lines = text.splitlines()[:GUESSED_LINES]

    def fitness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        width = widths[0] if widths else 0
        return (widths.count(width), width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=fitness)


def read_list(text: str, delimiter: str) -> ContactList:
    """Cut a list into headings and rows; lines without any text are passed over."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    rows: list[tuple[int, tuple[str, ...]]] = []
    line = 1
    for row in reader:
        if any(map(str.strip, row)):
            rows.append((line, tuple(map(_plain, row))))
        line = reader.line_num + 1
    return ContactList(headings=rows[0][1] if rows else (), rows=tuple(rows[1:]))


def _plain(cell: str) -> str:
    """Take off what keeps Excel from reading a cell as a number or formula."""
    text = cell.replace("\0", "").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.removeprefix("'").strip()


def guess_columns(headings: Iterable[str]) -> dict[ContactField, list[str]]:
    """Find out by their headings, English, German or Chinese, what columns hold; each thing but numbers and mail once."""
    found: dict[ContactField, list[str]] = {}
    for heading in headings:
        field = _field_of(re.sub(r"[\s_.\-/()（）:：]", "", heading).casefold())
        if field is not None and (field in SEVERAL or field not in found):
            found.setdefault(field, []).append(heading)
    return found


def _field_of(word: str) -> ContactField | None:
    if _NO_NUMBER.search(word):
        return ContactField.EXTERNAL_ID
    return next((field for field, pattern in _HEADINGS.items() if pattern.search(word)), None)


def contacts_of(read: ContactList, columns: Columns, sites: Sequence[Site]) -> Iterator[Contact | BadLine]:
    """Go through a list line by line.

    Args:
        read: The list.
        columns: Which of its headings mean what.
        sites: By which national numbers are read.
    """
    places = {heading: place for place, heading in enumerate(read.headings)}
    wanted = {field: [(places[heading], heading) for heading in headings] for field, headings in columns.items()}
    for line, row in read.rows:
        yield from _read_row(line, row, wanted, sites)


def _read_row(
    line: int, row: Sequence[str], wanted: Mapping[ContactField, list[tuple[int, str]]], sites: Sequence[Site]
) -> Iterator[Contact | BadLine]:
    def cell(field: ContactField) -> str | None:
        for place, _ in wanted.get(field, ()):
            if place < len(row) and row[place]:
                return row[place][:MAX_TEXT_CHARACTERS]
        return None

    identities: dict[Identity, str | None] = {}
    bad: list[str] = []
    for field, kind in ((ContactField.PHONE, IdentityKind.PHONE), (ContactField.EMAIL, IdentityKind.EMAIL)):
        for place, heading in wanted.get(field, ()):
            for written in _several(row[place], kind, sites) if place < len(row) else ():
                identity = read_identity(kind, written, sites)
                if identity is None:
                    bad.append(_why_not(kind, written))
                else:
                    identities.setdefault(identity, _label_of(heading) if kind is IdentityKind.PHONE else None)
    external_id = cell(ContactField.EXTERNAL_ID)
    name = cell(ContactField.NAME) or _full_name(cell(ContactField.FIRST_NAME), cell(ContactField.LAST_NAME))
    if not identities and external_id is None:
        yield BadLine(line=line, reason="; ".join(bad) or "there is no number, no e-mail address and no id in it")
        return
    if bad:
        yield BadLine(line=line, reason="; ".join(bad), whole=False)
    vip = cell(ContactField.VIP)
    yield Contact(
        line=line,
        name=name,
        company=cell(ContactField.COMPANY),
        language=cell(ContactField.LANGUAGE),
        vip=None if ContactField.VIP not in wanted else vip is not None and vip.casefold() in _YES,
        tags=tuple(dict.fromkeys(tag.strip() for tag in re.split(r"[;,|、，；]", cell(ContactField.TAGS) or "") if tag.strip())),
        external_id=external_id,
        identities=tuple(identities.items()),
    )


def _several(cell: str, kind: IdentityKind, sites: Sequence[Site]) -> list[str]:
    """Return the numbers in a cell; a stroke may stand in one or between two."""
    if not cell or read_identity(kind, cell, sites) is not None:
        return [cell] if cell else []
    return [part.strip() for part in _BETWEEN_NUMBERS.split(cell) if part.strip()]


def _why_not(kind: IdentityKind, written: str) -> str:
    if kind is IdentityKind.EMAIL:
        return f"{written!r} is no e-mail address"
    if _SCIENTIFIC.fullmatch(written):
        return f"{written!r} is what Excel made of a number: make the column text, and export it again"
    return f"{written!r} is no number of the public network: write it with + and its country"


def _label_of(heading: str) -> str | None:
    word = heading.casefold()
    return next((label for label, pattern in _LABELS.items() if pattern.search(word)), None)


def _full_name(first: str | None, last: str | None) -> str | None:
    if first and last:
        # In Chinese the family name comes first, without a space.
        return f"{first} {last}" if (first + last).isascii() or not _is_han(last) else f"{last}{first}"
    return first or last


def _is_han(text: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in text)


EXPORTED: Final = ("tieline_id", "external_id", "name", "company", "language", "vip", "tags", "phone", "email")
"""The headings of an export: an import understands them."""


def exported_row(person: Person) -> list[str]:
    """Return a customer's line of an export, under :data:`EXPORTED`."""
    emails = (claim.identity.value for claim in person.claims if claim.identity.kind is IdentityKind.EMAIL)
    return [
        person.id,
        _harmless(person.external_ids[0] if person.external_ids else ""),
        _harmless(person.name or ""),
        _harmless(person.company or ""),
        _harmless(person.language or ""),
        "yes" if person.vip else "",
        _harmless(";".join(person.tags)),
        ";".join(person.numbers),
        _harmless(";".join(dict.fromkeys(emails))),
    ]


def _harmless(text: str) -> str:
    """Return text that Excel does not take for a formula; an import takes the mark off again."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "'", "\t", "\r")) else text
