"""Commands to real Asterisks whose answer is lost: the gateway is killed in the middle, or the PBX is not heard."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import Gateway
from rig.asterisk import Asterisk
from rig.leg import Answer
from rig.stage import Ensemble
from support.line import Line
from support.waiting import until

pytestmark = pytest.mark.live

COMMANDS: Final = {"context": "internal", "hold_context": "tieline-hold"}
KILLED_AFTER_S: Final = (0.0, 0.01, 0.05)
"""Seconds between the request and the end of the process: before, while and after the PBX is told."""
BODY: Final = {"extension": "1001", "number": "1002"}


async def place(gateway: Gateway, key: str) -> dict[str, Any]:
    """Ask for the call, again while the PBX is not connected, and return what is known of the command."""
    async with gateway.client() as client:
        while True:
            async with client.post("api/v1/calls", json=BODY, headers={"Idempotency-Key": key}) as answer:
                told: dict[str, Any] = await answer.json()
            if answer.status != 503:
                assert answer.status == 202, told
                return told
            await asyncio.sleep(0.1)


async def settled(gateway: Gateway, key: str) -> dict[str, Any]:
    """Ask for the same call again and again, until what came of it is known."""
    told: dict[str, Any] = {}

    async def known() -> bool:
        nonlocal told
        told = await place(gateway, key)
        return bool(told["state"] == "accepted" and told["call_id"] is not None) or bool(told["state"] == "unanswered")

    await until(known, timeout_s=60)
    return told


async def commands_taken(gateway: Gateway, phones: Ensemble, key: str) -> None:
    """Return when the gateway, which has only just connected, gives commands; everybody has hung up again."""
    await place(gateway, key)
    await (await phones.agents["1001"].next_leg()).until_up()
    await phones.tidy()


async def test_a_gateway_killed_while_it_calls_rings_nobody_twice(commanded_asterisk: Asterisk, tmp_path: Path) -> None:
    async with (
        Ensemble(commanded_asterisk) as phones,
        Gateway(tmp_path, commanded_asterisk, commanded_asterisk.ports.ami, commands=COMMANDS) as gateway,
    ):
        agent = phones.agents["1001"]
        for after_s in KILLED_AFTER_S:
            agent.behaviour = Answer(after_s=60.0)
            asking = asyncio.create_task(place(gateway, f"killed after {after_s}"))
            await asyncio.sleep(after_s)
            await gateway.kill()
            await asyncio.gather(asking, return_exceptions=True)
            await gateway.start()
            told = await settled(gateway, f"killed after {after_s}")
            again = await place(gateway, f"killed after {after_s}")

            assert again == told
            assert len(agent.legs) == (1 if told["state"] == "accepted" else 0), after_s
            await phones.tidy()


async def test_a_gateway_killed_between_order_and_answer_reads_from_the_pbx_what_became_of_it(
    commanded_asterisk: Asterisk, tmp_path: Path
) -> None:
    async with (
        Ensemble(commanded_asterisk) as phones,
        Line(commanded_asterisk.ports.ami) as line,
        Gateway(tmp_path, commanded_asterisk, line.port, commands=COMMANDS) as gateway,
    ):
        agent = phones.agents["1001"]
        await commands_taken(gateway, phones, "before it is heard")
        agent.behaviour = Answer(after_s=60.0)
        line.mute()
        asking = asyncio.create_task(place(gateway, "heard"))
        await (await agent.next_leg()).until_ringing()
        await gateway.kill()
        await asyncio.gather(asking, return_exceptions=True)
        line.resume()
        await gateway.start()
        heard = await settled(gateway, "heard")
        assert (heard["state"], len(agent.legs)) == ("accepted", 1)
        await phones.tidy()

        await commands_taken(gateway, phones, "before it is never heard")
        line.stall()
        asking = asyncio.create_task(place(gateway, "never heard"))
        await asyncio.sleep(1.0)
        await gateway.kill()
        await asyncio.gather(asking, return_exceptions=True)
        line.cut()
        line.resume()
        await gateway.start()
        lost = await settled(gateway, "never heard")
        assert (lost["state"], lost["call_id"], len(agent.legs)) == ("unanswered", None, 0)
        assert "the gateway was stopped" in lost["reason"]
        await phones.tidy()


async def test_an_answer_that_is_lost_is_told_by_the_call_itself(commanded_asterisk: Asterisk, tmp_path: Path) -> None:
    async with (
        Ensemble(commanded_asterisk) as phones,
        Line(commanded_asterisk.ports.ami) as line,
        Gateway(
            tmp_path,
            commanded_asterisk,
            line.port,
            commands=COMMANDS,
            action_timeout_s=1.0,
            ping_interval_s=1.0,
            dead_after_s=5.0,
        ) as gateway,
    ):
        agent = phones.agents["1001"]
        await commands_taken(gateway, phones, "before it is lost")
        agent.behaviour = Answer(after_s=60.0)
        line.mute()
        told = await place(gateway, "lost")
        assert (told["state"], told["call_id"]) == ("unanswered", None)
        await (await agent.next_leg()).until_ringing()
        line.resume()
        line.cut()

        async def joined() -> bool:
            return (await place(gateway, "lost"))["call_id"] is not None

        await until(joined, timeout_s=60)
        again = await place(gateway, "lost")

        assert (again["command_id"], again["state"], again["reason"]) == (told["command_id"], "accepted", None)
        assert len(agent.legs) == 1
        await phones.tidy()
