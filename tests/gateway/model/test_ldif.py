from base64 import b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.contacts import ContactField
from gateway.model.ldif import ATTRIBUTES, Entry, entries_in, is_ldif, written_of

GUID = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
# As Active Directory's ldifde and ldapsearch write them.
TEXT = f"""\
version: 1

# A comment
dn: CN=Wang Fang,OU=Sales,DC=example,DC=com
cn: Wang Fang
displayName:: {b64encode("王芳".encode()).decode()}
company: ACME
telephoneNumber: +86 10 8567 1234
otherTelephone: +86 10 8567 1235
otherTelephone: +86 10 8567 1236
mobile: +86 138 0013
  8000
mail: w@example.com
objectGUID:: {b64encode(GUID.bytes_le).decode()}

# refldap://elsewhere.example.com/DC=example,DC=com

ref: ldap://elsewhere.example.com/

dn:: {b64encode("cn=李明,dc=example".encode()).decode()}
cn;lang-zh: 李明
givenName: 明
telephoneNumber:
description:: not base64!
"""


def entries(text: str = TEXT) -> list[Entry]:
    return list(entries_in(text.split("\n")))


def test_entries_are_read_one_by_one() -> None:
    first, second = entries()
    assert (first.dn, first.line) == ("CN=Wang Fang,OU=Sales,DC=example,DC=com", 3)
    assert (second.dn, second.line) == ("cn=李明,dc=example", 20)
    assert second.values == {"cn": ("李明",), "givenname": ("明",), "telephonenumber": (), "description": ()}


def test_what_is_written_of_somebody_is_found_by_the_attributes_of_both_worlds() -> None:
    first, second = (written_of(entry, ATTRIBUTES, f"people.ldif:{entry.line}") for entry in entries())
    assert (first.place, first.name, first.company) == ("people.ldif:3", "王芳", "ACME")
    assert first.external_id == str(GUID)
    assert first.phones == (
        ("+86 10 8567 1234", "telephoneNumber"),
        ("+86 10 8567 1235", "otherTelephone"),
        ("+86 10 8567 1236", "otherTelephone"),
        ("+86 138 0013 8000", "mobile"),
    )
    assert (first.emails, first.vip) == (("w@example.com",), None)
    assert (second.name, second.first_name, second.phones) == ("李明", "明", ())


def test_an_id_is_what_the_directory_says_it_is() -> None:
    (entry,) = entries("dn: cn=a\nentryUUID: 1-2\n")
    assert written_of(entry, ATTRIBUTES, "x").external_id == "1-2"
    (short,) = entries(f"dn: cn=a\nobjectGUID:: {b64encode(b'abc').decode()}\n")
    assert written_of(short, ATTRIBUTES, "x").external_id == "abc"


def test_other_attributes_can_be_named() -> None:
    (entry,) = entries("dn: cn=a\nvipLevel: yes\nou: Sales\nou: North\nipPhone: +861085671234\n")
    columns = {ContactField.VIP: ["vipLevel"], ContactField.TAGS: ["ou"], ContactField.PHONE: ["ipPhone"]}
    read = written_of(entry, columns, "x")
    assert (read.vip, read.tags, read.phones) == (True, ("Sales", "North"), (("+861085671234", "ipPhone"),))


def test_changes_are_no_people() -> None:
    assert entries("dn: cn=a\nchangetype: delete\n") == []


@pytest.mark.parametrize(
    ("text", "whether"),
    [
        (TEXT, True),
        ("dn: cn=a\n", True),
        ("# extended LDIF\n#\n\ndn:: Y249YQ==\n", True),
        ("\ufeffversion: 1\r\n\r\ndn: cn=a\r\n", True),
        ("Version,Phone\n", False),
        ("dn,phone\n", False),
        ("", False),
    ],
)
def test_ldif_is_told_from_lists(text: str, whether: bool) -> None:
    assert is_ldif(text) is whether


@given(lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(TEXT.splitlines())))
def test_any_text_is_read_somehow(lines: list[str]) -> None:
    for entry in entries_in(lines):
        written_of(entry, ATTRIBUTES, "x")
