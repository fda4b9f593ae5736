import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from multidict import CIMultiDict
from structlog.testing import capture_logs
from support.gateways import Client
from support.virtual_time import EPOCH_S, clock, in_virtual_time

from gateway.api.auth import DEMO, FLUSH_S, FRESH_S, LOOK_UP_S, DemoAuthenticator, TokenAuthenticator
from gateway.api.guard import guard
from gateway.api.operations import Asked, Authenticator, Operation, answer, routes_of
from gateway.api.problems import CONTENT_TYPE, ApiError
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.limits import Buckets, Rate
from gateway.model.principals import ALL_SCOPES, NOBODY, Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, TokenId, made, written
from gateway.store.database import Database
from gateway.store.tokens import SqlTokens
from gateway.store.urls import parse_url

NOW = EPOCH_S


def text_of(number: int) -> str:
    return written(bytes([number] * RANDOM_BYTES))


def token_of(number: int, *scopes: Scope, days: float | None = None) -> Token:
    wanted = NewToken(name=f"program {number}", scopes=scopes or (Scope.CALLS_READ,), days=days)
    return made(wanted, text_of(number), created_by="command line", now=NOW)


def asked(*, bearer: str | None = None, remote: str = "127.0.0.1") -> web.Request:
    headers = CIMultiDict({} if bearer is None else {"Authorization": f"Bearer {bearer}"})
    return make_mocked_request("GET", "/", headers=headers, app=web.Application()).clone(remote=remote)


class Shop(SqlTokens):
    """The tokens of a database that can fail, and that counts how often it is asked."""

    asked = 0
    fails = False

    async def find(self, token_id: TokenId) -> Token | None:
        self.asked += 1
        if self.fails:
            raise StoreUnavailableError("the database is away")
        return await super().find(token_id)


