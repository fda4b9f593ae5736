import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from support.building import Story
from support.dispatching import Desk, commanding
from support.replaying import PBX

from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Monitor,
    MonitorMode,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
)
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.errors import CommandRefusedError
from gateway.model.principals import Principal, Role, Scope

Client = TestClient[web.Request, web.Application]
KEY = {"Idempotency-Key": "11111111-2222"}


def allowed(*scopes: Scope, extension: str | None = None) -> Principal:
    return Principal(id="token-9", name="Bob", role=Role.AGENT, scopes=frozenset(scopes), extension=extension)


async def posted(client: Client, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    async with client.post(f"/api/v1/{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


async def a_talk(desk: Desk) -> str:
    story = Story(at=desk.disk.now()).comes_in().rings("8001").answers("8001")
    await desk.engine.accept(PBX, story.events)
    await desk.committer.settled()
    return story.call().call_id


async def test_a_call_is_placed_and_its_id_is_the_answer() -> None:
    async with commanding() as (desk, _, client):
        status, told = await posted(client, "calls", {"extension": "8001", "number": "+8613800138000"}, KEY)
        (call,) = desk.engine.pbxs[PBX].live
        _, again = await posted(client, "calls", {"extension": "8001", "number": "+8613800138000"}, KEY)
        reused, problem = await posted(client, "calls", {"extension": "8001", "number": "+8613900139000"}, KEY)

    assert status == 202
    assert (told["state"], told["call_id"], told["began"], told["pbx"]) == ("accepted", call.call_id, call.call_id, "pbx1")
    assert again == told
    assert (reused, problem["type"]) == (422, "urn:tieline:problem:idempotency-key-reused")
    assert [order.command for order in desk.disk.pbx.received] == [PlaceCall(extension="8001", number="013800138000")]


async def test_without_a_key_no_call_is_placed_but_for_help() -> None:
    async with commanding() as (desk, _, client):
        status, problem = await posted(client, "calls", {"extension": "8001", "number": "8002"})
        help_status, help_told = await posted(client, "calls", {"extension": "8001", "number": "110"})

    assert (status, problem["type"]) == (400, "urn:tieline:problem:idempotency-key-missing")
    assert (help_status, help_told["state"]) == (202, "accepted")
    assert [order.command for order in desk.disk.pbx.received] == [PlaceCall(extension="8001", number="110")]


@pytest.mark.parametrize("key", ["x" * 256, "clé", ""])
async def test_a_key_is_what_a_header_can_carry(key: str) -> None:
    async with commanding() as (desk, _, client):
        status, problem = await posted(client, "calls", {"extension": "8001", "number": "8002"}, {"Idempotency-Key": key})

    assert (status, problem["type"], desk.disk.pbx.received) == (400, "urn:tieline:problem:bad-header", [])


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("hang-up", None, HangUp(by=None)),
        ("hang-up", {"by": "8001"}, HangUp(by="8001")),
        ("hold", None, Hold(by="8001")),
        ("retrieve", {}, Retrieve(by="8001")),
        ("transfer", {"to": "4001"}, BlindTransfer(by="8001", to="4001")),
        ("consult", {"to": "8002", "by": "8001"}, Consult(by="8001", to="8002")),
        ("complete-transfer", None, CompleteTransfer(by="8001")),
        ("cancel-transfer", None, CancelTransfer(by="8001")),
        ("redirect", {"to": "+8613800138000"}, Redirect(to="013800138000")),
        ("park", None, Park(by="8001")),
        ("park", {"slot": "701"}, Park(by="8001", slot="701")),
        ("digits", {"digits": "12#"}, SendDigits(by="8001", digits="12#")),
        ("recording/start", None, StartRecording()),
        ("recording/stop", None, StopRecording()),
        ("recording/pause", None, PauseRecording()),
        ("recording/resume", None, ResumeRecording()),
        (
            "monitor",
            {"extension": "8010", "agent": "8001", "mode": "whisper"},
            Monitor(extension="8010", agent="8001", mode=MonitorMode.WHISPER),
        ),
    ],
)
async def test_each_way_to_steer_a_call_is_its_command(path: str, body: Any, command: Command) -> None:
    async with commanding() as (desk, _, client):
        call_id = await a_talk(desk)
        async with client.post(f"/api/v1/calls/{call_id}/{path}", **({} if body is None else {"json": body})) as response:
            told = await response.json()

    assert (response.status, told["state"], told["call_id"]) == (202, "accepted", call_id)
    (order,) = desk.disk.pbx.received
    assert order.command == command
    assert order.call is not None
    assert order.call.call_id == call_id


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("hold", {"by": "8002"}, 409, "not-in-this-call"),
        ("transfer", {"to": "00085291234567"}, 403, "number-not-allowed"),
        ("transfer", {}, 422, "bad-body"),
        ("transfer", {"to": "8002", "too": 1}, 422, "bad-body"),
        ("digits", {"digits": "12x"}, 422, "bad-body"),
        ("digits", {"digits": "12\n"}, 422, "bad-body"),
        ("hold", {"by": "8001\n"}, 422, "bad-body"),
        ("monitor", {"extension": "99", "agent": "8001"}, 404, "no-such-device"),
        ("monitor", {"extension": "8010", "agent": "8002"}, 409, "not-in-this-call"),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_a_kind_that_stays(path: str, body: Any, status: int, kind: str) -> None:
    async with commanding() as (desk, _, client):
        call_id = await a_talk(desk)
        answered, problem = await posted(client, f"calls/{call_id}/{path}", body)

    assert (answered, problem["type"]) == (status, f"urn:tieline:problem:{kind}")
    assert desk.disk.pbx.received == []


