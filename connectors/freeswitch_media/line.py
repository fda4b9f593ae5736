"""One connection of a FreeSWITCH's ``socket`` application: commands out, and what becomes of the leg.

The leg is gone from us when FreeSWITCH hangs it up, or takes it out of the parking in which the application holds it: by a
transfer of anybody's. The connection outlives a transfer, so it is closed then.

Source: FreeSWITCH's ``mod_event_socket.c`` (``socket_function``, ``listener_run``).
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, cast

import structlog

from connectors.freeswitch_media.protocol import DISCONNECT, EVENT, REPLY, TOLD, Frame, FrameReader
from connectors.freeswitch_media.session import FreeswitchSession
from gateway.model.errors import PeerProtocolError, PeerUnavailableError
from gateway.ports.media import SessionEndedBy

WAY: Final = "unicast"
ANSWER_S: Final = 5.0
"""Seconds in which FreeSWITCH answers a command."""
EARLY: Final = 100
"""Events that wait for the session; further ones are dropped."""
_GONE: Final = frozenset({"CHANNEL_HANGUP", "CHANNEL_UNPARK"})
_DIGITS: Final = frozenset("0123456789*#ABCD")

_log = structlog.get_logger()


class OutboundLine(asyncio.Protocol):
    """See the module."""

    def __init__(self, began: Callable[["OutboundLine"], None]) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the leg is gone from us."""
        self._began = began
        self._reader = FrameReader()
        self._reply: asyncio.Future[Frame] | None = None
        self._session: FreeswitchSession | None = None
        self._early: list[Frame] = []
        self._undone = 0
        self._ran = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._left = False
        self._ended: tuple[SessionEndedBy, str] | None = None

    @property
    def peer(self) -> str:
        """The address of whoever connected."""
        return self._address("peername")

    @property
    def here(self) -> str:
        """The address at which he reached us."""
        return self._address("sockname")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._began(self)

    def data_received(self, data: bytes) -> None:
        """Take what FreeSWITCH says."""
        try:
            for frame in self._reader.receive_data(data):
                self._take(frame)
        except PeerProtocolError as error:
            self.end(SessionEndedBy.FAULT, str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        """End. FreeSWITCH says good-bye first, unless it has died."""
        if self._left:
            self.end(SessionEndedBy.APPLICATION)
        else:
            self.end(SessionEndedBy.FAULT, f"the connection broke: {exc or 'closed without a word'}")

    async def ask(self, command: bytes) -> Frame:
        """Send a command and return the answer; one at a time.

        Raises:
            PeerUnavailableError: There is none, or it is a refusal.
        """
        if self._transport is None or self._ended is not None:
            raise PeerUnavailableError(f"{self.peer} has left")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(command)
        either: set[asyncio.Future[Frame] | asyncio.Future[None]] = {self._reply, self.gone}
        await asyncio.wait(either, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._reply.done():
            why = "has left" if self.gone.done() else "does not answer: this is no FreeSWITCH's `socket` application"
            raise PeerUnavailableError(f"{self.peer} {why}")
        reply = self._reply.result()
        if reply.get("Reply-Text").startswith("-ERR"):
            raise PeerUnavailableError(f"{self.peer} refuses: {reply.get('Reply-Text')}")
        return reply

    def attach(self, session: FreeswitchSession) -> None:
        """Tell the session what became and becomes of its leg."""
        self._session = session
        early, self._early = self._early, []
        for event in early:
            self._hear(session, event)
        if self._ended is not None:
            session.end(*self._ended)

    def send(self, command: bytes) -> None:
        """Send a command whose answer tells nothing: +OK says that it waits for the leg."""
        if self._transport is not None and self._ended is None:
            self._transport.write(command)

    async def run(self, commands: Sequence[bytes]) -> None:
        """Send applications to run, and wait until all have, ``ANSWER_S`` at most. Cancelling is safe."""
        if self._ended is not None:
            return
        self._undone = len(commands)
        self._ran.clear()
        self.send(b"".join(commands))
        # A leg that goes ends the waiting as well.
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self._ran.wait()

    def leave(self) -> None:
        """Close: FreeSWITCH takes the leg out of its parking, and the dial plan goes on."""
        self._left = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    def end(self, by: SessionEndedBy, detail: str = "") -> None:
        """Close, and tell the session why; the first reason stays."""
        if self._ended is None:
            self._ended = (by, detail and f"{self.peer}: {detail}")
            if by is SessionEndedBy.FAULT:
                _log.warning("media_fault", way=WAY, detail=self._ended[1])
            if self._session is not None:
                self._session.end(*self._ended)
        if not self.gone.done():
            self.gone.set_result(None)
        self._ran.set()
        self.leave()

    def _take(self, frame: Frame) -> None:
        if frame.kind == REPLY:
            if self._reply is not None and not self._reply.done():
                self._reply.set_result(frame)
        elif frame.kind == DISCONNECT:
            self.end(SessionEndedBy.CALLER)
        elif frame.kind == EVENT:
            if self._session is not None:
                self._hear(self._session, frame)
            elif len(self._early) < EARLY:
                self._early.append(frame)

    def _hear(self, session: FreeswitchSession, event: Frame) -> None:
        if event.get("Unique-ID") != session.info.id:
            return
        name, digit = event.get("Event-Name"), event.get("DTMF-Digit")
        if name in _GONE:
            self.end(SessionEndedBy.CALLER)
        elif name == "CHANNEL_EXECUTE_COMPLETE" and event.get("Application-UUID") == TOLD:
            self._undone -= 1
            if self._undone <= 0:
                self._ran.set()
        elif name == "DTMF" and digit in _DIGITS:
            session.heard.put_digit(digit)

    def _address(self, which: str) -> str:
        name = None if self._transport is None else self._transport.get_extra_info(which)
        return str(name[0]) if name else ""
