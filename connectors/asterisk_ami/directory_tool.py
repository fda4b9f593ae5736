"""Reads an Asterisk's list of users over a connection of its own, for a command that works without a gateway."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors._kit.backoff import GOES_ON
from connectors.asterisk_ami.connection import create
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.directory import Directory
from gateway.model.errors import PeerUnavailableError
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Gap, LinkState, LinkStatus

_NAME: Final = PbxName("directory")


async def directory(settings: AsteriskSettings) -> Directory:
    """Connect, read, and leave. Cancelling is safe.

    Raises:
        PeerUnavailableError: The PBX cannot be reached, or refuses us; the text says why.
        CommandUnansweredError: It did not answer.
        ConfigurationError: The settings cannot be used.
    """
    with TemporaryDirectory(prefix="tieline-directory-") as state_dir:
        connector = create(_NAME, settings, Path(state_dir))
        sink = _Waiting()
        running = asyncio.create_task(connector.run(sink), name="directory")
        try:
            await sink.connected
            return await connector.directory()
        finally:
            running.cancel()
            await asyncio.wait([running])


class _Waiting:
    """A sink that only waits for the connection; see :class:`gateway.ports.connector.EventSink`."""

    def __init__(self) -> None:
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        """Pass over what happens meanwhile."""

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        """Pass over it: nobody listens to calls here."""

    def report(self, pbx: PbxName, state: LinkState) -> None:
        """See whether the connection is there, or cannot be."""
        if self.connected.done():
            return
        if state.status is LinkStatus.CONNECTED:
            self.connected.set_result(None)
        elif state.status in (LinkStatus.REFUSED, LinkStatus.RETRYING):
            self.connected.set_exception(PeerUnavailableError(state.detail.removeprefix(f"{_NAME}: ").removesuffix(GOES_ON)))

    def heard_until(self, pbx: PbxName) -> float | None:
        """Return that it never was."""
        return None
