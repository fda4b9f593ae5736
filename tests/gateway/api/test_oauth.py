"""Access tokens of programs by OAuth 2: who gets one, and what it lets in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, encode_basic_auth
from support.doors import House, house

from gateway.api.access_tokens import LIFE_S, MAX_KEPT, AccessTokens
from gateway.api.auth import DemoAuthenticator
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import NOBODY, Role, Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, made, written

SECRET = written(bytes([7] * RANDOM_BYTES))
BOUND = written(bytes([8] * RANDOM_BYTES))
SCOPES = (Scope.CALLS_READ, Scope.CALLS_PLACE, Scope.EVENTS_READ, Scope.CUSTOMERS_READ, Scope.WEBHOOKS_MANAGE)


def client_of(text: str, now: float, **more: Any) -> Token:
    wanted = NewToken(name="CRM", scopes=SCOPES, role=Role.PARTNER, **more)
    return made(wanted, text, created_by="the test", now=now)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as running:
        await running.tokens.add(client_of(SECRET, running.clock.time))
        await running.tokens.add(client_of(BOUND, running.clock.time, extension="8009"))
        await running.person("anna")
        yield running


CLIENT_ID = SECRET.rpartition("_")[0]


async def ask(house: House, secret: str = SECRET, *, client_id: str | None = None, **form: str) -> ClientResponse:
    asked = {"grant_type": "client_credentials"} | form
    headers = {"Authorization": encode_basic_auth(client_id or secret.rpartition("_")[0], secret)}
    return await house.client.post("/oauth/token", data=asked, headers=headers)


async def token(house: House, **form: str) -> str:
    response = await ask(house, **form)
    assert response.status == 200, await response.text()
    text: str = (await response.json())["access_token"]
    return text


async def who(house: House, text: str, method: str = "GET", path: str = "who") -> tuple[int, Any]:
    response = await house.client.request(method, f"/api/v1/{path}", headers={"Authorization": f"Bearer {text}"})
    return response.status, await response.json()


async def test_a_client_gets_a_token_for_an_hour_with_all_that_it_may(served: House) -> None:
    response = await ask(served)
    told = await response.json()
    assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3_600)
    assert told["scope"].split() == sorted(SCOPES)
    assert await who(served, told["access_token"]) == (200, {"id": CLIENT_ID, "extension": None, "pbx": None, "session": False})


async def test_credentials_may_stand_in_the_form(served: House) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET, "scope": "calls:read"}
    response = await served.client.post("/oauth/token", data=form)
    assert (await response.json())["scope"] == "calls:read"


async def test_an_agents_token_is_his_and_may_what_both_may(served: House) -> None:
    response = await ask(served, scope="agent:anna")
    told = await response.json()
    assert told["scope"].split() == ["agent:anna", "calls:place", "calls:read", "customers:read", "events:read"]
    status, seen = await who(served, told["access_token"])
    assert (status, seen["id"], seen["extension"]) == (200, f"{CLIENT_ID}:anna", "8001")
    assert (await who(served, told["access_token"], "POST", "place"))[0] == 200


async def test_less_is_given_where_less_is_asked_for(served: House) -> None:
    text = await token(served, scope="agent:anna calls:read")
    status, problem = await who(served, text, "POST", "place")
    assert (status, problem["type"].rpartition(":")[2]) == (403, "scope-missing")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "recordings:read"}, "invalid_scope"),
        ({"scope": "no:such"}, "invalid_scope"),
        ({"scope": "agent:nobody"}, "invalid_scope"),
        ({"scope": "agent:anna agent:ben"}, "invalid_scope"),
    ],
)
async def test_what_cannot_be_given_is_said_as_the_standard_says(served: House, form: dict[str, str], error: str) -> None:
    response = await ask(served, **form)
    assert (response.status, (await response.json())["error"]) == (400, error)


async def test_a_wrong_secret_or_id_is_no_client(served: House) -> None:
    for response in (await ask(served, SECRET[:-4] + "aaaa"), await ask(served, client_id="tl_aaaaaaaa"), await ask(served, "")):
        assert (response.status, (await response.json())["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    response = await served.client.post("/oauth/token", json={})
    assert (await response.json())["error"] == "invalid_request"


async def test_a_client_that_is_bound_to_a_telephone_stands_for_nobody_else(served: House) -> None:
    response = await ask(served, BOUND, scope="agent:anna")
    assert (await response.json())["error"] == "invalid_scope"
    text = (await (await ask(served, BOUND)).json())["access_token"]
    assert (await who(served, text))[1]["extension"] == "8009"


async def test_a_token_ends_after_an_hour_and_with_its_client(served: House) -> None:
    first = await token(served)
    served.clock.time += LIFE_S
    status, problem = await who(served, first)
    assert (status, problem["detail"]) == (401, "The access token has expired. Ask /oauth/token for another.")
    second = await token(served, scope="agent:anna")
    await served.tokens.revoke(DEFAULT_TENANT, client_of(SECRET, 0.0).id, served.clock.time)
    served.clock.time += 10.0
    assert (await who(served, second))[0] == 401


async def test_what_is_none_of_ours_lets_nobody_in(served: House) -> None:
    assert (await who(served, "tla_" + "0" * 64))[0] == 401


async def test_the_eldest_are_forgotten_first() -> None:
    numbers = iter(range(1, MAX_KEPT + 10))
    kept = AccessTokens(DemoAuthenticator(), now=lambda: 0.0, random_bytes=lambda size: next(numbers).to_bytes(size, "big"))
    first = kept.give(NOBODY, NOBODY)
    last = [kept.give(NOBODY, NOBODY) for _ in range(MAX_KEPT)][-1]
    assert await kept._known(last) is NOBODY
    with pytest.raises(Exception, match="none of ours"):
        await kept._known(first)
