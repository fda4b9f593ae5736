import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.claims import Identity, IdentityKind
from gateway.model.contact_lists import decode, delimiter_of, guess_columns, read_list, written_in
from gateway.model.contacts import BadContact, Contact, ContactField, contact_of
from gateway.model.site import Site

CHINA = Site(region="CN")


def read(text: str, *, site: Site = CHINA, **columns: list[str]) -> list[Contact | BadContact]:
    found = read_list(text, delimiter_of(text))
    chosen = guess_columns(found.headings) | {ContactField(field): headings for field, headings in columns.items()}
    return [each for written in written_in(found, chosen, "list.csv") for each in contact_of(written, [site])]


def one(text: str, **more: Any) -> Contact:
    (contact,) = read(text, **more)
    assert isinstance(contact, Contact)
    return contact


def phones(contact: Contact) -> list[tuple[str, str | None]]:
    return [(identity.value, label) for identity, label in contact.identities if identity.kind is IdentityKind.PHONE]


@pytest.mark.parametrize(
    ("text", "encoding", "called"),
    [
        ("姓名,电话\r\n王芳,1\r\n", "utf-8", "utf-8"),
        ("姓名,电话\r\n王芳,1\r\n", "utf-8-sig", "utf-8"),
        ("姓名,电话\r\n王芳,1\r\n", "utf-16", "utf-16"),
        ("姓名,电话\r\n王芳,1\r\n", "gb18030", "gb18030"),
        ("姓名,电话\r\n朱镕基,1\r\n", "gb18030", "gb18030"),
        ("Name;Telefon\r\nJürgen Müßig;1\r\nRené Ölçer;2\r\n", "latin-1", "latin-1"),
        ("Name,Phone\r\nplain,1\r\n", "ascii", "utf-8"),
        ("Name;Preis\r\nJürgen;5 €\r\n", "cp1252", "latin-1"),
    ],
)
def test_an_encoding_is_found_by_the_text(text: str, encoding: str, called: str) -> None:
    assert decode(text.encode(encoding)) == (text, called)


@given(data=st.binary(max_size=200))
def test_any_file_is_read_somehow(data: bytes) -> None:
    text, _ = decode(data)
    found = read_list(text, delimiter_of(text))
    for written in written_in(found, guess_columns(found.headings), "list.csv"):
        list(contact_of(written, [CHINA]))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_stands_between_fields_is_guessed(delimiter: str) -> None:
    rows = [["Name", "Phone", "Company"], ["Wang, Fang; Dr", "1|2", "A"], ["Li", "3", "B"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)

    assert delimiter_of(text.getvalue()) == delimiter


def test_a_file_of_one_column_is_read_too() -> None:
    assert phones(one("Phone\n13800138000\n")) == [("+8613800138000", None)]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Phone", "phone"),
        ("Mobile Phone", "phone"),
        ("Tel.", "phone"),
        ("Company phone", "phone"),
        ("Telefon (privat)", "phone"),
        ("Rufnummer", "phone"),
        ("手机", "phone"),
        ("联系电话", "phone"),
        ("手机号码", "phone"),
        ("公司电话", "phone"),
        ("E-Mail", "email"),
        ("邮箱", "email"),
        ("Name", "name"),
        ("Full name", "name"),
        ("姓名", "name"),
        ("联系人", "name"),
        ("First Name", "first_name"),
        ("Nachname", "last_name"),
        ("姓", "last_name"),
        ("名", "first_name"),
        ("Company", "company"),
        ("Firma", "company"),
        ("公司", "company"),
        ("ID", "external_id"),
        ("Customer No.", "external_id"),
        ("Customer number", "external_id"),
        ("Account Number", "external_id"),
        ("Kundennummer", "external_id"),
        ("客户编号", "external_id"),
        ("Language", "language"),
        ("VIP", "vip"),
        ("Tags", "tags"),
        ("标签", "tags"),
    ],
)
def test_headings_in_three_languages_are_known(heading: str, field: str) -> None:
    assert guess_columns([heading]) == {field: [heading]}


@pytest.mark.parametrize("heading", ["Birthday", "Address", "Username", "Notes", "备注", "", "tieline_id", "Region"])
def test_other_headings_mean_nothing(heading: str) -> None:
    assert guess_columns([heading]) == {}


