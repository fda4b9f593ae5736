"""A gateway's commands for a test: an engine, a dispatcher and a PBX that takes commands, and crashes where a test wants them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.commanding import ObedientPbx
from support.gateways import at_work
from support.memory_commands import MemoryCommands
from support.memory_store import MemoryStore
from support.replaying import PBX
from support.virtual_time import clock

from gateway.api.agent_control import AgentControl
from gateway.api.audit import Audit
from gateway.api.call_control import CallControl
from gateway.api.guard import guard
from gateway.api.operations import Group, operations_of, routes_of
from gateway.model.commands import Command, PlaceCall
from gateway.model.dial_rules import DialRules
from gateway.model.ids import PbxName
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.model.site import Site
from gateway.ports.connector import Connector
from gateway.session.command_book import CommandBook
from gateway.session.command_orders import Orders, Wish
from gateway.session.committer import Committer
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.first_legs import FirstLegs
from gateway.session.hub import Hub

SITE: Final = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0", trunks=("PJSIP/carrier",))
CRM: Final = Principal(id="token-1", name="CRM", role=Role.PARTNER, scopes=ALL_SCOPES)


class EventIds(Collection[str]):
    """The ids of all events that a store keeps."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __contains__(self, event_id: object) -> bool:
        return event_id in list(self)

    def __iter__(self) -> Iterator[str]:
        return (told.id for told in self._store._events)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Disk:
    """What outlives a crash: the store, the commands, and the PBX."""

    def __init__(self, now: Callable[[], float] = clock) -> None:
        self.now = now
        self.store = MemoryStore(calls=1_000, events=100_000)
        self.log = MemoryCommands(EventIds(self.store))
        self.pbx = ObedientPbx(PBX, now)

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Return the events of these types, or that begin so, as they were told."""
        return [msgspec.json.decode(told.json) for told in self.store._events if told.type.startswith(types)]


class Desk:
    """One process of a gateway.

    Args:
        others: PBXs that are configured and never connect.
    """

    def __init__(self, disk: Disk, *, rules: DialRules | None = None, others: tuple[str, ...] = (), site: Site = SITE) -> None:
        self.disk = disk
        self.hub = Hub(kept=10_000, log=disk.store)
        self.committer = Committer(disk.store, self.hub, now=disk.now)
        sites = {PBX: site} | {PbxName(name): SITE for name in others}
        self.engine = Engine(self.committer, sites, now=disk.now)
        self.connector: Connector | None = disk.pbx
        self.orders = Orders(self.engine, disk.store, rules or DialRules(), self._connector, now=disk.now)
        self.first_legs = FirstLegs(self.engine, self.hub, disk.store)
        self._ids = 0
        self.book = CommandBook(disk.log, self.committer, now=disk.now)
        self.dispatcher = Dispatcher(
            self.orders,
            self.book,
            self.engine,
            self.first_legs,
            now=disk.now,
            entropy=self._entropy,
        )

    def _connector(self, pbx: PbxName) -> Connector | None:
        return self.connector if pbx == PBX else None

    def _entropy(self, size: int) -> bytes:
        self._ids += 1
        return self._ids.to_bytes(size, "big")

    @asynccontextmanager
    async def running(self, *, connected: bool = True) -> AsyncIterator["Desk"]:
        """Start it as the gateway does; what is left undone at the end is lost, as in a crash."""
        self.hub.go_on_after(await self.disk.store.last_position())
        await self.engine.restore(self.disk.store)
        await self.dispatcher.restore()
        async with at_work(self.engine, self.committer, self.dispatcher):
            if not connected:
                yield self
                return
            async with self.disk.pbx.connected(self.engine):
                await self.committer.settled()
                yield self

    async def settled(self) -> None:
        """Let what is under way be done and told."""
        await asyncio.sleep(0.1)
        await self.committer.settled()


def wish(kind: type[Command] = PlaceCall, /, **more: Any) -> Wish:
    """Return somebody's wish: to call a colleague, unless more is said."""
    fields: dict[str, Any] = {"extension": "8001", "number": "8002", "caller_number": None, "ring_s": 30.0}
    given: dict[str, Any] = {
        "principal": CRM,
        "kind": kind,
        "fields": fields if kind is PlaceCall else {},
        "route": "POST /x",
        "asked": b"{}",
    } | more
    return Wish(**given)


def to(number: str, **more: Any) -> dict[str, Any]:
    """Return the fields of a call to this number."""
    return {"extension": "8001", "number": number, "caller_number": None, "ring_s": 30.0} | more


class Handed:
    """An authenticator that takes whoever asks for the one it was given."""

    def __init__(self, principal: Principal) -> None:
        self.who = principal

    async def principal(self, _request: web.Request) -> Principal:
        return self.who

    async def anybody(self, _request: web.Request) -> Principal:
        return self.who

    async def shown(self, _request: web.Request, _token: str | None) -> Principal:
        return self.who

    async def still(self, _principal: Principal) -> None:
        return


@asynccontextmanager
async def commanding(
    *, principal: Principal = CRM, rules: DialRules | None = None, others: tuple[str, ...] = ()
) -> AsyncIterator[tuple[Desk, Handed, TestClient[web.Request, web.Application]]]:
    """Serve the API of commands of a gateway whose PBX obeys."""
    desk, authenticator = Desk(Disk(time.time), rules=rules, others=others), Handed(principal)
    groups: list[Group] = [
        CallControl(desk.dispatcher),
        AgentControl(desk.dispatcher),
        Audit(desk.book, desk.disk.log),
    ]
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(operations_of(groups), authenticator))
    async with desk.running(), TestClient(TestServer(application)) as client:
        yield desk, authenticator, client
