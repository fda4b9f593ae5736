"""The server that the dial plan's ``Dial(WebSocket/…)`` calls: Asterisk's WebSocket channel, Asterisk being the client.

Which leg it is stands in the address (``?leg=${UNIQUEID}``), where the dial string's ``v()`` puts it.
"""

import asyncio
import base64
import hmac
import ssl
from collections import deque
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import WSMsgType, hdrs, web

from connectors.asterisk_media.protocol.websocket import (
    Complaint,
    DigitPressed,
    MediaMessage,
    MediaStarted,
    NoRoom,
    RoomAgain,
    command,
    is_json,
    parse,
)
from connectors.asterisk_media.session import AsteriskSession
from connectors.asterisk_media.sessions import Sessions
from connectors.asterisk_media.settings import WebSocketSettings
from gateway.model.errors import ConfigurationError, PeerProtocolError
from gateway.model.ids import LegId
from gateway.ports.media import FRAME_BYTES, SessionEndedBy, SessionId, SessionInfo

WAY: Final = "chan_websocket"
PATH: Final = "/media"
SUBPROTOCOL: Final = "media"
START_S: Final = 5.0
"""Seconds in which the first message must come."""
AHEAD: Final = 10
"""Frames that Asterisk keeps for us, so that our being late by 200 ms is not heard; a clearing takes them back."""
MAX_UNSENT: Final = 100
"""Messages that an Asterisk may leave unread; the oldest sound is dropped then."""
MAX_MESSAGE_BYTES: Final = 64 * 1024
HEARTBEAT_S: Final = 20.0
"""Seconds between two pings; an Asterisk that does not answer is gone."""
CLOSE_S: Final = 1.0

_log = structlog.get_logger()


