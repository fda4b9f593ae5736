"""Where the lists of dispositions and what agents write about calls are kept."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.model.call_work import CallWork
from gateway.model.dispositions import Disposition
from gateway.model.ids import CallId, Tenant


class DeskStore(Protocol):
    """Dispositions, and the work after calls. Every method may raise ``StoreUnavailableError``: then nothing was changed."""

    async def dispositions(self, tenant: Tenant) -> Sequence[Disposition] | None:
        """Return the tenant's own list; None where there is none."""

    async def put_dispositions(self, tenant: Tenant, dispositions: Sequence[Disposition], *, at: float, by: str) -> None:
        """Keep a list in place of the one before."""

    async def work(self, tenant: Tenant, calls: Collection[CallId]) -> list[CallWork]:
        """Return what was written about these calls, the eldest words first."""

    async def put_work(self, tenant: Tenant, work: CallWork) -> None:
        """Keep what somebody wrote about a call, in place of what he wrote before."""

    async def unfinished(self, tenant: Tenant, *, before: float, limit: int) -> list[CallWork]:
        """Return work that nobody has done since this time (seconds since the epoch), the eldest first."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete the work that was changed last before this time, and return how much it was."""
