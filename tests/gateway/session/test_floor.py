import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from structlog.testing import capture_logs
from support.building import SITE, START
from support.gateways import Parts, at_work
from support.memory_agents import MemoryAgents
from support.memory_store import MemoryStore
from support.replaying import PBX
from support.shifts import Shift
from support.waiting import until

from gateway.model.agent_states import Agent, AgentState
from gateway.model.directory import Directory, Found, Source
from gateway.model.errors import PeerUnavailableError, StoreSchemaError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, PbxName, QueueName, Tenant
from gateway.model.queue_rules import QueueRule
from gateway.model.site import Site
from gateway.ports.connector import Connector, EventSink, LinkState, LinkStatus
from gateway.ports.store import Batch, ChangedCall, Store
from gateway.session.engine import Engine
from gateway.session.floor import PAGE_CALLS, Floor

SUPPORT = QueueName("support")
WRAP_UP: Site = msgspec.structs.replace(SITE, queues=(QueueRule(queue="support", wrap_up_s=10.0),))


class Telling:
    """A connector whose PBX tells who sits where."""

    pbx = PBX

    def __init__(self, *answers: Directory | PeerUnavailableError) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def run(self, sink: EventSink) -> None:
        await asyncio.Event().wait()

    async def directory(self) -> Directory:
        self.asked += 1
        answer = self._answers.pop(0)
        if isinstance(answer, PeerUnavailableError):
            raise answer
        return answer


class FailingAgents(MemoryAgents):
    """Fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0

    async def put_states(self, tenant: Tenant, pbx: PbxName, agents: Sequence[Agent], at: float) -> None:
        if self.failures and agents:
            self.failures -= 1
            raise StoreUnavailableError("gone")
        await super().put_states(tenant, pbx, agents, at)


class Centre:
    """A gateway's engine with one PBX, its floor, and a clock that the test moves."""

    def __init__(
        self, store: Store | None = None, agents: MemoryAgents | None = None, site: Site = WRAP_UP, at: float = START
    ) -> None:
        self.now = at
        self.parts = Parts(store=store)
        self.agents = agents or MemoryAgents()
        self.engine = Engine(self.parts.committer, {PBX: site}, now=lambda: self.now)
        self.state = self.engine.pbxs[PBX]
        self.connector: Connector | None = None
        self.floor = Floor(
            self.engine,
            self.parts.store,
            self.agents,
            self.parts.committer,
            lambda _: self.connector,
            now=lambda: self.now,
            sleep=self._sleep,
        )
        self.slept = 0

    async def _sleep(self, seconds: float) -> None:
        self.slept += 1
        await asyncio.sleep(0)

    async def ticks(self, count: int = 30) -> None:
        """Let the floor's tasks go round."""
        reached = self.slept + count
        await until(lambda: self.slept >= reached)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[None]:
        async with at_work(self.engine, self.parts.committer, self.floor):
            yield

    async def hears(self, shift: Shift) -> None:
        await self.engine.accept(PBX, shift.events)
        self.now = shift.now

    def told(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(each.json) for each in self.parts.hub.told_after(0)]

    def agent(self, extension: str) -> Agent:
        found = self.state.agents.find(extension)
        assert found is not None
        return found


async def test_the_end_of_a_wrap_up_is_told_without_any_event_of_the_pbx() -> None:
    centre = Centre()
    async with centre.runs():
        await centre.hears(Shift(WRAP_UP).member("8001").rung("8001").given("8001").later(5.0).hangs_up("caller", "8001"))
        assert centre.agent("8001").state is AgentState.AFTER_CALL_WORK
        await centre.ticks()
        assert centre.agent("8001").state is AgentState.AFTER_CALL_WORK

        centre.now += 11.0
        await until(lambda: centre.agent("8001").state is AgentState.READY)
        await centre.parts.committer.settled()
    last = centre.told()[-1]
    assert (last["type"], last["data"]["state"], last["time"]) == ("agent.state_changed", "ready", last["data"]["since"])


async def test_the_pbxs_own_clock_ends_it() -> None:
    centre = Centre()
    async with centre.runs():
        shift = Shift(WRAP_UP).member("8001").rung("8001").given("8001").hangs_up("caller", "8001")
        await centre.hears(shift)
        centre.state.counts.lag_s = 3600.0
        centre.now = START + 3600.0 + 9.0
        await centre.ticks()
        assert centre.agent("8001").state is AgentState.AFTER_CALL_WORK