class Gate:
    """An authenticator on a clock that the test moves."""

    def __init__(self, shop: Shop, *, per_token: Rate, failures: Rate) -> None:
        self.shop = shop
        self.at = 0.0
        self.authenticator = TokenAuthenticator(
            shop,
            per_token=Buckets(per_token),
            failures=Buckets(failures),
            now=lambda: NOW + self.at,
            clock=lambda: self.at,
        )

    async def refusal(self, request: web.Request) -> ApiError:
        with pytest.raises(ApiError) as refused:
            await self.authenticator.principal(request)
        return refused.value


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    database = Database(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    await database.open()
    yield Shop(database)
    await database.close()


@pytest.fixture
def gate(shop: Shop) -> Gate:
    return Gate(shop, per_token=Rate(per_second=1.0, burst=100), failures=Rate(per_second=0.1, burst=3))


async def test_who_shows_a_token_is_known(gate: Gate) -> None:
    await gate.shop.add(token_of(1, Scope.CALLS_READ))
    principal = await gate.authenticator.principal(asked(bearer=text_of(1)))

    assert (principal.id, principal.name, principal.scopes) == (text_of(1)[:11], "program 1", frozenset({Scope.CALLS_READ}))


async def test_who_shows_nothing_is_told_how(gate: Gate) -> None:
    refusal = await gate.refusal(asked())

    assert (refusal.status, refusal.kind) == (401, "token-missing")
    assert refusal.headers == {"WWW-Authenticate": 'Bearer realm="tieline"'}
    assert refusal.detail == "This takes a token. Send it as `Authorization: Bearer TOKEN`; `tieline token create` makes one."
    assert await gate.authenticator.anybody(asked()) is NOBODY


@pytest.mark.parametrize("shown", ["nonsense", text_of(2), text_of(1)[:-1] + "7", ""])
async def test_what_is_no_token_of_ours_is_refused(gate: Gate, shown: str) -> None:
    await gate.shop.add(token_of(1))
    with capture_logs() as logs:
        refusal = await gate.refusal(asked(bearer=shown or "-"))

    assert (refusal.status, refusal.kind) == (401, "token-refused")
    assert refusal.headers == {"WWW-Authenticate": 'Bearer realm="tieline", error="invalid_token"'}
    assert refusal.detail.startswith("The token that was shown is none of ours. Send it as")
    assert [line["event"] for line in logs] == ["token_refused"]
    assert shown == "" or shown not in str(logs), "a token that is almost right is almost a secret"


async def test_a_false_token_is_worse_than_none(gate: Gate) -> None:
    with pytest.raises(ApiError) as refused:
        await gate.authenticator.anybody(asked(bearer=text_of(1)))

    assert refused.value.status == 401


async def test_an_expired_or_revoked_token_is_named(gate: Gate) -> None:
    await gate.shop.add(token_of(1, days=1))
    await gate.shop.add(token_of(2))
    await gate.shop.revoke(DEFAULT_TENANT, token_of(2).id, NOW)
    await gate.authenticator.principal(asked(bearer=text_of(1)))

    gate.at = 86_400.0
    expired, revoked = await gate.refusal(asked(bearer=text_of(1))), await gate.refusal(asked(bearer=text_of(2)))
    assert expired.detail.startswith(f"The token {token_of(1).id} (program 1) has expired. Send it as")
    assert revoked.detail.startswith(f"The token {token_of(2).id} (program 2) was revoked. Send it as")


async def test_a_known_token_costs_the_database_nothing_for_a_while(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    for at in (0.0, 1.0, FRESH_S - 0.1):
        gate.at = at
        await gate.authenticator.principal(asked(bearer=text_of(1)))
    assert gate.shop.asked == 1

    await gate.shop.revoke(DEFAULT_TENANT, token_of(1).id, NOW)
    gate.at = FRESH_S
    assert (await gate.refusal(asked(bearer=text_of(1)))).status == 401
    assert gate.shop.asked == 2


async def test_what_is_revoked_here_is_refused_at_once(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    await gate.authenticator.principal(asked(bearer=text_of(1)))
    revoked = await gate.shop.revoke(DEFAULT_TENANT, token_of(1).id, NOW)
    assert revoked is not None
    gate.authenticator.changed(revoked)

    assert (await gate.refusal(asked(bearer=text_of(1)))).kind == "token-refused"


async def test_while_the_database_fails_who_was_known_stays_known(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    await gate.shop.add(token_of(2))
    await gate.authenticator.principal(asked(bearer=text_of(1)))

    gate.shop.fails, gate.at = True, 3_600.0
    assert (await gate.authenticator.principal(asked(bearer=text_of(1)))).name == "program 1"
    with pytest.raises(StoreUnavailableError):
        await gate.authenticator.principal(asked(bearer=text_of(2)))
    await gate.authenticator.still(token_of(1).principal())


async def test_who_guesses_is_not_even_looked_up_and_keeps_nobody_known_out(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    await gate.authenticator.principal(asked(bearer=text_of(1)))
    refusals = [await gate.refusal(asked(bearer=text_of(number))) for number in range(2, 8)]

    assert [refusal.status for refusal in refusals] == [401, 401, 401, 429, 429, 429]
    assert refusals[-1].headers == {"Retry-After": "10"}
    assert refusals[-1].detail == "Too many wrong tokens come from 127.0.0.1: try again in 10 s."
    assert gate.shop.asked == 4
    assert (await gate.authenticator.principal(asked(bearer=text_of(1)))).name == "program 1"
    assert (await gate.refusal(asked(bearer=text_of(9), remote="192.0.2.1"))).status == 401
    assert (await gate.refusal(asked(bearer=text_of(1)[:-1] + "7"))).status == 429

    gate.at = 10.0
    assert (await gate.refusal(asked(bearer=text_of(9)))).status == 401


async def test_a_token_that_asks_too_often_waits_and_no_other_does(shop: Shop) -> None:
    gate = Gate(shop, per_token=Rate(per_second=0.5, burst=2), failures=Rate(per_second=1.0, burst=1))
    for number in (1, 2):
        await shop.add(token_of(number))
    for _ in range(2):
        await gate.authenticator.principal(asked(bearer=text_of(1)))

    refusal = await gate.refusal(asked(bearer=text_of(1)))
    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "2")
    assert refusal.detail == f"Too many requests come with the token {token_of(1).id} (program 1): try again in 2 s."
    await gate.authenticator.principal(asked(bearer=text_of(2)))


async def test_a_connection_is_opened_by_its_message_or_by_its_request(gate: Gate) -> None:
    await gate.shop.add(token_of(1))

    assert (await gate.authenticator.shown(asked(), text_of(1))).name == "program 1"
    assert (await gate.authenticator.shown(asked(bearer=text_of(1)), None)).name == "program 1"
    with pytest.raises(ApiError):
        await gate.authenticator.shown(asked(bearer=text_of(1)), text_of(2))
    with pytest.raises(ApiError):
        await gate.authenticator.shown(asked(), None)


async def test_a_connection_that_lasts_is_looked_at_again(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    principal = await gate.authenticator.shown(asked(), text_of(1))
    await gate.authenticator.still(principal)
    await gate.shop.revoke(DEFAULT_TENANT, token_of(1).id, NOW)

    gate.at = FRESH_S
    with pytest.raises(ApiError, match="was revoked"):
        await gate.authenticator.still(principal)


async def test_when_a_token_was_used_is_written_now_and_then(gate: Gate) -> None:
    await gate.shop.add(token_of(1))
    kept = []
    for at in (0.0, 1.0, 599.0, 600.0, 601.0):
        gate.at = at
        await gate.authenticator.principal(asked(bearer=text_of(1)))
        await gate.authenticator.flush()
        kept += [token.used_at for token in await gate.shop.all(DEFAULT_TENANT)]
        gate.at += FRESH_S - 0.5

    assert [at and at - NOW for at in kept] == [0.0, 0.0, 0.0, 600.0, 600.0]


@in_virtual_time
async def test_last_uses_wait_for_a_database_that_fails() -> None:
    class Failing:
        kept: dict[TokenId, float] | None = None
        tries = 0

        async def used(self, times: dict[TokenId, float]) -> None:
            self.tries += 1
            if self.tries == 1:
                raise StoreUnavailableError("away")
            self.kept = times

        async def find(self, _token_id: TokenId) -> Token:
            return token_of(1)

    failing = Failing()
    authenticator = TokenAuthenticator(
        failing,  # type: ignore[arg-type]  # the two that are asked here
        per_token=Buckets(Rate(per_second=1.0, burst=1)),
        failures=Buckets(Rate(per_second=1.0, burst=1)),
        now=clock,
        clock=asyncio.get_running_loop().time,
    )
    task = asyncio.create_task(authenticator.run())
    await authenticator.principal(asked(bearer=text_of(1)))
    await asyncio.sleep(FLUSH_S * 2.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert failing.kept == {token_of(1).id: NOW}
    assert failing.tries == 2


@in_virtual_time
async def test_a_database_that_hangs_keeps_nobody_known_waiting() -> None:
    class Hanging:
        hangs = False

        async def find(self, _token_id: TokenId) -> Token:
            if self.hangs:
                await asyncio.sleep(3_600)
            return token_of(1)

    hanging, rate, loop = Hanging(), Rate(per_second=10.0, burst=10), asyncio.get_running_loop()
    authenticator = TokenAuthenticator(
        hanging,  # type: ignore[arg-type]  # what is asked here
        per_token=Buckets(rate),
        failures=Buckets(rate),
        now=clock,
        clock=loop.time,
    )
    await authenticator.principal(asked(bearer=text_of(1)))
    hanging.hangs = True
    await asyncio.sleep(FRESH_S)
    began = loop.time()
    first, second = await asyncio.gather(*(authenticator.principal(asked(bearer=text_of(1))) for _ in range(2)))

    assert first == second == token_of(1).principal()
    assert loop.time() - began == pytest.approx(LOOK_UP_S, abs=0.1)


class Nameless(msgspec.Struct):
    who: str


@pytest.fixture
async def client(gate: Gate) -> AsyncIterator[Client]:
    async def who(asked: Asked[object, None]) -> web.Response:
        return answer(Nameless(asked.principal.name))

    def operation(path: str, scope: Scope | None, *, is_open: bool = False) -> Operation:
        return Operation(
            method="GET",
            path=path,
            handler=who,
            summary="Who asks.",
            tag="test",
            scope=scope,
            open=is_open,
            answers={200: Nameless},
        )

    application = web.Application(middlewares=[guard])
    operations = [operation("/place", Scope.CALLS_PLACE), operation("/any", None), operation("/open", None, is_open=True)]
    application.add_routes(routes_of(operations, gate.authenticator))
    async with TestClient(TestServer(application)) as made:
        yield made


async def test_a_token_without_the_scope_is_told_which_it_takes(gate: Gate, client: Client) -> None:
    await gate.shop.add(token_of(1, Scope.CALLS_READ, Scope.EVENTS_READ))
    response = await client.get("/place", headers={"Authorization": f"Bearer {text_of(1)}"})
    document = await response.json(content_type=CONTENT_TYPE)

    assert document == {
        "type": "urn:tieline:problem:scope-missing",
        "title": "Not allowed",
        "status": 403,
        "detail": "program 1 may not do this: it takes the scope calls:place.",
        "scope": "calls:place",
    }
    assert response.status == 403


async def test_whoever_is_unknown_meets_a_challenge(client: Client) -> None:
    for path in ("/place", "/any"):
        response = await client.get(path)
        document = await response.json(content_type=CONTENT_TYPE)
        assert (response.status, document["type"]) == (401, "urn:tieline:problem:token-missing")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="tieline"'


async def test_what_is_open_is_answered_to_nobody_too(gate: Gate, client: Client) -> None:
    await gate.shop.add(token_of(1))
    unknown = await (await client.get("/open")).json()
    known = await (await client.get("/open", headers={"Authorization": f"bearer {text_of(1)}"})).json()

    assert (unknown, known) == ({"who": "nobody"}, {"who": "program 1"})


async def test_a_token_in_the_address_is_none(gate: Gate, client: Client) -> None:
    await gate.shop.add(token_of(1, *Scope))
    response = await client.get("/place", params={"token": text_of(1)})

    assert response.status == 401


async def test_in_the_demo_everybody_may_everything() -> None:
    demo: Authenticator = DemoAuthenticator()
    everybody = [await demo.principal(asked()), await demo.anybody(asked()), await demo.shown(asked(), "anything")]
    await demo.still(DEMO)

    assert everybody == [DEMO] * 3
    assert DEMO.scopes == ALL_SCOPES
