"""A gateway's engine and API for a test, without a network to any PBX."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.memory_agents import MemoryAgents
from support.memory_store import MemoryStore
from support.replaying import PBX, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.api.agents import Agents
from gateway.api.auth import DemoAuthenticator
from gateway.api.calls import Calls
from gateway.api.documents import Documents
from gateway.api.guard import guard
from gateway.api.health import Health
from gateway.api.operations import Authenticator, Group, operations_of, routes_of
from gateway.api.queues import Queues
from gateway.api.stream import Stream
from gateway.model.desk import DeskRules
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.ports.connector import LinkState, LinkStatus
from gateway.ports.recordings import RecordingAlarm
from gateway.ports.store import Store
from gateway.session.committer import Committer
from gateway.session.engine import Engine
from gateway.session.floor import Floor
from gateway.session.hub import Hub
from gateway.session.people import People
from gateway.session.sights import Sights

Client = TestClient[web.Request, web.Application]


class Part(Protocol):
    """What works until it is cancelled."""

    async def run(self) -> None: ...


class Parts:
    """What an engine stands on: a store, the hub and the committer between them.

    Args:
        kept: Events that the hub's ring holds.
        position: Of the last event of before.
        store: None takes an empty one in memory.
    """

    def __init__(self, *, kept: int = 10_000, position: int = 0, store: Store | None = None) -> None:
        self.store = MemoryStore(calls=1_000, events=100_000, last_position=position) if store is None else store
        self.hub = Hub(kept=kept, log=self.store, position=position)
        self.committer = Committer(self.store, self.hub, now=lambda: 1_800_000_000.0)


@asynccontextmanager
async def at_work(*parts: Part) -> AsyncIterator[None]:
    """Run the parts while the context is open."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Served:
    """An engine that has one PBX, and a client of its API."""

    def __init__(self, engine: Engine, parts: "Parts", client: Client, folder: Path) -> None:
        self.engine = engine
        self.hub = parts.hub
        self.store = parts.store
        self.committer = parts.committer
        self.client = client
        self.events = pbx_events(folder)

    async def play(self, until: int | None = None, *, start: int = 0) -> None:
        """Let the PBX say this part of its recording."""
        await self.engine.accept(PBX, self.events[start:until])
        await self.committer.settled()

    async def link(self, status: LinkStatus, detail: str = "as the test says") -> None:
        self.engine.report(PBX, LinkState(status=status, detail=detail, since=1_800_000_000.0))
        await self.committer.settled()


@asynccontextmanager
async def served(
    folder: Path,
    *,
    kept: int = 10_000,
    others: Sequence[str] = (),
    store: Store | None = None,
    authenticator: Authenticator | None = None,
    open_metrics: bool = False,
    recording_alarms: Sequence[RecordingAlarm] = (),
    people: People | None = None,
    rules: DeskRules | None = None,
) -> AsyncIterator[Served]:
    """Serve the API of a gateway whose first PBX is the recorded one; the others say nothing. Without an authenticator
    everybody may everything."""
    authenticator = authenticator or DemoAuthenticator()
    parts = Parts(kept=kept, position=999, store=store)
    sites = {PBX: site_of(folder)} | {PbxName(name): Site() for name in others}
    engine = Engine(parts.committer, sites, now=lambda: 1_800_000_000.0)
    floor = Floor(engine, parts.store, MemoryAgents(), parts.committer, lambda _: None, now=lambda: 1_800_000_000.0)
    sights = Sights(engine)
    stream = Stream(parts.hub, authenticator, sights)
    application = web.Application(middlewares=[guard])
    # Of the groups that gateway/app.py serves those that need no more than an engine, the hub and a store.
    groups: list[Group] = [
        Calls(engine, parts.hub, parts.store, dict.fromkeys(sites, "asterisk_ami"), sights, people),
        Agents(engine, parts.hub, floor, rules or DeskRules()),
        Queues(engine, parts.hub, floor, sights, rules or DeskRules()),
        Health(
            engine, parts.hub, parts.committer, parts.store, open_metrics=open_metrics, recording_alarms=lambda: recording_alarms
        ),
    ]
    operations = operations_of(groups)
    operations += Documents(operations).operations()
    application.add_routes(routes_of(operations, authenticator))
    application.add_routes(stream.routes())
    application.on_shutdown.append(stream.close)
    async with at_work(engine, parts.committer), TestClient(TestServer(application)) as client:
        yield Served(engine, parts, client, folder)
