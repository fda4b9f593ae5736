from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.customer_books import Desk, asked, desk
from support.gateways import Client
from support.memory_conversations import MemoryConversations

from gateway.api.auth import DemoAuthenticator
from gateway.api.conversation_views import ConversationBrief
from gateway.api.conversations import ConversationList
from gateway.api.customer_calls import CustomerCalls
from gateway.api.customer_conversations import CustomerConversations
from gateway.api.customers import Customers
from gateway.api.guard import guard
from gateway.api.operations import operations_of, routes_of
from gateway.model.claims import Identity, IdentityKind
from gateway.model.conversations import Conversation, ConversationId, ConversationState, Visitor
from gateway.model.customers import Person
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.customers import CustomerFields, NewIdentity
from gateway.session.visitors import LAST_CONVERSATIONS


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Desk, MemoryConversations, Client]]:
    async with desk(folder) as one:
        store = MemoryConversations()
        application = web.Application(middlewares=[guard])
        conversations = CustomerConversations(one.book, store)
        customers = Customers(one.book, CustomerCalls(one.book, one.parts.store, {}), conversations)
        operations = operations_of([customers, conversations])
        application.add_routes(routes_of(operations, DemoAuthenticator()))
        async with TestClient(TestServer(application)) as client:
            yield one, store, client


async def wrote(store: MemoryConversations, number: int, browser: str) -> None:
    await store.put(
        Conversation(
            id=ConversationId(f"c{number}"),
            tenant=DEFAULT_TENANT,
            channel="webchat",
            state=ConversationState.CLOSED,
            visitor=Visitor(id=browser),
            started_at=float(number),
            changed_at=float(number),
        )
    )


async def customer(one: Desk, *browsers: str) -> Person:
    identities = [NewIdentity(kind=IdentityKind.WEB, written=browser) for browser in browsers]
    phone = NewIdentity(kind=IdentityKind.PHONE, written="+8613800138000")
    return await one.book.create(CustomerFields(name="Wang"), [phone, *identities], by="me")


async def test_a_customers_conversations_are_listed_by_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as (one, store, client):
        wang = await customer(one, "at-home", "at-work")
        stranger = await customer(one)
        for number, browser in enumerate(("at-home", "at-work", "anothers", "at-home")):
            await wrote(store, number, browser)
        path = f"/api/v1/customers/{wang.id}/conversations"

        first = await asked(client, "GET", f"{path}?limit=2")
        rest = await asked(client, "GET", f"{path}?limit=2&cursor={first['next']}")
        none = await asked(client, "GET", f"/api/v1/customers/{stranger.id}/conversations")
        bad = await asked(client, "GET", f"{path}?cursor=x", status=400)
        lost = await asked(client, "GET", "/api/v1/customers/nobody/conversations", status=404)

    msgspec.convert(first, ConversationList)
    assert [each["conversation_id"] for each in first["conversations"] + rest["conversations"]] == ["c3", "c1", "c0"]
    assert (rest["next"], none) == (None, {"conversations": [], "next": None})
    assert (bad["type"], lost["type"]) == ("urn:tieline:problem:bad-parameter", "urn:tieline:problem:not-found")


async def test_a_customer_shows_his_last_conversations(tmp_path: Path) -> None:
    async with served(tmp_path) as (one, store, client):
        wang = await customer(one, "his")
        for number in range(LAST_CONVERSATIONS + 2):
            await wrote(store, number, "his")
        shown = await asked(client, "GET", f"/api/v1/customers/{wang.id}")

    conversations = msgspec.convert(shown["conversations"], list[ConversationBrief])
    assert [each.conversation_id for each in conversations] == [f"c{number}" for number in range(LAST_CONVERSATIONS + 1, 1, -1)]


async def test_who_he_is_decides_what_was_his(tmp_path: Path) -> None:
    async with served(tmp_path) as (one, store, client):
        wang, other = await customer(one, "his", "shared"), await customer(one, "others")
        for number, browser in enumerate(("his", "shared", "others")):
            await wrote(store, number, browser)
        path = f"/api/v1/customers/{wang.id}/conversations"

        async def found() -> set[str]:
            return {each["visitor"]["id"] for each in (await asked(client, "GET", path))["conversations"]}

        both = await found()
        await one.book.declare_shared(Identity(kind=IdentityKind.WEB, value="shared"), by="me")
        alone = await found()
        await one.book.merge(wang.id, other.id, by="me")
        merged = await found()
        (claim,) = [each for each in (await one.book.people.person(wang.id)).claims if each.identity.value == "his"]
        await one.book.revoke(wang.id, claim.id, by="me")
        revoked = await found()

    assert (both, alone, merged, revoked) == ({"his", "shared"}, {"his"}, {"his", "others"}, {"others"})
