"""Who may hear what: the event stream with API tokens, each of which may do other things."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from support.gateways import Served, served
from support.kept_tokens import NOW, KeptTokens, bearer
from support.replaying import CAPTURES, PBX

from gateway.api import stream
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Scope
from gateway.model.tokens import TokenId
from gateway.ports.connector import Gap

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


@pytest.fixture
def tokens() -> KeptTokens:
    return KeptTokens()


@pytest.fixture
def listener(tokens: KeptTokens) -> str:
    return tokens.give(Scope.EVENTS_READ, Scope.CALLS_READ)


@pytest.fixture
async def one(tokens: KeptTokens) -> AsyncIterator[Served]:
    async with served(QUEUE, authenticator=tokens.authenticator()) as made:
        yield made


async def subscribed(one: Served, token: str | None, **subscription: Any) -> ClientWebSocketResponse:
    socket = await one.client.ws_connect("/api/v1/events")
    await socket.send_json({"type": "subscribe", **({} if token is None else {"token": token}), **subscription})
    return socket


async def refusal(socket: ClientWebSocketResponse) -> tuple[str, int | None, str]:
    async with asyncio.timeout(5):
        message = await socket.receive_json()
        assert message["type"] == "error"
        assert (await socket.receive()).type is WSMsgType.CLOSE
        return message["problem"]["type"].removeprefix("urn:tieline:problem:"), socket.close_code, message["problem"]["detail"]


async def test_the_first_message_carries_the_token_and_everything_is_what_it_may_hear(one: Served, listener: str) -> None:
    socket = await subscribed(one, listener)
    answer = await socket.receive_json()
    await one.play()
    await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="cut"))
    told = [answer]
    async with asyncio.timeout(5):
        while told[-1]["type"] != "gateway.gap":
            told.append(await socket.receive_json())

    assert answer["topics"] == ["call", "callback", "command", "conversation", "gateway", "session"]
    assert {event["type"].partition(".")[0] for event in told[1:]} == {"call", "gateway"}
    assert listener not in str(told)


async def test_a_token_may_come_with_the_request_too(one: Served, listener: str) -> None:
    socket = await one.client.ws_connect("/api/v1/events", headers=bearer(listener))
    await socket.send_json({"type": "subscribe", "topics": ["call"]})

    assert (await socket.receive_json())["type"] == "subscribed"


async def test_without_a_token_nothing_is_heard(one: Served) -> None:
    kind, code, detail = await refusal(await subscribed(one, None))

    assert (kind, code) == ("token-missing", 4401)
    assert "`tieline token create` makes one" in detail
    assert one.hub.listeners == 0


async def test_a_wrong_token_is_refused(one: Served) -> None:
    assert (await refusal(await subscribed(one, "tl_wrong")))[:2] == ("token-refused", 4401)


async def test_a_topic_beyond_the_tokens_scopes_is_refused_by_name(one: Served, tokens: KeptTokens, listener: str) -> None:
    kind, code, detail = await refusal(await subscribed(one, listener, topics=["call", "queue"]))

    assert (kind, code) == ("scope-missing", 4403)
    assert detail == "wallboard may not do this: it takes the scope queues:read."
    assert (await refusal(await subscribed(one, tokens.give(Scope.CALLS_READ))))[1] == 4403
    assert one.hub.listeners == 0


async def test_who_listens_is_cut_off_when_his_token_is_revoked(
    one: Served, tokens: KeptTokens, listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ASK_AGAIN_S", 0.05)
    monkeypatch.setattr("gateway.api.auth.FRESH_S", 0.0)
    socket = await subscribed(one, listener)
    await socket.receive_json()
    await tokens.revoke(DEFAULT_TENANT, TokenId(listener[:11]), NOW)

    assert await refusal(socket) == ("token-refused", 4401, f"The token {listener[:11]} (wallboard) was revoked.")
    assert one.hub.listeners == 0


async def test_the_token_is_not_in_the_address(one: Served, listener: str) -> None:
    socket = await one.client.ws_connect("/api/v1/events", params={"token": listener})
    await socket.send_json({"type": "subscribe"})

    assert (await refusal(socket))[:2] == ("token-missing", 4401)
