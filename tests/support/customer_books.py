"""Customers of a test, in a database of their own, and what is told of them."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.gateways import Client, Parts, at_work

from gateway.api.auth import DemoAuthenticator
from gateway.api.customer_calls import CustomerCalls
from gateway.api.customers import Customers
from gateway.api.guard import guard
from gateway.api.notes import Notes
from gateway.api.operations import operations_of, routes_of
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.site import Site
from gateway.session.customers import CustomerBook
from gateway.store.customers import SqlCustomers
from gateway.store.database import Database
from gateway.store.urls import parse_url

NOW = 1_800_000_000.0


class Desk:
    """A book of customers at work, and a clock to turn."""

    def __init__(self, database: Database, parts: Parts, site: Site) -> None:
        self.store = SqlCustomers(database)
        self.parts = parts
        self.now = NOW
        numbers = itertools.count(1)
        self.book = CustomerBook(
            self.store,
            parts.committer,
            [site],
            tenant=DEFAULT_TENANT,
            now=lambda: self.now,
            random_bytes=lambda count: next(numbers).to_bytes(count, "big"),
        )
        self._seen = parts.hub.position

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was told since the last time, types and data."""
        await self.parts.committer.settled()
        news, self._seen = self.parts.hub.told_after(self._seen), self.parts.hub.position
        return [(each.type, json.loads(each.json)["data"]) for each in news]


@asynccontextmanager
async def desk(folder: Path, site: Site | None = None) -> AsyncIterator[Desk]:
    """Open a book in this folder."""
    database = Database(parse_url(f"sqlite:///{folder}/customers.db"))
    await database.open()
    parts = Parts(position=99)
    try:
        async with at_work(parts.committer):
            yield Desk(database, parts, Site(region="CN") if site is None else site)
    finally:
        await database.close()


@asynccontextmanager
async def served_customers(folder: Path) -> AsyncIterator[Client]:
    """Serve what the API does with customers, to everybody."""
    async with desk(folder) as one:
        application = web.Application(middlewares=[guard])
        calls = CustomerCalls(one.book, one.parts.store, {})
        operations = operations_of([Customers(one.book, calls), Notes(one.book), calls])
        application.add_routes(routes_of(operations, DemoAuthenticator()))
        async with TestClient(TestServer(application)) as client:
            yield client


async def asked(client: Client, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    """Make a request and return what is answered with this status."""
    response = await client.request(method, path, json=body)
    assert response.status == status, await response.text()
    return None if status == 204 else await response.json(content_type=None)


async def added(client: Client, **fields: Any) -> dict[str, Any]:
    """Add a customer."""
    made: dict[str, Any] = await asked(client, "POST", "/api/v1/customers", fields, status=201)
    return made
