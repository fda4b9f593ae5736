"""Call control by REST: a whole gateway, real Asterisks, and telephones that hear the right voices."""

import asyncio
import uuid
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from bench.soak_gateway import Gateway
from rig.asterisk import Asterisk
from rig.rtp import AUDIBLE, loudness
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import SETTLED_S, TONES, heard, say
from support.waiting import until

pytestmark = pytest.mark.live

FAR: Final = "21234567"


class Api:
    """A client that gives commands and reads calls."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Give a command that the PBX must take."""
        async with self._client.post(f"api/v1/{path}", json=body, headers={"Idempotency-Key": str(uuid.uuid4())}) as answer:
            told: dict[str, Any] = await answer.json()
            assert (answer.status, told.get("state")) == (202, "accepted"), told
            return told

    async def call(self, call_id: str) -> dict[str, Any]:
        """The call's record."""
        async with self._client.get(f"api/v1/calls/{call_id}") as answer:
            told: dict[str, Any] = await answer.json()
            return told

    async def live(self) -> list[dict[str, Any]]:
        """All calls that live, the oldest first."""
        async with self._client.get("api/v1/calls", params={"state": "active"}) as answer:
            calls: list[dict[str, Any]] = (await answer.json())["calls"]
            return sorted(calls, key=lambda call: str(call["started_at"]))

    async def ended(self, call_id: str) -> dict[str, Any]:
        """The call's record once it has ended."""

        async def over() -> bool:
            return bool((await self.call(call_id))["state"] == "ended")

        await until(over)
        return await self.call(call_id)


@pytest.fixture
async def phones(commanded_asterisk: Asterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(commanded_asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


@pytest.fixture
async def api(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Api]:
    commands = {"context": "internal", "hold_context": "tieline-hold"}
    gateway = Gateway(tmp_path, commanded_asterisk, commanded_asterisk.ports.ami, commands=commands)
    async with gateway, gateway.client() as client:
        yield Api(client)


async def test_click_to_dial_hold_and_recording(api: Api, phones: Ensemble, commanded_asterisk: Asterisk) -> None:
    placing = asyncio.create_task(api.post("calls", extension="1001", number=f"+852{FAR}"))
    agent = await (await phones.agents["1001"].next_leg()).until_up()
    far = await (await phones.carrier.next_leg()).until_up()
    call_id = (await placing)["call_id"]
    say(agent, "1001")
    say(far, "far")
    await asyncio.sleep(SETTLED_S)
    assert (far.dialled, heard(agent), heard(far)) == (FAR, {"far"}, {"1001"})
    await api.post(f"calls/{call_id}/recording/start")
    await asyncio.sleep(1)
    await api.post(f"calls/{call_id}/hold")
    await asyncio.sleep(SETTLED_S)
    assert (heard(agent), heard(far)) == (set(), {"music"})
    assert (await api.call(call_id))["phase"]["name"] == "held"
    await api.post(f"calls/{call_id}/retrieve")
    await asyncio.sleep(SETTLED_S)
    assert (heard(agent), heard(far)) == ({"far"}, {"1001"})
    await api.post(f"calls/{call_id}/hang-up")
    await agent.until_ended()
    await far.until_ended()
    record = await api.ended(call_id)
    assert (record["caller"], record["called"], record["direction"]) == ("1001", FAR, "outbound")
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", [FAR], "cti")
    await commanded_asterisk.idle()
    with wave.open(str(commanded_asterisk.run / "spool/monitor" / record["recording"])) as file:
        samples = memoryview(file.readframes(6000)).cast("h").tolist()
    assert min(loudness(samples[2000:], TONES[who]) for who in ("1001", "far")) > AUDIBLE


async def test_whisper_then_attended_transfer(api: Api, phones: Ensemble) -> None:
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    agent = await (await phones.agents["1001"].next_leg()).until_up()
    await caller.until_up()
    say(caller, "caller")
    say(agent, "1001")
    await until(lambda: _answered(api))
    call_id = (await api.live())[0]["call_id"]

    listening = asyncio.create_task(api.post(f"calls/{call_id}/monitor", extension="1003", agent="1001", mode="whisper"))
    supervisor = await (await phones.agents["1003"].next_leg()).until_up()
    say(supervisor, "1003")
    own_call_id = (await listening)["began"]
    await asyncio.sleep(SETTLED_S + 0.4)
    assert (heard(supervisor), heard(agent), heard(caller)) == ({"caller", "1001"}, {"caller", "1003"}, {"1001"})
    await supervisor.hang_up()
    assert (await api.ended(own_call_id))["caller"] == "1003"

    await api.post(f"calls/{call_id}/consult", by="1001", to="1002")
    second = await (await phones.agents["1002"].next_leg()).until_up()
    say(second, "1002")
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent), heard(second)) == ({"music"}, {"1002"}, {"1001"})
    await api.post(f"calls/{call_id}/complete-transfer", by="1001")
    await agent.until_ended()
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(second)) == ({"1002"}, {"caller"})
    await caller.hang_up()
    record = await api.ended(call_id)
    (transfer,) = record["transfers"]
    assert (transfer["kind"], transfer["by"], transfer["to"], transfer["result"]) == ("attended", "1001", "1002", "completed")
    assert (record["answered_by"], record["ended_by"]) == (["1001", "1002"], "caller")


async def _answered(api: Api) -> bool:
    calls = await api.live()
    return bool(calls) and bool(calls[0]["answered_by"])
