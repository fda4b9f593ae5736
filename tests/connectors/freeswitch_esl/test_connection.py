"""The connector with the simulated FreeSWITCH, through a line that can be cut."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.esl_captures import FREESWITCH
from support.line import Line
from support.recording_sink import RecordingSink
from support.truth import compare, read_truth

from connectors.freeswitch_esl.connection import FreeswitchConnector
from connectors.freeswitch_esl.settings import FreeswitchSettings
from connectors.freeswitch_esl.simulated.playing import load_score, play
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.board import Board
from gateway.model.events import ConnectionLost, ConnectionMade, LegCreated, LegSeen, SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.ports.connector import LinkStatus

SECRET: Final = "a secret"
PBX: Final = PbxName("fs1")
SITE: Final = Site(region="CN", extensions=r"^1\d{3}$")
TIMEOUT_S: Final = 20.0


class Rig:
    """A FreeSWITCH of the tests and who listens to it."""

    def __init__(self, server: EslServer, line: Line, folder: Path) -> None:
        self.server = server
        self.line = line
        self.sink = RecordingSink()
        self._folder = folder

    @asynccontextmanager
    async def connector(self, **changed: Any) -> AsyncIterator[FreeswitchConnector]:
        given = {"host": "127.0.0.1", "port": self.line.port, "secret": Secret(SECRET), "site": SITE, "retry_min_s": 0.1}
        connector = FreeswitchConnector(PBX, FreeswitchSettings(**{**given, **changed}), self._folder)
        running = asyncio.create_task(connector.run(self.sink))
        try:
            yield connector
        finally:
            running.cancel()
            await asyncio.wait([running])

    @asynccontextmanager
    async def connected(self, **changed: Any) -> AsyncIterator[FreeswitchConnector]:
        async with self.connector(**changed) as connector:
            await self.until_snapshots(1)
            yield connector

    async def until_snapshots(self, count: int) -> None:
        await self.sink.until(lambda: len(self.sink.named(SnapshotDone)) >= count, TIMEOUT_S)

    def records(self) -> list[dict[str, Any]]:
        board = Board(PBX, SITE)
        calls = {call.call_id: call for event in self.sink.events for call in board.apply(event).calls}
        return [record_of(call, SITE) for call in calls.values() if call.merged_into is None]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    server = EslServer(Secret(SECRET), time.time, Random(1))
    port = await server.start("127.0.0.1", 0)
    try:
        async with Line(port) as line:
            yield Rig(server, line, tmp_path)
    finally:
        await server.stop()


@pytest.mark.parametrize("name", ["queue_agent_hangs_up_first_plain", "originate_busy_plain", "hold_uuid_hold_json"])
async def test_a_call_that_is_played_is_told_as_it_was(rig: Rig, name: str) -> None:
    async with rig.connected():
        await play(rig.server, load_score(FREESWITCH / name))
        await rig.sink.until(lambda: all(record["state"] == "ended" for record in rig.records()), TIMEOUT_S)

    assert compare(read_truth(FREESWITCH / name), rig.records()) == []


async def test_a_wrong_password_is_refused_for_good_with_its_cure(rig: Rig) -> None:
    async with rig.connector(secret=Secret("wrong")):
        await rig.sink.until(lambda: rig.sink.status is LinkStatus.REFUSED, TIMEOUT_S)
    detail = rig.sink.states[-2].detail
    assert "event_socket.conf.xml" in detail
    assert "pbx: fs1" in detail
    assert SECRET not in detail


async def test_a_leg_that_is_there_before_us_is_seen_with_its_bridge(rig: Rig) -> None:
    score = load_score(FREESWITCH / "bridge_two_endpoints_plain")
    playing = asyncio.create_task(play(rig.server, score))
    await asyncio.sleep(1.5)
    async with rig.connected():
        await playing
        await rig.sink.until(lambda: all(record["state"] == "ended" for record in rig.records()), TIMEOUT_S)
    (record,) = rig.records()
    assert not rig.sink.named(LegCreated)
    assert len(rig.sink.named(LegSeen)) >= 2
    assert (record["caller"], record["answered_by"], record["ended_by"]) == ("13800138000", ["1002"], "caller")
    assert not record["complete"]


async def test_a_cut_line_is_a_gap_and_a_new_snapshot(rig: Rig) -> None:
    async with rig.connected():
        rig.line.cut()
        await rig.until_snapshots(2)
    (gap,) = rig.sink.gaps
    assert 0 <= gap.ended_at - gap.began_at < 5
    told = [type(event) for event in rig.sink.named(ConnectionMade, ConnectionLost, SnapshotDone)]
    assert told == [ConnectionMade, SnapshotDone, ConnectionLost, ConnectionMade, SnapshotDone]


async def test_a_silent_server_is_given_up(rig: Rig) -> None:
    async with rig.connected(ping_interval_s=0.2, dead_after_s=0.5):
        rig.line.stall()
        await rig.sink.until(lambda: rig.sink.status is LinkStatus.RETRYING, TIMEOUT_S)
    assert "silent" in rig.sink.states[-2].detail


async def test_a_server_that_says_nothing_at_first_is_given_up(rig: Rig) -> None:
    rig.line.stall()
    async with rig.connector(connect_timeout_s=0.3):
        await rig.sink.until(lambda: rig.sink.status is LinkStatus.RETRYING, TIMEOUT_S)
    assert "says nothing" in rig.sink.states[1].detail


async def test_nobody_listens(rig: Rig) -> None:
    await rig.server.stop()
    async with rig.connector(port=1):
        await rig.sink.until(lambda: rig.sink.status is LinkStatus.RETRYING, TIMEOUT_S)
    assert "mod_event_socket" in rig.sink.states[1].detail
