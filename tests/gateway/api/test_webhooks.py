"""The API of webhooks, on the desk and a real receiver; what is sent and when is tests/gateway/webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.courier_round import Round, answering, webhook_round
from support.customer_books import asked
from support.gateways import Client
from support.virtual_time import in_virtual_time

from gateway.api.auth import DemoAuthenticator
from gateway.api.guard import guard
from gateway.api.operations import routes_of
from gateway.api.webhooks import Webhooks
from gateway.model.principals import Scope
from gateway.model.signatures import secret_of

WEBHOOKS = "/api/v1/webhooks"
SECRET = secret_of(bytes(32))


@asynccontextmanager
async def served_webhooks() -> AsyncIterator[tuple[Round, Client]]:
    async with webhook_round() as one:
        application = web.Application(middlewares=[guard])
        application.add_routes(routes_of(Webhooks(one.endpoints).operations(), DemoAuthenticator()))
        async with TestClient(TestServer(application)) as client:
            yield one, client


async def added(one: Round, client: Client, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = await asked(client, "POST", WEBHOOKS, {"name": "CRM", "url": one.receiver.url, **fields}, status=201)
    one.receiver.secrets = [made["secret"]]
    return made


@in_virtual_time
async def test_a_webhook_is_added_and_shown_and_its_secret_once() -> None:
    async with served_webhooks() as (one, client):
        made = await added(one, client, topics=["call.ended", "customer"], pbxs=["hq"], queues=["support"], template='"{{id}}"')
        path = f"{WEBHOOKS}/{made['webhook_id']}"
        secret = made.pop("secret")

        assert secret.startswith("whsec_")
        assert made == {
            "webhook_id": made["webhook_id"],
            "name": "CRM",
            "url": one.receiver.url,
            "topics": ["call.ended", "customer"],
            "pbxs": ["hq"],
            "queues": ["support"],
            "template": '"{{id}}"',
            "enabled": True,
            "disabled_why": None,
            "created_at": made["created_at"],
            "created_by": "demo",
            "position": 99,
            "waiting": 0,
            "dead": 0,
            "away_since": None,
            "why": None,
            "signing_keys": 1,
        }
        assert await asked(client, "GET", path) == made
        assert await asked(client, "GET", WEBHOOKS) == {"webhooks": [made]}


@in_virtual_time
async def test_a_webhook_is_changed_as_far_as_is_said() -> None:
    async with served_webhooks() as (one, client):
        made = await added(one, client, queues=["support"], template='"{{id}}"')
        path = f"{WEBHOOKS}/{made['webhook_id']}"

        changed = await asked(client, "PATCH", path, {"enabled": False, "template": None, "topics": ["call"]})

        assert (changed["enabled"], changed["template"], changed["topics"]) == (False, None, ["call"])
        assert (changed["queues"], changed["name"]) == (["support"], "CRM")
        await asked(client, "DELETE", path, status=204)
        await asked(client, "GET", path, status=404)


@in_virtual_time
async def test_a_secret_is_changed_and_tried() -> None:
    async with served_webhooks() as (one, client):
        made = await added(one, client)
        path = f"{WEBHOOKS}/{made['webhook_id']}"

        rotated = await asked(client, "POST", f"{path}/rotate", {"secret": SECRET})

        assert (rotated["secret"], rotated["signing_keys"]) == (SECRET, 2)
        assert "secret" not in await asked(client, "GET", path)
        one.receiver.secrets = [SECRET]
        outcome = await asked(client, "POST", f"{path}/ping")
        assert (outcome["arrived"], outcome["status"], outcome["why"]) == (True, 204, None)
        assert (await asked(client, "POST", f"{path}/rotate", {}))["secret"] not in (SECRET, made["secret"])


@pytest.mark.slow
@in_virtual_time
async def test_the_dead_are_listed_and_tried_again() -> None:
    async with served_webhooks() as (one, client):
        made = await added(one, client)
        path = f"{WEBHOOKS}/{made['webhook_id']}"
        one.receiver.answer = lambda _event: answering(400)
        await one.tell("a", "b", "c")
        await asyncio.sleep(400_000.0)

        first = await asked(client, "GET", f"{path}/dead?limit=2")
        assert [each["event_id"] for each in first["dead"]] == ["a:100", "b:101"]
        assert first["dead"][0]["why"] == "400 Bad Request: as the test says"
        rest = await asked(client, "GET", f"{path}/dead?after={first['next']}")
        assert ([each["event_id"] for each in rest["dead"]], rest["next"]) == (["c:102"], None)
        attempts = await asked(client, "GET", f"{path}/attempts?limit=1")
        assert [each["status"] for each in attempts["attempts"]] == [400]

        one.receiver.answer = lambda _event: answering(204)
        assert await asked(client, "POST", f"{path}/replay", {"since": "2060-01-01T00:00:00Z"}, status=202) == {"count": 0}
        assert await asked(client, "POST", f"{path}/replay", {"positions": [101]}, status=202) == {"count": 1}
        assert await asked(client, "POST", f"{path}/replay", {"since": rest["dead"][0]["at"]}, status=202) == {"count": 2}
        await asyncio.sleep(60.0)
        assert sorted(one.got()) == ["a:100", "b:101", "c:102"]
        assert (await asked(client, "GET", path))["dead"] == 0


@in_virtual_time
async def test_what_cannot_be_done_is_a_problem() -> None:
    async with served_webhooks() as (one, client):
        made = await added(one, client)
        path = f"{WEBHOOKS}/{made['webhook_id']}"
        good = {"name": "x", "url": one.receiver.url}
        for method, where, body, status, kind in (
            ("GET", f"{WEBHOOKS}/nobody", None, 404, "not-found"),
            ("PATCH", f"{WEBHOOKS}/nobody", {}, 404, "not-found"),
            ("DELETE", f"{WEBHOOKS}/nobody", None, 404, "not-found"),
            ("POST", f"{WEBHOOKS}/nobody/ping", None, 404, "not-found"),
            ("POST", f"{WEBHOOKS}/nobody/replay", {}, 404, "not-found"),
            ("GET", f"{WEBHOOKS}/nobody/dead", None, 404, "not-found"),
            ("GET", f"{WEBHOOKS}/nobody/attempts", None, 404, "not-found"),
            ("POST", WEBHOOKS, good | {"url": "https://10.0.0.1/"}, 422, "bad-target"),
            ("POST", WEBHOOKS, good | {"secret": "hunter2"}, 422, "bad-target"),
            ("POST", WEBHOOKS, good | {"template": "{{"}, 422, "bad-template"),
            ("POST", WEBHOOKS, good | {"topics": ["Call.*"]}, 422, "bad-body"),
            ("POST", WEBHOOKS, good | {"topics": []}, 422, "bad-body"),
            ("PATCH", path, {"url": "http://crm.example/"}, 422, "bad-target"),
            ("POST", f"{path}/replay", {"since": "yesterday"}, 422, "bad-body"),
            ("GET", f"{path}/dead?limit=0", None, 400, "bad-parameter"),
        ):
            problem = await asked(client, method, where, body, status=status)
            assert problem["type"] == f"urn:tieline:problem:{kind}", (where, problem)


@in_virtual_time
async def test_every_operation_takes_the_right_to_manage_webhooks() -> None:
    async with webhook_round() as one:
        assert {operation.scope for operation in Webhooks(one.endpoints).operations()} == {Scope.WEBHOOKS_MANAGE}
