from pathlib import Path

import pytest

from gateway.cli.contact_sources.files import read_file
from gateway.cli.contact_sources.source import ContactsError, Source
from gateway.model.contacts import WrittenContact

CARDS = "BEGIN:VCARD\nVERSION:3.0\nFN:王芳\nTEL:1\nEND:VCARD\n"
ENTRIES = "version: 1\n\ndn: cn=a\ncn: A\ntelephoneNumber: 1\nipPhone: 2\n"


def read(folder: Path, text: str, *, mapping: str | None = None, encoding: str = "utf-8") -> Source:
    file = folder / "contacts"
    file.write_bytes(text.encode(encoding))
    return read_file(file, encoding=None, delimiter=None, mapping=mapping)


async def contacts(source: Source) -> list[WrittenContact]:
    return [each async for each in source.contacts if isinstance(each, WrittenContact)]


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        (CARDS, "cards", "1 vCards in gb18030"),
        (ENTRIES, "entries", "1 entries of LDIF in utf-8"),
        ("Name,Phone\nW,1\n", "lines", "1 lines in utf-8, fields between commas"),
    ],
)
async def test_a_file_is_known_by_what_stands_in_it(tmp_path: Path, text: str, unit: str, said: str) -> None:
    source = read(tmp_path, text, encoding="gb18030")
    (contact,) = await contacts(source)
    assert (source.called, source.unit, source.total) == ("file contacts", unit, 1)
    assert source.said[0] == f"{tmp_path}/contacts: {said}"
    assert contact.phones[0][0] == "1"
    assert contact.place.startswith(f"{tmp_path}/contacts:")


async def test_attributes_of_ldif_can_be_named(tmp_path: Path) -> None:
    (contact,) = await contacts(read(tmp_path, ENTRIES, mapping="phone=ipPhone"))
    assert contact.phones == (("2", "ipPhone"),)


def test_cards_need_nobody_to_say_what_is_what(tmp_path: Path) -> None:
    with pytest.raises(ContactsError, match="leave --map out"):
        read(tmp_path, CARDS, mapping="phone=TEL")
