"""An agent's day at a real Asterisk: logging in, ringing, talking, writing, a break, and a gateway that is killed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import Gateway
from rig.asterisk import Asterisk
from rig.leg import Answer, Ring
from rig.site import SITE
from rig.stage import FROM_CALLER, Ensemble
from support.waiting import until

pytestmark = pytest.mark.live

QUEUE: Final = "front"
NUMBER: Final = "5020"
WRAP_UP_S: Final = 3.0
TOLERANCE_S: Final = 0.4
"""Telephones and PBX see the same moment at different times."""
KEPT_S: Final = 3.0
"""After which a state is in the store."""


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


async def seen(agent: Callable[[], Awaitable[dict[str, Any]]], state: str) -> dict[str, Any]:
    """Wait until the agent is in this state, and return him."""
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await agent())
        return bool(found.get("state") == state)

    await until(is_so)
    return found


async def test_an_agents_day_is_told_as_the_telephones_and_the_pbx_saw_it(commanded_asterisk: Asterisk, tmp_path: Path) -> None:
    pbx = commanded_asterisk
    site = SITE | {"queues": [{"queue": QUEUE, "name": "Front desk", "wrap_up_s": WRAP_UP_S}]}
    gateway = Gateway(tmp_path, pbx, pbx.ports.ami, site=site)
    async with Ensemble(pbx) as phones, gateway:

        async def got(path: str) -> dict[str, Any]:
            async with gateway.client() as client, client.get(f"api/v1/{path}") as answer:
                told: dict[str, Any] = await answer.json()
                return told

        async def agent() -> dict[str, Any]:
            return await got("agents/1004")

        phones.agents["1002"].behaviour, phones.agents["1004"].behaviour = Ring(), Answer(1)
        await pbx.cli(f'queue add member PJSIP/1004 to {QUEUE} penalty 0 as "Zhao Min"')
        ready = await seen(agent, "ready")
        assert (ready["agent"], ready["queues"]) == ("Zhao Min", [QUEUE])

        caller = await phones.carrier.dial(NUMBER, FROM_CALLER)
        leg = await phones.agents["1004"].next_leg()
        reserved = await seen(agent, "reserved")
        await leg.until_up()
        talking = await seen(agent, "talking")
        await asyncio.sleep(2)
        await caller.hang_up()
        writing = await seen(agent, "after_call_work")
        await leg.until_ended()
        after = await seen(agent, "ready")
        assert leg.answered_at is not None
        assert caller.ended_at is not None
        assert abs(seconds(reserved["since"]) - leg.invited_at) <= TOLERANCE_S
        assert abs(seconds(talking["since"]) - leg.answered_at) <= TOLERANCE_S
        assert abs(seconds(writing["since"]) - caller.ended_at) <= TOLERANCE_S
        assert abs(seconds(after["since"]) - seconds(writing["since"]) - WRAP_UP_S) <= 0.01
        call = await got(f"calls/{talking['call_id']}")
        talk_s = seconds(writing["since"]) - seconds(talking["since"])
        assert abs(talk_s - next(each["talk_s"] for each in call["agents"])) <= TOLERANCE_S

        await pbx.cli(f"queue pause member PJSIP/1004 queue {QUEUE} reason lunch")
        paused = await seen(agent, "not_ready")
        assert paused["reason"] == "lunch"
        await asyncio.sleep(KEPT_S)
        await gateway.kill()
        await gateway.start()
        again = await seen(agent, "not_ready")
        assert (again["since"], again["reason"], again["agent"]) == (paused["since"], "lunch", "Zhao Min")

        async def listed() -> bool:
            return bool((await got(f"queues/{QUEUE}")).get("members"))

        # Members are known when the PBX has listed them; since when one is what he is, he only tells afterwards.
        await until(listed)
        queue = await got(f"queues/{QUEUE}")
        assert (queue["name"], queue["today"]["offered"], queue["today"]["answered"]) == ("Front desk", 1, 1)
        assert queue["today"]["average_talk_s"] == pytest.approx(talk_s, abs=TOLERANCE_S)

        await pbx.cli(f"queue unpause member PJSIP/1004 queue {QUEUE}")
        back = await seen(agent, "ready")
        assert back["since"] > paused["since"]
        own = await phones.agents["1004"].dial("1001")
        busy = await seen(agent, "busy")
        assert (busy["reason"], abs(seconds(busy["since"]) - own.invited_at) <= TOLERANCE_S) == ("in_call", True)
        await own.hang_up()
        await seen(agent, "ready")
        await pbx.cli(f"queue remove member PJSIP/1004 from {QUEUE}")
        gone = await seen(agent, "logged_out")
        assert (gone["queues"], gone["agent"]) == ([], "Zhao Min")
        await phones.tidy()


async def test_the_users_of_a_real_asterisk_are_taken_over(commanded_asterisk: Asterisk, tmp_path: Path) -> None:
    pbx = commanded_asterisk
    await pbx.cli('database put AMPUSER 1003/cidname "Reception"')
    try:
        async with Gateway(tmp_path, pbx, pbx.ports.ami) as gateway, gateway.client() as client:

            async def agent() -> dict[str, Any]:
                async with client.get("api/v1/agents/1003") as answer:
                    told: dict[str, Any] = await answer.json()
                    return {"state": told.get("name")}

            await seen(agent, "Reception")
    finally:
        await pbx.cli("database deltree AMPUSER")
