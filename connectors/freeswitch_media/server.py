"""The server that a FreeSWITCH's dial plan calls: ``<action application="socket" data="host:port async"/>``.

Who closes before the leg is parked leaves it in silence for ever, so whom there is no room for is kept that long. The sound
begins with the first datagram: FreeSWITCH says +OK to ``unicast`` whatever comes of it.

Source: FreeSWITCH's ``mod_event_socket.c`` (``socket_function``), ``switch_ivr.c`` (``switch_ivr_park``).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from connectors._kit.voice_sessions import VoiceSessions
from connectors.freeswitch_media.line import WAY, OutboundLine
from connectors.freeswitch_media.protocol import CONNECT, MY_EVENTS, Frame, unicast
from connectors.freeswitch_media.session import FreeswitchSession
from connectors.freeswitch_media.settings import FreeswitchMediaSettings
from connectors.freeswitch_media.sound import LOST_S, SoundSocket
from gateway.model.errors import PeerUnavailableError
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import RATE_HZ, CallApplication, LegCommands, SessionEndedBy, SessionId, SessionInfo
from gateway.ports.plugins import MediaServer

RETRY_S: Final = 10.0
"""Seconds after which it is tried again to listen at an address that is taken."""
PARKED_S: Final = 0.5
"""Seconds in which FreeSWITCH parks a leg that we took."""
FIRST_SOUND_S: Final = 3.0
"""Seconds in which the first datagram comes."""

_log = structlog.get_logger()


class FreeswitchMedia:
    """See the module.

    Args:
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        pbx: PbxName,
        settings: FreeswitchMediaSettings,
        application: CallApplication,
        commands: LegCommands,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._sessions = VoiceSessions(pbx, settings.allow, settings.max_calls, application, commands)
        self._lines: set[OutboundLine] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self.address: tuple[str, int] | None = None
        """Where it listens, while it does."""

    async def run(self) -> None:
        """Listen until cancelled; then the callers go back to the dial plan."""
        while True:
            try:
                await self._listen()
            except OSError as error:
                # Calls go on without voice for applications: no reason to end the gateway.
                _log.error("media_not_listening", pbx=self._sessions.pbx, reason=str(error), retry_s=RETRY_S)
                await self._sleep(RETRY_S)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        host, port = self._settings.host, self._settings.port
        server = await loop.create_server(
            lambda: OutboundLine(self._begin), host, port, family=socket.AF_INET, start_serving=False
        )
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

    def _begin(self, line: OutboundLine) -> None:
        if self._tasks is None or not self._sessions.may_come(line.peer):
            line.abort()
            return
        self._lines.add(line)
        self._tasks.create_task(self._handle(line), name=f"{WAY}.{line.peer}")

    async def _handle(self, line: OutboundLine) -> None:
        try:
            facts = await line.ask(CONNECT)
            if facts.get("Unique-ID") and self._sessions.has_room() and _is_of_our_rate(facts, line):
                await line.ask(MY_EVENTS)
                await self._talk(line, facts)
            else:
                await asyncio.wait({line.gone}, timeout=PARKED_S)
        except (PeerUnavailableError, OSError) as error:
            # Of a line that has ended the line itself told, if there was anything to tell.
            if not line.gone.done():
                _log.warning("media_fault", way=WAY, detail=str(error))
        finally:
            self._lines.discard(line)
            line.leave()

    async def _talk(self, line: OutboundLine, facts: Frame) -> None:
        own = LegId(facts.get("Unique-ID"))
        leg = await self._sessions.leg(lambda leg: leg == own)
        info = SessionInfo(id=SessionId(own), pbx=self._sessions.pbx, leg=leg, way=WAY, variables=facts.variables())
        sound = await SoundSocket.open(line.here, line.peer, lambda: line.end(SessionEndedBy.FAULT, f"no sound for {LOST_S:g} s"))
        try:
            session = FreeswitchSession(info, line, sound.send, self._sessions.commands)
            sound.heard = session.heard.put_sound
            line.attach(session)
            await line.ask(unicast(line.peer, sound.address))
            await asyncio.wait({sound.began, line.gone}, timeout=FIRST_SOUND_S, return_when=asyncio.FIRST_COMPLETED)
            if sound.began.done():
                await self._sessions.serve(session)
            elif session.ended is None:
                raise PeerUnavailableError(f"{line.peer} sends no sound to {line.here}: no NAT or firewall may stand between")
        finally:
            sound.close()


def _is_of_our_rate(facts: Frame, line: OutboundLine) -> bool:
    rate = facts.get("Channel-Read-Codec-Rate")
    if rate == str(RATE_HZ):
        return True
    codec = facts.get("Channel-Read-Codec-Name")
    detail = f"sound at {rate or '?'} Hz ({codec or 'no codec yet'}): answer by PCMA or PCMU before the socket"
    _log.warning("media_fault", way=WAY, detail=f"{line.peer}: {detail}", cure="tieline pbx snippet freeswitch_media")
    return False


def create(pbx: PbxName, settings: FreeswitchMediaSettings, application: CallApplication, commands: LegCommands) -> MediaServer:
    """Make the server; see :class:`gateway.ports.plugins.CreateMedia`."""
    return FreeswitchMedia(pbx, settings, application, commands)
