"""Who may hear what: the event stream with API tokens, each of which may do other things."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from support.gateways import Served, served
from support.replaying import CAPTURES, PBX

from gateway.api import stream
from gateway.api.auth import TokenAuthenticator
from gateway.api.limits import Buckets, Rate
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.principals import Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, TokenId, made, written
from gateway.ports.connector import Gap
from gateway.ports.tokens import Tokens

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
NOW = 1_800_000_000.0
LISTENER = (Scope.EVENTS_READ, Scope.CALLS_READ)
TEXTS = {LISTENER: written(bytes([1] * RANDOM_BYTES)), (Scope.CALLS_READ,): written(bytes([2] * RANDOM_BYTES))}


class Kept:
    """Tokens in a dict."""

    def __init__(self) -> None:
        self.tokens: dict[TokenId, Token] = {}
        for scopes, text in TEXTS.items():
            token = made(NewToken(name="wallboard", scopes=scopes), text, created_by="command line", now=NOW)
            self.tokens[token.id] = token

    async def add(self, token: Token) -> None:
        self.tokens[token.id] = token

    async def find(self, token_id: TokenId) -> Token | None:
        return self.tokens.get(token_id)

    async def all(self, _tenant: Tenant) -> list[Token]:
        return list(self.tokens.values())

    async def revoke(self, _tenant: Tenant, token_id: TokenId, _at: float) -> Token | None:
        return self.tokens.pop(token_id, None)

    async def used(self, times: Any) -> None:
        assert times


@pytest.fixture
def kept() -> Tokens:
    return Kept()


@pytest.fixture
async def one(kept: Tokens) -> AsyncIterator[Served]:
    rate = Rate(per_second=1.0, burst=10)
    authenticator = TokenAuthenticator(
        kept, per_token=Buckets(rate), failures=Buckets(rate), now=lambda: NOW, clock=asyncio.get_running_loop().time
    )
    async with served(QUEUE, authenticator=authenticator) as made:
        yield made


async def subscribed(one: Served, scopes: Sequence[Scope] | None, **subscription: Any) -> ClientWebSocketResponse:
    socket = await one.client.ws_connect("/api/v1/events")
    token = {} if scopes is None else {"token": TEXTS[tuple(scopes)]}
    await socket.send_json({"type": "subscribe", **token, **subscription})
    return socket


async def refusal(socket: ClientWebSocketResponse) -> tuple[str, int | None, str]:
    async with asyncio.timeout(5):
        message = await socket.receive_json()
        assert message["type"] == "error"
        assert (await socket.receive()).type is WSMsgType.CLOSE
        return message["problem"]["type"].removeprefix("urn:tieline:problem:"), socket.close_code, message["problem"]["detail"]


async def test_the_first_message_carries_the_token_and_everything_is_what_it_may_hear(one: Served) -> None:
    socket = await subscribed(one, LISTENER)
    answer = await socket.receive_json()
    await one.play()
    await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="cut"))
    told = [answer]
    async with asyncio.timeout(5):
        while told[-1]["type"] != "gateway.gap":
            told.append(await socket.receive_json())

    assert answer["topics"] == ["call", "command", "gateway", "session"]
    assert {event["type"].partition(".")[0] for event in told[1:]} == {"call", "gateway"}
    assert TEXTS[LISTENER] not in str(told)


async def test_a_token_may_come_with_the_request_too(one: Served) -> None:
    socket = await one.client.ws_connect("/api/v1/events", headers={"Authorization": f"Bearer {TEXTS[LISTENER]}"})
    await socket.send_json({"type": "subscribe", "topics": ["call"]})

    assert (await socket.receive_json())["type"] == "subscribed"


async def test_without_a_token_nothing_is_heard(one: Served) -> None:
    kind, code, detail = await refusal(await subscribed(one, None))

    assert (kind, code) == ("token-missing", 4401)
    assert "`tieline token create` makes one" in detail
    assert one.hub.listeners == 0


async def test_a_wrong_token_is_refused(one: Served) -> None:
    assert (await refusal(await subscribed(one, None, token="tl_wrong")))[:2] == ("token-refused", 4401)


async def test_a_topic_beyond_the_tokens_scopes_is_refused_by_name(one: Served) -> None:
    kind, code, detail = await refusal(await subscribed(one, LISTENER, topics=["call", "queue"]))

    assert (kind, code) == ("scope-missing", 4403)
    assert detail == "wallboard may not do this: it takes the scope queues:read."
    assert (await refusal(await subscribed(one, (Scope.CALLS_READ,))))[1] == 4403
    assert one.hub.listeners == 0


async def test_who_listens_is_cut_off_when_his_token_is_revoked(
    one: Served, kept: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ASK_AGAIN_S", 0.05)
    monkeypatch.setattr("gateway.api.auth.FRESH_S", 0.0)
    socket = await subscribed(one, LISTENER)
    await socket.receive_json()
    for token in await kept.all(DEFAULT_TENANT):
        await kept.revoke(DEFAULT_TENANT, token.id, NOW)

    assert await refusal(socket) == ("token-refused", 4401, "The token is gone.")
    assert one.hub.listeners == 0


async def test_the_token_is_not_in_the_address(one: Served) -> None:
    socket = await one.client.ws_connect("/api/v1/events", params={"token": TEXTS[LISTENER]})
    await socket.send_json({"type": "subscribe"})

    assert (await refusal(socket))[:2] == ("token-missing", 4401)
