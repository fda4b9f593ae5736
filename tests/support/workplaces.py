"""Agents at work for a test: a PBX that tells and obeys, what they write in a database of their own, and the API of it all."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec import json
from support.building import SITE, START
from support.dispatching import Desk, Disk, Handed
from support.gateways import Client
from support.memory_agents import MemoryAgents
from support.memory_conversations import MemoryConversations
from support.replaying import PBX
from support.shifts import Shift

from gateway.api.customer_calls import CustomerCalls
from gateway.api.guard import guard
from gateway.api.operations import operations_of, routes_of
from gateway.api.queues import Queues
from gateway.api.workplace import workplace_groups
from gateway.model.claims import IdentityKind
from gateway.model.customers import Person
from gateway.model.desk import DeskRules
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.session.customers import CustomerBook, CustomerFields, NewIdentity
from gateway.session.floor import Floor
from gateway.session.sights import Sights
from gateway.session.workplace import Workplace
from gateway.store.callbacks import SqlCallbacks
from gateway.store.customers import SqlCustomers
from gateway.store.database import Database
from gateway.store.desk import SqlDesk
from gateway.store.urls import parse_url
from gateway.store.users import SqlUsers

NUMBER: Final = "+861062551234"
"""Of who calls in a story, in E.164."""


def agent(extension: str, name: str | None = None, **more: Any) -> Principal:
    """Return somebody who sits at this extension and sees his own."""
    fields: dict[str, Any] = {
        "id": f"user-{extension}",
        "name": name or f"Agent {extension}",
        "role": Role.AGENT,
        "scopes": ALL_SCOPES,
        "extension": extension,
        "pbx": PBX,
        "sees_own_only": True,
    }
    return Principal(**fields | more)


SUPERVISOR: Final = Principal(id="user-boss", name="Boss", role=Role.SUPERVISOR, scopes=ALL_SCOPES)


class World:
    """See the module. What is told in ``story`` happens with :meth:`happens`; the clock is the story's."""

    def __init__(self, database: Database, rules: DeskRules, story: Shift | None = None, disk: Disk | None = None) -> None:
        self.story = story or Shift(SITE, START)
        self.disk = disk or Disk(lambda: self.story.now)
        self.desk = Desk(self.disk, site=SITE)
        self.engine, self.hub, self.committer = self.desk.engine, self.desk.hub, self.desk.committer
        self.state = self.engine.pbxs[PBX]
        self.database = database
        numbers = itertools.count(1)

        def random_bytes(count: int) -> bytes:
            return next(numbers).to_bytes(count, "big")

        def now() -> float:
            return self.story.now

        self.customers = CustomerBook(
            SqlCustomers(database), self.committer, [SITE], tenant=DEFAULT_TENANT, now=now, random_bytes=random_bytes
        )
        self.users = SqlUsers(database)
        self.conversations = MemoryConversations()
        self.workplace = Workplace(
            rules,
            SqlDesk(database),
            SqlCallbacks(database),
            self.users,
            self.disk.store,
            self.conversations,
            self.engine,
            self.hub,
            self.committer,
            self.customers,
            self.desk.dispatcher,
            now=now,
            random_bytes=random_bytes,
        )
        self.floor = Floor(self.engine, self.disk.store, MemoryAgents(), self.committer, lambda pbx: self.desk.connector, now=now)
        self.sights = Sights(self.engine)
        self.who = Handed(agent("8001"))
        self.client: Client
        self._heard = 0

    def application(self) -> web.Application:
        """Return the API of what agents work with."""
        queues = Queues(self.engine, self.hub, self.floor, self.sights, self.workplace.rules)
        groups = workplace_groups(
            self.workplace,
            self.engine,
            self.hub,
            self.disk.store,
            CustomerCalls(self.customers, self.disk.store, {PBX: SITE}),
            queues,
            self.sights,
            self.floor,
            self.desk.dispatcher,
            lambda pbx: self.desk.connector,
            now=lambda: self.story.now,
        )
        application = web.Application(middlewares=[guard])
        application.add_routes(routes_of(operations_of(groups), self.who))
        return application

    async def happens(self) -> None:
        """Let the PBX say what the story has told since the last time."""
        news, self._heard = self.story.events[self._heard :], len(self.story.events)
        await self.engine.accept(PBX, news)
        await self.committer.settled()

    async def customer(self, name: str = "Wang") -> Person:
        """Know who calls."""
        number = NewIdentity(kind=IdentityKind.PHONE, written=NUMBER)
        return await self.customers.create(CustomerFields(name=name), [number], by="me")

    async def asks(self, who: Principal, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """Make a request as somebody, and return what is answered with this status."""
        self.who.who = who
        response = await self.client.request(method, f"/api/v1/{path}", json=body, headers=headers)
        text = await response.text()
        assert response.status == status, text
        await self.committer.settled()
        return json.decode(text) if "json" in response.content_type else text

    def told(self, *types: str) -> list[dict[str, Any]]:
        """Return what was told of these types, or that begin so."""
        return self.disk.events(*types)


@asynccontextmanager
async def at_workplace(folder: Path, rules: DeskRules | None = None) -> AsyncIterator[World]:
    """Open a call centre in this folder; its PBX is connected, and two agents serve its queue."""
    database = Database(parse_url(f"sqlite:///{folder}/work.db"))
    await database.open()
    try:
        world = World(database, rules or DeskRules())
        async with world.desk.running(), TestClient(TestServer(world.application())) as client:
            world.client = client
            world.story.member("8001").member("8002")
            await world.happens()
            yield world
    finally:
        await database.close()
