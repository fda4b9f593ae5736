import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from structlog.testing import capture_logs
from support.virtual_time import in_virtual_time
from support.voices import NotedCommands
from support.waiting import until

from connectors.freeswitch_media.line import ANSWER_S, EARLY, OutboundLine
from connectors.freeswitch_media.protocol import CONNECT, HANG_UP, TOLD, export
from connectors.freeswitch_media.session import FreeswitchSession
from gateway.model.errors import PeerUnavailableError
from gateway.model.ids import PbxName
from gateway.ports.media import SessionEndedBy, SessionId, SessionInfo

OK: Final = b"Content-Type: command/reply\nReply-Text: +OK\n\n"
NOTICE: Final = b"Content-Type: text/disconnect-notice\nContent-Disposition: disconnect\nContent-Length: 4\n\nBye\n"


def event(name: str, **more: str) -> bytes:
    lines = {"Event-Name": name, "Unique-ID": "leg", **{key.replace("__", "-"): value for key, value in more.items()}}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n"
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(text) + text


class Peer:
    def __init__(self, line: OutboundLine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.line, self.reader, self.writer = line, reader, writer

    def session(self) -> FreeswitchSession:
        info = SessionInfo(id=SessionId("leg"), pbx=PbxName("fs1"), leg=None, way="unicast")
        made = FreeswitchSession(info, self.line, lambda _: None, NotedCommands())
        self.line.attach(made)
        return made


@asynccontextmanager
async def connected() -> AsyncIterator[Peer]:
    lines: list[OutboundLine] = []
    loop = asyncio.get_running_loop()
    with capture_logs():
        server = await loop.create_server(lambda: OutboundLine(lines.append), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        await until(lambda: bool(lines))
        try:
            yield Peer(lines[0], reader, writer)
        finally:
            lines[0].abort()
            writer.transport.abort()
            server.close()
            await asyncio.sleep(0.01)


@in_virtual_time
async def test_a_command_is_answered() -> None:
    async with connected() as peer:
        peer.writer.write(OK)  # to nothing
        await asyncio.sleep(0.01)
        asking = asyncio.create_task(peer.line.ask(CONNECT))
        assert await peer.reader.readexactly(len(CONNECT)) == CONNECT
        peer.writer.write(OK)
        assert (await asking).get("Reply-Text") == "+OK"
        assert (peer.line.peer, peer.line.here) == ("127.0.0.1", "127.0.0.1")


@in_virtual_time
async def test_no_answer_a_refusal_and_a_good_bye_are_told() -> None:
    async with connected() as peer:
        with pytest.raises(PeerUnavailableError, match="does not answer"):
            await peer.line.ask(CONNECT)
        assert asyncio.get_running_loop().time() == pytest.approx(ANSWER_S, abs=0.1)
        asking = asyncio.create_task(peer.line.ask(CONNECT))
        await asyncio.sleep(0)
        peer.writer.write(b"Content-Type: command/reply\nReply-Text: -ERR no\n\n")
        with pytest.raises(PeerUnavailableError, match="refuses: -ERR no"):
            await asking
        asking = asyncio.create_task(peer.line.ask(CONNECT))
        await asyncio.sleep(0)
        peer.writer.write(NOTICE)
        with pytest.raises(PeerUnavailableError, match="has left"):
            await asking
        with pytest.raises(PeerUnavailableError, match="has left"):
            await peer.line.ask(CONNECT)


@pytest.mark.parametrize("said", [NOTICE, event("CHANNEL_HANGUP"), event("CHANNEL_UNPARK")], ids=["notice", "hangup", "unpark"])
@pytest.mark.parametrize("early", [True, False])
@in_virtual_time
async def test_a_leg_that_is_gone_ends_the_session_and_the_connection(said: bytes, early: bool) -> None:
    async with connected() as peer:
        session = None if early else peer.session()
        peer.writer.write(said)
        await asyncio.sleep(0.01)
        session = session or peer.session()
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.CALLER
        assert await peer.reader.read() == b""
        assert peer.line.gone.done()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", None], ids=["garbage", "nothing"])
@in_virtual_time
async def test_what_is_said_wrong_and_an_end_without_a_word_are_faults(said: bytes | None) -> None:
    async with connected() as peer:
        session = peer.session()
        if said is None:
            peer.writer.close()
        else:
            peer.writer.write(said)
        await until(lambda: session.ended is not None)
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.FAULT
        assert session.ended.detail.startswith("127.0.0.1: ")


@in_virtual_time
async def test_what_we_leave_is_no_fault() -> None:
    async with connected() as peer:
        session = peer.session()
        peer.line.leave()
        await until(lambda: session.ended is not None)
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.APPLICATION


@in_virtual_time
async def test_what_is_asked_for_while_the_leg_is_there_is_sent() -> None:
    async with connected() as peer:
        peer.line.send(HANG_UP)
        assert await peer.reader.readexactly(len(HANG_UP)) == HANG_UP
        peer.writer.write(NOTICE)
        await peer.line.gone
        peer.line.send(HANG_UP)
        assert await peer.reader.read() == b""


@in_virtual_time
async def test_events_that_wait_for_the_session_are_so_many_and_no_more() -> None:
    async with connected() as peer:
        peer.writer.write(b"".join(event("DTMF", DTMF__Digit=str(number % 10)) for number in range(EARLY + 5)))
        await asyncio.sleep(0.01)
        session = peer.session()
        for number in range(EARLY):
            assert await session.digit() == str(number % 10)
        session.end(SessionEndedBy.CALLER)
        assert await session.digit() is None


@in_virtual_time
async def test_applications_have_run_when_freeswitch_says_so_of_each() -> None:
    async with connected() as peer:
        peer.session()
        commands = export({"intent": "invoice", "summary": "wants a copy"})
        running = asyncio.create_task(peer.line.run(commands))
        assert await peer.reader.readexactly(len(b"".join(commands))) == b"".join(commands)
        done = event("CHANNEL_EXECUTE_COMPLETE", Application__UUID=TOLD)
        peer.writer.write(OK + OK + done + event("CHANNEL_EXECUTE_COMPLETE", Application__UUID="another"))
        await asyncio.sleep(0.1)
        assert not running.done()
        peer.writer.write(done)
        await running


@pytest.mark.parametrize(("said", "lasts_s"), [(b"", ANSWER_S), (NOTICE, 0.0)])
@in_virtual_time
async def test_what_is_never_done_is_not_waited_for_long(said: bytes, lasts_s: float) -> None:
    async with connected() as peer:
        peer.session()
        began = asyncio.get_running_loop().time()
        peer.writer.write(said)
        await peer.line.run(export({"intent": "invoice"}))
        assert asyncio.get_running_loop().time() - began == pytest.approx(lasts_s, abs=0.1)


@in_virtual_time
async def test_for_a_leg_that_is_gone_nothing_is_run() -> None:
    async with connected() as peer:
        peer.writer.write(NOTICE)
        await peer.line.gone
        await peer.line.run(export({"intent": "invoice"}))
        assert asyncio.get_running_loop().time() < 1.0
