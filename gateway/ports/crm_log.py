"""What was told to which CRM: the place where it is kept, and what can be asked of all CRMs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.model.crm import CrmContact
from gateway.model.ids import CallId, Tenant


class CrmCall(msgspec.Struct, frozen=True, kw_only=True):
    """How one CRM stands with one call. Times are seconds since the epoch."""

    call_id: CallId
    position: int
    """Of the first event that it was not told of yet: calls are told in this order."""
    heard: int
    """Of the last event."""
    pending: bool = True
    """There is something to tell, now or at ``retry_at``."""
    retry_at: float = 0.0
    attempts: int = 0
    """In a row, without success."""
    dead: bool = False
    """The CRM will not take it, or did not for so long: somebody must look."""
    why: str | None = None
    """What went wrong last; None once it was told."""
    memo: str | None = None
    """What the adapter remembers of it; None while it has told nothing."""
    said: str | None = None
    """A digest of what was told last: the same is not told again."""
    contact: CrmContact | None = None
    """Whom the agent chose."""
    recording: str | None = None
    """The id of the recording that the CRM has."""
    remade: bool = False
    """Its activity was deleted in the CRM and made anew; that is done once."""
    changed_at: float


class CrmCounts(msgspec.Struct, frozen=True, kw_only=True):
    waiting: int
    dead: int


class CrmLog(Protocol):
    """Keeps it; every method may raise ``StoreUnavailableError``: then nothing was changed."""

    async def cursor(self, tenant: Tenant, crm: str) -> int | None:
        """Return up to which position the CRM's calls are noted; None for a CRM that is new."""

    async def note(self, tenant: Tenant, crm: str, *, position: int, heard: Mapping[CallId, tuple[int, int]], at: float) -> None:
        """Keep that there is something to tell of these calls (first and last position), and that all up to ``position`` is
        noted; in one step. A dead one is tried again."""

    async def due(self, tenant: Tenant, crm: str, *, now: float, limit: int) -> list[CrmCall]:
        """Return what is to be told now, in order."""

    async def next_at(self, tenant: Tenant, crm: str, *, after: float) -> float | None:
        """Return when the next thing after this time is to be told; None where there is none."""

    async def put(self, tenant: Tenant, crm: str, call: CrmCall) -> None:
        """Keep how a call stands, but for whom the agent chose. Where more was heard meanwhile (behind ``call.heard``), or he
        chose another, it stays pending."""

    async def choose(self, tenant: Tenant, crm: str, call_id: CallId, contact: CrmContact, *, position: int, at: float) -> None:
        """Keep whom the agent chose, which there is to tell now. ``position`` is that of a call of which nothing is kept yet. A
        dead one is tried again."""

    async def remember(self, tenant: Tenant, crm: str, call_id: CallId, *, before: str | None, memo: str) -> None:
        """Keep another memo of a call, where it is still the one of before."""

    async def forget(self, tenant: Tenant, crm: str, call_id: CallId, *, heard: int) -> None:
        """Keep nothing of a call, of which the CRM has nothing, where nothing was heard of it behind ``heard``."""

    async def find(self, tenant: Tenant, crm: str, calls: Collection[CallId]) -> list[CrmCall]:
        """Return those of the calls that something is kept of."""

    async def counts(self, tenant: Tenant, crm: str) -> CrmCounts:
        """Return how many wait and how many are dead."""

    async def dead(self, tenant: Tenant, crm: str, *, after: int, limit: int) -> list[CrmCall]:
        """Return what is not told any more, by position."""

    async def revive(self, tenant: Tenant, crm: str, *, calls: Sequence[CallId] | None, at: float) -> int:
        """Let dead ones be told again, these or all; return how many."""

    async def hurry(self, tenant: Tenant, crm: str, *, attempts: int) -> None:
        """Let all that waits to be told again, and was told in vain so often at most, be due now."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete what did not change since this time; return how much."""
