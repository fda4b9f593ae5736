import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.ami_bench import SITE, Bench
from support.fake_asterisk import SECRET, USERNAME, leg_event
from support.replaying import CAPTURES, records
from support.virtual_time import clock, in_virtual_time

from connectors._kit.capture import Closed, Opened, Received, read_capture
from connectors.asterisk_ami.record import record
from connectors.asterisk_ami.replay import GREETING, events_of
from connectors.asterisk_ami.settings import AsteriskSettings
from connectors.simulator.score import load_score
from gateway.model.errors import CaptureError, PeerRefusedError, PeerUnavailableError
from gateway.model.events import LegCreated, LegSeen
from gateway.model.secret import Secret


def settings(bench: Bench, **changed: Any) -> AsteriskSettings:
    given = {"host": "127.0.0.1", "port": bench.asterisk.port, "username": USERNAME, "secret": Secret(SECRET), "site": SITE}
    return AsteriskSettings(**{**given, **changed})


@asynccontextmanager
async def recording(bench: Bench, folder: Path, *, anonymise: bool = False) -> AsyncIterator[None]:
    """Record while the context is open."""
    async with bench.asterisk_runs():
        task = asyncio.create_task(record(settings(bench), folder, anonymise=anonymise, clock=clock, random=Random(1)))
        async with asyncio.timeout(30):
            await bench.asterisk.somebody_listens.wait()
            await asyncio.sleep(1)
        yield
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


@in_virtual_time
async def test_recording_holds_every_byte_and_what_was_there_before(bench: Bench, tmp_path: Path) -> None:
    bench.asterisk.say(leg_event("Newchannel", 1))
    async with recording(bench, tmp_path / "recording"):
        bench.asterisk.say(leg_event("Newchannel", 2))
    events = list(events_of(tmp_path / "recording", SITE))
    assert {event.leg for event in events if isinstance(event, LegSeen)} == {"1795000000.1"}
    assert [event.leg for event in events if isinstance(event, LegCreated)] == ["1795000000.2"]
    wire = (tmp_path / "recording" / "wire.ami").read_bytes()
    assert wire.startswith(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n")
    assert leg_event("Newchannel", 2) in wire


@in_virtual_time
async def test_secret_is_in_no_file(bench: Bench, tmp_path: Path) -> None:
    async with recording(bench, tmp_path / "recording"):
        pass
    for file in (tmp_path / "recording").iterdir():
        assert SECRET.encode() not in file.read_bytes()
        assert b"Login" not in file.read_bytes()


@in_virtual_time
async def test_cut_connection_is_recorded_as_one(bench: Bench, tmp_path: Path) -> None:
    async with recording(bench, tmp_path / "recording"):
        bench.asterisk.write(leg_event("Newchannel", 1)[:40])
        await asyncio.sleep(1)
        bench.asterisk.cut()
        await asyncio.sleep(5)
    items = list(read_capture(tmp_path / "recording", "wire.ami", GREETING))
    assert [type(item) for item in items if not isinstance(item, Received)].count(Opened) == 2
    assert len([item for item in items if isinstance(item, Closed)]) == 1
    parts = json.loads((tmp_path / "recording" / "parts.json").read_text())
    assert parts[0]["disconnected"] < parts[1]["connected"]
    list(events_of(tmp_path / "recording", SITE))


@in_virtual_time
async def test_anonymous_recording_tells_the_same_calls_of_nobody(bench: Bench, tmp_path: Path) -> None:
    original = CAPTURES / "asterisk" / "22" / "attended_transfer"
    score = load_score(original)
    async with recording(bench, tmp_path / "recording", anonymise=True):
        for frame in score.frames:
            bench.asterisk.write(frame.data)
            await asyncio.sleep(0.01)
    folder = tmp_path / "recording"
    for file in folder.iterdir():
        assert b"91234567" not in file.read_bytes()
        assert b"Chan Tai Man" not in file.read_bytes()
    assert (folder / "wire.ami").stat().st_size == sum(
        json.loads(line)[2] for line in (folder / "chunks.jsonl").read_text().splitlines()
    )
    (before,), (after,) = records(original), records(folder)
    for key in ("direction", "called", "outcome", "stage", "rang", "answered_by", "ended_by", "queues"):
        if key != "queues":
            assert before[key] == after[key]
    assert before["caller"] != after["caller"]
    assert [transfer["result"] for transfer in before["transfers"]] == [transfer["result"] for transfer in after["transfers"]]


@in_virtual_time
async def test_wrong_secret_ends_the_recording_at_once(bench: Bench, tmp_path: Path) -> None:
    async with bench.asterisk_runs():
        with pytest.raises(PeerRefusedError, match=r"manager\.conf"):
            await record(settings(bench, secret=Secret("no")), tmp_path / "recording", anonymise=False, clock=clock)


@in_virtual_time
async def test_pbx_away_ends_the_recording_at_once(bench: Bench, tmp_path: Path) -> None:
    await bench.asterisk.listen()
    await bench.asterisk.stop()
    with pytest.raises(PeerUnavailableError, match="nobody listens"):
        await record(settings(bench), tmp_path / "recording", anonymise=False, clock=clock)


@in_virtual_time
async def test_recording_is_written_over_nothing(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    async with bench.asterisk_runs():
        with pytest.raises(CaptureError, match="not empty"):
            await record(settings(bench), tmp_path, anonymise=False, clock=clock)
    assert bench.asterisk.connections == 0
