import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.gateways import Parts, at_work
from support.replaying import CAPTURES, PBX, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.session.committer import Committer
from gateway.session.engine import EVENTS_AT_ONCE, INBOX_BATCHES, Engine
from gateway.session.hub import Listener

FOLDER = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
OTHER = PbxName("other")


@asynccontextmanager
async def running(now: Callable[[], float] = lambda: 0.0) -> AsyncIterator[tuple[Engine, Listener]]:
    parts = Parts()
    engine = Engine(parts.committer, {PBX: site_of(FOLDER), OTHER: Site()}, now=now)
    listener = parts.hub.listen(["*"])
    async with at_work(engine, parts.committer):
        yield Settled(engine, parts.committer), listener


class Settled(Engine):
    """An engine whose work is committed and told before its callers go on."""

    def __init__(self, engine: Engine, committer: Committer) -> None:
        self.__dict__ = engine.__dict__
        self.settled = committer.settled

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        await super().accept(pbx, events)
        await self.settled()


async def heard(listener: Listener) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        try:
            async with asyncio.timeout(0.05):
                found += [json.loads(told.json) for told in await listener.next_batch()]
        except TimeoutError:
            return found


def of_calls(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in told if not each["type"].startswith("agent.")]


async def test_the_hub_tells_what_a_replay_tells() -> None:
    events = pbx_events(FOLDER)
    _, expected = run(events, site_of(FOLDER))
    async with running() as (engine, listener):
        for start in range(0, len(events), 7):
            await engine.accept(PBX, events[start : start + 7])
        told = await heard(listener)

    assert [(each["id"], each["type"]) for each in of_calls(told)] == [(event.id, event.type) for event in expected]
    assert [each["position"] for each in told] == list(range(1, len(told) + 1))
    assert engine.pbxs[PBX].live_count == 0


async def test_agents_are_told_between_the_calls_that_they_have() -> None:
    async with running() as (engine, listener):
        await engine.accept(PBX, pbx_events(FOLDER))
        told = await heard(listener)

    mine = [each for each in told if each["type"] == "agent.state_changed" and each["data"]["extension"] == "1001"]
    states = [each["data"]["state"] for each in mine]
    assert states[-2:] == ["talking", "ready"]
    types = [each["type"] for each in told]
    talking = told.index(mine[-2])
    assert types.index("call.agent_connected") < talking < types.index("call.ended")
    assert mine[-2]["call_id"] == mine[-2]["data"]["call_id"] == told[0]["call_id"]


async def test_what_is_told_of_a_call_is_told_to_all_who_have_had_a_part_in_it() -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    async with running() as (engine, listener):
        await engine.accept(PBX, pbx_events(folder))
        told = await listener.next_batch()
    about = {each.id: set(each.subjects) for each in told if each.call_id is not None}
    calls = {each.call_id for each in told if each.call_id is not None}
    (merged,) = [each for each in told if each.type == "call.merged"]
    (ended,) = [each for each in told if each.type == "call.ended"]

    assert all(f"call:{each.call_id}" in about[each.id] for each in told if each.id in about)
    assert {f"call:{call_id}" for call_id in calls} <= about[merged.id]
    assert {"extension:1001", "extension:1002"} <= about[ended.id]
    assert "extension:1002" not in about[told[0].id]


async def test_accept_returns_when_the_events_are_applied() -> None:
    async with running() as (engine, _):
        await engine.accept(PBX, pbx_events(FOLDER)[:12])
        assert engine.pbxs[PBX].live_count == 1


async def test_batches_are_applied_in_the_order_in_which_they_came() -> None:
    events = pbx_events(FOLDER)
    _, expected = run(events, site_of(FOLDER))
    async with running() as (engine, listener):
        async with asyncio.TaskGroup() as tasks:
            for start in range(0, len(events), 5):
                tasks.create_task(engine.accept(PBX, events[start : start + 5]))
        told = await heard(listener)

    assert [each["id"] for each in of_calls(told)] == [event.id for event in expected]


