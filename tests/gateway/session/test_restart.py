"""A process that takes over what an earlier one left in the store."""

import json
from typing import Any

import pytest
from support.gateways import Parts, at_work
from support.memory_store import MemoryStore
from support.replaying import CAPTURES, PBX, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.events import ConnectionMade, SnapshotDone
from gateway.model.habits import Habit, HabitKind
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.store import Store
from gateway.session.engine import Engine

FOLDER = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


async def life(store: Store, until: int | None, start: int = 0, *, ends: bool = False) -> Engine:
    """Be a process that hears this part of the recording and is killed afterwards."""
    parts = Parts(store=store, position=await store.last_position())
    engine = Engine(parts.committer, {PBX: site_of(FOLDER)}, now=lambda: 0.0)
    await engine.restore(store)
    events = pbx_events(FOLDER)[start:until]
    async with at_work(engine, parts.committer):
        if ends:
            at = pbx_events(FOLDER)[start].at
            events = (ConnectionMade(at=at + 2.0), SnapshotDone(at=at + 2.1))
        await engine.accept(PBX, events)
        await parts.committer.settled()
    return engine


async def told(store: Store) -> list[dict[str, Any]]:
    return [json.loads(each.json) for each in await store.told_after(0, 10_000)]


@pytest.mark.parametrize("cut", [12, 20, 30])
async def test_a_call_goes_on_where_it_was(cut: int) -> None:
    store = MemoryStore(calls=10, events=10_000)
    _, expected = run(pbx_events(FOLDER), site_of(FOLDER))

    await life(store, cut)
    engine = await life(store, None, cut)

    events = await told(store)
    of_calls = [event["id"] for event in events if not event["type"].startswith("agent.")]
    assert of_calls == [event.id for event in expected]
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    assert engine.pbxs[PBX].live_count == 0
    ((_, call),) = await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9)
    assert not call.complete


async def test_what_was_learnt_of_a_pbx_is_known_again() -> None:
    store = MemoryStore(calls=10, events=10_000)
    await life(store, None)
    learnt = await store.habits(DEFAULT_TENANT, PBX)
    assert Habit(HabitKind.ARRIVES, "PJSIP/carrier", "from-carrier") in learnt

    news = []
    for left in (store, MemoryStore(calls=10, events=10_000)):
        again = await life(left, 0)
        state = again.pbxs[PBX]
        for event in pbx_events(FOLDER):
            state.apply(event, event.at)
        news.append(state.learnt())
    assert news == [[], learnt]


async def test_what_ended_meanwhile_is_closed_and_the_gap_is_told() -> None:
    store = MemoryStore(calls=10, events=10_000)
    before = await life(store, 12)
    heard_at = before.pbxs[PBX].heard_at
    assert heard_at is not None

    after = await life(store, None, 12, ends=True)

    (gap,) = [event for event in await told(store) if event["type"] == "gateway.gap"]
    assert gap["data"]["reason"] == "the gateway was not running"
    assert after.pbxs[PBX].gaps[0].began_at == heard_at
    ((_, call),) = await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9)
    assert (call.ended, call.complete) == (True, False)
    heard = await store.heard(DEFAULT_TENANT, PBX)
    assert heard is not None
    assert heard.gaps == tuple(after.pbxs[PBX].gaps)
