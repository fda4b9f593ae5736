from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.gateways import at_work
from support.replaying import PBX
from support.waiting import until
from support.workplaces import NUMBER, SUPERVISOR, World, agent, at_workplace

from gateway.api.callbacks import CallbackList, CallbackView
from gateway.model.access import AccessKind, entry_of
from gateway.model.commands import PlaceCall
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role
from gateway.model.terms import QueueResult
from gateway.model.users import User, UserId
from gateway.ports.users import AccessFilter
from gateway.store.access_log import SqlAccessLog

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


async def test_a_supervisor_gives_it_to_somebody_who_hears_of_it_though_he_serves_another_queue(tmp_path: Path) -> None:
    away = agent("8005", "Wu", id="user:u5")
    async with missed(tmp_path) as (world, (entry,)):
        one = f"callbacks/{entry['callback_id']}"
        refused = await world.asks(SUPERVISOR, "POST", f"{one}/assign", {"extension": "8005"}, status=409)
        wu = User(
            id=UserId("u5"), login="wu", name="Wu", role=Role.AGENT, pbx=PBX, extension="8005", created_at=0.0, created_by="t"
        )
        await world.users.add(
            wu,
            entry_of(AccessKind.USER_MADE, wu, tenant=DEFAULT_TENANT, by="t", address=None, detail="", at=0.0, random=bytes(10)),
        )
        forbidden = await world.asks(LI, "POST", f"{one}/assign", {"extension": "8005"}, status=403)
        await world.asks(LI, "POST", f"{one}/claim")
        his = await world.asks(SUPERVISOR, "POST", f"{one}/assign", {"extension": "8005"})
        again = await world.asks(SUPERVISOR, "POST", f"{one}/assign", {"extension": "8005"})
        mine = await world.asks(away, "GET", "callbacks?mine=true")
        taken = await world.asks(LI, "POST", f"{one}/done", {}, status=409)
        lines = await SqlAccessLog(world.database).listed(DEFAULT_TENANT, AccessFilter(by="user-boss"), before=None, limit=9)
        hears = world.sights.hearing(away)
        assert hears is not None
        told = [each for each in world.disk.store._events if each.type == "callback.changed"]
        heard = [hears(each) for each in told]

    assert (refused["type"].rpartition(":")[2], forbidden["type"].rpartition(":")[2]) == ("nobody-there", "supervisor-needed")
    assert (his["state"], his["owner"]["id"], his["owner"]["name"], his["owner"]["by"]) == ("claimed", "user:u5", "Wu", "Boss")
    assert again == his
    assert [each["callback_id"] for each in mine["callbacks"]] == [entry["callback_id"]]
    assert taken["detail"] == "Wu has taken it on."
    assert [(line.kind, line.user_id, line.user_name) for line in lines] == [("callback_assigned", "u5", "Wu")]
    assert NUMBER in lines[0].detail
    assert heard == [False, False, True]


@pytest.mark.parametrize("what", ["assign", "claim", "release", "done", "call"])
async def test_what_is_not_there_is_not_found(tmp_path: Path, what: str) -> None:
    async with at_workplace(tmp_path) as world:
        body = {"done": {"note": None}, "assign": {"extension": "8001"}}.get(what)
        await world.asks(SUPERVISOR, "POST", f"callbacks/none/{what}", body, status=404, **{"Idempotency-Key": "once"})
