"""A store that ends with the process: for demos, and for the tests of everything that only needs some store."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import islice

from gateway.model.calls import Call
from gateway.model.errors import StoreTakenError
from gateway.model.habits import Habit
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.search import ANY_CALL, CallSearch, matches
from gateway.model.site import Site
from gateway.ports.store import Batch, Cursor, Heard, Learnt, Told
from gateway.store.rows import sorted_at


class MemoryStore:
    """See :class:`gateway.ports.store.Store`.

    Args:
        calls: Ended calls that are kept; the first ones to end are dropped.
        events: Events that are kept; the oldest are dropped.
        last_position: Where the order begins: larger than any that an earlier process gave out, so that a position from
            then is known to be lost and is not taken for one of now.
    """

    def __init__(self, *, calls: int, events: int, last_position: int = 0) -> None:
        self._kept_calls = calls
        self._events: deque[Told] = deque(maxlen=events)
        self._last_position = last_position
        self._live: dict[tuple[Tenant, CallId], Call] = {}
        self._ended: OrderedDict[tuple[Tenant, CallId], Call] = OrderedDict()
        self._sites: dict[PbxName, Site] = {}
        self._heard: dict[tuple[Tenant, PbxName], Heard] = {}
        self._learnt: dict[Learnt, None] = {}

    @property
    def description(self) -> str:
        """Where things are kept."""
        return "memory"

    @property
    def kept_from(self) -> int:
        """The position of the oldest event that is kept; the next one's when none is."""
        return self._events[0].position if self._events else self._last_position + 1

    async def open(self) -> None:
        """Do nothing: it is ready."""

    async def close(self) -> None:
        """Do nothing: it ends with the process."""

    async def last_position(self) -> int:
        """Return the position of the last event."""
        return self._last_position

    async def commit(self, batch: Batch) -> None:
        """Keep the batch."""
        if batch.events and batch.events[0].position != self._last_position + 1:
            raise StoreTakenError(f"position {batch.events[0].position} does not follow {self._last_position}")
        for changed in batch.calls:
            call = changed.call
            self._sites[call.pbx] = changed.site
            key = (call.tenant, call.call_id)
            if call.ended or call.merged_into is not None:
                self._live.pop(key, None)
                self._ended[key] = call
            else:
                self._live[key] = call
        while len(self._ended) > self._kept_calls:
            self._ended.popitem(last=False)
        self._events.extend(batch.events)
        if batch.events:
            self._last_position = batch.events[-1].position
        self._heard |= {(heard.tenant, heard.pbx): heard for heard in batch.heard}
        self._learnt |= dict.fromkeys(batch.learnt)

    @property
    def kept(self) -> list[Call]:
        """The calls that have ended and are not part of others."""
        return [call for call in self._ended.values() if call.merged_into is None]

    async def told_after(self, position: int, limit: int) -> list[Told]:
        """Return the next events after this position, in order."""
        skipped = max(position + 1 - self.kept_from, 0)
        return list(islice(self._events, skipped, skipped + limit))

    async def heard(self, tenant: Tenant, pbx: PbxName) -> Heard | None:
        """Return until when the PBX was heard."""
        return self._heard.get((tenant, pbx))

    async def habits(self, tenant: Tenant, pbx: PbxName) -> list[Habit]:
        """Return all that was learnt of the PBX."""
        return [each.habit for each in self._learnt if (each.tenant, each.pbx) == (tenant, pbx)]

    async def unfinished(self, tenant: Tenant, pbx: PbxName, *, changed_after: float, incomplete_after: float) -> list[Call]:
        """Return the PBX's live calls, and those that ended lately."""
        ended = self._ended.values()
        lately = (call for call in ended if call.changed_at > (changed_after if call.complete else incomplete_after))
        return [call for call in (*self._live.values(), *lately) if (call.tenant, call.pbx) == (tenant, pbx)]

    async def find(self, tenant: Tenant, call_ids: Sequence[CallId]) -> list[Call]:
        """Return those of the calls that are kept."""
        keys = [(tenant, call_id) for call_id in call_ids]
        found = (self._live.get(key) or self._ended.get(key) for key in keys)
        return [call for call in found if call is not None]

    async def ended(
        self,
        tenant: Tenant,
        *,
        pbxs: Sequence[PbxName] | None,
        after: Cursor | None,
        limit: int,
        search: CallSearch = ANY_CALL,
    ) -> list[tuple[Cursor, Call]]:
        """Return ended calls, the last one first."""
        listed = (
            (Cursor(sorted_at(call), call.call_id), call)
            for call in self._ended.values()
            if call.merged_into is None and call.tenant == tenant and (pbxs is None or call.pbx in pbxs)
            if matches(call, self._sites[call.pbx], search)
        )
        before = None if after is None else (after.ended_at, after.call_id)
        wanted = (each for each in listed if before is None or (each[0].ended_at, each[0].call_id) < before)
        return sorted(wanted, key=lambda each: (each[0].ended_at, each[0].call_id), reverse=True)[:limit]

    async def prune_calls(self, tenant: Tenant, *, before: float) -> int:
        """Delete what ended before."""
        old = [key for key, call in self._ended.items() if key[0] == tenant and sorted_at(call) < before]
        for key in old:
            del self._ended[key]
        return len(old)

    async def prune_events(self, tenant: Tenant, *, before: float) -> int:
        """Delete what happened before, whoever's it is: the order is one for all."""
        deleted = 0
        while self._events and self._events[0].at < before:
            self._events.popleft()
            deleted += 1
        return deleted
