"""Recordings of a real Asterisk, fetched in each of the three ways and heard by REST: both voices are in them."""

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bench.soak_gateway import Gateway
from rig.asterisk import Asterisk
from rig.leg import PhoneLeg
from rig.rtp import AUDIBLE, loudness
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import TONES, say
from support.recording_servers import http_server, s3_server, sftp_server
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]

RECORDED = "541001"
"""Is recorded by the dial plan."""


@pytest.fixture
async def phones(commanded_asterisk: Asterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(commanded_asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


@asynccontextmanager
async def gateway_of(pbx: Asterisk, folder: Path, recordings: dict[str, Any]) -> AsyncIterator[Gateway]:
    """Run a gateway that fetches so."""
    (folder / "conf.d").mkdir()
    (source,) = recordings["sources"]
    section = recordings | {"keep_free_mb": 0, "sources": [{"pbx": "soak", "strip": str(pbx.run / "spool/monitor")} | source]}
    (folder / "conf.d" / "recordings.yaml").write_text(json.dumps({"recordings": section}))
    async with Gateway(folder, pbx, pbx.ports.ami) as gateway:
        yield gateway


async def talk(phones: Ensemble) -> tuple[PhoneLeg, PhoneLeg]:
    """A caller and 1001 talk, each with a tone of his own, and are recorded."""
    caller = await phones.carrier.dial(RECORDED, FROM_CALLER)
    agent = await (await phones.agents["1001"].next_leg()).until_up()
    await caller.until_up()
    say(caller, "caller")
    say(agent, "1001")
    await asyncio.sleep(2.0)
    return caller, agent


async def available(client: aiohttp.ClientSession) -> dict[str, Any]:
    """Wait for the one recording, and return it."""
    listed: list[dict[str, Any]] = []

    async def is_here() -> bool:
        nonlocal listed
        async with client.get("api/v1/recordings") as response:
            listed = (await response.json())["recordings"]
        assert all(each["state"] != "failed" for each in listed), listed
        return bool(listed) and listed[0]["state"] == "available"

    await until(is_here, timeout_s=40)
    (recording,) = listed
    return recording


async def heard(client: aiohttp.ClientSession, recording: dict[str, Any]) -> set[str]:
    """Return whose tones are in a recording."""
    async with client.get(recording["audio"].lstrip("/")) as response:
        assert (response.status, response.content_type) == (200, "audio/wav")
        data = await response.read()
    with wave.open(BytesIO(data)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(recording["duration_s"], abs=0.01)
        samples = memoryview(file.readframes(file.getnframes())).cast("h").tolist()
    middle = samples[len(samples) // 2 : len(samples) // 2 + 4_000]
    return {who for who, hertz in TONES.items() if loudness(middle, hertz) > AUDIBLE}


async def is_heard(client: aiohttp.ClientSession, pbx: Asterisk) -> None:
    """The recording is there, whole, with both voices, and belongs to its call."""
    recording = await available(client)
    assert recording["file"].startswith("did-")
    assert recording["warning"] is None
    assert 1.5 < recording["duration_s"] < 10
    assert await heard(client, recording) == {"caller", "1001"}
    async with client.get(f"api/v1/calls/{recording['call_id']}") as response:
        call = await response.json()
    assert (call["recording"], call["answered_by"]) == (recording["file"], ["1001"])
    async with client.get(f"api/v1/calls/{recording['call_id']}/recordings") as response:
        assert (await response.json())["recordings"] == [recording]
    async with client.get(f"api/v1/recordings/{recording['recording_id']}/plays") as response:
        (play,) = (await response.json())["plays"]
    assert play["principal"] == "soak"
    assert (pbx.run / "spool/monitor" / recording["file"]).exists()


async def test_from_a_mounted_folder_by_a_gateway_that_is_killed_meanwhile(
    commanded_asterisk: Asterisk, phones: Ensemble, tmp_path: Path
) -> None:
    source = {"folder": str(commanded_asterisk.run / "spool/monitor")}
    async with gateway_of(commanded_asterisk, tmp_path, {"sources": [source]}) as gateway:
        async with gateway.client() as client:
            caller, agent = await talk(phones)
            async with client.get("api/v1/recordings") as response:
                assert [each["state"] for each in (await response.json())["recordings"]] == ["expected"]
        await gateway.kill()
        await caller.hang_up()
        await agent.until_ended()
        await gateway.start()
        async with gateway.client() as client:
            await is_heard(client, commanded_asterisk)


async def test_by_sftp_into_a_bucket(commanded_asterisk: Asterisk, phones: Ensemble, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    monitor = commanded_asterisk.run / "spool/monitor"
    with s3_server() as s3:
        secret = tmp_path / "secret"
        secret.write_text(s3.secret_key)
        bucket = {
            "bucket": "recordings",
            "endpoint": s3.endpoint,
            "access_key": s3.access_key,
            "secret_key": f"${{file:{secret}}}",
            "encryption": "AES256",
        }
        async with sftp_server(monitor, tmp_path / "keys") as server:
            at = server.settings
            sftp = {name: getattr(at, name) for name in ("host", "port", "user", "key_file", "host_key", "path")}
            recordings = {"sources": [{"sftp": sftp}], "s3": bucket}
            async with gateway_of(commanded_asterisk, tmp_path, recordings) as gateway, gateway.client() as client:
                caller, agent = await talk(phones)
                await caller.hang_up()
                await agent.until_ended()
                await is_heard(client, commanded_asterisk)
    assert not [path for path in (tmp_path / "state/recordings").rglob("*") if path.is_file()]


async def test_by_http_and_deleted_by_hand(commanded_asterisk: Asterisk, phones: Ensemble, tmp_path: Path) -> None:
    monitor = commanded_asterisk.run / "spool/monitor"
    async with http_server(monitor) as url:
        recordings = {"sources": [{"http": {"url": url}}]}
        async with gateway_of(commanded_asterisk, tmp_path, recordings) as gateway, gateway.client() as client:
            caller, agent = await talk(phones)
            await caller.hang_up()
            await agent.until_ended()
            await is_heard(client, commanded_asterisk)
            recording = await available(client)
            async with client.delete(f"api/v1/recordings/{recording['recording_id']}") as response:
                assert (response.status, (await response.json())["state"]) == (200, "deleted")
    assert not list((tmp_path / "state/recordings").rglob("*.wav"))
