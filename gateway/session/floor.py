"""The floor of the call centre: what its agents do as time goes by, and what is kept of it for the next process.

Calls and members are the engine's; here is what no event of a PBX brings: the end of a time after a call, names, the figures of
a day that began before the gateway did.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Final

import structlog

from gateway.model.directory import Directory
from gateway.model.errors import CommandError, PeerError, StoreError, StoreUnavailableError
from gateway.model.ids import PbxName
from gateway.ports.agents import Agents, DirectoryConnector
from gateway.ports.connector import Connector, LinkStatus
from gateway.ports.store import Cursor, Store
from gateway.session.agent_messages import agent_messages
from gateway.session.committer import Committer
from gateway.session.engine import Engine
from gateway.session.pbx_state import PbxState

TICK_S: Final = 0.5
"""Seconds by which the end of a time after a call is told late at most."""
KEEP_EVERY: Final = 4
"""Ticks between two times that changed states are kept."""
LAST_KEEP_S: Final = 2.0
"""Seconds that keeping the last states may take when the gateway stops."""
READ_EVERY: Final = 15
"""Times :data:`KEEP_EVERY` ticks between two looks at names that others have given."""
PAGE_CALLS: Final = 200
"""Calls read from the store at once."""

_log = structlog.get_logger()


class Floor:
    """The agents and queues of all PBXs.

    Args:
        engine: Has them.
        store: Has the calls of today.
        agents: Where names and states are kept.
        committer: Where changes are told.
        connector: Returns the connector that runs for a PBX now.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        agents: Agents,
        committer: Committer,
        connector: Callable[[PbxName], Connector | None],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._store = store
        self._agents = agents
        self._committer = committer
        self._connector = connector
        self._now = now
        self._sleep = sleep
        self._counted: set[PbxName] = set()
        self._read: dict[PbxName, float] = {}
        self._failing = False

    def clock(self, state: PbxState) -> float:
        """Return what a PBX's clock shows now, in seconds since the epoch."""
        return state.clock(self._now())

    def is_counted(self, pbx: PbxName) -> bool:
        """Tell whether the day's figures of a PBX hold the calls of before this process too."""
        return pbx in self._counted

    async def restore(self) -> None:
        """Take over names and states that an earlier process left; after the engine's, before any event.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        for state in self._engine.pbxs.values():
            await self._know(state)
            try:
                state.agents.restore(await self._agents.states(state.tenant, state.pbx), ())
            except StoreUnavailableError:
                raise
            except StoreError as error:
                # Their states are found out anew; what they did since when is not worth a gateway that does not start.
                _log.warning("agents_forgotten", pbx=state.pbx, reason=str(error))

    async def run(self) -> None:
        """Let time go by until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick(), name="floor.tick")
            for state in self._engine.pbxs.values():
                tasks.create_task(self._count(state), name=f"floor.{state.pbx}.count")
                tasks.create_task(self._import(state), name=f"floor.{state.pbx}.import")

    async def name(self, state: PbxState, names: Mapping[str, str | None]) -> None:
        """Name agents by hand; None goes back to what the PBX says.

        Raises:
            StoreUnavailableError: The store does not answer; nothing was changed.
        """
        await self._agents.put_names(state.tenant, state.pbx, names, self._now())
        await self._know(state)

    async def take_in(self, state: PbxState, directory: Directory) -> None:
        """Keep what a PBX told of its users.

        Raises:
            StoreUnavailableError: The store does not answer; nothing was changed.
        """
        await self._agents.put_found(state.tenant, state.pbx, directory.agents, self._now())
        await self._know(state)

    async def _know(self, state: PbxState) -> None:
        entries = await self._agents.entries(state.tenant, state.pbx)
        state.agents.know((entry.extension, entry.name) for entry in entries)

    async def _tick(self) -> None:
        ticks = 0
        try:
            while True:
                await self._sleep(TICK_S)
                ticks += 1
                for state in self._engine.pbxs.values():
                    state.agents.tick(self.clock(state))
                    messages = agent_messages(state)
                    if messages:
                        self._committer.put(state, messages=messages)
                if ticks % KEEP_EVERY == 0:
                    await self.keep()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_KEEP_S):
                    await self.keep()

    async def keep(self) -> None:
        """Keep the states that changed; where the store fails, the next time."""
        for state in self._engine.pbxs.values():
            changed = state.agents.take_unkept()
            try:
                await self._agents.put_states(state.tenant, state.pbx, changed, self._now())
            except StoreUnavailableError as error:
                state.agents.keep_again(changed)
                if not self._failing:
                    _log.warning("agents_not_kept", reason=str(error))
                self._failing = True
                return
        self._failing = False

    async def _count(self, state: PbxState) -> None:
        """Count the calls of today that an earlier process saw."""
        began_at = state.days.begins_at(self.clock(state))
        cursor: Cursor | None = None
        while True:
            try:
                page = await self._store.ended(state.tenant, pbxs=[state.pbx], after=cursor, limit=PAGE_CALLS)
            except StoreUnavailableError as error:
                _log.warning("figures_not_counted", pbx=state.pbx, reason=str(error))
                await self._sleep(TICK_S * KEEP_EVERY)
                continue
            state.count_stored(call for _, call in page)
            if len(page) < PAGE_CALLS or page[-1][0].ended_at < began_at:
                break
            cursor = page[-1][0]
            await self._sleep(0.0)
        self._counted.add(state.pbx)

    async def _import(self, state: PbxState) -> None:
        """Read a PBX's own list of users after each connection, and now and then what others have written of them."""
        for turn in count():
            if turn % READ_EVERY == READ_EVERY - 1:
                with suppress(StoreUnavailableError):
                    await self._know(state)
            link = state.link
            connector: object = self._connector(state.pbx)
            fresh = link.status is LinkStatus.CONNECTED and link.since != self._read.get(state.pbx)
            if fresh and isinstance(connector, DirectoryConnector):
                self._read[state.pbx] = link.since
                try:
                    directory = await connector.directory()
                    await self.take_in(state, directory)
                except (PeerError, CommandError, StoreUnavailableError) as error:
                    _log.warning("agents_not_imported", pbx=state.pbx, reason=str(error))
                else:
                    found, named = len(directory.agents), sum(each.name is not None for each in directory.agents)
                    _log.info("agents_imported", pbx=state.pbx, extensions=found, named=named, remarks=directory.remarks)
            await self._sleep(TICK_S * KEEP_EVERY)
