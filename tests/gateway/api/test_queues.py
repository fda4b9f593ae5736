from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.building import START
from support.gateways import Client, served
from support.replaying import CAPTURES, PBX
from support.workplaces import at_workplace

from gateway.api.card_views import QueueTarget
from gateway.api.queues import Queues
from gateway.model.desk import DeskRules, QueueDesk
from gateway.model.events import QueueJoined
from gateway.model.queue_rules import QueueRule
from gateway.model.site import Site
from gateway.session.pbx_state import PbxState

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
ABANDON = CAPTURES / "asterisk" / "22" / "queue_abandon"
MEMBERS = CAPTURES / "asterisk" / "22" / "queue_members"


async def got(client: Client, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status == status, await response.text()
    return await response.json()


async def test_who_waits_is_shown_with_since_when() -> None:
    async with served(QUEUE) as one:
        joined = next(index for index, event in enumerate(one.events) if isinstance(event, QueueJoined))
        await one.play(joined + 1)
        queues = {queue["queue"]: queue for queue in (await got(one.client, "/api/v1/queues"))["queues"]}

    queue = queues["support"]
    (caller,) = queue["waiting"]
    assert (queue["length"], queue["longest_wait_since"], caller["caller"]) == (1, caller["joined_at"], "+85291234567")
    assert queue["today"]["offered"] == 0


async def test_a_days_figures_are_shown_by_the_day_and_by_the_hour() -> None:
    async with served(QUEUE) as one:
        await one.play()
        queue = await got(one.client, "/api/v1/queues/support")

    today = queue["today"]
    assert (queue["length"], queue["longest_wait_since"], queue["waiting"]) == (0, None, [])
    assert (today["offered"], today["answered"], today["answered_in_time"], today["service_level"]) == (1, 1, 1, 1.0)
    assert (today["average_wait_s"], today["max_wait_s"], today["average_talk_s"]) == (1.0, 1.0, 3.0)
    assert (today["date"], today["complete"]) == ("2026-11-22", False)
    (hour,) = queue["hours"]
    assert {key: value for key, value in hour.items() if key != "hour"} == {key: today[key] for key in hour if key != "hour"}
    assert (hour["hour"], queue["service_level_s"], queue["short_abandon_s"]) == (11, 20.0, 5.0)


async def test_the_goal_and_the_limits_are_the_configured_ones() -> None:
    rules = DeskRules(queues={"support": QueueDesk(service_goal=0.9, too_long_s={"talking": 300})})
    async with served(QUEUE, rules=rules) as one:
        await one.play()
        queue = await got(one.client, "/api/v1/queues/support")
        agents = await got(one.client, "/api/v1/agents")
    assert (queue["service_goal"], queue["waits_too_long_s"], queue["service_level_s"]) == (0.9, 40.0, 20.0)
    assert (queue["too_long_s"]["talking"], agents["too_long_s"]["talking"]) == (300.0, 900.0)


async def test_who_gave_up_soon_counts_apart() -> None:
    async with served(ABANDON) as one:
        await one.play()
        (today,) = [queue["today"] for queue in (await got(one.client, "/api/v1/queues"))["queues"] if queue["today"]["offered"]]
    assert (today["offered"], today["abandoned"] + today["short_abandoned"], today["answered"]) == (1, 1, 0)


async def test_members_are_shown_with_their_agents_states() -> None:
    async with served(QUEUE) as one:
        await one.play()
        queue = await got(one.client, "/api/v1/queues/support")

    member = next(each for each in queue["members"] if each["interface"] == "PJSIP/1001")
    assert (member["member"], member["extension"], member["state"], member["paused"]) == ("Agent One", "1001", "ready", False)
    assert sum(queue["agents"].values()) == len(queue["members"])
    assert queue["agents"]["ready"] >= 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/queues/none", 404),
        ("/api/v1/queues?pbx=other", 400),
        (f"/api/v1/queues?pbx={PBX}", 200),
        ("/api/v1/queues?x=1", 400),
    ],
)
async def test_what_is_not_there_is_said(path: str, status: int) -> None:
    async with served(MEMBERS) as one:
        await one.play()
        await got(one.client, path, status)


async def test_a_queue_of_two_pbxs_must_be_named() -> None:
    async with served(MEMBERS, others=["branch"]) as one:
        await one.play()
        await one.engine.accept(one.engine.pbxs["branch"].pbx, one.events)  # type: ignore[index]  # a PbxName
        problem = await got(one.client, "/api/v1/queues/support", 400)
        queue = await got(one.client, "/api/v1/queues/support?pbx=branch")
    assert f"{PBX}, branch" in problem["detail"]
    assert queue["pbx"] == "branch"


async def test_queues_are_reached_by_the_numbers_that_are_known(tmp_path: Path) -> None:
    rules = (QueueRule(queue="support", name="Support", number="5000"), QueueRule(queue="7001"), QueueRule(queue="sales"))
    state = PbxState(PBX, Site(queues=rules), now=START)
    async with at_workplace(tmp_path) as world:
        queues = Queues(world.engine, world.hub, world.floor, world.sights, DeskRules())
        reached = queues.reached(state)

    assert msgspec.convert(reached, list[QueueTarget]) == [
        QueueTarget(queue="7001", name=None, number="7001"),
        QueueTarget(queue="support", name="Support", number="5000"),
    ]
