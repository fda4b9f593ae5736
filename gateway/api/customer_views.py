"""What ``/api/v1/customers`` answers."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.conversation_views import ConversationBrief
from gateway.api.customer_bodies import ChannelKind
from gateway.api.records import Direction, OutcomeName, Seconds, Time
from gateway.model.claims import Claim, Evidence, Joint
from gateway.model.customers import Note, Person
from gateway.model.times import rfc3339
from gateway.ports.customers import Declared


class IdentityView(msgspec.Struct, frozen=True, kw_only=True):
    """Under which a customer appears, and who says so."""

    claim_id: Annotated[str, Meta(description="By it the claim is revoked.")]
    kind: ChannelKind
    value: Annotated[str, Meta(description="A number in E.164, an address, an account.")]
    label: str | None
    evidence: Evidence
    at: Time
    by: str


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """Why two entries are one customer."""

    first: str
    second: str
    claim_ids: Annotated[tuple[str, ...], Meta(description="Undoing any of them takes this reason away.")]


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote down."""

    note_id: str
    version: Annotated[int, Meta(ge=1)]
    customer_id: str
    call_id: str | None
    text: str
    author: str
    at: Annotated[Time, Meta(description="When this version was written.")]


class CallBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A former call, in short."""

    call_id: str
    pbx: str
    direction: Direction | None
    started_at: Time | None
    ended_at: Time | None
    outcome: OutcomeName
    queue: str | None
    answered_by: list[str]
    talk_s: Seconds | None


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, with everything that belongs to him."""

    customer_id: str
    customer_ids: Annotated[tuple[str, ...], Meta(description="All his ids: those of entries merged into him too.")]
    name: str | None
    company: str | None
    language: str | None
    vip: bool
    tags: tuple[str, ...]
    external_ids: tuple[str, ...]
    identities: Annotated[list[IdentityView], Meta(description="The best founded first.")]
    merges: Annotated[list[MergeView], Meta(description="Why his entries are one.")]
    created_at: Time
    changed_at: Time
    notes: Annotated[
        list[NoteView] | UnsetType, Meta(description="The last ones, the youngest first; where one customer is shown.")
    ] = UNSET
    calls: Annotated[
        list[CallBrief] | UnsetType,
        Meta(description="The last ones that ended, the latest first; of one customer, for those who may read calls."),
    ] = UNSET
    conversations: Annotated[
        list[ConversationBrief] | UnsetType,
        Meta(description="The last ones on channels of text, the latest first; of one customer, for those who may read calls."),
    ] = UNSET


class CustomerList(msgspec.Struct, frozen=True, kw_only=True):
    """Customers; those behind a number with the best founded first, others by their ids."""

    customers: list[CustomerView]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]
    matches: Annotated[int | UnsetType, Meta(description="How many are behind the number or identity asked for.")] = UNSET
    shared: Annotated[
        bool | UnsetType, Meta(description="It is declared to be used by several people: nobody is known by it.")
    ] = UNSET


class Persons(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that were one, or still are."""

    customers: list[CustomerView]


class NoteList(msgspec.Struct, frozen=True, kw_only=True):
    """Notes."""

    notes: list[NoteView]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]


class SharedView(msgspec.Struct, frozen=True, kw_only=True):
    """What several people use."""

    kind: ChannelKind
    value: str
    at: Time
    by: str


class SharedList(msgspec.Struct, frozen=True, kw_only=True):
    """All that several people use."""

    identities: list[SharedView]


def person_view(person: Person) -> dict[str, Any]:
    """Return a customer as he is shown; see :class:`CustomerView`."""
    return {
        "customer_id": person.id,
        "customer_ids": person.customers,
        "name": person.name,
        "company": person.company,
        "language": person.language,
        "vip": person.vip,
        "tags": person.tags,
        "external_ids": person.external_ids,
        "identities": list(map(_identity, person.claims)),
        "merges": list(map(_merge, person.joints)),
        "created_at": rfc3339(person.created_at),
        "changed_at": rfc3339(person.changed_at),
    }


def note_view(note: Note) -> dict[str, Any]:
    """Return a note as it is shown; see :class:`NoteView`."""
    return {
        "note_id": note.id,
        "version": note.version,
        "customer_id": note.customer,
        "call_id": note.call_id,
        "text": note.text,
        "author": note.author,
        "at": rfc3339(note.at),
    }


def shared_view(declared: Declared) -> dict[str, Any]:
    """Return what several people use as it is shown; see :class:`SharedView`."""
    identity = declared.identity
    return {"kind": identity.kind, "value": identity.value, "at": rfc3339(declared.at), "by": declared.by}


def _identity(claim: Claim) -> dict[str, Any]:
    return {
        "claim_id": claim.id,
        "kind": claim.identity.kind,
        "value": claim.identity.value,
        "label": claim.label,
        "evidence": claim.evidence,
        "at": rfc3339(claim.at),
        "by": claim.by,
    }


def _merge(joint: Joint) -> dict[str, Any]:
    return {"first": joint.first, "second": joint.second, "claim_ids": joint.claims}
