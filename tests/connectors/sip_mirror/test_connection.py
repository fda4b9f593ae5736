import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from support.lamps import SECRET, LampPbx
from support.recording_sink import RecordingSink
from support.virtual_time import clock, in_virtual_time

from connectors.sip_mirror.connection import MirrorConnector, create
from connectors.sip_mirror.settings import MirrorSettings
from gateway.model.events import LegAlerting, LegCleared, LegConnected, LegSeen, SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus

PBX = PbxName("office")


def settings(port: int, *extensions: str, secret: str | None = None) -> MirrorSettings:
    return MirrorSettings(
        host="127.0.0.1",
        port=port,
        extensions=extensions or ("1001", "1002"),
        secret=None if secret is None else Secret(secret),
        retry_max_s=2.0,
    )


@asynccontextmanager
async def connected(of: MirrorSettings) -> AsyncIterator[RecordingSink]:
    sink = RecordingSink()
    task = asyncio.create_task(MirrorConnector(PBX, of, clock=clock, random=Random(1)).run(sink))
    yield sink
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert sink.status is LinkStatus.STOPPED


def test_it_is_made_from_its_settings(tmp_path: Path) -> None:
    assert create(PBX, settings(5060), tmp_path).pbx == PBX


@in_virtual_time
async def test_a_call_is_told_as_it_happens_and_we_say_goodbye() -> None:
    async with LampPbx("1001", "1002", secret=SECRET) as pbx:
        async with connected(settings(pbx.port, secret=SECRET)) as sink:
            await sink.until(lambda: bool(sink.named(SnapshotDone)))
            assert sink.order[:4] == ["connecting", "ConnectionMade", "connected", "SnapshotDone"]
            assert sink.states[-1].detail == f"office: connected to SIP at 127.0.0.1:{pbx.port}, 2 of 2 telephones watched"
            pbx.tell("1002", "early", "1001")
            await sink.until(lambda: bool(sink.named(LegAlerting)))
            pbx.tell("1001", "confirmed")
            pbx.tell("1002", "confirmed")
            await sink.until(lambda: bool(sink.named(LegConnected)))
            pbx.tell("1001", "terminated")
            pbx.tell("1002", "terminated")
            await sink.until(lambda: len(sink.named(LegCleared)) == 2)
            assert sink.gaps == []
        await asyncio.sleep(0.1)
        goodbye = [request for request in pbx.requests if request.get("expires") == "0"]
        assert sorted(request.uri for request in goodbye) == [f"sip:127.0.0.1:{pbx.port}"] * 2


@in_virtual_time
async def test_an_outside_call_s_end_is_told_without_another_message() -> None:
    async with LampPbx("1001") as pbx, connected(settings(pbx.port, "1001")) as sink:
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        for state in ("early", "confirmed", "terminated"):
            pbx.tell("1001", state, "+85291234567")
        await sink.until(lambda: len(sink.named(LegCleared)) == 2, timeout_s=2.0)


@in_virtual_time
async def test_a_pbx_that_goes_silent_is_a_gap_and_its_state_is_taken_anew() -> None:
    async with LampPbx("1001") as pbx, connected(settings(pbx.port, "1001")) as sink:
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        pbx.silent = True
        await sink.until(lambda: sink.status is LinkStatus.RETRYING)
        assert "no answer for 15 s (tried again by itself)" in sink.states[-1].detail
        pbx.silent = False
        pbx.states["1001"] = ("early", "+85291234567")
        await sink.until(lambda: len(sink.named(SnapshotDone)) == 2, timeout_s=120.0)
        assert len(sink.named(LegSeen)) == 2
        (gap,) = sink.gaps
        assert 15.0 <= gap.ended_at - gap.began_at < 60.0
        assert gap.reason == "no answer for 15 s"


@in_virtual_time
async def test_a_pbx_that_was_restarted_is_noticed_within_seconds_though_it_answers() -> None:
    async with LampPbx("1001") as pbx, connected(settings(pbx.port, "1001")) as sink:
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        pbx.forget()
        await sink.until(lambda: len(sink.named(SnapshotDone)) == 2, timeout_s=8.0)
        (gap,) = sink.gaps
        assert "was it restarted?" in gap.reason
        assert 4.0 <= gap.ended_at - gap.began_at <= 8.0


@in_virtual_time
async def test_nobody_listening_is_tried_again_until_somebody_does() -> None:
    async with LampPbx("1001") as pbx:
        port = pbx.port
    async with connected(settings(port, "1001")) as sink:
        await sink.until(lambda: sink.status is LinkStatus.RETRYING)
        assert f"nobody listens at 127.0.0.1:{port}" in sink.states[-1].detail
        again = LampPbx("1001")
        again.port = port
        async with again:
            await sink.until(lambda: sink.status is LinkStatus.CONNECTED, timeout_s=120.0)
    assert sink.gaps == []


@in_virtual_time
async def test_a_telephone_that_is_not_told_of_is_named() -> None:
    async with LampPbx("1001") as pbx, connected(settings(pbx.port, "1001", "1009")) as sink:
        await sink.until(lambda: bool(sink.states) and "1009" in sink.states[-1].detail)
        assert "1 of 2 telephones watched; 1009 is not: 404 Not Found: is it an extension" in sink.states[-1].detail


@in_virtual_time
async def test_a_wrong_password_is_refused_with_what_to_look_at() -> None:
    async with LampPbx("1001", secret=SECRET) as pbx, connected(settings(pbx.port, "1001", secret="wrong")) as sink:
        await sink.until(lambda: sink.status is LinkStatus.REFUSED)
        assert "does not take the password of tieline: look at `secret`" in sink.states[-1].detail


@in_virtual_time
async def test_a_document_that_cannot_be_read_is_asked_for_again_seldom() -> None:
    async with LampPbx("1001") as pbx, connected(settings(pbx.port, "1001")) as sink:
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        began = len([request for request in pbx.requests if request.method == "SUBSCRIBE"])
        for _ in range(5):
            pbx.tell("1001", "early", "", b"<nothing")
            await asyncio.sleep(1.0)
        asked = [request for request in pbx.requests if request.method == "SUBSCRIBE"][began:]
        assert [request.uri for request in asked] == [f"sip:1001@127.0.0.1:{pbx.port}"]
