"""Keeps every connector running: one that fails is started again, and touches no other.

A connector reconnects by itself; what ends here is a connector with a fault. The fault is logged, the operator is told, the time
until it runs again is declared as a gap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Final

import structlog

from gateway.model.errors import TielineError
from gateway.model.events import ConnectionLost, PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Connector, EventSink, Gap, LinkState, LinkStatus

FIRST_DELAY_S: Final = 1.0
MAX_DELAY_S: Final = 60.0
HEALTHY_S: Final = 300.0
"""A connector that ran for so long failed for a new reason: the delay begins small again."""

_log = structlog.get_logger()


class Supervisor:
    """Starts the connectors and starts them again.

    Args:
        connectors: How to make each PBX's connector.
        sink: Where they put what they learn.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
        jitter: Spreads restarts, so that connectors that failed together do not come back together.
    """

    def __init__(
        self,
        connectors: Mapping[PbxName, Callable[[], Connector]],
        sink: EventSink,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Random,
    ) -> None:
        self._connectors = connectors
        self._sink = sink
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._running: dict[PbxName, Connector] = {}

    def connector(self, pbx: PbxName) -> Connector | None:
        """Return the connector that runs for a PBX now; None between two of them."""
        return self._running.get(pbx)

    async def run(self) -> None:
        """Keep the connectors running until cancelled. Cancelling stops them all before it returns."""
        async with asyncio.TaskGroup() as tasks:
            for pbx, create in self._connectors.items():
                tasks.create_task(self._keep(pbx, create), name=f"connector.{pbx}")

    async def _keep(self, pbx: PbxName, create: Callable[[], Connector]) -> None:
        sink, failures = _GapTeller(self._sink, self._now), 0
        while True:
            began_at = self._now()
            try:
                connector = create()
                self._running[pbx] = connector
                await connector.run(sink)
                fault = "it ended by itself"
            except Exception as error:  # noqa: BLE001  # whatever it is, it is this PBX's alone
                fault = _told(error)
                _log.exception("connector_failed", pbx=pbx, fault=fault)
            finally:
                self._running.pop(pbx, None)
            failed_at = self._now()
            failures = 0 if failed_at - began_at > HEALTHY_S else failures + 1
            delay_s = min(FIRST_DELAY_S * 2.0 ** max(failures - 1, 0), MAX_DELAY_S) * self._jitter.uniform(0.75, 1.25)
            detail = f"{pbx}: the connector failed ({fault}) and is started again in {delay_s:.0f} s; the log has the whole fault"
            sink.report(pbx, LinkState(status=LinkStatus.RETRYING, detail=detail, since=failed_at))
            await sink.lost(pbx, failed_at)
            await self._sleep(delay_s)


class _GapTeller:
    """The sink of one PBX's connectors, one after the other: the first thing that a new one brings ends the gap."""

    def __init__(self, sink: EventSink, now: Callable[[], float]) -> None:
        self._sink = sink
        self._now = now
        self._lost_at: float | None = None

    async def lost(self, pbx: PbxName, at: float) -> None:
        if self._lost_at is None:
            self._lost_at = at
            await self._sink.accept(pbx, [ConnectionLost(at=at)])

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            await self.declare_gap(pbx, Gap(began_at=lost_at, ended_at=self._now(), reason="the connector failed"))
        await self._sink.accept(pbx, events)

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        await self._sink.declare_gap(pbx, gap)

    def report(self, pbx: PbxName, state: LinkState) -> None:
        self._sink.report(pbx, state)

    def heard_until(self, pbx: PbxName) -> float | None:
        return self._sink.heard_until(pbx)


def _told(error: BaseException) -> str:
    """Say what went wrong in a few words; of a group, the first. The text of a fault in the code may quote a caller's number."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    spoken = isinstance(error, TielineError | OSError) and str(error)
    return f"{type(error).__name__}: {error}" if spoken else type(error).__name__
