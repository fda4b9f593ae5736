from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from support.dispatching import CRM, commanding

from gateway.model.principals import ALL_SCOPES, Principal, Role, Scope

Client = TestClient[web.Request, web.Application]


async def got(client: Client, path: str) -> tuple[int, Any]:
    async with client.get(f"/api/v1/{path}") as response:
        return response.status, await response.json()


async def place(client: Client, key: str, number: str = "8002") -> Any:
    body = {"extension": "8001", "number": number}
    async with client.post("/api/v1/calls", json=body, headers={"Idempotency-Key": key}) as response:
        return await response.json()


async def test_the_audit_says_who_wanted_what_when_and_what_came_of_it() -> None:
    async with commanding() as (_, _, client):
        placed = await place(client, "1")
        await place(client, "2", "00085291234567")
        _, page = await got(client, "audit")

    refused, done = page["entries"]
    assert page["next"] is None
    assert (done["command_id"], done["state"], done["call_id"]) == (placed["command_id"], "accepted", placed["call_id"])
    assert (done["principal"], done["principal_name"], done["role"]) == ("token-1", "CRM", "partner")
    assert done["command"] == {
        "type": "place_call",
        "extension": "8001",
        "number": "8002",
        "caller_number": None,
        "ring_s": 30.0,
    }
    assert (refused["state"], refused["refusal"], refused["command"]["number"]) == (
        "refused",
        "number-not-allowed",
        "00085291234567",
    )
    assert "international" in refused["reason"]
    assert done["asked_at"] <= done["settled_at"] <= refused["asked_at"]


async def test_the_audit_is_filtered_and_read_page_by_page() -> None:
    async with commanding() as (_, who, client):
        first = await place(client, "1")
        await place(client, "2", "*72")
        who.who = Principal(id="token-2", name="other", role=Role.ADMIN, scopes=ALL_SCOPES)
        await place(client, "3")
        _, one = await got(client, "audit?limit=2")
        _, two = await got(client, f"audit?limit=2&cursor={one['next']}")
        _, refused = await got(client, "audit?state=refused&command=place_call")
        _, others = await got(client, "audit?principal=token-2")
        _, of_call = await got(client, f"audit?call_id={first['call_id']}&pbx=pbx1")
        _, none = await got(client, "audit?until=2020-01-01T00:00:00Z")
        _, all_of_them = await got(client, "audit?since=2020-01-01T00:00:00%2B08:00")

    assert [len(page["entries"]) for page in (one, two, refused, others, of_call, none, all_of_them)] == [2, 1, 1, 1, 1, 0, 3]
    assert two["next"] is None
    assert two["entries"][0]["command_id"] == first["command_id"] == of_call["entries"][0]["command_id"]


@pytest.mark.parametrize("query", ["since=yesterday", "since=2027-01-15T08:00:00", "limit=0", "state=lost", "who=me"])
async def test_what_cannot_be_asked_is_refused(query: str) -> None:
    async with commanding() as (_, _, client):
        status, problem = await got(client, f"audit?{query}")

    assert (status, problem["type"]) == (400, "urn:tieline:problem:bad-parameter")


async def test_the_audit_takes_its_scope_and_ones_own_commands_do_not() -> None:
    plain = Principal(id="token-3", name="Bob", role=Role.AGENT, scopes=frozenset({Scope.CALLS_PLACE}))
    async with commanding() as (_, who, client):
        foreign = (await place(client, "1"))["command_id"]
        who.who = plain
        own = (await place(client, "2"))["command_id"]
        answers = [(await got(client, path))[0] for path in ("audit", f"commands/{own}", f"commands/{foreign}", "commands/x")]
        who.who = CRM
        audited, told = await got(client, f"commands/{own}")

    assert answers == [403, 200, 404, 404]
    assert (audited, told["command_id"], told["state"]) == (200, own, "accepted")
