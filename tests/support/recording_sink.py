"""A sink that keeps what a connector tells, and can be made slow."""

import asyncio
from collections.abc import Callable, Sequence

from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Gap, LinkState, LinkStatus


class RecordingSink:
    """See :class:`gateway.ports.connector.EventSink`."""

    def __init__(self) -> None:
        self.events: list[PbxEvent] = []
        self.gaps: list[Gap] = []
        self.states: list[LinkState] = []
        self.heard_at: float | None = None
        self.order: list[str] = []
        """Names of events, and ``Gap`` and states between them."""
        self.open = asyncio.Event()
        """Cleared, it makes ``accept`` wait."""
        self.open.set()
        self._told = asyncio.Event()

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        """Keep the events once the sink is open."""
        await self.open.wait()
        self.events += events
        self.order += [type(event).__name__ for event in events]
        self._told.set()

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        """Keep the gap."""
        self.gaps.append(gap)
        self.order.append("Gap")
        self._told.set()

    def report(self, pbx: PbxName, state: LinkState) -> None:
        """Keep the state."""
        self.states.append(state)
        self.order.append(state.status)
        self._told.set()

    def heard_until(self, pbx: PbxName) -> float | None:
        """Return what the test says."""
        return self.heard_at

    @property
    def status(self) -> LinkStatus | None:
        """The last state's; None before the first."""
        return self.states[-1].status if self.states else None

    def named(self, *kinds: type[PbxEvent]) -> list[PbxEvent]:
        """Return the events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    async def until(self, true: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait until what was told makes this true."""
        async with asyncio.timeout(timeout_s):
            while not true():
                self._told.clear()
                await self._told.wait()

    async def connected(self) -> None:
        """Wait until the connector is connected and has listed what there is."""
        snapshots = self.order.count("SnapshotDone")
        await self.until(lambda: self.status is LinkStatus.CONNECTED and self.order.count("SnapshotDone") > snapshots)
