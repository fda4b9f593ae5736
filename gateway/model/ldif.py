"""Contacts out of LDIF: what directories are exported as, and what ``ldapsearch`` prints.

Source: RFC 2849; RFC 2798 (inetOrgPerson); Microsoft's schema of Active Directory (``otherTelephone``, ``objectGUID``).
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gateway.model.contact_lists import is_yes
from gateway.model.contacts import Columns, ContactField, WrittenContact

ATTRIBUTES: Final[Columns] = {
    # The first that an entry has counts, but for numbers and mail.
    ContactField.EXTERNAL_ID: ["objectGUID", "entryUUID", "nsUniqueId"],
    ContactField.NAME: ["displayName", "cn"],
    ContactField.FIRST_NAME: ["givenName"],
    ContactField.LAST_NAME: ["sn"],
    ContactField.COMPANY: ["company", "o"],
    ContactField.PHONE: ["telephoneNumber", "otherTelephone", "mobile", "otherMobile", "homePhone", "otherHomePhone"],
    ContactField.EMAIL: ["mail"],
    ContactField.LANGUAGE: ["preferredLanguage"],
}
"""What attributes of people mean where nobody says otherwise."""
GUID_BYTES: Final = 16
_IS_LDIF: Final = re.compile(r"(?:#[^\n]*\n|\s*\n)*(?:version\s*:\s*1\s*\n|dn::? )", re.IGNORECASE)


class Entry(msgspec.Struct, frozen=True):
    """One entry."""

    dn: str
    """Its distinguished name."""
    line: int
    """Where it begins, from 1."""
    values: Mapping[str, tuple[str, ...]]
    """By attribute in lower case, without options such as ``;lang-zh``."""


def is_ldif(text: str) -> bool:
    """Tell whether a file has LDIF."""
    return _IS_LDIF.match(text[:2_000].lstrip("\ufeff")) is not None


def entries_in(lines: Iterable[str]) -> Iterator[Entry]:
    """Go through entries one by one, while lines come; referrals and what is no entry are passed over."""
    held: list[str] = []
    began = 1
    number = 0
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text:
            yield from _entry(held, began)
            held = []
        elif text.startswith(" ") and held:
            held[-1] += text[1:]
        else:
            began = began if held else number
            held.append(text)
    yield from _entry(held, began)


def _entry(lines: Sequence[str], began: int) -> Iterator[Entry]:
    values: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        name = name.partition(";")[0].casefold()
        values.setdefault(name, []).append(_decoded(rest[1:], name) if rest.startswith(":") else rest.strip())
    if "dn" in values and "changetype" not in values:
        dn = values.pop("dn")[0]
        yield Entry(dn, began, {name: tuple(each for each in found if each) for name, found in values.items()})


def _decoded(text: str, name: str) -> str:
    try:
        data = b64decode(text.strip())
    except (BadBase64, ValueError):
        return ""
    if name == "objectguid" and len(data) == GUID_BYTES:
        # Its first three parts have their bytes the other way round.
        parts = (data[3::-1], data[5:3:-1], data[7:5:-1], data[8:10], data[10:])
        return "-".join(part.hex() for part in parts)
    return data.decode("utf-8", "replace")


def written_of(entry: Entry, columns: Columns, place: str) -> WrittenContact:
    """Return what is written of somebody.

    Args:
        entry: Whose it is.
        columns: Which attributes mean what.
        place: Where it stands.
    """

    def values(field: ContactField) -> list[tuple[str, str]]:
        return [(value, name) for name in columns.get(field, ()) for value in entry.values.get(name.casefold(), ())]

    def first(field: ContactField) -> str | None:
        return next((value for value, _ in values(field)), None)

    return WrittenContact(
        place=place,
        name=first(ContactField.NAME),
        first_name=first(ContactField.FIRST_NAME),
        last_name=first(ContactField.LAST_NAME),
        company=first(ContactField.COMPANY),
        language=first(ContactField.LANGUAGE),
        vip=None if ContactField.VIP not in columns else is_yes(first(ContactField.VIP)),
        tags=tuple(value for value, _ in values(ContactField.TAGS)),
        external_id=first(ContactField.EXTERNAL_ID),
        phones=tuple(values(ContactField.PHONE)),
        emails=tuple(value for value, _ in values(ContactField.EMAIL)),
    )
