import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest
from structlog.testing import capture_logs

from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Connector, EventSink, Gap, LinkState, LinkStatus
from gateway.session.supervisor import FIRST_DELAY_S, HEALTHY_S, MAX_DELAY_S, Supervisor

ONE, TWO = PbxName("one"), PbxName("two")


class VirtualTime:
    """A clock that stands still until everybody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, woken))
        await woken

    async def pass_on(self) -> None:
        """Let everybody work, then go to the next sleeper's time."""
        await settle()
        self._sleepers.sort(key=lambda each: each[0])
        self.now, woken = self._sleepers.pop(0)
        woken.set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Sink:
    def __init__(self) -> None:
        self.heard: list[tuple[PbxName, object]] = []

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        self.heard += [(pbx, event) for event in events]

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        self.heard.append((pbx, gap))

    def report(self, pbx: PbxName, state: LinkState) -> None:
        self.heard.append((pbx, state))

    def heard_until(self, pbx: PbxName) -> float | None:
        return None


class Scripted:
    """A connector that does what its script says, then stays connected."""

    def __init__(self, pbx: PbxName, script: Callable[[EventSink], None] | Exception | None, clock: VirtualTime) -> None:
        self.pbx = pbx
        self.script = script
        self.clock = clock
        self.stopped = False

    async def run(self, sink: EventSink) -> None:
        await sink.accept(self.pbx, [ConnectionMade(at=self.clock.now)])
        if isinstance(self.script, Exception):
            raise self.script
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True


@asynccontextmanager
async def supervised(
    connectors: dict[PbxName, Callable[[], Connector]], sink: Sink, clock: VirtualTime
) -> AsyncIterator[asyncio.Task[None]]:
    supervisor = Supervisor(connectors, sink, now=clock.time, sleep=clock.sleep, jitter=Random(1))
    task = asyncio.create_task(supervisor.run())
    try:
        await settle()
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def failing(pbx: PbxName, clock: VirtualTime, times: int, made: list[Scripted]) -> Callable[[], Connector]:
    def create() -> Connector:
        fault = OSError("no such file: ca.pem") if len(made) < times else None
        made.append(Scripted(pbx, fault, clock))
        return made[-1]

    return create


async def test_a_connector_that_fails_is_started_again_and_the_gap_is_told() -> None:
    clock, sink, made = VirtualTime(), Sink(), list[Scripted]()
    with capture_logs() as logs:
        async with supervised({ONE: failing(ONE, clock, 1, made)}, sink, clock):
            await clock.pass_on()

    (_, made_first), (_, told), (_, lost), (_, gap), (_, made_again) = sink.heard
    assert made_first == ConnectionMade(at=1000.0)
    assert isinstance(told, LinkState)
    assert told.status is LinkStatus.RETRYING
    assert told.detail.startswith("one: the connector failed (OSError: no such file: ca.pem) and is started again in 1 s")
    assert lost == ConnectionLost(at=1000.0)
    assert gap == Gap(began_at=1000.0, ended_at=clock.now, reason="the connector failed")
    assert made_again == ConnectionMade(at=clock.now)
    assert [line["event"] for line in logs] == ["connector_failed"]


async def test_a_failing_connector_touches_no_other() -> None:
    clock, sink = VirtualTime(), Sink()
    bad, good = list[Scripted](), list[Scripted]()
    async with supervised({ONE: failing(ONE, clock, 99, bad), TWO: failing(TWO, clock, 0, good)}, sink, clock):
        for _ in range(5):
            await clock.pass_on()
        assert (len(bad), len(good), good[0].stopped) == (6, 1, False)

    assert [event for pbx, event in sink.heard if pbx == TWO] == [ConnectionMade(at=1000.0)]
    assert good[0].stopped


