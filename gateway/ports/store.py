"""What the gateway asks of the place where calls and events are kept for good."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.calls import Call
from gateway.model.habits import Habit
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.search import ANY_CALL, CallSearch
from gateway.model.site import Site
from gateway.ports.connector import Gap


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event in its place in the order of all."""

    position: int
    id: str
    """Unique; what tells a second delivery from another event."""
    type: str
    at: float
    """Seconds since the epoch."""
    tenant: Tenant
    pbx: PbxName | None
    """None where it is about no PBX, such as a customer."""
    call_id: CallId | None
    json: bytes
    """The envelope, encoded."""
    subjects: tuple[str, ...] = ()
    """Whom and what it is about, as topics: ``extension:1001``; see :mod:`gateway.model.topics`."""


class ChangedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it stands after the events that are committed with it."""

    call: Call
    site: Site
    """What its numbers mean: what can be searched for is read from the call by it."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a PBX was heard, with all that came of it in the store."""

    tenant: Tenant
    pbx: PbxName
    at: float
    """Seconds since the epoch."""
    gaps: tuple[Gap, ...] = ()
    """The last times in which it was not."""


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt of a PBX."""

    tenant: Tenant
    pbx: PbxName
    habit: Habit


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is committed at once: all of it, or nothing. Positions follow each other without a gap."""

    calls: Sequence[ChangedCall] = ()
    """Each call once."""
    events: Sequence[Told] = ()
    heard: Sequence[Heard] = ()
    learnt: Sequence[Learnt] = ()
    """What is kept already may be among it."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list of ended calls goes on."""

    ended_at: float
    call_id: CallId


class EventLog(Protocol):
    """The events of before, by position."""

    @property
    def kept_from(self) -> int:
        """The position of the oldest event that is kept; the next one's when none is."""

    async def told_after(self, position: int, limit: int) -> list[Told]:
        """Return the next events after this position, in order.

        Raises:
            StoreUnavailableError: The store does not answer.
        """


class Store(EventLog, Protocol):
    """Calls and events, durable. One gateway writes to it.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a ``commit`` whose answer was lost.
    """

    @property
    def description(self) -> str:
        """What it is and where, for an operator; without secrets."""

    async def open(self) -> None:
        """Make it ready: connect, bring the schema up to date, keep other gateways out.

        Raises:
            StoreTakenError: Another gateway writes to it.
            StoreSchemaError: It was written by a later version.
        """

    async def close(self) -> None:
        """Let go of it. What was committed stays."""

    async def last_position(self) -> int:
        """Return the position of the last event ever committed; 0 when there was none."""

    async def commit(self, batch: Batch) -> None:
        """Keep all of the batch for good, or raise. After an error ask :meth:`last_position` before trying again.

        Raises:
            StoreTakenError: Another gateway has written meanwhile.
        """

    async def heard(self, tenant: Tenant, pbx: PbxName) -> Heard | None:
        """Return until when the PBX was heard; None when it never was."""

    async def habits(self, tenant: Tenant, pbx: PbxName) -> list[Habit]:
        """Return all that was learnt of the PBX."""

    async def unfinished(self, tenant: Tenant, pbx: PbxName, *, changed_after: float, incomplete_after: float) -> list[Call]:
        """Return the PBX's live calls, and those that ended and were changed lately, incomplete ones for longer."""

    async def find(self, tenant: Tenant, call_ids: Sequence[CallId]) -> list[Call]:
        """Return those of the calls that are kept, merged ones too."""

    async def ended(
        self,
        tenant: Tenant,
        *,
        pbxs: Sequence[PbxName] | None,
        after: Cursor | None,
        limit: int,
        search: CallSearch = ANY_CALL,
    ) -> list[tuple[Cursor, Call]]:
        """Return ended calls, the last one first, each with the cursor that goes on after it; merged ones are none."""

    async def prune_calls(self, tenant: Tenant, *, before: float) -> int:
        """Delete the calls that ended before this time, in small steps, and return how many; live calls stay."""

    async def prune_events(self, tenant: Tenant, *, before: float) -> int:
        """Delete the events of before this time, in small steps, and return how many."""
