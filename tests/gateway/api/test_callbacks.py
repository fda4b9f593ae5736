from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.gateways import at_work
from support.waiting import until
from support.workplaces import NUMBER, SUPERVISOR, World, agent, at_workplace

from gateway.api.callbacks import CallbackList, CallbackView
from gateway.model.commands import PlaceCall
from gateway.model.terms import QueueResult

LI, ZHAO = agent("8001", "Li"), agent("8002", "Zhao")


@asynccontextmanager
async def missed(folder: Path, count: int = 1) -> AsyncIterator[tuple[World, list[dict[str, Any]]]]:
    """A call centre in which so many callers gave up, each with his own number."""
    async with at_workplace(folder) as world, at_work(world.workplace.callbacks):
        await until(lambda: world.hub.listeners > 0)
        for number in range(count):
            leg = f"caller{number}"
            world.story.comes_in(leg, number=f"0106255123{4 + number}").queues("support", leg).later(9)
            world.story.leaves_queue("support", QueueResult.ABANDONED, leg).hangs_up(leg).later(1)
        await world.happens()
        await until(lambda: len(world.told("callback.changed")) == count)
        listed = await world.asks(LI, "GET", "callbacks")
        msgspec.convert(listed, CallbackList)
        yield world, listed["callbacks"]


async def test_who_gave_up_is_listed_with_how_long_he_waited(tmp_path: Path) -> None:
    async with missed(tmp_path) as (_, (entry,)):
        pass
    assert (entry["number"], entry["queue"], entry["count"], entry["waited_s"]) == (NUMBER, "support", 1, 9.0)
    assert (entry["state"], entry["outcome"], entry["stage"], entry["owner"]) == ("open", "abandoned", "queue", None)


async def test_pages_follow_each_other(tmp_path: Path) -> None:
    async with missed(tmp_path, 3) as (world, whole):
        first = await world.asks(LI, "GET", "callbacks?limit=2")
        second = await world.asks(LI, "GET", f"callbacks?limit=2&cursor={first['next']}")
    assert [*first["callbacks"], *second["callbacks"]] == whole
    assert second["next"] is None


async def test_one_takes_it_on_the_other_is_told_who_has_it(tmp_path: Path) -> None:
    async with missed(tmp_path) as (world, (entry,)):
        one = f"callbacks/{entry['callback_id']}"
        his = await world.asks(LI, "POST", f"{one}/claim")
        problem = await world.asks(ZHAO, "POST", f"{one}/claim", status=409)
        mine = await world.asks(LI, "GET", "callbacks?mine=true")
        others = await world.asks(ZHAO, "GET", "callbacks?mine=true")
        opened = await world.asks(ZHAO, "GET", "callbacks?state=open")
        await world.asks(ZHAO, "POST", f"{one}/release", status=409)
        back = await world.asks(SUPERVISOR, "POST", f"{one}/release")

    msgspec.convert(his, CallbackView)
    assert (his["state"], his["owner"]["name"], back["state"]) == ("claimed", "Li", "open")
    assert (problem["type"].rpartition(":")[2], problem["detail"]) == ("callback-taken", "Li has taken it on.")
    assert [len(each["callbacks"]) for each in (mine, others, opened)] == [1, 0, 0]


async def test_what_is_done_leaves_the_list_with_its_note(tmp_path: Path) -> None:
    async with missed(tmp_path) as (world, (entry,)):
        one = f"callbacks/{entry['callback_id']}"
        await world.asks(LI, "POST", f"{one}/done", {"note": "his wife answered"})
        left = await world.asks(LI, "GET", "callbacks")
        done = await world.asks(LI, "GET", "callbacks?state=done")
    assert left["callbacks"] == []
    assert [(each["note"], each["closed_by"]) for each in done["callbacks"]] == [("his wife answered", "Li")]


async def test_calling_takes_it_on_and_rings_the_owners_telephone(tmp_path: Path) -> None:
    async with missed(tmp_path) as (world, (entry,)):
        one = f"callbacks/{entry['callback_id']}"
        refused = await world.asks(LI, "POST", f"{one}/call", status=400)
        headers = {"Idempotency-Key": "once"}
        told = [await world.asks(LI, "POST", f"{one}/call", status=202, **headers) for _ in range(2)]
        orders = [order.command for order in world.disk.pbx.received]
        await world.asks(ZHAO, "POST", f"{one}/call", status=409, **headers)

    assert refused["type"].endswith("key-missing")
    assert told[0] == told[1]
    assert [(each.extension, each.number) for each in orders if isinstance(each, PlaceCall)] == [("8001", "001062551234")]


@pytest.mark.parametrize("what", ["claim", "release", "done", "call"])
async def test_what_is_not_there_is_not_found(tmp_path: Path, what: str) -> None:
    async with at_workplace(tmp_path) as world:
        body = {"note": None} if what == "done" else None
        await world.asks(LI, "POST", f"callbacks/none/{what}", body, status=404)
