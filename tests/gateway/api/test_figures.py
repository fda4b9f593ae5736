from pathlib import Path
from typing import Any

import msgspec
from support.workplaces import SUPERVISOR, World, agent, at_workplace

from gateway.api.figures import TodayFigures
from gateway.model.desk import DeskRules, QueueDesk
from gateway.model.terms import QueueResult


async def a_day(world: World) -> None:
    story = world.story
    for leg, queue in (("one", "support"), ("two", "sales")):
        story.comes_in(leg).queues(queue, leg).later(9).leaves_queue(queue, QueueResult.ABANDONED, leg).hangs_up(leg).later(1)
    story.rung("8001").given("8001").later(60).hangs_up("caller", "8001")
    await world.happens()


async def figures(world: World, query: str = "", who: Any = SUPERVISOR, status: int = 200) -> Any:
    return await world.asks(who, "GET", f"figures/today{query}", status=status)


async def test_the_day_is_told_by_the_hour_and_with_reasons(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await a_day(world)
        day = await figures(world)

    msgspec.convert(day, TodayFigures)
    assert (day["date"], day["complete"]) == ("2027-01-15", False)
    assert day["totals"] == {"offered": 3, "answered": 1, "abandoned": 2, "served": 0, "overflowed": 0, "unknown": 0}
    assert [hour["hour"] for hour in day["hours"]] == list(range(24))
    assert [hour["hour"] for hour in day["hours"] if hour["offered"]] == [8]
    assert day["reasons"] == [{"outcome": "abandoned", "stage": "queue", "count": 2}]
    assert day["service"] == {"answered_in_time": 1, "counted": 3, "level": 0.3333, "goal": 0.8}


async def test_the_goal_is_the_configured_one_of_the_queues_that_are_asked_for(tmp_path: Path) -> None:
    rules = DeskRules(service_goal=0.7, queues={"sales": QueueDesk(service_goal=0.95)})
    async with at_workplace(tmp_path, rules) as world:
        nobody = await figures(world)
        await a_day(world)
        sales = await figures(world, "?queue=sales")
        own = await figures(world, who=agent("8001"))
        both = await figures(world)
    assert [day["service"]["goal"] for day in (nobody, sales, own, both)] == [0.7, 0.95, 0.7, 0.7833]
    assert (nobody["service"]["level"], sales["service"]["level"], own["service"]["counted"]) == (None, 0.0, 2)


async def test_a_queue_and_a_pbx_have_their_own(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await a_day(world)
        sales = await figures(world, "?queue=sales")
        pbx = await figures(world, f"?pbx={world.state.pbx}")
        await figures(world, "?pbx=none", status=400)
    assert (sales["totals"]["offered"], pbx["totals"]["offered"]) == (1, 3)


async def test_an_agent_is_told_of_the_queues_that_he_serves(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await a_day(world)
        own = await figures(world, who=agent("8001"))
        await figures(world, "?queue=sales", who=agent("8001"), status=404)
    assert own["totals"]["offered"] == 2


async def test_the_day_is_drawn_in_the_language_that_is_asked_for(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await a_day(world)
        world.who.who = SUPERVISOR
        response = await world.client.get("/api/v1/figures/today.svg?language=zh")
        text = await response.text()
        await figures(world, ".svg?language=fr", status=400)
    assert response.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert "2027-01-15 每小时来电" in text
