"""A PBX of the tests: says what a test tells it to, over no network."""

import asyncio
import time
from pathlib import Path

from acme_pbx.settings import AcmeSettings

from gateway.model.events import ConnectionMade
from gateway.model.ids import PbxName
from gateway.ports.connector import EventSink, LinkState, LinkStatus


class AcmeConnector:
    """Connected as soon as it runs, until cancelled; at the host ``refused`` its PBX refuses us."""

    def __init__(self, pbx: PbxName, settings: AcmeSettings, state_dir: Path) -> None:
        self.pbx = pbx
        self.settings = settings
        self.state_dir = state_dir

    async def run(self, sink: EventSink) -> None:
        now = time.time()
        if self.settings.host == "refused":
            detail = f"{self.pbx}: acme does not know us: correct `secret`"
            sink.report(self.pbx, LinkState(status=LinkStatus.REFUSED, detail=detail, since=now))
        else:
            await sink.accept(self.pbx, [ConnectionMade(at=now)])
            sink.report(self.pbx, LinkState(status=LinkStatus.CONNECTED, detail=f"{self.pbx}: connected", since=now))
        await asyncio.Event().wait()


def create(pbx: PbxName, settings: AcmeSettings, state_dir: Path) -> AcmeConnector:
    return AcmeConnector(pbx, settings, state_dir)
