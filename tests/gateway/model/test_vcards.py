from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.contacts import BadContact, WrittenContact
from gateway.model.vcards import MAX_VALUES, is_vcards, written_in

# As Android writes them.
OLD = """\
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E8=8A=B3;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=
=E8=8A=B3
TEL;CELL;PREF:13800138000
TEL;WORK:010 8567 1234
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD
 TEL:FAKE

END:VCARD
"""
# As Apple writes them.
APPLE = """\
BEGIN:VCARD
VERSION:3.0
FN:Anna\\, Müller
N:Müller;Anna;;Dr.;
ORG:Acme\\; Inc;Sales
item1.TEL;type=pref:+49 30
  901820
item1.X-ABLabel:_$!<Work>!$_
TEL;TYPE=CELL,VOICE:0171 1234567
EMAIL;TYPE=INTERNET:a@example.de
CATEGORIES:Vip,Sales\\, north
UID:urn:uuid:7f1c
END:VCARD
"""
NEW = """\
BEGIN:VCARD
VERSION:4.0
KIND:individual
FN:Bob
TEL;VALUE=uri;TYPE="voice,cell":tel:+86-10-8567-1234;ext=12
EMAIL:mailto:bob@example.com
LANG:zh-CN
END:VCARD
"""


def one(text: str) -> WrittenContact:
    (contact,) = written_in(text, "cards.vcf")
    assert isinstance(contact, WrittenContact)
    return contact


def card(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def test_a_card_of_an_old_telephone_is_read() -> None:
    read = one(OLD)
    assert (read.place, read.name, read.first_name, read.last_name) == ("cards.vcf:1", "王芳", "芳", "王")
    assert read.phones == (("13800138000", "CELL PREF "), ("010 8567 1234", "WORK "))


def test_a_card_of_apple_is_read() -> None:
    read = one(APPLE)
    assert (read.name, read.company, read.external_id) == ("Anna, Müller", "Acme; Inc", "7f1c")
    assert read.phones == (("+49 30 901820", "pref Work"), ("0171 1234567", "CELL VOICE "))
    assert (read.emails, read.tags, read.vip) == (("a@example.de",), ("Vip", "Sales, north"), True)


def test_a_card_of_version_four_is_read() -> None:
    read = one(NEW)
    assert read.phones == (("+86-10-8567-1234 ext. 12", "voice cell "),)
    assert (read.emails, read.language, read.vip) == (("bob@example.com",), "zh-CN", None)


def test_cards_stand_one_after_the_other_with_their_lines() -> None:
    assert [each.place for each in written_in(OLD + "\n" + APPLE + NEW, "a.vcf")] == ["a.vcf:1", "a.vcf:13", "a.vcf:26"]
    assert [each.place for each in written_in(NEW, "a.vcf", numbered=False)] == ["a.vcf"]


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (["N:Müller;Anna", "FN:"], "name", None),
        (["ORG:Acme", "X-ABShowAs:COMPANY"], "name", "Acme"),
        (["ORG:Acme", "KIND:org"], "name", "Acme"),
        (["ORG:Acme"], "name", None),
        (["fn:Small"], "name", "Small"),
        (["FN;CHARSET=GB2312;ENCODING=QUOTED-PRINTABLE:=CD=F5"], "name", "王"),
        (["FN;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B"], "name", "王"),
        (["FN:A\\nB\\\\C"], "name", "A\nB\\C"),
        (["FN:two", " words"], "name", "twowords"),
        (["FN:first", "FN:second"], "name", "first"),
        (["no property", "FN"], "name", None),
        (["N:"], "last_name", None),
    ],
)
def test_names_are_found(lines: list[str], field: str, value: Any) -> None:
    assert getattr(one(card(*lines, "TEL:1")), field) == value


def test_a_group_of_people_is_nobody() -> None:
    assert list(written_in(card("KIND:group", "FN:All", "TEL:1"), "a.vcf")) == []


def test_somebody_inside_a_card_is_somebody_else() -> None:
    read = one(card("FN:Boss", "AGENT:", "BEGIN:VCARD", "FN:Assistant", "TEL:2", "END:VCARD", "TEL:1"))
    assert (read.name, read.phones) == ("Boss", (("1", " "),))


def test_a_file_that_is_cut_off_says_so_and_gives_what_is_whole() -> None:
    whole, bad = written_in(NEW + "BEGIN:VCARD\nFN:Lost\n", "a.vcf")
    assert isinstance(whole, WrittenContact)
    assert bad == BadContact(place="a.vcf:9", reason="the card has no end (END:VCARD): the file is cut off")


def test_there_is_an_end_to_numbers() -> None:
    assert len(one(card(*["TEL:1"] * (MAX_VALUES + 5))).phones) == MAX_VALUES


@pytest.mark.parametrize(
    ("text", "whether"), [(OLD, True), ("\ufeff\n begin:vcard\n", True), ("Name,Phone\n", False), ("", False)]
)
def test_cards_are_told_from_lists(text: str, whether: bool) -> None:
    assert is_vcards(text) is whether


@given(
    lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(OLD.splitlines() + APPLE.splitlines()))
)
def test_any_text_is_read_somehow(lines: list[str]) -> None:
    list(written_in("\n".join(lines), "a.vcf"))


def test_lines_may_end_as_windows_does() -> None:
    assert one(NEW.replace("\n", "\r\n")).name == "Bob"
