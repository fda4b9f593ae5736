import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from structlog.testing import capture_logs
from support.voices import HandedOver, NotedCommands
from support.waiting import until

from connectors.asterisk_media.sessions import Sessions
from connectors.asterisk_media.settings import AsteriskMediaSettings, WebSocketSettings
from connectors.asterisk_media.websocket import MAX_UNSENT, WebSocketLine, WebSocketServer
from gateway.model.errors import ConfigurationError
from gateway.model.ids import LegId, PbxName
from gateway.model.secret import Secret
from gateway.ports.media import FRAME_BYTES, SessionEndedBy

LEG: Final = LegId("cc1-1795402189.4")
FRAME: Final = b"\1\2" * (FRAME_BYTES // 2)
WORDS: Final = "MEDIA_START connection_id:tieline channel:WebSocket/tieline/0x1 format:slin optimal_frame_size:320 ptime:20"
JSON: Final = (
    '{"event":"MEDIA_START","connection_id":"tieline","channel":"WebSocket/tieline/0x1","format":"slin",'
    '"optimal_frame_size":320,"channel_variables":{"A":"1"}}'
)


class World:
    """A server, and an HTTP client that calls it as Asterisk does."""

    def __init__(self, server: WebSocketServer, application: HandedOver, client: aiohttp.ClientSession) -> None:
        self.server, self.application, self._client = server, application, client

    async def asterisk(self, *messages: str | bytes, leg: str = LEG, **more: Any) -> aiohttp.ClientWebSocketResponse:
        assert self.server.address is not None
        host, port = self.server.address
        address = f"http://{host}:{port}/media?leg={leg}&called=4001"
        asterisk: aiohttp.ClientWebSocketResponse = await self._client.ws_connect(address, protocols=("media",), **more)
        for message in messages:
            await (asterisk.send_str(message) if isinstance(message, str) else asterisk.send_bytes(message))
        return asterisk


@asynccontextmanager
async def world(*, password: str | None = None, **changed: Any) -> AsyncIterator[World]:
    application = HandedOver()
    settings = WebSocketSettings(port=0, password=None if password is None else Secret(password))
    sessions = Sessions(
        PbxName("cc1"), AsteriskMediaSettings(chan_websocket=settings, **changed), application, NotedCommands(LEG)
    )
    server = WebSocketServer(sessions, settings)
    with capture_logs():
        async with aiohttp.ClientSession() as client:
            running = asyncio.create_task(server.run())
            try:
                await until(lambda: server.address is not None)
                yield World(server, application, client)
            finally:
                running.cancel()
                await asyncio.wait([running])


@pytest.mark.parametrize(("start", "as_json"), [(WORDS, False), (JSON, True)], ids=["words", "json"])
async def test_a_call_is_a_session_with_its_leg_its_sound_and_its_keys(start: str, as_json: bool) -> None:
    key = '{"event":"DTMF_END","digit":"5"}' if as_json else "DTMF_END digit:5"
    async with world() as w:
        asterisk = await w.asterisk(start, FRAME, key)
        session = await w.application.session()
        assert (session.info.leg, session.info.way) == (LEG, "chan_websocket")
        assert session.info.variables["called"] == "4001"
        assert session.info.variables.get("A") == ("1" if as_json else None)
        assert await session.frame() == FRAME
        assert await session.digit() == "5"
        await session.say(FRAME)
        assert await asterisk.receive_bytes(timeout=5) == FRAME
        await session.clear()
        assert await asterisk.receive_str(timeout=5) == ('{"command":"FLUSH_MEDIA"}' if as_json else "FLUSH_MEDIA")
        w.application.done.set()
        assert await asterisk.receive_str(timeout=5) == ('{"command":"HANGUP"}' if as_json else "HANGUP")
        await asterisk.close()


async def test_when_the_caller_hangs_up_the_session_ends() -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS)
        session = await w.application.session()
        await asterisk.close()
        assert await session.frame() is None
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.CALLER