async def test_the_delay_grows_to_its_limit() -> None:
    clock, sink = VirtualTime(), Sink()
    async with supervised({ONE: failing(ONE, clock, 99, [])}, sink, clock):
        for _ in range(10):
            await clock.pass_on()

    assert 0.75 * FIRST_DELAY_S <= clock.slept[0] <= 1.25 * FIRST_DELAY_S
    assert all(later > earlier for earlier, later in zip(clock.slept[:5], clock.slept[1:6], strict=True))
    assert all(0.75 * MAX_DELAY_S <= delay <= 1.25 * MAX_DELAY_S for delay in clock.slept[7:])


async def test_after_a_healthy_time_the_delay_is_small_again() -> None:
    clock, sink = VirtualTime(), Sink()
    released = asyncio.Event()

    class Late(Scripted):
        async def run(self, sink: EventSink) -> None:
            await released.wait()
            released.clear()
            raise RuntimeError("late")

    async with supervised({ONE: lambda: Late(ONE, None, clock)}, sink, clock):
        for _ in range(4):
            released.set()
            await clock.pass_on()
        clock.now += HEALTHY_S + 1
        released.set()
        await settle()

    assert clock.slept[3] > 4
    assert clock.slept[4] <= 1.25 * FIRST_DELAY_S


async def test_a_gap_over_several_failures_is_one() -> None:
    clock, sink, made = VirtualTime(), Sink(), 0

    def create() -> Connector:
        nonlocal made
        made += 1
        if made in (2, 3):
            raise ValueError("cannot be made")
        return Scripted(ONE, OSError("first") if made == 1 else None, clock)

    async with supervised({ONE: create}, sink, clock):
        for _ in range(3):
            await clock.pass_on()

    (gap,) = [what for _, what in sink.heard if isinstance(what, Gap)]
    assert gap == Gap(began_at=1000.0, ended_at=clock.now, reason="the connector failed")
    assert sum(isinstance(what, ConnectionLost) for _, what in sink.heard) == 1


async def test_a_connector_that_ends_by_itself_is_started_again() -> None:
    clock, sink = VirtualTime(), Sink()

    class Brief(Scripted):
        async def run(self, sink: EventSink) -> None:
            return

    async with supervised({ONE: lambda: Brief(ONE, None, clock)}, sink, clock):
        await clock.pass_on()

    told = next(what for _, what in sink.heard if isinstance(what, LinkState))
    assert "it ended by itself" in told.detail


@pytest.mark.parametrize("count", [1, 3])
async def test_cancelling_stops_all_connectors_before_it_returns(count: int) -> None:
    clock, sink = VirtualTime(), Sink()
    made = list[Scripted]()
    names = [PbxName(f"pbx{number}") for number in range(count)]
    async with supervised({name: failing(name, clock, 0, made) for name in names}, sink, clock):
        pass

    assert [each.stopped for each in made] == [True] * count


async def test_the_fault_inside_a_group_is_told_without_the_value_that_it_quotes() -> None:
    clock, sink, made = VirtualTime(), Sink(), list[Scripted]()

    def create() -> Connector:
        made.append(Scripted(ONE, ExceptionGroup("tasks", [ExceptionGroup("inner", [KeyError("+8613800138000")])]), clock))
        return made[-1]

    async with supervised({ONE: create}, sink, clock):
        pass

    told = next(what for _, what in sink.heard if isinstance(what, LinkState))
    assert "(KeyError)" in told.detail


async def test_the_connector_that_runs_is_known_and_none_between_two() -> None:
    clock, sink, made = VirtualTime(), Sink(), list[Scripted]()
    supervisor = Supervisor({ONE: failing(ONE, clock, 1, made)}, sink, now=clock.time, sleep=clock.sleep, jitter=Random(1))
    assert supervisor.connector(ONE) is None
    task = asyncio.create_task(supervisor.run())
    await settle()
    assert (len(made), supervisor.connector(ONE)) == (1, None)
    await clock.pass_on()
    assert supervisor.connector(ONE) is made[1]
    assert supervisor.connector(TWO) is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert supervisor.connector(ONE) is None
