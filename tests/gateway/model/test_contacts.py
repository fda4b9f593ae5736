import csv
import io

import pytest

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Group, Identity, IdentityKind
from gateway.model.contact_lists import guess_columns, read_list, written_in
from gateway.model.contacts import (
    EXPORTED,
    MAX_TEXT_CHARACTERS,
    BadContact,
    Contact,
    WrittenContact,
    contact_of,
    exported_row,
    label_of,
)
from gateway.model.customers import Customer, person_of
from gateway.model.site import Site

CHINA = Site(region="CN")


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("CELL VOICE", "mobile"),
        ("iPhone", "mobile"),
        ("otherMobile", "mobile"),
        ("homePhone", "home"),
        ("公司电话", "work"),
        ("facsimileTelephoneNumber", "fax"),
        ("WORK FAX", "fax"),
        ("telephoneNumber", None),
        ("", None),
    ],
)
def test_what_kind_of_number_it_is_stands_above_it(words: str, label: str | None) -> None:
    assert label_of(words) == label


def test_what_can_be_used_of_somebody_is_used_and_the_rest_is_told() -> None:
    written = WrittenContact(
        place="book/1.vcf",
        first_name="芳",
        last_name="王",
        company="  ACME  ",
        vip=True,
        tags=("gold", " gold ", "", "new"),
        external_id="K7",
        phones=(("138 0013 8000 / 010-8567 1234", "work"), ("8001", ""), ("+8613800138000", "home")),
        emails=("W@Example.com", "nobody"),
    )
    bad, contact = contact_of(written, [CHINA])
    said = "'8001' is no number of the public network: write it with + and its country; 'nobody' is no e-mail address"
    assert bad == BadContact(place="book/1.vcf", reason=said, whole=False)
    assert contact == Contact(
        place="book/1.vcf",
        name="王芳",
        company="ACME",
        vip=True,
        tags=("gold", "new"),
        external_id="K7",
        identities=(
            (Identity(kind=IdentityKind.PHONE, value="+8613800138000"), "work"),
            (Identity(kind=IdentityKind.PHONE, value="+861085671234"), "work"),
            (Identity(kind=IdentityKind.EMAIL, value="w@example.com"), None),
        ),
    )


def test_nobody_is_taken_over_of_whom_nothing_can_be_used() -> None:
    reason = "there is no number, no e-mail address and no id in it"
    assert list(contact_of(WrittenContact(place="x:1", name="W"), [CHINA])) == [BadContact(place="x:1", reason=reason)]


def test_texts_are_cut() -> None:
    (contact,) = contact_of(WrittenContact(place="x:1", name="n" * 999, tags=("t" * 999,), external_id="i" * 999), [])
    assert isinstance(contact, Contact)
    assert {len(contact.name or ""), len(contact.tags[0]), len(contact.external_id or "")} == {MAX_TEXT_CHARACTERS}


def test_what_is_exported_can_be_imported() -> None:
    customer = CustomerId("01ABC")
    entry = Customer(
        id=customer,
        name="=cmd()",
        company="'Q'",
        language="de",
        vip=True,
        tags=("a", "b"),
        external_id="-7",
        created_at=1.0,
        changed_at=1.0,
    )
    kinds = [(IdentityKind.PHONE, "+8613800138000"), (IdentityKind.PHONE, "+861085671234"), (IdentityKind.EMAIL, "w@example.com")]
    claims = [
        Claim(
            id=ClaimId(value),
            customer=customer,
            identity=Identity(kind=kind, value=value),
            evidence=Evidence.CRM,
            at=1.0,
            by="x",
        )
        for kind, value in kinds
    ]
    person = person_of(Group(customers=(customer,)), {customer: entry}, claims)
    text = io.StringIO()
    csv.writer(text).writerows([EXPORTED, exported_row(person)])
    read = read_list(text.getvalue(), ",")

    assert "\n01ABC,'-7,'=cmd(),''Q'," in text.getvalue().replace("\r", "")
    (written,) = written_in(read, guess_columns(read.headings), "list.csv")
    (contact,) = contact_of(written, [CHINA])
    assert isinstance(contact, Contact)
    assert (contact.name, contact.company, contact.language, contact.vip) == ("=cmd()", "'Q'", "de", True)
    assert (contact.tags, contact.external_id) == (("a", "b"), "-7")
    assert {(identity.kind, identity.value) for identity, _ in contact.identities} == set(kinds)
