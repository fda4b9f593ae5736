import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.gateways import at_work
from support.waiting import until
from support.workplaces import SUPERVISOR, World, agent, at_workplace

from gateway.model.callbacks import WAITS, Callback, CallbackState
from gateway.model.errors import CallbackTakenError, StoreUnavailableError, UnknownCallbackError
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.principals import Principal
from gateway.model.terms import QueueResult
from gateway.session.callbacks import GATHER_S, RETRY_S, CallbackBook
from gateway.store.callbacks import SqlCallbacks
from gateway.store.database import Database
from gateway.store.urls import parse_url

LI, ZHAO = agent("8001", "Li"), agent("8002", "Zhao")


def gives_up(world: World, leg: str = "caller", queue: str = "support") -> None:
    world.story.comes_in(leg).queues(queue, leg).later(12)
    world.story.leaves_queue(queue, QueueResult.ABANDONED, leg).hangs_up(leg).later(1)


async def entries(
    world: World, who: Principal = SUPERVISOR, states: frozenset[CallbackState] = frozenset(CallbackState)
) -> list[Callback]:
    return await world.workplace.callbacks.page(who, states=states, queue=None, mine=False, after=None, limit=50)


@asynccontextmanager
async def following(folder: Path) -> AsyncIterator[World]:
    async with at_workplace(folder) as world, at_work(world.workplace.callbacks):
        await until(lambda: world.hub.listeners > 0)
        yield world


async def follows(world: World, count: int = 1) -> list[Callback]:
    """Let the PBX say what it has to, and return the entries once there are so many changes of them."""
    await world.happens()
    await until(lambda: _told(world) >= count)
    return await entries(world)


def _told(world: World) -> int:
    return len(world.told("callback.changed"))


async def test_who_gives_up_is_listed_told_and_closed_once_he_was_reached(tmp_path: Path) -> None:
    async with following(tmp_path) as world:
        gives_up(world)
        (entry,) = await follows(world)
        world.story.comes_in("again").rings("8001", by="again").later(1).answers("8001", by="again")
        (closed,) = await follows(world, 2)
        told = world.told("callback.changed")

    assert (entry.state, entry.queue, closed.state, closed.closed_by) == ("open", "support", "reached", "8001")
    assert [(each["data"]["queue"], each["data"]["callback"]["state"]) for each in told] == [
        ("support", "open"),
        ("support", "reached"),
    ]
    assert told[0]["data"]["callback"]["callback_id"] == entry.id


