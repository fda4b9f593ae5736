import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Final

import pytest
from support.virtual_time import in_virtual_time

from connectors._kit.backoff import GOES_ON
from connectors._kit.reconnect import STEADY_AFTER_S, LinkReport, stay_connected
from gateway.model.errors import ConfigurationError, PeerRefusedError, PeerUnavailableError, TielineError
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Gap, LinkState, LinkStatus

GONE: Final = PeerUnavailableError("no answer")
REFUSED: Final = PeerRefusedError("wrong secret")


class Waits:
    retry_min_s, retry_max_s = 1.0, 4.0
    refused_retry_min_s, refused_retry_max_s = 30.0, 300.0


class Pbx:
    """Ends each connection as it is told to."""

    def __init__(self, *ends: tuple[TielineError, float]) -> None:
        self._ends = list(ends)
        self.tried_at: list[float] = []
        self.told: list[tuple[LinkStatus, str]] = []

    async def connect(self) -> tuple[TielineError, float]:
        self.tried_at.append(asyncio.get_running_loop().time())
        if not self._ends:
            await asyncio.Event().wait()
        return self._ends.pop(0)

    async def run(self) -> list[float]:
        """The waits before each attempt but the first."""
        began = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(10_000):
                await stay_connected(self.connect, lambda *told: self.told.append(told), Waits(), Random(1))
        assert self.tried_at[0] == began
        return [after - before for before, after in itertools.pairwise(self.tried_at)]


@in_virtual_time
async def test_the_waits_grow_up_to_the_longest() -> None:
    waits = await Pbx(*[(GONE, 0.0)] * 20).run()
    due = [min(1.25**attempt, 4.0) for attempt in range(20)]
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(waits, due, strict=True))


@in_virtual_time
async def test_after_a_good_connection_the_next_is_tried_at_once() -> None:
    waits = await Pbx(*[(GONE, 0.0)] * 9, (GONE, STEADY_AFTER_S), (GONE, 0.0)).run()
    assert waits[8] > 1.0
    assert waits[9] == 0.0
    assert waits[10] <= 1.0


@pytest.mark.parametrize("failure", [REFUSED, ConfigurationError("no such file")])
@in_virtual_time
async def test_who_is_refused_waits_longer(failure: TielineError) -> None:
    pbx = Pbx((failure, 0.0), (failure, 0.0), (GONE, 1.0), (failure, 0.0))
    first, second, third, last = await pbx.run()
    assert 15.0 <= first <= 30.0 <= second <= 60.0
    assert third <= 1.0
    assert 15.0 <= last <= 30.0
    assert pbx.told[0] == (LinkStatus.REFUSED, f"{failure}{GOES_ON}")
    assert pbx.told[2] == (LinkStatus.RETRYING, f"no answer{GOES_ON}")
    assert pbx.told[-1] == (LinkStatus.STOPPED, "stopped")


class Sink:
    def __init__(self) -> None:
        self.reported: list[LinkState] = []

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        raise AssertionError

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        raise AssertionError

    def report(self, pbx: PbxName, state: LinkState) -> None:
        assert pbx == "cc1"
        self.reported.append(state)

    def heard_until(self, pbx: PbxName) -> float | None:
        raise AssertionError


def test_each_change_is_told_once_with_since_when() -> None:
    times = iter([100.0, 200.0])
    sink, report = Sink(), LinkReport(PbxName("cc1"), lambda: next(times))
    report.tell(sink, LinkStatus.RETRYING, "no answer")
    report.tell(sink, LinkStatus.RETRYING, "no answer")
    report.tell(sink, LinkStatus.RETRYING, "no route")
    report.tell(sink, LinkStatus.CONNECTED, "well")
    assert sink.reported == [
        LinkState(status=LinkStatus.RETRYING, detail="cc1: no answer", since=100.0),
        LinkState(status=LinkStatus.RETRYING, detail="cc1: no route", since=100.0),
        LinkState(status=LinkStatus.CONNECTED, detail="cc1: well", since=200.0),
    ]
