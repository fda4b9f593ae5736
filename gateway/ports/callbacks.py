"""Where the calls to return are kept."""

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from gateway.model.access import AccessEntry
from gateway.model.callbacks import Callback, CallbackId, CallbackState
from gateway.model.ids import CallId, PbxName, Tenant


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries somebody is shown: those of his queues and his extension at his PBX, and what he has taken on."""

    pbx: PbxName | None
    """None where it is not said at which he sits: he is shown nothing of queues and extensions."""
    queues: frozenset[str]
    extension: str | None
    owner: str


class CallbackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; a condition that is None is none."""

    states: frozenset[CallbackState] | None = None
    queue: str | None = None
    owner: str | None = None
    seen: Seen | None = None


class CallbackPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on."""

    last_at: float
    id: CallbackId


class CallbackStore(Protocol):
    """The entries, and how far calls were followed to know them. Every method may raise ``StoreUnavailableError``: then nothing
    was changed, but for a change whose answer was lost."""

    async def position(self, tenant: Tenant) -> int | None:
        """Return the position of the last event that was followed; None where none was."""

    async def follow(
        self,
        tenant: Tenant,
        position: int,
        numbers: Collection[str],
        calls: Collection[CallId],
        change: Callable[[list[Callback]], list[Callback]],
    ) -> list[Callback]:
        """Change the entries of these numbers and calls, and keep how far events are followed, at once.

        Args:
            change: Gets the entries that wait of these numbers, and all that name one of these calls; returns those that are
                new or another.
        """

    async def change(
        self,
        tenant: Tenant,
        callback: CallbackId,
        change: Callable[[Callback], Callback],
        line: AccessEntry | None = None,
    ) -> Callback | None:
        """Change one entry as it is now, which nobody else changes meanwhile; return it, or None when there is none.

        What ``change`` raises is raised, and nothing was changed. The line of the audit is kept with the change, or neither; none
        is where nothing changed.
        """

    async def put(self, tenant: Tenant, callback: Callback) -> bool:
        """Keep a new entry; False where the last of its calls has one already."""

    async def find(self, tenant: Tenant, callback: CallbackId) -> Callback | None:
        """Return one entry."""

    async def page(self, tenant: Tenant, query: CallbackQuery, *, after: CallbackPlace | None, limit: int) -> list[Callback]:
        """Return entries, the one that called last first."""

    async def count(self, tenant: Tenant, query: CallbackQuery) -> int:
        """Return how many there are."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete entries that nobody has called for since this time, and return how many."""