async def test_a_gateway_that_was_away_goes_on_where_it_was(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        book = world.workplace.callbacks
        async with at_work(book):
            await until(lambda: world.hub.listeners > 0)
        gives_up(world)
        await world.happens()
        assert await entries(world) == []
        for _ in range(2):
            async with at_work(book):
                await until(lambda: _told(world) == 1)
                await until(lambda: world.hub.listeners > 0)
                await asyncio.sleep(0.05)
        (entry,) = await entries(world)
        assert (len(entry.calls), entry.version) == (1, 1)


async def test_events_that_are_kept_no_longer_are_made_up_for_by_the_calls(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        gives_up(world)
        await world.happens()
        database = Database(parse_url(f"sqlite:///{tmp_path}/callbacks.db"))
        await database.open()
        store = SqlCallbacks(database)
        await store.follow(DEFAULT_TENANT, world.hub.position + 1_000, (), (), lambda _: [])
        book = CallbackBook(
            store,
            world.users,
            world.disk.store,
            world.engine,
            world.hub,
            world.committer,
            tenant=DEFAULT_TENANT,
            now=lambda: world.story.now,
            random_bytes=bytes,
        )
        async with at_work(book):
            await until(lambda: _told(world) == 1)
        await database.close()


class Failing:
    """A store that does not answer until it is asked once more."""

    def __init__(self, store: SqlCallbacks) -> None:
        self._store = store
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        if name == "position" and self.asked == 0:
            self.asked += 1
            raise StoreUnavailableError("gone")
        return getattr(self._store, name)


async def test_a_store_that_fails_is_asked_again(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with at_workplace(tmp_path) as world:
        book = world.workplace.callbacks
        book._store, book._sleep = Failing(book._store), sleep  # type: ignore[assignment, arg-type]  # only what is asked
        async with at_work(book):
            await until(lambda: world.hub.listeners > 0)
            gives_up(world)
            await follows(world)
    assert slept[0] == RETRY_S
    assert set(slept) <= {RETRY_S, GATHER_S}


async def test_what_happens_soon_after_is_written_at_once(tmp_path: Path) -> None:
    written: list[int] = []
    go_on = asyncio.Event()

    class Counting(Failing):
        async def follow(self, tenant: Tenant, position: int, *rest: Any) -> list[Callback]:
            written.append(position)
            return await self._store.follow(tenant, position, *rest)

    async def sleep(_seconds: float) -> None:
        await go_on.wait()

    async with at_workplace(tmp_path) as world:
        book = world.workplace.callbacks
        counting = Counting(book._store)  # type: ignore[arg-type]  # the world's own
        counting.asked = 1
        book._store, book._sleep = counting, sleep  # type: ignore[assignment]
        async with at_work(book):
            await until(lambda: world.hub.listeners > 0)
            for name in ("first", "second", "third"):
                gives_up(world, name)
                await world.happens()
            await until(lambda: _told(world) == 1)
            before = len(written)
            go_on.set()
            (entry,) = await follows(world, 2)
    assert len(written) == before + 1, "what came while it waited is one write"
    assert len(entry.calls) == 3


async def test_an_agent_sees_his_queues_his_extension_and_what_he_has_taken_on(tmp_path: Path) -> None:
    async with following(tmp_path) as world:
        gives_up(world)
        gives_up(world, "other", "sales")
        world.story.comes_in("direct").rings("8001", by="direct").later(9).clears("8001").hangs_up("direct").later(1)
        await follows(world, 3)
        book = world.workplace.callbacks
        sales = next(entry for entry in await entries(world) if entry.queue == "sales")
        with pytest.raises(UnknownCallbackError):
            await book.claim(sales.id, LI)
        seen = {
            who.name: [entry.queue or entry.extension for entry in await entries(world, who)] for who in (LI, ZHAO, SUPERVISOR)
        }
        counts = [await book.open_for(who) for who in (LI, ZHAO)]
        assert await entries(world, agent("8001", pbx="branch")) == []
        with pytest.raises(UnknownCallbackError):
            await book.claim((await entries(world, LI))[0].id, agent("8001", pbx="branch", id="another"))

    assert seen == {"Li": ["8001", "support"], "Zhao": ["support"], "Boss": ["8001", "sales", "support"]}
    assert counts == [2, 1]


async def test_one_of_two_gets_it_and_works_it_off(tmp_path: Path) -> None:
    async with following(tmp_path) as world:
        gives_up(world)
        (entry,) = await follows(world)
        book = world.workplace.callbacks
        came = await asyncio.gather(*(book.claim(entry.id, who) for who in (LI, ZHAO)), return_exceptions=True)
        (won,) = [each for each in came if isinstance(each, Callback)]
        (lost,) = [each for each in came if isinstance(each, CallbackTakenError)]
        winner = LI if won.owner is not None and won.owner.id == LI.id else ZHAO
        assert f"{winner.name} has taken it on" in str(lost)
        await book.claim(entry.id, winner)
        assert [each.id for each in await book.page(winner, states=WAITS, queue=None, mine=True, after=None, limit=5)] == [
            entry.id
        ]
        assert (await book.release(entry.id, SUPERVISOR)).state == "open"
        done = await book.done(entry.id, winner, "he was not there")
        await world.committer.settled()
        told = [event["data"]["callback"]["state"] for event in world.told("callback.changed")]

    assert (done.state, done.note) == ("done", "he was not there")
    assert told == ["open", "claimed", "open", "done"]


async def test_who_was_promised_a_call_is_listed_once(tmp_path: Path) -> None:
    async with following(tmp_path) as world:
        world.story.rung("8001").given("8001").later(30)
        await world.happens()
        (call,) = world.state.live
        body = {"disposition": "call_back", "note": "before Friday", "done": True}
        for _ in range(2):
            await world.asks(LI, "PUT", f"calls/{call.call_id}/wrap-up", body)
        world.story.hangs_up("caller", "8001").later(1)
        gives_up(world, "second", "support")
        listed = await follows(world, 2)

    assert [(each.outcome, each.state, len(each.calls)) for each in listed] == [("abandoned", "claimed", 2)]
    assert listed[0].owner is not None
    assert listed[0].owner.name == "Li"
