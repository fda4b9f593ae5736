"""Lists of contacts as people have them: CSV out of Excel, CRMs and telephones, in any encoding, under any headings.

Source: RFC 4180, and what Excel writes instead in Germany (semicolons) and China (GB18030).
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gateway.model.contacts import SEVERAL, Columns, ContactField, WrittenContact

DELIMITERS: Final = (",", ";", "\t", "|")
GUESSED_LINES: Final = 50
"""Lines by which the delimiter is guessed."""
COMMON: Final = 0.7
"""From which share of its non-ASCII characters in GB 2312 on a text is taken for Chinese: Latin-1 read so gives rare ones."""

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
_YES: Final = frozenset({"1", "y", "yes", "true", "x", "ja", "vip", "是", "有", "√"})


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


def written_in(read: ContactList, columns: Columns, file: str) -> Iterator[WrittenContact]:
    """Go through a list line by line.

    Args:
        read: The list.
        columns: Which of its headings mean what.
        file: What it is called.
    """
    places = {heading: place for place, heading in enumerate(read.headings)}
    wanted = {field: [(places[heading], heading) for heading in headings] for field, headings in columns.items()}
    for line, row in read.rows:
        yield _written(f"{file}:{line}", row, wanted)


def _written(place: str, row: Sequence[str], wanted: Mapping[ContactField, list[tuple[int, str]]]) -> WrittenContact:
    def cells(field: ContactField) -> list[tuple[str, str]]:
        return [(row[at], heading) for at, heading in wanted.get(field, ()) if at < len(row) and row[at]]

    def cell(field: ContactField) -> str | None:
        return next((text for text, _ in cells(field)), None)

    vip = cell(ContactField.VIP)
    return WrittenContact(
        place=place,
        name=cell(ContactField.NAME),
        first_name=cell(ContactField.FIRST_NAME),
        last_name=cell(ContactField.LAST_NAME),
        company=cell(ContactField.COMPANY),
        language=cell(ContactField.LANGUAGE),
        vip=None if ContactField.VIP not in wanted else is_yes(vip),
        tags=tuple(re.split(r"[;,|、，；]", cell(ContactField.TAGS) or "")),
        external_id=cell(ContactField.EXTERNAL_ID),
        phones=tuple(cells(ContactField.PHONE)),
        emails=tuple(text for text, _ in cells(ContactField.EMAIL)),
    )


def is_yes(text: str | None) -> bool:
    """Tell whether a cell says yes."""
    return text is not None and text.casefold() in _YES
