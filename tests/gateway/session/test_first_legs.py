import asyncio

import pytest
from support.building import Story
from support.dispatching import Desk, Disk
from support.replaying import PBX
from support.virtual_time import clock, in_virtual_time

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import LegId
from gateway.ports.store import Told
from gateway.session import first_legs
from gateway.session.hub import Listener, TooSlowError

CALLER = LegId("caller")


@in_virtual_time
async def test_a_leg_that_is_there_is_found_at_once() -> None:
    desk = Desk(Disk())
    async with desk.running():
        story = Story(at=clock()).comes_in()
        await desk.engine.accept(PBX, story.events)
        await desk.settled()
        found = await desk.first_legs.appear(PBX, CALLER, 0.001)

    assert found == story.call().call_id


@in_virtual_time
async def test_a_leg_that_comes_later_is_waited_for() -> None:
    desk = Desk(Disk())
    async with desk.running():
        waiting = asyncio.create_task(desk.first_legs.appear(PBX, CALLER, 30.0))
        await asyncio.sleep(5.0)
        story = Story(at=clock()).comes_in("other").comes_in()
        await desk.engine.accept(PBX, story.events)
        found = await waiting
        assert desk.hub.listeners == 0

    assert found in story.calls
    assert CALLER in story.calls[found].legs


@in_virtual_time
async def test_a_leg_that_never_comes_is_given_up() -> None:
    desk = Desk(Disk())
    async with desk.running():
        began_at = clock()
        assert await desk.first_legs.appear(PBX, CALLER, 30.0) is None
        assert clock() - began_at == 30.0


@in_virtual_time
async def test_a_call_that_began_and_ended_at_once_is_found() -> None:
    desk = Desk(Disk())
    async with desk.running():
        waiting = asyncio.create_task(desk.first_legs.appear(PBX, CALLER, 30.0))
        await asyncio.sleep(1.0)
        story = Story(at=clock()).comes_in().hangs_up("caller")
        await desk.engine.accept(PBX, story.events)
        assert await waiting == story.call().call_id


@in_virtual_time
async def test_who_was_too_slow_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Disk())
    async with desk.running():
        faults: list[Exception] = [TooSlowError("behind"), StoreUnavailableError("away")]
        next_batch = Listener.next_batch

        async def failing(listener: Listener) -> list[Told]:
            batch = await next_batch(listener)
            if faults:
                raise faults.pop(0)
            return batch

        monkeypatch.setattr(Listener, "next_batch", failing)
        waiting = asyncio.create_task(desk.first_legs.appear(PBX, CALLER, 30.0))
        await asyncio.sleep(0.1)
        await desk.engine.accept(PBX, Story(at=clock()).comes_in("other").events)
        await desk.settled()
        story = Story(at=clock()).comes_in()
        await desk.engine.accept(PBX, story.events)
        assert await waiting == story.call().call_id


@in_virtual_time
async def test_calls_of_before_are_looked_through_back_to_when_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_legs, "PAGE_CALLS", 3)
    desk = Desk(Disk())
    async with desk.running():
        began_at = clock()
        for number in range(10):
            story = Story(at=clock()).comes_in(f"leg{number}").later(1.0).hangs_up(f"leg{number}")
            await desk.engine.accept(PBX, story.events)
            await asyncio.sleep(10.0)
        await desk.settled()
        assert await desk.first_legs.seen_since(PBX, LegId("leg2"), began_at) is not None
        assert await desk.first_legs.seen_since(PBX, LegId("leg2"), began_at + 80.0) is None
        assert await desk.first_legs.seen_since(PBX, LegId("none"), 0.0) is None
        live = Story(at=clock()).comes_in()
        await desk.engine.accept(PBX, live.events)
        await desk.settled()
        assert await desk.first_legs.seen_since(PBX, CALLER, clock()) == live.call().call_id