async def test_an_unknown_call_and_one_that_ended_are_told_apart() -> None:
    async with commanding() as (desk, _, client):
        call_id = await a_talk(desk)
        unknown = await posted(client, "calls/none/hold")
        await posted(client, f"calls/{call_id}/hang-up")
        await desk.committer.settled()
        ended = await posted(client, f"calls/{call_id}/hold")

    assert (unknown[0], unknown[1]["type"]) == (404, "urn:tieline:problem:not-found")
    assert (ended[0], ended[1]["type"]) == (409, "urn:tieline:problem:call-ended")


async def test_what_the_pbx_refuses_is_told_with_its_words_and_the_commands_id() -> None:
    async with commanding() as (desk, _, client):
        call_id = await a_talk(desk)
        desk.disk.pbx.fault = CommandRefusedError("the parking lot is full")
        status, problem = await posted(client, f"calls/{call_id}/park")
        async with client.get(f"/api/v1/commands/{problem['command_id']}") as response:
            told = await response.json()

    assert (status, problem["type"], problem["detail"]) == (
        409,
        "urn:tieline:problem:command-refused",
        "the parking lot is full",
    )
    assert (told["state"], told["reason"]) == ("refused", "the parking lot is full")


async def test_an_answer_that_never_comes_is_taken_and_its_fate_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.commanding.UNANSWERED_S", 0.01)
    async with commanding() as (desk, _, client):
        desk.disk.pbx.mute = desk.disk.pbx.deaf = True
        status, told = await posted(client, "calls", {"extension": "8001", "number": "8002"}, KEY)
        again = await posted(client, "calls", {"extension": "8001", "number": "8002"}, KEY)

    assert (status, told["state"], told["call_id"]) == (202, "unanswered", None)
    assert again == (202, told)
    assert len(desk.disk.pbx.received) == 1


async def test_too_many_calls_are_told_when_to_come_back() -> None:
    rules = DialRules(partner=RoleRules(calls_per_minute=1))
    async with commanding(rules=rules) as (_, _, client):
        await posted(client, "calls", {"extension": "8001", "number": "8002"}, KEY)
        body = {"extension": "8001", "number": "8002"}
        async with client.post("/api/v1/calls", json=body, headers={"Idempotency-Key": "2"}) as response:
            problem = await response.json()

    assert (response.status, problem["type"]) == (429, "urn:tieline:problem:too-many-calls")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert problem["retry_after_s"] == int(response.headers["Retry-After"])


async def test_a_pbx_that_is_away_is_told_as_such() -> None:
    async with commanding(others=("other",)) as (_, _, client):
        body = {"extension": "8001", "number": "8002", "pbx": "other"}
        status, problem = await posted(client, "calls", body, KEY)

    assert (status, problem["type"], problem["detail"]) == (
        503,
        "urn:tieline:problem:pbx-unavailable",
        "other: not connected yet",
    )


@pytest.mark.parametrize(
    ("scope", "path"),
    [(Scope.CALLS_PLACE, "calls"), (Scope.CALLS_CONTROL, "calls/x/hold"), (Scope.CALLS_LISTEN, "calls/x/monitor")],
)
async def test_each_takes_a_scope_of_its_own(scope: Scope, path: str) -> None:
    async with commanding(principal=allowed(*(set(Scope) - {scope}))) as (desk, _, client):
        status, problem = await posted(client, path, {}, KEY)

    assert (status, problem["type"], problem["scope"]) == (403, "urn:tieline:problem:scope-missing", scope)
    assert desk.disk.pbx.received == []


async def test_a_token_of_one_telephone_steers_its_calls_alone() -> None:
    own = allowed(Scope.CALLS_PLACE, Scope.CALLS_CONTROL, extension="8001")
    async with commanding(principal=own) as (desk, who, client):
        placed, _ = await posted(client, "calls", {"number": "8002"}, KEY)
        call_id = await a_talk(desk)
        held, _ = await posted(client, f"calls/{call_id}/hold")
        foreign, problem = await posted(client, "calls", {"number": "8001", "extension": "8002"}, {"Idempotency-Key": "2"})
        who.who = allowed(Scope.CALLS_CONTROL, extension="8002")
        others, other_problem = await posted(client, f"calls/{call_id}/hang-up")

    assert (placed, held) == (202, 202)
    assert (foreign, problem["type"]) == (403, "urn:tieline:problem:not-your-device")
    assert (others, other_problem["type"]) == (409, "urn:tieline:problem:not-in-this-call")
    assert [type(order.command) for order in desk.disk.pbx.received] == [PlaceCall, Hold]


async def test_a_slow_pbx_holds_up_nobody_else() -> None:
    async with commanding() as (desk, _, client):
        call_id = await a_talk(desk)
        desk.disk.pbx.gate.clear()
        slow = asyncio.create_task(posted(client, f"calls/{call_id}/hold"))
        unknown = await posted(client, "calls/none/hold")
        desk.disk.pbx.gate.set()
        status, _ = await slow

    assert (unknown[0], status) == (404, 202)
