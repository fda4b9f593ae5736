"""A contact out of somebody else's list, file or directory: what is written of it, and what of that can be used.

What cannot be used is told with its place and reason, and costs the others nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.claims import Identity, IdentityKind
from gateway.model.customers import Person, read_identity
from gateway.model.site import Site

MAX_TEXT_CHARACTERS: Final = 200
"""Of a name or another field; what is longer is cut."""


class ContactField(StrEnum):
    """What a column, or an attribute of a directory, may hold."""

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
Columns = Mapping[ContactField, Sequence[str]]
"""Headings, or attributes, by what they hold."""

_LABELS: Final[Mapping[str, re.Pattern[str]]] = {
    "fax": re.compile(r"fax|facsimile|传真"),
    "mobile": re.compile(r"mobil|cell|iphone|handy|手机|手機"),
    "home": re.compile(r"home|privat|住宅|家"),
    "work": re.compile(r"work|office|business|gesch|公司|办公|單位|单位"),
}
_BETWEEN_NUMBERS: Final = re.compile(r"[;,、，；|\n]|\s/\s|(?<=\d)/(?=[+0\d]{6})")
_SCIENTIFIC: Final = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)


class WrittenContact(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of somebody, as it stands there."""

    place: str
    """Where: ``contacts.csv:3``."""
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    language: str | None = None
    vip: bool | None = None
    """None where nothing is said of it."""
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    phones: tuple[tuple[str, str], ...] = ()
    """Numbers, each with the words it stands under, such as ``Office phone``; a text may have several."""
    emails: tuple[str, ...] = ()
    """The same without words."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be taken over."""

    place: str
    """See :class:`WrittenContact`."""
    name: str | None = None
    company: str | None = None
    language: str | None = None
    vip: bool | None = None
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    identities: tuple[tuple[Identity, str | None], ...] = ()
    """With their labels."""


class BadContact(msgspec.Struct, frozen=True, kw_only=True):
    """What of somebody cannot be used."""

    place: str
    reason: str
    whole: bool = True
    """Whether nothing of it is used."""


def contact_of(written: WrittenContact, sites: Sequence[Site]) -> Iterator[Contact | BadContact]:
    """Return what can be used of somebody, and what cannot: one of them, or both.

    Args:
        written: What is written.
        sites: By which national numbers are read.
    """
    identities: dict[Identity, str | None] = {}
    bad: list[str] = []
    for kind, texts in (
        (IdentityKind.PHONE, [(text, label_of(words)) for text, words in written.phones]),
        (IdentityKind.EMAIL, [(text, None) for text in written.emails]),
    ):
        for text, label in texts:
            for each in _several(text, kind, sites):
                identity = read_identity(kind, each, sites)
                if identity is None:
                    bad.append(_why_not(kind, each))
                else:
                    identities.setdefault(identity, label)
    external_id = _cut(written.external_id)
    if not identities and external_id is None:
        reason = "; ".join(bad) or "there is no number, no e-mail address and no id in it"
        yield BadContact(place=written.place, reason=reason)
        return
    if bad:
        yield BadContact(place=written.place, reason="; ".join(bad), whole=False)
    yield Contact(
        place=written.place,
        name=_cut(written.name) or _full_name(_cut(written.first_name), _cut(written.last_name)),
        company=_cut(written.company),
        language=_cut(written.language),
        vip=written.vip,
        tags=tuple(dict.fromkeys(tag.strip()[:MAX_TEXT_CHARACTERS] for tag in written.tags if tag.strip())),
        external_id=external_id,
        identities=tuple(identities.items()),
    )


def label_of(words: str) -> str | None:
    """Return what kind of number stands under some words: ``mobile``, ``work``, ``home`` or ``fax``."""
    word = words.casefold()
    return next((label for label, pattern in _LABELS.items() if pattern.search(word)), None)


def _cut(text: str | None) -> str | None:
    return None if text is None else text.strip()[:MAX_TEXT_CHARACTERS] or None


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
