"""Finds the call that a command began, by the leg that it begins with."""

import asyncio
from typing import Final

from gateway.model.calls import Call
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, LegId, PbxName
from gateway.ports.store import Cursor, Store
from gateway.session.engine import Engine
from gateway.session.hub import Hub, ListenerError

PAGE_CALLS: Final = 200
"""Ended calls looked through at once."""


class FirstLegs:
    """See the module."""

    def __init__(self, engine: Engine, hub: Hub, store: Store) -> None:
        self._engine = engine
        self._hub = hub
        self._store = store

    async def appear(self, pbx: PbxName, leg: LegId, timeout_s: float) -> CallId | None:
        """Wait until everybody may know of the leg's call and return it; None after the time. Cancelling is safe."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        return await self._next_with(pbx, leg)
                    except (ListenerError, StoreUnavailableError):
                        # Events were missed: what is live now tells as well.
                        await asyncio.sleep(1.0)
        except TimeoutError:
            return None

    async def _next_with(self, pbx: PbxName, leg: LegId) -> CallId:
        listener = self._hub.listen(["call.started"], pbxs=[pbx])
        try:
            found = self._live(pbx, leg)
            while found is None:
                for told in await listener.next_batch():
                    if told.call_id is not None and await self._has(pbx, told.call_id, leg):
                        found = told.call_id
            return found
        finally:
            listener.close()

    async def seen_since(self, pbx: PbxName, leg: LegId, since: float) -> CallId | None:
        """Return the leg's call among those that are live, or ended after this time (seconds since the epoch).

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        found = self._live(pbx, leg)
        after: Cursor | None = None
        while found is None:
            page = await self._store.ended(self._engine.pbxs[pbx].tenant, pbxs=[pbx], after=after, limit=PAGE_CALLS)
            found = next((call.call_id for _, call in page if leg in call.legs), None)
            if not page or page[-1][0].ended_at < since:
                break
            after = page[-1][0]
        return found

    def _live(self, pbx: PbxName, leg: LegId) -> CallId | None:
        return next((call.call_id for call in self._engine.pbxs[pbx].live if leg in call.legs), None)

    async def _has(self, pbx: PbxName, call_id: CallId, leg: LegId) -> bool:
        state = self._engine.pbxs[pbx]
        # One that began and ended within one commit was never live for others.
        calls: list[Call] = state.find([call_id]) or await self._store.find(state.tenant, [call_id])
        return any(leg in call.legs for call in calls)