async def test_states_are_kept_for_the_next_process() -> None:
    centre = Centre()
    async with centre.runs():
        await centre.hears(Shift(WRAP_UP).member("8001").later(3.0).member("8001", paused=True, reason="lunch", last_pause=START))
        await centre.ticks()
    assert [agent.since for agent in await centre.agents.states(DEFAULT_TENANT, PBX)] == [START + 3.0]

    second = Centre(agents=centre.agents)
    await second.floor.restore()
    assert (second.agent("8001").state, second.agent("8001").since) == (AgentState.NOT_READY, START + 3.0)
    again = Shift(WRAP_UP, at=START + 60.0).is_away(0.0).legs_listed()
    async with second.runs():
        await second.hears(again.member("8001", paused=True, reason="lunch", last_pause=START + 3.0, listed=True).all_listed())
    assert second.agent("8001").since == START + 3.0


async def test_what_changed_last_is_kept_when_the_gateway_stops() -> None:
    centre = Centre()
    async with centre.runs():
        await centre.ticks()
        await centre.hears(Shift(WRAP_UP).member("8001"))
    assert [agent.extension for agent in await centre.agents.states(DEFAULT_TENANT, PBX)] == ["8001"]


async def test_a_store_that_fails_is_tried_again_and_told_once() -> None:
    agents = FailingAgents()
    agents.failures = 3
    centre = Centre(agents=agents)
    with capture_logs() as logs:
        async with centre.runs():
            await centre.hears(Shift(WRAP_UP).member("8001"))
            await until(lambda: not agents.failures)
            await centre.ticks()
    assert len(await agents.states(DEFAULT_TENANT, PBX)) == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["agents_not_kept"]


async def test_states_that_cannot_be_read_do_not_stop_the_gateway() -> None:
    class Damaged(MemoryAgents):
        async def states(self, tenant: Tenant, pbx: PbxName) -> list[Agent]:
            raise StoreSchemaError("damaged")

    centre = Centre(agents=Damaged())
    with capture_logs() as logs:
        await centre.floor.restore()
    assert [entry["event"] for entry in logs] == ["agents_forgotten"]


async def test_the_calls_of_today_are_counted_though_an_earlier_process_heard_them() -> None:
    store = MemoryStore(calls=2_000, events=10)
    calls = []
    for number in range(PAGE_CALLS + 30):
        shift = Shift(WRAP_UP, at=START - 1_000.0 + number)
        shift.comes_in(f"leg{number}").connects(f"leg{number}").queues("support", f"leg{number}").later(0.5)
        calls.append(shift.hangs_up(f"leg{number}").call())
    yesterday = Shift(WRAP_UP, at=START - 86_400.0).comes_in("old").connects("old").queues("support", "old").hangs_up("old")
    changed = [ChangedCall(call=call, site=WRAP_UP) for call in [*calls, yesterday.call()]]
    await store.commit(Batch(calls=changed))

    centre = Centre(store=store)
    async with centre.runs():
        assert not centre.floor.is_counted(PBX)
        await until(lambda: centre.floor.is_counted(PBX))
    assert centre.state.days.today(SUPPORT, START).offered == PAGE_CALLS + 30


async def test_names_come_from_the_pbx_after_each_connection() -> None:
    first = Directory(agents=(Found(extension="8001", name="Wang", source=Source.USERS),))
    second = Directory(agents=(Found(extension="8001", name="Wang Fang", source=Source.USERS),), remarks=("more",))
    centre = Centre()
    centre.connector = telling = Telling(PeerUnavailableError("away"), first, second)
    with capture_logs() as logs:
        async with centre.runs():
            await centre.ticks()
            assert telling.asked == 0
            names: list[str | None] = []
            for since in (1.0, 2.0, 3.0):
                centre.engine.report(PBX, LinkState(status=LinkStatus.CONNECTED, detail=f"connected {since}", since=since))
                await until(lambda asked=int(since): telling.asked == asked)
                await centre.ticks()
                known = centre.state.agents.find("8001")
                names.append(None if known is None else known.name)
    assert names == [None, "Wang", "Wang Fang"]
    told = [entry["event"] for entry in logs if entry["event"].startswith("agents_")]
    assert told == ["agents_not_imported", "agents_imported", "agents_imported"]


async def test_names_that_others_give_meanwhile_are_found() -> None:
    centre = Centre()
    async with centre.runs():
        await centre.agents.put_names(DEFAULT_TENANT, PBX, {"8001": "Wang"}, START)
        await until(lambda: centre.state.agents.find("8001") is not None)
    assert centre.agent("8001").name == "Wang"


async def test_a_name_by_hand_is_shown_at_once_and_taken_back() -> None:
    centre = Centre()
    await centre.floor.take_in(centre.state, Directory(agents=(Found(extension="8001", name="Wang", source=Source.USERS),)))
    await centre.floor.name(centre.state, {"8001": "Fang"})
    assert centre.agent("8001").name == "Fang"
    await centre.floor.name(centre.state, {"8001": None})
    assert centre.agent("8001").name == "Wang"
