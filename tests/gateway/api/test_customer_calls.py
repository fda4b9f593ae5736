from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.batches import SITE, batch, call_like, recorded
from support.customer_books import NOW, Desk, asked, desk
from support.gateways import Client, served
from support.replaying import CAPTURES, PBX

from gateway.api.auth import DEMO, DemoAuthenticator
from gateway.api.customer_calls import LAST_CALLS, CustomerCalls
from gateway.api.customer_views import CallBrief
from gateway.api.customers import Customers
from gateway.api.guard import guard
from gateway.api.operations import Group, operations_of, routes_of
from gateway.model.claims import IdentityKind
from gateway.model.principals import ALL_SCOPES, Principal, Scope
from gateway.session.customers import CustomerFields, NewIdentity

NUMBER = NewIdentity(kind=IdentityKind.PHONE, written="+85291234567")


@asynccontextmanager
async def served_calls(folder: Path, authenticator: DemoAuthenticator | None = None) -> AsyncIterator[tuple[Desk, Client]]:
    async with desk(folder, SITE) as one:
        application = web.Application(middlewares=[guard])
        calls = CustomerCalls(one.book, one.parts.store, {PBX: SITE})
        groups: list[Group] = [Customers(one.book, calls), calls]
        application.add_routes(routes_of(operations_of(groups), authenticator or DemoAuthenticator()))
        async with TestClient(TestServer(application)) as client:
            yield one, client


async def test_a_customers_former_calls_are_listed_by_pages(tmp_path: Path) -> None:
    (like, *_) = [call for call in recorded() if call.merged_into is None]
    async with served_calls(tmp_path) as (one, client):
        await one.parts.store.commit(batch([call_like(like, number, ended_at=NOW + number) for number in range(5)]))
        person = await one.book.create(CustomerFields(name="Wang"), [NUMBER], by="me")
        stranger = await one.book.create(CustomerFields(), [], by="me")
        path = f"/api/v1/customers/{person.id}/calls"

        first = await asked(client, "GET", f"{path}?limit=3")
        rest = await asked(client, "GET", f"{path}?limit=3&cursor={first['next']}")
        none = await asked(client, "GET", f"/api/v1/customers/{stranger.id}/calls")
        bad = await asked(client, "GET", f"{path}?cursor=x", status=400)
        lost = await asked(client, "GET", "/api/v1/customers/nobody/calls", status=404)

    assert [int(call["call_id"]) for call in first["calls"] + rest["calls"]] == [4, 3, 2, 1, 0]
    assert {call["caller_e164"] for call in first["calls"]} == {"+85291234567"}
    assert (rest["next"], none) == (None, {"calls": [], "next": None})
    assert (bad["type"], lost["type"]) == ("urn:tieline:problem:bad-parameter", "urn:tieline:problem:not-found")


class Narrow(DemoAuthenticator):
    """Lets everybody do everything but one thing."""

    def __init__(self, scope: Scope) -> None:
        self._scopes = ALL_SCOPES - {scope}

    async def principal(self, _request: web.Request) -> Principal:
        return Principal(id=DEMO.id, name=DEMO.name, role=DEMO.role, scopes=self._scopes)


async def test_a_customer_shows_his_last_calls_to_those_who_may_know(tmp_path: Path) -> None:
    (like, *_) = [call for call in recorded() if call.merged_into is None]
    shown = []
    for authenticator in (DemoAuthenticator(), Narrow(Scope.CALLS_READ)):
        folder = tmp_path / type(authenticator).__name__
        folder.mkdir()
        async with served_calls(folder, authenticator) as (one, client):
            calls = [call_like(like, number, ended_at=NOW + number) for number in range(LAST_CALLS + 2)]
            await one.parts.store.commit(batch(calls))
            person = await one.book.create(CustomerFields(), [NUMBER], by="me")
            shown.append(await asked(client, "GET", f"/api/v1/customers/{person.id}"))

    calls_shown = msgspec.convert(shown[0]["calls"], list[CallBrief], strict=True)
    assert [int(call.call_id) for call in calls_shown] == list(range(LAST_CALLS + 1, 1, -1))
    assert (calls_shown[0].direction, calls_shown[0].outcome, calls_shown[0].pbx) == ("inbound", "answered", PBX)
    assert "calls" not in shown[1]


async def test_a_call_shows_its_customer_to_those_who_may_know(tmp_path: Path) -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    async with desk(tmp_path, SITE) as one:
        person = await one.book.create(CustomerFields(name="Wang"), [NUMBER], by="me")
        shown = []
        for authenticator in (DemoAuthenticator(), Narrow(Scope.CUSTOMERS_READ)):
            async with served(folder, authenticator=authenticator, people=one.book.people) as gateway:
                await gateway.play()
                calls = (await asked(gateway.client, "GET", "/api/v1/calls?state=ended"))["calls"]
                shown += [await asked(gateway.client, "GET", f"/api/v1/calls/{call['call_id']}") for call in calls]

    known, hidden = shown
    assert known.pop("customer") == {
        "number": "+85291234567",
        "matches": 1,
        "shared": False,
        "customer": {"customer_id": person.id, "name": "Wang", "company": None, "language": None, "vip": False, "tags": []},
        "candidates": [],
    }
    assert known == hidden


async def test_calls_are_found_by_their_customers_name_for_those_who_may_know_it(tmp_path: Path) -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    found = []
    async with desk(tmp_path, SITE) as one:
        await one.book.create(CustomerFields(name="Wang", company="Harbour Foods"), [NUMBER], by="me")
        for authenticator in (DemoAuthenticator(), Narrow(Scope.CUSTOMERS_READ)):
            async with served(folder, authenticator=authenticator, people=one.book.people) as gateway:
                await gateway.play()
                for name in ("harbour", "nobody"):
                    query = f"name={name}&direction=inbound"
                    calls = (await asked(gateway.client, "GET", f"/api/v1/calls?{query}"))["calls"]
                    table = await (await gateway.client.get(f"/api/v1/calls.csv?{query}")).text()
                    found.append((len(calls), len(table.splitlines()) - 1))
    assert found == [(1, 1), (0, 0), (0, 0), (0, 0)]
