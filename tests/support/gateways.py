"""A gateway's engine and API for a test, without a network to any PBX."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.replaying import PBX, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.api.calls import Calls
from gateway.api.guard import guard
from gateway.api.health import Health
from gateway.api.stream import Stream
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.ports.connector import LinkState, LinkStatus
from gateway.session.engine import Engine
from gateway.session.hub import Hub

Client = TestClient[web.Request, web.Application]


class Served:
    """An engine that has one PBX, and a client of its API."""

    def __init__(self, engine: Engine, hub: Hub, client: Client, folder: Path) -> None:
        self.engine = engine
        self.hub = hub
        self.client = client
        self.events = pbx_events(folder)

    async def play(self, until: int | None = None, *, start: int = 0) -> None:
        """Let the PBX say this part of its recording."""
        await self.engine.accept(PBX, self.events[start:until])

    def link(self, status: LinkStatus, detail: str = "as the test says") -> None:
        self.engine.report(PBX, LinkState(status=status, detail=detail, since=1_800_000_000.0))


@asynccontextmanager
async def served(folder: Path, *, kept: int = 10_000, others: Sequence[str] = ()) -> AsyncIterator[Served]:
    """Serve the API of a gateway whose first PBX is the recorded one; the others say nothing."""
    hub = Hub(kept=kept, first_position=1_000)
    sites = {PBX: site_of(folder)} | {PbxName(name): Site() for name in others}
    engine = Engine(hub, sites, recent_calls=100, now=lambda: 1_800_000_000.0)
    stream = Stream(hub)
    application = web.Application(middlewares=[guard])
    application.add_routes(Calls(engine, hub, dict.fromkeys(sites, "asterisk_ami")).routes())
    application.add_routes(Health(engine, hub).routes())
    application.add_routes(stream.routes())
    application.on_shutdown.append(stream.close)
    work = asyncio.create_task(engine.run())
    try:
        async with TestClient(TestServer(application)) as client:
            yield Served(engine, hub, client, folder)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
