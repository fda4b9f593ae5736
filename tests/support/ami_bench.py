"""A scripted PBX and the connector to it, in virtual time."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from support.fake_asterisk import SECRET, USERNAME, FakeAsterisk
from support.recording_sink import RecordingSink
from support.virtual_time import clock

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site

PBX = PbxName("cc1")
SITE = Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",))


class Bench:
    """One PBX, one connector, and what the connector tells."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.asterisk = FakeAsterisk(clock)
        self.sink = RecordingSink()
        self.connector: AsteriskConnector | None = None

    @asynccontextmanager
    async def connector_runs(self, **changed: Any) -> AsyncIterator[AsteriskConnector]:
        """Run a connector; cancel it at the end."""
        given = {
            "host": "127.0.0.1",
            "port": self.asterisk.port,
            "username": USERNAME,
            "secret": Secret(SECRET),
            "site": SITE,
            **changed,
        }
        settings = AsteriskSettings(**given)
        connector = AsteriskConnector(PBX, settings, self.state_dir, clock=clock, random=Random(4))
        running = asyncio.create_task(connector.run(self.sink), name="connector")
        try:
            yield connector
        finally:
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled():
                await running

    @asynccontextmanager
    async def asterisk_runs(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        """Let the PBX listen; stop it at the end."""
        await self.asterisk.listen(tls)
        try:
            yield
        finally:
            await self.asterisk.stop()

    @asynccontextmanager
    async def connected(self, **changed: Any) -> AsyncIterator[AsteriskConnector]:
        """Start the PBX and a connector, and wait for the snapshot; stop both at the end."""
        async with self.asterisk_runs(changed.pop("server_tls", None)), self.connector_runs(**changed) as connector:
            await self.sink.connected()
            yield connector
