import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from support.gateways import Client
from support.kept_tokens import NOW, KeptTokens, bearer

from gateway.api.auth import DemoAuthenticator
from gateway.api.guard import guard
from gateway.api.operations import routes_of
from gateway.api.tokens import Tokens
from gateway.model.principals import ALL_SCOPES, Role, Scope

TOKENS = "/api/v1/tokens"
WALL = {"name": "wallboard", "scopes": ["events:read", "calls:read"], "days": 1}


@pytest.fixture
def tokens() -> KeptTokens:
    return KeptTokens()


@pytest.fixture
def admin(tokens: KeptTokens) -> str:
    return tokens.give(*ALL_SCOPES, name="the administrator", role=Role.ADMIN)


@pytest.fixture
async def client(tokens: KeptTokens) -> AsyncIterator[Client]:
    authenticator = tokens.authenticator()
    group = Tokens(tokens, authenticator, now=lambda: NOW, random_bytes=lambda count: bytes([200] * count))
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(group.operations(), authenticator))
    async with TestClient(TestServer(application)) as made:
        yield made


async def problem(response: ClientResponse) -> tuple[int, str, str]:
    document = await response.json(content_type="application/problem+json")
    return response.status, document["type"].removeprefix("urn:tieline:problem:"), document["detail"]


async def test_a_token_is_told_once_and_lets_in(client: Client, admin: str) -> None:
    with capture_logs() as logs:
        response = await client.post(TOKENS, json=WALL, headers=bearer(admin))
        made: dict[str, Any] = await response.json()
        listed = await (await client.get(TOKENS, headers=bearer(admin))).json()

    text = made.pop("token")
    assert response.status == 201
    assert re.fullmatch(r"tl_[a-z2-7]{8}_[a-z2-7]{52}", text)
    assert made == {
        "id": text[:11],
        "name": "wallboard",
        "role": "agent",
        "scopes": ["calls:read", "events:read"],
        "extension": None,
        "created_at": "2027-01-15T08:00:00.000Z",
        "created_by": admin[:11],
        "expires_at": "2027-01-16T08:00:00.000Z",
        "revoked_at": None,
        "used_at": None,
    }
    assert made in listed["tokens"]
    assert text not in str(listed)
    assert [(line["event"], line["token"]) for line in logs] == [("token_made", text[:11])]
    assert text not in str(logs)
    assert (await client.get(TOKENS, headers=bearer(text))).status == 403


async def test_a_revoked_token_lets_nobody_in_from_then_on(client: Client, tokens: KeptTokens, admin: str) -> None:
    other = tokens.give(Scope.TOKENS_MANAGE, name="the other")
    assert (await client.get(TOKENS, headers=bearer(other))).status == 200
    revoked = await (await client.delete(f"{TOKENS}/{other[:11]}", headers=bearer(admin))).json()

    assert revoked["revoked_at"] == "2027-01-15T08:00:00.000Z"
    status, kind, detail = await problem(await client.get(TOKENS, headers=bearer(other)))
    assert (status, kind) == (401, "token-refused")
    assert detail.startswith(f"The token {other[:11]} (the other) was revoked.")


async def test_a_token_that_is_not_there_cannot_be_revoked(client: Client, admin: str) -> None:
    response = await client.delete(f"{TOKENS}/tl_aaaaaaaa", headers=bearer(admin))

    assert await problem(response) == (404, "not-found", "There is no token tl_aaaaaaaa.")


async def test_who_may_not_manage_tokens_is_told_the_scope(client: Client, tokens: KeptTokens) -> None:
    reader = tokens.give(*(ALL_SCOPES - {Scope.TOKENS_MANAGE}), name="a program")
    answers = [
        await client.get(TOKENS, headers=bearer(reader)),
        await client.post(TOKENS, json=WALL, headers=bearer(reader)),
        await client.delete(f"{TOKENS}/{reader[:11]}", headers=bearer(reader)),
    ]

    detail = "a program may not do this: it takes the scope tokens:manage."
    assert [await problem(each) for each in answers] == [(403, "scope-missing", detail)] * 3


async def test_nobody_gives_what_he_has_not(client: Client, tokens: KeptTokens) -> None:
    clerk = tokens.give(Scope.TOKENS_MANAGE, Scope.CALLS_READ, name="a clerk")
    response = await client.post(TOKENS, json=WALL, headers=bearer(clerk))

    detail = "This token cannot be given: it would have the scopes events:read, which a clerk has not."
    assert await problem(response) == (403, "more-than-own", detail)
    assert len(tokens.tokens) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "a", "scopes": ["calls:steal"]}, "Invalid enum value 'calls:steal' - at `$.scopes[0]`"),
        ({"name": "a", "scopes": []}, "Expected `array` of length >= 1 - at `$.scopes`"),
        ({"name": "a"}, "Object missing required field `scopes`"),
        ({"name": "a", "scopes": ["calls:read"], "token": "mine"}, "Object contains unknown field `token`"),
    ],
)
async def test_what_cannot_be_a_token_is_refused(client: Client, admin: str, body: object, said: str) -> None:
    status, kind, detail = await problem(await client.post(TOKENS, json=body, headers=bearer(admin)))

    assert (status, kind) == (422, "bad-body")
    assert said in detail


async def test_the_demos_visitor_makes_tokens_too(tokens: KeptTokens) -> None:
    group = Tokens(tokens, None, now=lambda: NOW, random_bytes=lambda count: bytes([200] * count))
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(group.operations(), DemoAuthenticator()))
    async with TestClient(TestServer(application)) as client:
        made = await (await client.post(TOKENS, json=WALL)).json()
        revoked = await client.delete(f"{TOKENS}/{made['id']}")

    assert (made["created_by"], revoked.status) == ("demo", 200)
