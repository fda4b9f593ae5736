import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.commanded_freeswitch import SITE
from support.scripted_freeswitch import SECRET, ScriptedFreeswitch
from support.virtual_time import clock, in_virtual_time

from connectors._kit.capture import Closed, Opened, Received, read_capture
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_reply
from connectors.freeswitch_esl.record import record
from connectors.freeswitch_esl.replay import GREETING, WIRE, events_of
from connectors.freeswitch_esl.settings import FreeswitchSettings
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.errors import CaptureError, PeerRefusedError, PeerUnavailableError
from gateway.model.events import LegCleared, LegCreated, LegSeen
from gateway.model.secret import Secret

LEG: Final = "4a77bbd0-29c7-464a-be6e-40ec3788a6f8"
NUMBER: Final = "13800138000"


def event(name: str, leg: str = LEG, **more: str) -> list[tuple[str, str]]:
    return [
        ("Event-Name", name),
        ("Event-Date-Timestamp", str(int(clock() * 1_000_000))),
        ("Unique-ID", leg),
        ("Channel-Name", f"sofia/external/{NUMBER}@192.0.2.9"),
        ("Call-Direction", "inbound"),
        ("Caller-Caller-ID-Number", NUMBER),
        ("Caller-Caller-ID-Name", "Alice Liddell"),
        ("Caller-Destination-Number", "1001"),
        *more.items(),
    ]


def settings(port: int) -> FreeswitchSettings:
    return FreeswitchSettings(host="127.0.0.1", port=port, secret=Secret(SECRET), site=SITE, retry_min_s=0.1)


@asynccontextmanager
async def recording(port: int, folder: Path, *, anonymise: bool = False) -> AsyncIterator[None]:
    """Record while the context is open."""
    task = asyncio.create_task(record(settings(port), folder, anonymise=anonymise, clock=clock, random=Random(1)))
    await asyncio.sleep(1)
    assert not task.done()
    yield
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[EslServer, int]]:
    server = EslServer(Secret(SECRET), clock, Random(1))
    try:
        yield server, await server.start("127.0.0.1", 0)
    finally:
        await server.stop()


@in_virtual_time
async def test_a_recording_holds_what_was_there_before_and_what_came(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with simulated() as (server, port):
        server.say(event("CHANNEL_CREATE", "before"))
        async with recording(port, folder):
            server.say(event("CHANNEL_CREATE"))
            server.say(event("CHANNEL_HANGUP_COMPLETE", **{"Hangup-Cause": "NORMAL_CLEARING"}))
    told: list[Any] = list(events_of(folder, SITE))
    assert [each.leg for each in told if isinstance(each, LegSeen)] == ["before"]
    assert [each.leg for each in told if isinstance(each, LegCreated)] == [LEG]
    assert [each.leg for each in told if isinstance(each, LegCleared)] == [LEG]


@in_virtual_time
async def test_the_password_is_in_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with simulated() as (_, port), recording(port, folder):
        pass
    for file in folder.iterdir():
        assert SECRET.encode() not in file.read_bytes()
        assert b"auth " not in file.read_bytes()


@in_virtual_time
async def test_people_are_taken_out_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with simulated() as (server, port):
        server.say(event("CHANNEL_CREATE", "before"))
        async with recording(port, folder, anonymise=True):
            server.say(event("CHANNEL_CREATE"))
    for file in folder.iterdir():
        assert NUMBER.encode() not in file.read_bytes()
        assert b"Alice" not in file.read_bytes()
    told: list[Any] = list(events_of(folder, SITE))
    assert [each.leg for each in told if isinstance(each, LegSeen)] == ["before"]
    assert [each.leg for each in told if isinstance(each, LegCreated)] == [LEG]


@in_virtual_time
async def test_a_cut_connection_is_recorded_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with ScriptedFreeswitch() as pbx, recording(pbx.port, folder):
        pbx.say(encode_event([("Event-Name", "HEARTBEAT")])[:40])
        await asyncio.sleep(1)
        pbx.cut()
        await asyncio.sleep(5)
    items = list(read_capture(folder, WIRE, GREETING))
    assert [type(item) for item in items if not isinstance(item, Received)].count(Opened) == 2
    assert len([item for item in items if isinstance(item, Closed)]) == 1
    list(events_of(folder, SITE))


@in_virtual_time
async def test_a_wrong_password_ends_the_recording_with_its_cure(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["auth"] = lambda _: encode_reply("-ERR invalid")
        with pytest.raises(PeerRefusedError, match=r"event_socket\.conf\.xml"):
            await record(settings(pbx.port), tmp_path / "recording", anonymise=False, clock=clock)
    with pytest.raises(PeerUnavailableError):
        await record(settings(1), tmp_path / "other", anonymise=False, clock=clock)


@in_virtual_time
async def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(CaptureError, match="not empty"):
        await record(settings(1), tmp_path, anonymise=False, clock=clock)
