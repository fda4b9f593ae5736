"""What the gateway asks of the place where customers are kept."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

import msgspec

from gateway.model.claims import Claim, ClaimId, CustomerId, Identity
from gateway.model.customers import Customer, Note, NoteId
from gateway.model.ids import Tenant


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """That a claim no longer stands."""

    claim: ClaimId
    at: float
    """Seconds since the epoch."""
    by: str


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word that an identity is used by several people."""

    identity: Identity
    at: float
    """Seconds since the epoch."""
    by: str


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept at once: all of it, or nothing."""

    entries: Sequence[Customer] = ()
    """New, or in the place of what is there under the id."""
    claims: Sequence[Claim] = ()
    """New ones."""
    revoked: Sequence[Revoked] = ()
    notes: Sequence[Note] = ()
    """New ones, or new versions."""


class CustomerStore(Protocol):
    """Customers, claims and notes, durable.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change whose answer was lost.
    """

    async def put(self, tenant: Tenant, change: CustomerChange) -> None:
        """Keep a change.

        Raises:
            StoreTakenError: An external id is another entry's, or somebody else wrote this version of a note.
        """

    async def entries(self, tenant: Tenant, customers: Collection[CustomerId]) -> list[Customer]:
        """Return those of the entries that are kept, in any order."""

    async def by_external_id(self, tenant: Tenant, external_ids: Collection[str]) -> list[Customer]:
        """Return the entries that have these external ids."""

    async def page(self, tenant: Tenant, *, words: str | None, after: CustomerId | None, limit: int) -> list[Customer]:
        """Return the next entries by id; with ``words`` those whose name, company or external id contains them, in any case."""

    async def claims_of(self, tenant: Tenant, customers: Collection[CustomerId]) -> list[Claim]:
        """Return all claims of these entries, revoked ones too, by id; and those of others that say they are one with these."""

    async def claims_on(self, tenant: Tenant, identities: Collection[Identity]) -> list[Claim]:
        """Return the claims on these identities that stand, by id."""

    async def note(self, tenant: Tenant, note: NoteId) -> list[Note]:
        """Return all versions of a note, the first one first."""

    async def notes(self, tenant: Tenant, customers: Collection[CustomerId], *, after: NoteId | None, limit: int) -> list[Note]:
        """Return the last versions of these entries' notes, the youngest note first; those older than ``after``."""

    async def declare_shared(self, tenant: Tenant, declared: Declared) -> None:
        """Keep that an identity is used by several."""

    async def forget_shared(self, tenant: Tenant, identity: Identity) -> bool:
        """Take that back; tells whether it was there."""

    async def shared(self, tenant: Tenant, identities: Collection[Identity] | None = None) -> list[Declared]:
        """Return which of these (None: of all) identities are declared to be used by several."""

    async def erase(self, tenant: Tenant, customers: Collection[CustomerId]) -> None:
        """Delete entries with their claims, also those of others on them, and notes. Nothing is left of them."""

    def every(self, tenant: Tenant) -> AsyncIterator[tuple[list[Customer], list[Claim]]]:
        """Go through all entries by id, some hundred at once, with their claims; reading holds nobody up."""
