"""The server that the dial plan's ``AudioSocket(UUID,host:port)`` calls.

The UUID tells whose voice it is: the MD5 of the leg's Uniqueid, which the dial plan can make and we can compare. Another
UUID is served too; that caller cannot be sent elsewhere.
"""

import asyncio
import hashlib
import socket
from collections.abc import Callable
from typing import Final, cast

import structlog

from connectors.asterisk_media.protocol.audiosocket import (
    FASTER_SOUND,
    AudioSocketReader,
    Kind,
    Packet,
    digit_of,
    id_of,
    packet,
)
from connectors.asterisk_media.session import AsteriskSession
from connectors.asterisk_media.sessions import Sessions
from gateway.model.errors import PeerProtocolError
from gateway.model.ids import LegId
from gateway.ports.media import SessionEndedBy, SessionId, SessionInfo

WAY: Final = "audiosocket"
ID_S: Final = 5.0
"""Seconds in which whoever connects must say which call it is."""
MAX_UNSENT_BYTES: Final = 8 * 1024
"""That an Asterisk may leave unread, half a second of sound; what is more is not sent: it would come too late."""

_log = structlog.get_logger()


def uuid_of(leg: LegId) -> str:
    """Return the UUID, as 32 hexadecimal digits, that the dial plan makes of a leg's Uniqueid."""
    return hashlib.md5(leg.encode(), usedforsecurity=False).hexdigest()


class AudioSocketLine(asyncio.Protocol):
    """One connection of an Asterisk; a session begins when it has said its UUID."""

    def __init__(self, began: Callable[["AudioSocketLine"], None]) -> None:
        self.session: AsteriskSession | None = None
        self.id: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """The UUID; None when the connection closed before."""
        self.unsent = 0
        """Frames that the Asterisk was too slow for."""
        self._began = began
        self._reader = AudioSocketReader()
        self._early: list[Packet] = []
        self._transport: asyncio.Transport | None = None
        self._ended: tuple[SessionEndedBy, str] | None = None

    @property
    def peer(self) -> str:
        """The address of whoever connected."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._began(self)

    def data_received(self, data: bytes) -> None:
        """Take what the Asterisk says."""
        try:
            for each in self._reader.receive_data(data):
                self._take(each)
        except PeerProtocolError as error:
            self._end(SessionEndedBy.FAULT, f"{self.peer}: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        # Asterisk closes while we speak: what we write then finds nobody.
        if exc is None or isinstance(exc, BrokenPipeError | ConnectionResetError):
            self._end(SessionEndedBy.CALLER)
        else:
            self._end(SessionEndedBy.FAULT, f"{self.peer}: {exc}")

    def attach(self, session: AsteriskSession) -> None:
        """Give the session what came and what comes."""
        self.session = session
        early, self._early = self._early, []
        try:
            for each in early:
                self._hear(session, each)
        except PeerProtocolError as error:
            self._end(SessionEndedBy.FAULT, f"{self.peer}: {error}")
        if self._ended is not None:
            session.end(*self._ended)

    def send_sound(self, frame: bytes) -> None:
        """Send a frame, unless the Asterisk does not read."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.unsent += 1
            return
        self._transport.write(packet(Kind.SOUND, frame))

    def flush(self) -> None:
        """An Asterisk plays each frame when it gets it: there is nothing to forget."""

    def leave(self) -> None:
        """Tell the Asterisk to go on, and close when that is sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet(Kind.HANG_UP))
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, each: Packet) -> None:
        if not self.id.done():
            if each.kind != Kind.ID:
                raise PeerProtocolError(f"begins with kind 0x{each.kind:02x} instead of an id: this is no AudioSocket")
            self.id.set_result(id_of(each.payload))
        elif each.kind == Kind.HANG_UP:
            self._end(SessionEndedBy.CALLER)
        elif self.session is not None:
            self._hear(self.session, each)
        elif len(self._early) < 1000:
            self._early.append(each)

    def _hear(self, session: AsteriskSession, each: Packet) -> None:
        match each.kind:
            case Kind.SOUND:
                session.heard.put_sound(each.payload)
            case Kind.DIGIT:
                session.heard.put_digit(digit_of(each.payload))
            case Kind.ERROR:
                self._end(SessionEndedBy.FAULT, f"{self.peer}: Asterisk reports error {each.payload.hex()}")
            case kind if kind in FASTER_SOUND:
                detail = f"{self.peer} sends sound of another rate than 8 kHz: take c(slin) into the dial string"
                self._end(SessionEndedBy.FAULT, detail)
            case _:
                pass  # what a later Asterisk may add

    def _end(self, by: SessionEndedBy, detail: str = "") -> None:
        if self._ended is None:
            self._ended = (by, detail)
            if by is SessionEndedBy.FAULT:
                _log.warning("media_fault", way=WAY, detail=detail)
        if not self.id.done():
            self.id.set_result(None)
        if self.session is not None:
            self.session.end(by, detail)
        if self._transport is not None:
            self._transport.close()


class AudioSocketServer:
    """Listens for one Asterisk."""

    def __init__(self, sessions: Sessions, host: str, port: int) -> None:
        self._sessions = sessions
        self._host = host
        self._port = port
        self._lines: set[AudioSocketLine] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self.address: tuple[str, int] | None = None
        """Where it listens, while it does."""

    async def run(self) -> None:
        """Listen until cancelled; then the calls go back to the dial plan.

        Raises:
            OSError: The address is taken, or none of ours.
        """
        loop = asyncio.get_running_loop()
        # One that is stopped while it begins to listen would leave its port open.
        server = await loop.create_server(lambda: AudioSocketLine(self._begin), self._host, self._port, start_serving=False)
        try:
            await server.start_serving()
            self.address = server.sockets[0].getsockname()[:2]
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                _log.info("media_listening", pbx=self._sessions.pbx, way=WAY, host=self.address[0], port=self.address[1])
                await server.serve_forever()
        finally:
            self._tasks = None
            self.address = None
            server.close()
            for line in tuple(self._lines):
                line.leave()
            self._lines.clear()

    def _begin(self, line: AudioSocketLine) -> None:
        if self._tasks is None or not self._sessions.may_come(line.peer):
            line.abort()
            return
        self._lines.add(line)
        self._tasks.create_task(self._serve(line), name=f"{WAY}.{line.peer}")

    async def _serve(self, line: AudioSocketLine) -> None:
        try:
            try:
                async with asyncio.timeout(ID_S):
                    uuid = await line.id
            except TimeoutError:
                uuid = None
            if uuid is None or not self._sessions.has_room():
                return
            leg = await self._sessions.leg(lambda leg: uuid_of(leg) == uuid)
            info = SessionInfo(id=SessionId(uuid), pbx=self._sessions.pbx, leg=leg, way=WAY)
            session = AsteriskSession(info, line, self._sessions.commands, ahead=0, unbroken=True)
            line.attach(session)
            await self._sessions.serve(session)
        finally:
            self._lines.discard(line)
            line.leave()