def test_of_two_columns_alike_the_first_counts_but_for_numbers_and_mail() -> None:
    found = guess_columns(["Name", "Display Name", "Phone", "Mobile", "Email", "E-mail 2"])
    assert found == {"name": ["Name"], "phone": ["Phone", "Mobile"], "email": ["Email", "E-mail 2"]}


def test_a_line_is_read_whole() -> None:
    text = (
        "Customer no,Name,Company,Mobile,Office phone,E-mail,VIP,Tags,Language\n"
        "K7,Wang Fang,ACME,138 0013 8000,010-8567 1234,W@Example.com,yes,gold;new;gold,zh-CN\n"
    )
    contact = one(text)

    assert (contact.place, contact.external_id, contact.name, contact.company) == ("list.csv:2", "K7", "Wang Fang", "ACME")
    assert (contact.vip, contact.tags, contact.language) == (True, ("gold", "new"), "zh-CN")
    assert phones(contact) == [("+8613800138000", "mobile"), ("+861085671234", "work")]
    assert (Identity(kind=IdentityKind.EMAIL, value="w@example.com"), None) in contact.identities


def test_without_a_column_for_vip_nothing_is_said_of_it() -> None:
    assert one("Phone,Name\n13800138000,W\n").vip is None
    assert one("Phone,VIP\n13800138000,\n").vip is False


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Fang", "Wang", "Fang Wang"), ("芳", "王", "王芳"), ("René", "Ölçer", "René Ölçer"), ("", "王", "王"), ("", "", None)],
)
def test_a_name_in_two_columns_is_put_together_as_one_says_it(first: str, last: str, name: str | None) -> None:
    assert one(f"Last name,First name,Phone\n{last},{first},13800138000\n").name == name


@pytest.mark.parametrize(
    "cell",
    [
        "13800138000; 010-85671234",
        "13800138000、010-85671234",
        "13800138000 / 010-85671234",
        "13800138000/01085671234",
        "13800138000，010 8567 1234",
        '"13800138000\n010-85671234"',
        "13800138000;13800138000;+861085671234",
    ],
)
def test_several_numbers_may_stand_in_a_cell(cell: str) -> None:
    assert [number for number, _ in phones(one(f"Name\tPhone\nW\t{cell}\n"))] == ["+8613800138000", "+861085671234"]


def test_a_stroke_may_belong_to_a_number() -> None:
    assert phones(one("Phone\n030/901820\n", site=Site(region="DE"))) == [("+4930901820", None)]


@pytest.mark.parametrize("cell", ["'13800138000", '"=""13800138000"""', "１３８００１３８０００", " 13800138000 "])
def test_what_excel_needs_is_taken_off(cell: str) -> None:
    assert phones(one(f"Name,Phone\nW,{cell}\n")) == [("+8613800138000", None)]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("8001", "'8001' is no number of the public network: write it with + and its country"),
        ("1.38001E+10", "'1.38001E+10' is what Excel made of a number: make the column text, and export it again"),
        ("", "there is no number, no e-mail address and no id in it"),
    ],
)
def test_a_line_without_any_use_says_why(cell: str, reason: str) -> None:
    assert read(f"Name,Phone\nW,{cell}\n") == [BadContact(place="list.csv:2", reason=reason)]


def test_one_bad_number_does_not_cost_the_good_ones() -> None:
    bad, contact = read("Name,Phone,Mobile,E-mail\nW,8001,13800138000,nobody\n")

    assert isinstance(contact, Contact)
    assert phones(contact) == [("+8613800138000", "mobile")]
    assert isinstance(bad, BadContact)
    assert (bad.place, bad.whole) == ("list.csv:2", False)
    assert bad.reason.startswith("'8001' is no number")
    assert bad.reason.endswith("'nobody' is no e-mail address")


def test_lines_are_counted_as_an_editor_does() -> None:
    found = read('Name,Phone\n\n"Two\nlines",13800138000\n,,\nshort\nbad,1\n')
    assert [each.place for each in found] == ["list.csv:3", "list.csv:6", "list.csv:7"]


def test_a_column_can_be_named() -> None:
    assert phones(one("A,B\nW,13800138000\n", phone=["B"])) == [("+8613800138000", None)]
    assert one("A,B\nW,13800138000\n", phone=["B"], name=["A"]).name == "W"


def test_an_empty_file_has_nothing() -> None:
    assert read_list("", ",").headings == ()
    assert read("") == []