async def test_an_asterisk_without_room_is_sent_nothing_until_it_has_some() -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS, "MEDIA_XOFF", "DTMF_END digit:1")
        session = await w.application.session()
        assert await session.digit() == "1"
        await session.say(FRAME)
        with pytest.raises(TimeoutError):
            await asterisk.receive(timeout=0.2)
        await asterisk.send_str("MEDIA_XON")
        assert await asterisk.receive_bytes(timeout=5) == FRAME
        await asterisk.close()


async def test_complaints_and_later_messages_end_nothing() -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS, "ERROR error_text:no such command", "QUEUE_DRAINED", "DTMF_END digit:1")
        assert await (await w.application.session()).digit() == "1"
        await asterisk.close()


@pytest.mark.parametrize("message", ["DTMF_END digit:xy", "{"])
async def test_what_is_no_message_of_asterisks_ends_the_session(message: str) -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS, message)
        session = await w.application.session()
        assert await session.frame() is None
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.FAULT
        await asterisk.close()


@pytest.mark.parametrize(
    "first", [FRAME, "DTMF_END digit:1", "{", WORDS.replace("320", "160"), WORDS.replace("320", "many")], ids=str
)
async def test_what_does_not_begin_as_it_must_is_no_session(first: str | bytes) -> None:
    async with world() as w:
        asterisk = await w.asterisk(first)
        assert (await asterisk.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert w.application.sessions.empty()
        await asterisk.close()


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def test_the_password_is_asked_for() -> None:
    async with world(password="geheim") as w:
        for wrong in ({}, basic("tieline:other"), basic("x:geheim"), basic("tieline"), {"Authorization": "Bearer geheim"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await w.asterisk(headers=wrong)
            assert refused.value.status == 401
        asterisk = await w.asterisk(WORDS, headers=basic("tieline:geheim"))
        await w.application.session()
        await asterisk.close()


@pytest.mark.parametrize(("changed", "status"), [({"allow": ("192.0.2.1",)}, 403), ({"max_calls": 1}, 503)])
async def test_who_may_not_come_is_turned_away(changed: dict[str, Any], status: int) -> None:
    async with world(**changed) as w:
        first = None
        if status == 503:
            first = await w.asterisk(WORDS)
            await w.application.session()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await w.asterisk(WORDS)
        assert refused.value.status == status
        if first is not None:
            await first.close()


async def test_a_page_in_a_browser_gets_nothing() -> None:
    async with world() as w, aiohttp.ClientSession() as client:
        assert w.server.address is not None
        host, port = w.server.address
        async with client.get(f"http://{host}:{port}/media") as answer:
            assert answer.status == 426


async def test_a_leg_that_is_not_there_is_served_all_the_same() -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS, leg="")
        assert (await w.application.session()).info.leg is None
        await asterisk.close()


async def test_when_the_gateway_stops_its_calls_are_closed() -> None:
    async with world() as w:
        asterisk = await w.asterisk(WORDS)
        await w.application.session()
        closed = asyncio.ensure_future(asterisk.receive(timeout=5))
        await asyncio.sleep(0)
    assert (await closed).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_an_asterisk_that_does_not_read_fills_no_memory() -> None:
    line = WebSocketLine(aiohttp.web.WebSocketResponse(), "127.0.0.1")
    for _ in range(1000):
        line.send_sound(FRAME)
    assert line.unsent == 1000 - MAX_UNSENT


async def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("none")
    settings = WebSocketSettings(port=0, certificate=str(tmp_path / "c.pem"), key=str(tmp_path / "c.pem"))
    media = AsteriskMediaSettings(chan_websocket=settings)
    server = WebSocketServer(Sessions(PbxName("cc1"), media, HandedOver(), NotedCommands()), settings)
    with pytest.raises(ConfigurationError, match=r"chan_websocket\.certificate"):
        await server.run()
