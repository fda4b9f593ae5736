"""Both ways in which an Asterisk brings its calls' voice, as they are configured."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from connectors.asterisk_media.audiosocket import AudioSocketServer
from connectors.asterisk_media.sessions import Sessions
from connectors.asterisk_media.settings import AsteriskMediaSettings
from connectors.asterisk_media.websocket import WebSocketServer
from gateway.model.errors import ConfigurationError
from gateway.model.ids import PbxName
from gateway.ports.media import CallApplication, LegCommands
from gateway.ports.plugins import MediaServer

RETRY_S: Final = 10.0
"""Seconds after which it is tried again to listen at an address that is taken."""

_log = structlog.get_logger()


class AsteriskMedia:
    """See the module.

    Args:
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        pbx: PbxName,
        settings: AsteriskMediaSettings,
        application: CallApplication,
        commands: LegCommands,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        sessions = Sessions(pbx, settings, application, commands)
        self._pbx = pbx
        self._sleep = sleep
        audiosocket, chan_websocket = settings.audiosocket, settings.chan_websocket
        self.audiosocket = None if audiosocket is None else AudioSocketServer(sessions, audiosocket.host, audiosocket.port)
        self.chan_websocket = None if chan_websocket is None else WebSocketServer(sessions, chan_websocket)

    async def run(self) -> None:
        """Listen until cancelled; then the callers go back to the dial plan."""
        async with asyncio.TaskGroup() as tasks:
            for server in (self.audiosocket, self.chan_websocket):
                if server is not None:
                    tasks.create_task(self._keep(server), name=f"{self._pbx}.{type(server).__name__}")

    async def _keep(self, server: AudioSocketServer | WebSocketServer) -> None:
        while True:
            try:
                await server.run()
            except (OSError, ConfigurationError) as error:
                # Calls go on without voice for applications: no reason to end the gateway.
                _log.error("media_not_listening", pbx=self._pbx, reason=str(error), retry_s=RETRY_S)
                await self._sleep(RETRY_S)


def create(pbx: PbxName, settings: AsteriskMediaSettings, application: CallApplication, commands: LegCommands) -> MediaServer:
    """Make the server; see :class:`gateway.ports.plugins.CreateMedia`."""
    return AsteriskMedia(pbx, settings, application, commands)
