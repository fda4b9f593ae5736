"""A store that fails when a test says so."""

from collections.abc import Sequence

from support.memory_store import MemoryStore

from gateway.model.calls import Call
from gateway.model.errors import StoreError
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.search import ANY_CALL, CallSearch
from gateway.ports.store import Batch, Cursor, Told


class FaultyStore(MemoryStore):
    """What an inner store is, with faults."""

    def __init__(self, inner: MemoryStore) -> None:
        self.__dict__ = inner.__dict__
        self.fault: StoreError | None = None
        """Raised by whatever is asked, before anything is done."""
        self.lost_answer: StoreError | None = None
        """Raised once by a commit that was made."""
        self.batches: list[Batch] = []
        """What was committed."""

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault

    async def last_position(self) -> int:
        self._fail()
        return await super().last_position()

    async def commit(self, batch: Batch) -> None:
        self._fail()
        await super().commit(batch)
        self.batches.append(batch)
        lost, self.lost_answer = self.lost_answer, None
        if lost is not None:
            raise lost

    async def told_after(self, position: int, limit: int) -> list[Told]:
        self._fail()
        return await super().told_after(position, limit)

    async def find(self, tenant: Tenant, call_ids: Sequence[CallId]) -> list[Call]:
        self._fail()
        return await super().find(tenant, call_ids)

    async def ended(
        self,
        tenant: Tenant,
        *,
        pbxs: Sequence[PbxName] | None,
        after: Cursor | None,
        limit: int,
        search: CallSearch = ANY_CALL,
    ) -> list[tuple[Cursor, Call]]:
        self._fail()
        return await super().ended(tenant, pbxs=pbxs, after=after, limit=limit, search=search)

    async def prune_calls(self, tenant: Tenant, *, before: float) -> int:
        self._fail()
        return await super().prune_calls(tenant, before=before)

    async def prune_events(self, tenant: Tenant, *, before: float) -> int:
        self._fail()
        return await super().prune_events(tenant, before=before)