async def test_a_cancelled_batch_is_applied_whole() -> None:
    events = pbx_events(FOLDER) * 20
    assert len(events) > EVENTS_AT_ONCE * 2
    async with running() as (engine, _):
        accepting = asyncio.create_task(engine.accept(PBX, events))
        for _ in range(3):
            await asyncio.sleep(0)
        assert 0 < engine.pbxs[PBX].counts.events < len(events)
        accepting.cancel()
        await engine.accept(PBX, [])
        assert engine.pbxs[PBX].counts.events == len(events)
        await asyncio.gather(accepting, return_exceptions=True)


async def test_a_full_inbox_makes_the_connector_wait_and_touches_no_other_pbx() -> None:
    engine = Engine(Parts().committer, {PBX: Site(), OTHER: Site()}, now=lambda: 0.0)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(engine.accept(PBX, [])) for _ in range(INBOX_BATCHES + 3)]
        await asyncio.sleep(0)
        assert (engine.waiting(PBX), engine.waiting(OTHER)) == (INBOX_BATCHES, 0)
        running_engine = tasks.create_task(engine.run())
        await asyncio.gather(*waiting)
        assert engine.waiting(PBX) == 0
        running_engine.cancel()


async def test_a_gap_is_told_where_it_stands_among_the_events() -> None:
    events = pbx_events(FOLDER)
    async with running() as (engine, listener):
        await engine.accept(PBX, events[:12])
        with capture_logs() as logs:
            await engine.declare_gap(PBX, Gap(began_at=10.0, ended_at=12.5, reason="the disk was full"))
        await engine.accept(PBX, events[12:])
        told = await heard(listener)

    (gap,) = [each for each in told if each["type"] == "gateway.gap"]
    assert 0 < told.index(gap) < len(told) - 1
    assert gap["data"] == {
        "began_at": "1970-01-01T00:00:10.000Z",
        "ended_at": "1970-01-01T00:00:12.500Z",
        "seconds": 2.5,
        "reason": "the disk was full",
    }
    assert "call_id" not in gap
    assert (engine.pbxs[PBX].counts.gaps, engine.pbxs[OTHER].counts.gaps) == (1, 0)
    assert [(line["event"], line["log_level"]) for line in logs] == [("gap", "warning")]


@pytest.mark.parametrize(
    ("status", "level", "event"),
    [
        (LinkStatus.CONNECTED, "info", "pbx_connected"),
        (LinkStatus.RETRYING, "warning", "pbx_lost"),
        (LinkStatus.REFUSED, "error", "pbx_refuses_us"),
        (LinkStatus.STOPPED, "info", "pbx_stopped"),
    ],
)
async def test_a_link_that_changes_is_told_and_logged_once(status: LinkStatus, level: str, event: str) -> None:
    async with running() as (engine, listener):
        state = LinkState(status=status, detail="what happened", since=5.0)
        with capture_logs() as logs:
            engine.report(PBX, state)
            engine.report(PBX, LinkState(status=status, detail="what happened", since=6.0))
        (told,) = await heard(listener)

    assert (told["type"], told["data"]) == ("gateway.link_changed", {"status": status.value, "detail": "what happened"})
    assert [(line["event"], line["log_level"], line["detail"]) for line in logs] == [(event, level, "what happened")]
    assert engine.pbxs[PBX].link == state


async def test_an_ended_call_is_logged_without_who_it_was() -> None:
    async with running() as (engine, _):
        with capture_logs() as logs:
            await engine.accept(PBX, pbx_events(FOLDER))

    ended = [line for line in logs if line["event"] == "call_ended"]
    assert len(ended) == 1
    assert ended[0]["outcome"] == "answered"
    assert not any("+85291234567" in str(line) or "1001" in str(line.values()) for line in logs)


def test_events_without_a_task_are_not_lost() -> None:
    """What came before the engine runs is applied when it does."""

    async def play() -> int:
        engine = Engine(Parts().committer, {PBX: Site()}, now=lambda: 0.0)
        events: list[PbxEvent] = list(pbx_events(FOLDER)[:3])
        accepting = asyncio.create_task(engine.accept(PBX, events))
        await asyncio.sleep(0)
        work = asyncio.create_task(engine.run())
        await accepting
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return engine.pbxs[PBX].counts.events

    assert asyncio.run(play()) == 3
