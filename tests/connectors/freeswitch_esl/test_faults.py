"""What goes wrong between us and a FreeSWITCH, each fault by its name: nothing hangs, nothing is invented, no task is left."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.certificates import Certificates
from support.commanded_freeswitch import PBX, SITE
from support.esl_captures import FREESWITCH
from support.recording_sink import RecordingSink
from support.scripted_freeswitch import SECRET, ScriptedFreeswitch, printed
from support.virtual_time import clock, in_virtual_time

from connectors._kit.tls import TlsSettings
from connectors.freeswitch_esl.connection import FreeswitchConnector
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply
from connectors.freeswitch_esl.replay import events_of, site_of
from connectors.freeswitch_esl.settings import CommandSettings, FreeswitchSettings
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.board import Board
from gateway.model.commands import CommandId, LogOut, Order
from gateway.model.errors import CommandUnansweredError
from gateway.model.events import ConnectionLost, LegCleared, LegCreated, PbxStopped, ReleaseRequested
from gateway.model.ids import QueueName
from gateway.model.record import record_of
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.ports.connector import LinkStatus

LEG: Final = "4a77bbd0-29c7-464a-be6e-40ec3788a6f8"
NOTICE: Final = encode_frame("text/disconnect-notice", "Disconnected, goodbye.\nSee you at ClueCon!\n")


def created(leg: str = LEG, **more: str) -> list[tuple[str, str]]:
    return [
        ("Event-Name", "CHANNEL_CREATE"),
        ("Event-Date-Timestamp", str(int(clock() * 1_000_000))),
        ("Unique-ID", leg),
        ("Channel-Name", "sofia/external/13800138000@192.0.2.9"),
        ("Call-Direction", "inbound"),
        ("Caller-Caller-ID-Number", "13800138000"),
        *((key.replace("_", "-"), value) for key, value in more.items()),
    ]


class Bench:
    """A connector and what it told, with a FreeSWITCH that does what the test says."""

    def __init__(self, pbx: ScriptedFreeswitch, sink: RecordingSink, connector: FreeswitchConnector) -> None:
        self.pbx = pbx
        self.sink = sink
        self.connector = connector

    async def until_created(self, count: int = 1) -> list[Any]:
        await self.sink.until(lambda: len(self.sink.named(LegCreated)) >= count)
        return self.sink.named(LegCreated)

    def details(self) -> str:
        return "\n".join(state.detail for state in self.sink.states)


@asynccontextmanager
async def bench(pbx: ScriptedFreeswitch, folder: Path, *, wait: bool = True, **changed: Any) -> AsyncIterator[Bench]:
    pbx.replies.setdefault("api", lambda _: printed('{"row_count": 0}\n'))
    sink = RecordingSink()
    settings = pbx.settings(**{"site": SITE, "commands": CommandSettings(context="default"), **changed})
    connector = FreeswitchConnector(PBX, settings, folder, clock=clock, random=Random(1))
    running = asyncio.create_task(connector.run(sink))
    try:
        if wait:
            await sink.connected()
            await asyncio.sleep(0.5)
        yield Bench(pbx, sink, connector)
    finally:
        running.cancel()
        await asyncio.wait([running])
        # It ends because it was told to, and in no other way.
        assert running.cancelled()


@in_virtual_time
async def test_forged_header(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        forged = "x\nHangup-Cause: FORGED\nEvent-Name: CHANNEL_HANGUP_COMPLETE\n\n"
        pbx.say(encode_event(created(Caller_Caller_ID_Name=forged)))
        (leg,) = await one.until_created()
        assert leg.display == forged
        await asyncio.sleep(1)
        assert one.sink.named(LegCleared, ReleaseRequested) == []


@in_virtual_time
async def test_gbk_body(tmp_path: Path) -> None:
    site = Site(region="CN", extensions=r"^1\d{3}$", encoding_fallback="gb18030")
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path, site=site) as one:
        beat = b"Event-Name: HEARTBEAT\nContent-Length: 4\n\n" + "中文".encode("gbk")
        pbx.say(b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(beat) + beat)
        raw = encode_event(created(Caller_Caller_ID_Name="NAME-OF")).replace(b"NAME-OF", "张三.".encode("gbk") + b"..")
        pbx.say(raw)
        (leg,) = await one.until_created()
        assert leg.display == "张三..."


@in_virtual_time
async def test_silent_server(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path, ping_interval_s=5, dead_after_s=15) as one:
        pbx.replies["nixevent"] = lambda _: None
        await one.sink.until(lambda: one.sink.status is LinkStatus.RETRYING)
        assert "silent for 15 s" in one.details()
        del pbx.replies["nixevent"]
        await one.sink.connected()
        assert len(one.sink.gaps) == 1


@in_virtual_time
async def test_silent_from_the_start(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.greeting = b""
        async with bench(pbx, tmp_path, wait=False, connect_timeout_s=10) as one:
            await one.sink.until(lambda: one.sink.status is LinkStatus.RETRYING)
            assert "says nothing for 10 s" in one.details()


@in_virtual_time
async def test_end_of_file(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        pbx.say(encode_event(created())[:100])
        await asyncio.sleep(0.1)
        pbx.cut()
        await one.sink.connected()
        assert "closed the connection" in one.details()
        assert len(one.sink.gaps) == len(one.sink.named(ConnectionLost)) == 1
        assert one.sink.named(LegCreated) == []


@in_virtual_time
async def test_sigkill(tmp_path: Path) -> None:
    wire = gzip.decompress((FREESWITCH / "sigkill_json" / "wire.esl.gz").read_bytes())
    assert wire.endswith(b"+OK event listener enabled json\n\n")  # and then nothing: no farewell, no notice
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        pbx.say(encode_event(created()))
        await one.until_created()
        pbx.cut()
        await one.sink.connected()
        # What nobody listed again is gone; that it ended is not made up before that.
        order = [name for name in one.sink.order if name in ("LegCreated", "LegCleared", "PbxStopped", "ConnectionLost", "Gap")]
        assert order == ["LegCreated", "ConnectionLost", "Gap"]


@in_virtual_time
async def test_slow_reader(tmp_path: Path) -> None:
    count, padding = 2000, "x" * 2000
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path, memory_bytes=1024 * 1024) as one:
        one.sink.open.clear()
        for number in range(count):
            pbx.say(encode_event(created(f"leg-{number}", variable_padding=padding)))
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(30)
        # The PBX was drained meanwhile: it has no reason to cut us off.
        assert one.connector.waiting_bytes > 1024 * 1024
        assert pbx.connections == 2
        one.sink.open.set()
        legs = await one.until_created(count)
        assert [leg.leg for leg in legs] == [f"leg-{number}" for number in range(count)]
        assert one.sink.status is LinkStatus.CONNECTED


@in_virtual_time
async def test_blocked_api(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path, command_timeout_s=10) as one:
        command = LogOut(queue=QueueName("q"), extension="1001")
        order = Order(id=CommandId("01KXAMPLE"), pbx=PBX, command=command)
        blocked = asyncio.create_task(one.connector.execute(order))
        await asyncio.sleep(1)
        pbx.say(encode_event(created()))
        await one.until_created()
        assert not blocked.done()
        with pytest.raises(CommandUnansweredError, match="FreeSWITCH at fs1: no result of callcenter_config within 10 s"):
            await blocked
        assert len(pbx.asked("bgapi")) == 1


@in_virtual_time
async def test_restricted_user(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        allowed = [
            ("Allowed-Events", "HEARTBEAT BACKGROUND_JOB CHANNEL_CREATE CUSTOM callcenter::info"),
            ("Allowed-API", "status,show"),
        ]
        pbx.replies["userauth"] = lambda _: encode_reply("+OK accepted", allowed)
        async with bench(pbx, tmp_path, user="tieline@default") as one:
            assert pbx.asked("userauth")[0].argument == f"tieline@default:{SECRET}"
            asked = pbx.asked("event")[0].argument.split()
            assert set(asked) == {"plain", "HEARTBEAT", "CHANNEL_CREATE", "CUSTOM", "callcenter::info"}
            assert {command.argument.split()[0] for command in pbx.asked("api")} == {"show"}
            said = one.sink.states[-1].detail
            assert "event CHANNEL_BRIDGE" in said
            assert "api callcenter_config" in said
            assert "esl-allowed-events" in said
            assert one.connector.commands == frozenset()
            assert "esl-allowed-api" in one.connector.why_not("hang_up")


async def test_tls_by_a_front(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    certificates = await asyncio.to_thread(Certificates, tmp_path / "keys")
    server = EslServer(Secret(SECRET), lambda: 1_800_000_000.0, Random(1))
    port = await server.start("127.0.0.1", 0, certificates.server_context())
    settings = FreeswitchSettings(
        host="127.0.0.1", port=port, secret=Secret(SECRET), site=SITE, tls=TlsSettings(ca_file=str(certificates.ca))
    )
    sink = RecordingSink()
    running = asyncio.create_task(FreeswitchConnector(PBX, settings, tmp_path).run(sink))
    await sink.connected()
    running.cancel()
    await asyncio.wait([running])
    await server.stop()


@in_virtual_time
async def test_wrong_password_is_final(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["auth"] = lambda _: encode_reply("-ERR invalid") + NOTICE
        async with bench(pbx, tmp_path, wait=False, refused_retry_min_s=30) as one:
            await one.sink.until(lambda: one.sink.status is LinkStatus.REFUSED)
            assert "event_socket.conf.xml" in one.details()
            assert SECRET not in one.details()
            await asyncio.sleep(10)
            assert pbx.connections == 1
            # Somebody cures it there.
            del pbx.replies["auth"]
            await one.sink.connected()


@in_virtual_time
async def test_disconnect_notice(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        pbx.say(NOTICE)
        await one.sink.connected()
        assert "it says goodbye: Disconnected, goodbye." in one.details()
        assert one.sink.gaps[0].reason.startswith("it says goodbye")


@in_virtual_time
async def test_shutdown(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        pbx.say(encode_event(created()))
        pbx.say(encode_event([("Event-Name", "SHUTDOWN"), ("Event-Info", "System Shutting Down")]) + NOTICE)
        await one.sink.connected()
        assert len(one.sink.named(PbxStopped)) == 1
        order = [name for name in one.sink.order if name in ("LegCreated", "PbxStopped", "ConnectionLost", "Gap")]
        assert order == ["LegCreated", "PbxStopped", "ConnectionLost", "Gap"]


@in_virtual_time
async def test_no_event_socket_at_all(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
        async with bench(pbx, tmp_path, wait=False) as one:
            await one.sink.until(lambda: one.sink.status is LinkStatus.RETRYING)
            assert "SSH-2.0-OpenSSH_9.2" in one.details()


@in_virtual_time
async def test_frame_that_is_too_long(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, bench(pbx, tmp_path) as one:
        pbx.say(b"Content-Length: 99999999\nContent-Type: text/event-plain\n\n")
        await one.sink.connected()
        assert "a frame of 100000056 bytes exceeds 16777216" in one.details()


def test_refused_outbound_socket() -> None:
    """The call fails (480): nobody served it, and it rang nowhere."""
    folder = FREESWITCH / "outbound_socket_refused"
    site = site_of(folder)
    board = Board(PBX, site)
    calls = {call.call_id: call for event in events_of(folder, site) for call in board.apply(event).calls}
    (record,) = (record_of(call, site) for call in calls.values())
    assert (record["state"], record["outcome"], record["stage"], record["ended_by"]) == ("ended", "no_answer", "route", "pbx")
    assert (record["called"], record["answered_by"], record["answered_at"]) == ("7001", [], None)
