"""Customers as they are shown: who a person is by all that is known of him, and who is behind a number."""

from collections.abc import Iterable, Mapping
from typing import Final, NewType
from unicodedata import normalize

import msgspec

from gateway.model.calls import Call
from gateway.model.claims import STRENGTH, Claim, CustomerId, Group, Identity, IdentityKind, Joint
from gateway.model.ids import CallId
from gateway.model.numbers import e164
from gateway.model.record import called_of, direction_of
from gateway.model.site import Site

NoteId = NewType("NoteId", str)
"""A ULID."""

MAX_EMAIL_CHARACTERS: Final = 254
"""RFC 5321, 4.5.3.1.3, with the angle brackets taken off."""


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of what is known of somebody; what he is reached by is in claims."""

    id: CustomerId
    name: str | None = None
    company: str | None = None
    language: str | None = None
    """BCP 47, such as ``zh-CN``."""
    vip: bool = False
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    """What the CRM or the file that he came from calls him; each once."""
    created_at: float
    """Seconds since the epoch."""
    changed_at: float


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote down about a customer. Editing makes another version; what was written stays."""

    id: NoteId
    version: int = 1
    customer: CustomerId
    call_id: CallId | None = None
    """The call in which it was written."""
    text: str
    author: str
    at: float
    """When this version was written, in seconds since the epoch."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with everything that belongs to him, from however many entries."""

    id: CustomerId
    """The eldest entry's."""
    customers: tuple[CustomerId, ...]
    name: str | None
    company: str | None
    language: str | None
    vip: bool
    tags: tuple[str, ...]
    external_ids: tuple[str, ...]
    claims: tuple[Claim, ...]
    """Those that stand, the strongest first; without those that join entries."""
    joints: tuple[Joint, ...]
    created_at: float
    changed_at: float

    @property
    def numbers(self) -> tuple[str, ...]:
        """His telephone numbers, each once, the best founded first."""
        return tuple(dict.fromkeys(each.identity.value for each in self.claims if each.identity.kind is IdentityKind.PHONE))


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be behind an identity."""

    identity: Identity
    persons: tuple[Person, ...] = ()
    """The best founded first."""
    shared: bool = False
    """It is declared to be used by several, such as a switchboard: then nobody is known by it, not even an only one."""

    @property
    def person(self) -> Person | None:
        """The one who it is; None where there is nobody or a choice."""
        return self.persons[0] if len(self.persons) == 1 and not self.shared else None


def person_of(group: Group, entries: Mapping[CustomerId, Customer], claims: Iterable[Claim]) -> Person:
    """Return a person of his entries, the eldest of which says most.

    Args:
        group: Which entries they are.
        entries: By their ids; more may be there.
        claims: Theirs; more may be there.
    """
    his = [entries[customer] for customer in group.customers if customer in entries]
    standing = [
        claim
        for claim in claims
        if claim.stands and claim.customer in group.customers and claim.identity.kind is not IdentityKind.CUSTOMER
    ]
    return Person(
        id=group.customers[0],
        customers=group.customers,
        name=next((entry.name for entry in his if entry.name), None),
        company=next((entry.company for entry in his if entry.company), None),
        language=next((entry.language for entry in his if entry.language), None),
        vip=any(entry.vip for entry in his),
        tags=tuple(dict.fromkeys(tag for entry in his for tag in entry.tags)),
        external_ids=tuple(entry.external_id for entry in his if entry.external_id is not None),
        claims=tuple(sorted(standing, key=lambda claim: (-STRENGTH[claim.evidence], claim.id))),
        joints=group.joints,
        created_at=min(entry.created_at for entry in his),
        changed_at=max(entry.changed_at for entry in his),
    )


def searched_text(entry: Customer) -> str:
    """Return what a search looks through, in one case."""
    return "\n".join(filter(None, (entry.name, entry.company, entry.external_id))).casefold()


def is_found_by(entry: Customer, words: str) -> bool:
    """Tell whether a search for these words finds an entry."""
    return words.casefold() in searched_text(entry)


def match_of(identity: Identity, persons: Iterable[Person], *, shared: bool) -> Match:
    """Return who of these may be behind an identity, by how well it is founded that he has it."""

    def strength(person: Person) -> int:
        return max((STRENGTH[claim.evidence] for claim in person.claims if claim.identity == identity), default=-len(STRENGTH))

    ranked = sorted(persons, key=lambda person: (-strength(person), person.id))
    return Match(identity=identity, persons=tuple(ranked), shared=shared)


def outside_number(call: Call, site: Site) -> str | None:
    """Return the number of the customer's side of a call in E.164; None inside the house, or where it is not known."""
    direction = direction_of(call, site)
    if direction == "inbound":
        return None if call.caller is None else e164(call.caller.party, site)
    if direction == "outbound":
        return e164(called_of(call, site, direction), site)
    return None


def read_identity(kind: IdentityKind, written: str, sites: Iterable[Site]) -> Identity | None:
    """Return an identity in its one form; None where it is none, or where the sites read a national number differently."""
    # Lists of contacts hold full-width digits and spaces of all kinds.
    text = normalize("NFKC", written).strip()
    if not text or "\0" in text:
        return None
    match kind:
        case IdentityKind.PHONE:
            readings = {number for site in sites if (number := e164(text, site)) is not None}
            return Identity(kind=kind, value=readings.pop()) if len(readings) == 1 else None
        case IdentityKind.EMAIL:
            local, _, domain = text.rpartition("@")
            usable = bool(local and domain) and len(text) <= MAX_EMAIL_CHARACTERS and not any(map(str.isspace, text))
            return Identity(kind=kind, value=text.lower()) if usable else None
        case IdentityKind.WECHAT | IdentityKind.APP | IdentityKind.WEB | IdentityKind.CUSTOMER:
            return Identity(kind=kind, value=text)