class WebSocketLine:
    """One connection of an Asterisk."""

    def __init__(self, socket: web.WebSocketResponse, peer: str) -> None:
        self.unsent = 0
        """Frames that the Asterisk was too slow for."""
        self._socket = socket
        self._peer = peer
        self._as_json = False
        self._out: deque[bytes | str] = deque()
        self._news = asyncio.Event()
        self._leaving = False

    async def started(self) -> MediaStarted | None:
        """Wait for the first message; None when there came another, or none.

        Raises:
            PeerProtocolError: It is none of Asterisk's, or the sound is not of 8 kHz and 16 bits.
        """
        try:
            async with asyncio.timeout(START_S):
                first = await self._socket.receive()
        except TimeoutError:
            return None
        if first.type is not WSMsgType.TEXT:
            return None
        self._as_json = is_json(first.data)
        told = parse(first.data)
        if not isinstance(told, MediaStarted):
            raise PeerProtocolError("the first message is no MEDIA_START")
        if told.frame_bytes != FRAME_BYTES:
            raise PeerProtocolError(
                f"sound as {told.format or '?'}, {told.frame_bytes} bytes each 20 ms: write c(slin) into the dial string"
            )
        return told

    async def run(self, session: AsteriskSession) -> None:
        """Take what comes until it closes, and send what is to be sent. Cancelling is safe."""
        writing = asyncio.create_task(self._write(), name=f"{session.info.id}.write")
        try:
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    session.heard.put_sound(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._take(session, parse(message.data))
            error = self._socket.exception()
            if error is None:
                session.end(SessionEndedBy.CALLER)
            else:
                session.end(SessionEndedBy.FAULT, f"{self._peer}: {error}")
        except PeerProtocolError as error:
            _log.warning("media_fault", way=WAY, detail=f"{self._peer}: {error}")
            session.end(SessionEndedBy.FAULT, f"{self._peer}: {error}")
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    def send_sound(self, frame: bytes) -> None:
        """Send a frame after what waits; when the Asterisk does not read, the oldest is dropped."""
        if len(self._out) >= MAX_UNSENT:
            self._out.popleft()
            self.unsent += 1
        self._put(frame)

    def flush(self) -> None:
        """Have the Asterisk forget what it has not played, and do not send what waits here."""
        self._out.clear()
        self._put(command("FLUSH_MEDIA", as_json=self._as_json))

    def leave(self) -> None:
        """Hang the leg to us up: the dial plan goes on behind its ``Dial()``."""
        if not self._leaving:
            self._leaving = True
            self._out.clear()
            self._put(command("HANGUP", as_json=self._as_json))

    def _put(self, message: bytes | str) -> None:
        self._out.append(message)
        self._news.set()

    def _take(self, session: AsteriskSession, told: MediaMessage) -> None:
        match told:
            case DigitPressed():
                session.heard.put_digit(told.digit)
            case NoRoom():
                session.mouth.pause(True)
            case RoomAgain():
                session.mouth.pause(False)
            case Complaint():
                _log.warning("media_complaint", way=WAY, session=session.info.id, text=told.text)
            case _:
                pass  # asks nothing of us

    async def _write(self) -> None:
        with suppress(ConnectionError):  # whoever reads learns of it as well
            while True:
                while self._out:
                    message = self._out.popleft()
                    if isinstance(message, bytes):
                        await self._socket.send_bytes(message)
                    else:
                        await self._socket.send_str(message)
                self._news.clear()
                await self._news.wait()


class WebSocketServer:
    """Listens for one Asterisk."""

    def __init__(self, sessions: Sessions, settings: WebSocketSettings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._sockets: set[web.WebSocketResponse] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self.address: tuple[str, int] | None = None
        """Where it listens, while it does."""

    async def run(self) -> None:
        """Listen until cancelled; then the calls go back to the dial plan.

        Raises:
            OSError: The address is taken, or none of ours.
            ConfigurationError: The certificate cannot be used.
        """
        application = web.Application()
        application.router.add_get(PATH, self._answer)
        context = await asyncio.to_thread(_context, self._settings)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_S, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._settings.host, self._settings.port, ssl_context=context).start()
            self.address = runner.addresses[0][:2]
            _log.info("media_listening", pbx=self._sessions.pbx, way=WAY, host=self.address[0], port=self.address[1])
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    await asyncio.Event().wait()
                finally:
                    self._tasks = None
                    for socket in tuple(self._sockets):
                        await socket.close()
        finally:
            self.address = None
            for socket in tuple(self._sockets):
                await socket.close()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        peer = request.remote or ""
        if not self._sessions.may_come(peer):
            raise web.HTTPForbidden
        if not self._is_known(request):
            _log.warning("media_wrong_password", way=WAY, address=peer)
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="media"'})
        if not self._sessions.has_room():
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), max_msg_size=MAX_MESSAGE_BYTES, heartbeat=HEARTBEAT_S, timeout=CLOSE_S, compress=False
        )
        if not socket.can_prepare(request):
            raise web.HTTPUpgradeRequired
        await socket.prepare(request)
        if self._tasks is None:
            return socket
        self._sockets.add(socket)
        # aiohttp cancels who answers a client that is gone: an application is not over because its caller has been sent on.
        serving = self._tasks.create_task(self._serve(request, socket, peer), name=f"{WAY}.{peer}")
        try:
            await asyncio.shield(serving)
        finally:
            self._sockets.discard(socket)
            await socket.close()
        return socket

    async def _serve(self, request: web.Request, socket: web.WebSocketResponse, peer: str) -> None:
        line = WebSocketLine(socket, peer)
        try:
            started = await line.started()
        except PeerProtocolError as error:
            _log.warning("media_fault", way=WAY, detail=f"{peer}: {error}")
            return
        if started is None:
            return
        named = LegId(request.query.get("leg", ""))
        leg = await self._sessions.leg(lambda leg: leg == named) if named else None
        variables = {**started.variables, **request.query}
        info = SessionInfo(id=SessionId(started.leg_name), pbx=self._sessions.pbx, leg=leg, way=WAY, variables=variables)
        session = AsteriskSession(info, line, self._sessions.commands, ahead=AHEAD, unbroken=False)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(line.run(session), name=f"{info.id}.read")
            await self._sessions.serve(session)
            reading.cancel()

    def _is_known(self, request: web.Request) -> bool:
        password = self._settings.password
        if password is None:
            return True
        wanted = base64.b64encode(f"{self._settings.username}:{password.reveal()}".encode())
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), wanted)


def _context(settings: WebSocketSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"`chan_websocket.certificate` cannot be used: {error}") from error
    return context
