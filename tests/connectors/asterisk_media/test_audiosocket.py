import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import pytest
from structlog.testing import capture_logs
from support.virtual_time import in_virtual_time
from support.voices import HandedOver, NotedCommands
from support.waiting import until

from connectors.asterisk_media.audiosocket import ID_S, MAX_UNSENT_BYTES, AudioSocketLine, AudioSocketServer, uuid_of
from connectors.asterisk_media.protocol.audiosocket import AudioSocketReader, Kind, Packet, packet
from connectors.asterisk_media.session import AsteriskSession
from connectors.asterisk_media.sessions import Sessions
from connectors.asterisk_media.settings import AsteriskMediaSettings, AudioSocketSettings
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_BYTES, SILENCE, SessionEndedBy, SessionId, SessionInfo

LEG: Final = LegId("cc1-1795402189.4")
UUID: Final = hashlib.md5(LEG.encode()).digest()
FRAME: Final = b"\1\2" * (FRAME_BYTES // 2)


class Asterisk:
    """What calls us: one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._packets = AudioSocketReader()
        self._heard: list[Packet] = []

    def say(self, *packets: bytes) -> None:
        self._writer.write(b"".join(packets))

    async def hears(self) -> Packet | None:
        """The next packet; None at the end."""
        while not self._heard:
            data = await self._reader.read(4096)
            if not data:
                return None
            self._heard += self._packets.receive_data(data)
        return self._heard.pop(0)

    async def hears_the_end(self) -> list[int]:
        """The kinds of packets until the connection closes, each once."""
        kinds: list[int] = []
        while (heard := await self.hears()) is not None:
            if heard.kind not in kinds:
                kinds.append(heard.kind)
        return kinds

    def drop(self) -> None:
        self._writer.transport.abort()


class World:
    """A server, and Asterisks that call it."""

    def __init__(self, server: AudioSocketServer, application: HandedOver, commands: NotedCommands) -> None:
        self.server, self.application, self.commands = server, application, commands
        self._asterisks: list[Asterisk] = []

    async def asterisk(self, *packets: bytes) -> Asterisk:
        assert self.server.address is not None
        asterisk = Asterisk(*await asyncio.open_connection(*self.server.address))
        self._asterisks.append(asterisk)
        asterisk.say(*packets)
        return asterisk

    async def close(self) -> None:
        for asterisk in self._asterisks:
            asterisk.drop()
        # A transport is closed in the next turn of the loop.
        await asyncio.sleep(0)


@asynccontextmanager
async def world(**changed: object) -> AsyncIterator[World]:
    application, commands = HandedOver(), NotedCommands(LEG)
    settings = AsteriskMediaSettings(audiosocket=AudioSocketSettings(port=0), **changed)  # type: ignore[arg-type]  # a test's own
    server = AudioSocketServer(Sessions(PbxName("cc1"), settings, application, commands), "127.0.0.1", 0)
    with capture_logs():
        running = asyncio.create_task(server.run())
        await until(lambda: server.address is not None)
        made = World(server, application, commands)
        try:
            yield made
            running.cancel()
            await asyncio.wait([running])
        finally:
            running.cancel()
            await made.close()


def hello() -> bytes:
    return packet(Kind.ID, UUID)


def test_the_uuid_is_what_the_dial_plan_makes_of_the_leg() -> None:
    # ${MD5(cc1-1795402189.4)} of Asterisk.
    assert uuid_of(LEG) == hashlib.md5(b"cc1-1795402189.4").hexdigest()


@in_virtual_time
async def test_a_call_is_a_session_with_its_leg_its_sound_and_its_keys() -> None:
    async with world() as w:
        asterisk = await w.asterisk(hello(), packet(Kind.SOUND, FRAME), packet(Kind.DIGIT, b"5"))
        session = await w.application.session()
        assert (session.info.leg, session.info.way, session.info.pbx) == (LEG, "audiosocket", "cc1")
        assert await session.frame() == FRAME
        assert await session.digit() == "5"
        await session.say(FRAME)
        while (heard := await asterisk.hears()) == Packet(Kind.SOUND, SILENCE):
            pass
        assert heard == Packet(Kind.SOUND, FRAME)
        asterisk.say(packet(Kind.HANG_UP))
        assert await session.frame() is None
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.CALLER


@in_virtual_time
async def test_a_uuid_that_is_no_legs_is_served_all_the_same() -> None:
    async with world() as w:
        await w.asterisk(packet(Kind.ID, bytes(16)))
        assert (await w.application.session()).info.leg is None


@in_virtual_time
async def test_when_the_application_is_done_the_dial_plan_goes_on() -> None:
    async with world() as w:
        asterisk = await w.asterisk(hello())
        await w.application.session()
        w.application.done.set()
        assert (await asterisk.hears_the_end())[-1] == Kind.HANG_UP


@in_virtual_time
async def test_when_the_gateway_stops_the_dial_plan_goes_on() -> None:
    async with world() as w:
        asterisk = await w.asterisk(hello())
        await w.application.session()
    assert (await asterisk.hears_the_end())[-1] == Kind.HANG_UP


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (packet(Kind.SOUND, FRAME), "AudioSocket"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "AudioSocket"),
        (b"\x01\xff\xff", "AudioSocket"),
        (packet(Kind.ID, b"short"), "instead of 16"),
    ],
)
@in_virtual_time
async def test_what_is_no_audiosocket_is_closed(sent: bytes, told: str) -> None:
    async with world() as w:
        asterisk = await w.asterisk(sent)
        assert Kind.SOUND not in await asterisk.hears_the_end()
        assert w.application.sessions.empty()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (packet(Kind.ERROR, b"\4"), "reports error 04"),
        (b"\x12\x00\x02ab", "c(slin)"),
        (packet(Kind.DIGIT, b"xy"), "none of 0-9"),
        (b"\x10\xff\xff", "this is no AudioSocket"),
    ],
)
@in_virtual_time
async def test_what_goes_wrong_in_a_call_is_said(sent: bytes, told: str) -> None:
    async with world() as w:
        asterisk = await w.asterisk(hello())
        session = await w.application.session()
        asterisk.say(sent)
        assert await session.digit() is None
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.FAULT
        assert told in session.ended.detail


@in_virtual_time
async def test_what_comes_early_is_not_trusted_more() -> None:
    async with world() as w:
        await w.asterisk(hello() + packet(Kind.DIGIT, b"xy"))
        session = await w.application.session()
        assert await session.digit() is None
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.FAULT


@in_virtual_time
async def test_what_later_asterisks_may_add_is_passed_over() -> None:
    async with world() as w:
        await w.asterisk(hello(), b"\x7f\x00\x01a", packet(Kind.DIGIT, b"1"))
        assert await (await w.application.session()).digit() == "1"


@in_virtual_time
async def test_who_says_no_id_is_closed_after_a_while() -> None:
    async with world() as w:
        loop = asyncio.get_running_loop()
        began = loop.time()
        asterisk = await w.asterisk(b"\x01\x00")
        await asterisk.hears_the_end()
        assert loop.time() - began == pytest.approx(ID_S, abs=0.1)


@in_virtual_time
async def test_who_may_not_come_is_not_listened_to() -> None:
    async with world(allow=("192.0.2.0/24",)) as w:
        asterisk = await w.asterisk(hello())
        with suppress(ConnectionError):  # or an end, whichever the kernel makes of it
            assert await asterisk.hears() is None
        assert w.application.sessions.empty()


@in_virtual_time
async def test_one_call_too_many_goes_on_with_the_dial_plan() -> None:
    async with world(max_calls=1) as w:
        await w.asterisk(hello())
        await w.application.session()
        second = await w.asterisk(hello())
        assert await second.hears_the_end() == [Kind.HANG_UP]


@in_virtual_time
async def test_a_connection_that_breaks_ends_its_session() -> None:
    async with world() as w:
        asterisk = await w.asterisk(hello())
        session = await w.application.session()
        asterisk.drop()
        assert await session.frame() is None
        assert session.ended is not None


@pytest.mark.parametrize(
    ("fault", "by"),
    [
        (None, SessionEndedBy.CALLER),
        (BrokenPipeError(), SessionEndedBy.CALLER),
        (ConnectionResetError(), SessionEndedBy.CALLER),
        (TimeoutError("timed out"), SessionEndedBy.FAULT),
    ],
)
async def test_an_asterisk_that_closes_while_we_speak_has_lost_its_caller(fault: Exception | None, by: SessionEndedBy) -> None:
    line = AudioSocketLine(lambda line: None)
    line.connection_made(FullTransport())
    info = SessionInfo(id=SessionId("s"), pbx=PbxName("cc1"), leg=LEG, way="audiosocket")
    session = AsteriskSession(info, line, NotedCommands(LEG), ahead=0, unbroken=True)
    line.attach(session)
    with capture_logs():
        line.connection_lost(fault)
    assert session.ended is not None
    assert session.ended.by is by


class FullTransport(asyncio.Transport):
    """A connection whose other side does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def close(self) -> None: ...

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written += data

    def get_extra_info(self, name: str, default: object = None) -> object:
        return Socket() if name == "socket" else ("127.0.0.1", 5)


class Socket:
    def setsockopt(self, *option: int) -> None: ...


async def test_an_asterisk_that_does_not_read_fills_no_memory() -> None:
    line, transport = AudioSocketLine(lambda line: None), FullTransport()
    line.connection_made(transport)
    for _ in range(1000):
        line.send_sound(FRAME)
    assert len(transport.written) < MAX_UNSENT_BYTES + 2 * FRAME_BYTES
    assert line.unsent > 900
