from typing import Any

import pytest
from support.dispatching import commanding

from gateway.model.commands import (
    Command,
    ForwardingKind,
    LogIn,
    LogOut,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
)
from gateway.model.ids import QueueName
from gateway.model.principals import Principal, Role, Scope

QUEUE = QueueName("4001")


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("queues/4001/log-in", None, LogIn(queue=QUEUE, extension="8001")),
        (
            "queues/4001/log-in",
            {"penalty": 3, "name": "Ann 安"},
            LogIn(queue=QUEUE, extension="8001", penalty=3, name="Ann 安"),
        ),
        ("queues/4001/log-out", None, LogOut(queue=QUEUE, extension="8001")),
        ("pause", {"reason": "lunch"}, SetPause(extension="8001", paused=True, reason="lunch")),
        ("resume", {"queue": "4001"}, SetPause(extension="8001", paused=False, queue=QUEUE)),
        ("penalty", {"penalty": 5}, SetPenalty(extension="8001", penalty=5)),
        ("do-not-disturb", {"on": True}, SetDoNotDisturb(extension="8001", on=True)),
        (
            "forwarding",
            {"to": "+8613800138000", "kind": "no_answer"},
            SetForwarding(extension="8001", kind=ForwardingKind.NO_ANSWER, to="013800138000"),
        ),
        ("forwarding", None, SetForwarding(extension="8001", kind=ForwardingKind.UNCONDITIONAL, to=None)),
    ],
)
async def test_each_way_to_steer_an_agent_is_its_command(path: str, body: Any, command: Command) -> None:
    async with commanding() as (desk, _, client):
        given = {} if body is None else {"json": body}
        async with client.post(f"/api/v1/agents/8001/{path}", **given) as response:
            told = await response.json()

    assert (response.status, told["state"], told["pbx"], told["call_id"]) == (202, "accepted", "pbx1", None)
    assert [order.command for order in desk.disk.pbx.received] == [command]


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("9/pause", {}, 404, "no-such-device"),
        ("8001/forwarding", {"to": "00085291234567"}, 403, "number-not-allowed"),
        ("8001/forwarding", {"to": "110"}, 403, "number-not-allowed"),
        ("8001/penalty", {"penalty": -1}, 422, "bad-body"),
        ("8001/pause", {"reason": "a\nb"}, 422, "bad-body"),
        ("8001/queues/a%0ab/log-in", {}, 422, "bad-body"),
        ("8001/pause", {"pbx": "none"}, 422, "no-such-pbx"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(path: str, body: Any, status: int, kind: str) -> None:
    async with commanding() as (desk, _, client), client.post(f"/api/v1/agents/{path}", json=body) as response:
        problem = await response.json()

    assert (response.status, problem["type"]) == (status, f"urn:tieline:problem:{kind}")
    assert desk.disk.pbx.received == []


async def test_it_takes_the_scope_and_ones_own_telephone() -> None:
    who = Principal(id="t", name="Bob", role=Role.AGENT, scopes=frozenset({Scope.AGENTS_CONTROL}), extension="8001")
    async with commanding(principal=who) as (_, authenticator, client):
        async with client.post("/api/v1/agents/8001/pause") as response:
            own = response.status
        async with client.post("/api/v1/agents/8002/pause") as response:
            other = (response.status, (await response.json())["type"])
        authenticator.who = Principal(id="t", name="Bob", role=Role.AGENT, scopes=frozenset({Scope.CALLS_CONTROL}))
        async with client.post("/api/v1/agents/8001/pause") as response:
            without = response.status

    assert (own, other, without) == (202, (403, "urn:tieline:problem:not-your-device"), 403)
