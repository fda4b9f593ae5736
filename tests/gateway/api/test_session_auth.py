import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from support.doors import PASSWORD, House, house, kind_of
from support.kept_tokens import bearer

from gateway.api.auth import FLUSH_S, FRESH_S
from gateway.api.problems import ApiError
from gateway.api.session_auth import cookie_name
from gateway.api.surroundings import SURROUNDINGS, Surroundings, networks_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Principal, Role, Scope
from gateway.model.sessions import SessionRules
from gateway.model.tokens import RANDOM_BYTES, NewToken, made, written
from gateway.model.users import User

HOUR = 3_600.0


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made_house:
        await made_house.person()
        assert (await made_house.sign_in()).status == 200
        yield made_house


def cookie(one: House) -> str:
    (found,) = one.client.session.cookie_jar
    return f"{found.key}={found.value}"


def request(one: House, method: str = "GET", **headers: str) -> web.Request:
    given = {"Host": "localhost", "Cookie": cookie(one)} | headers
    return make_mocked_request(method, "/api/v1/events", headers=given, app=web.Application())


async def who(one: House) -> Principal:
    return await one.doors.authenticator.principal(request(one))


async def changed(one: House, **changes: Any) -> User:
    (user,) = await one.users.all(DEFAULT_TENANT)
    after = await one.users.change(DEFAULT_TENANT, user.id, lambda his: msgspec.structs.replace(his, **changes))
    assert after is not None
    return after


async def test_a_cookie_is_known(one: House) -> None:
    told = await (await one.ask("GET", "/who")).json()
    assert (told["extension"], told["pbx"], told["session"]) == ("8001", "one", True)
    assert (await (await one.ask("GET", "/anybody")).json())["session"] is True


@pytest.mark.parametrize("text", ["", "x", "A" * 43, "é" * 43, '"' * 43])
async def test_a_cookie_that_is_none_of_ours_lets_nobody_in(one: House, text: str) -> None:
    one.client.session.cookie_jar.clear()
    answered = await one.ask("GET", "/who", Cookie=f"tieline={text}")
    assert answered.status == 401
    # Whoever has an old one can sign in again.
    assert (await (await one.ask("GET", "/anybody", Cookie=f"tieline={text}")).json())["id"] == "nobody"


async def test_what_changes_something_comes_from_a_page_of_ours(one: House) -> None:
    headers = {"Content-Type": "application/json"}
    for more, status in (
        ({}, 403),
        ({"X-Tieline": "other"}, 403),
        ({"X-Tieline": "page", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Tieline": "page", "Sec-Fetch-Site": "same-site"}, 403),
        ({"X-Tieline": "page", "Origin": "http://evil.example"}, 403),
        ({"X-Tieline": "page", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"X-Tieline": "page"}, 200),
    ):
        answered = await one.client.post("/api/v1/who", headers=headers | more)
        assert answered.status == status, more
    assert await kind_of(await one.client.post("/api/v1/who")) == (403, "forged-request")
    assert (await one.client.get("/api/v1/who")).status == 200


async def test_a_forged_sign_in_is_nobodys(one: House) -> None:
    answered = await one.client.post("/api/v1/session", json={"login": "ann", "password": PASSWORD})
    assert answered.status == 200


async def test_the_event_stream_takes_a_cookie_from_our_own_pages(one: House) -> None:
    authenticator = one.doors.authenticator
    with pytest.raises(ApiError, match="must carry the Origin"):
        await authenticator.shown(request(one), None)
    assert (await authenticator.shown(request(one, Origin="http://localhost"), None)).name == "Ann"


async def test_a_token_goes_before_a_cookie(one: House) -> None:
    text = written(bytes(RANDOM_BYTES))
    wanted = NewToken(name="crm", scopes=(Scope.CALLS_PLACE,), role=Role.PARTNER)
    await one.tokens.add(made(wanted, text, created_by="the test", now=one.clock.time))
    told = await (await one.client.post("/api/v1/place", headers=bearer(text))).json()
    assert told["id"].startswith("tl_")
    principal = await one.doors.authenticator.shown(request(one), text)
    assert principal.name == "crm"
    await one.doors.authenticator.still(principal)
    assert (await one.client.get("/api/v1/who", headers=bearer("tl_wrong"))).status == 401


async def test_without_either_nobody_comes_in(one: House) -> None:
    one.client.session.cookie_jar.clear()
    assert await kind_of(await one.ask("GET", "/who")) == (401, "token-missing")


async def test_a_session_ends_when_nobody_used_it(one: House) -> None:
    for _ in range(3):
        one.clock.time += 11 * HOUR
        assert (await one.ask("GET", "/who")).status == 200
    one.clock.time += 12 * HOUR
    answered = await one.ask("GET", "/who")
    assert await kind_of(answered) == (401, "session-over")
    assert (await answered.json())["detail"] == "The session was not used for 12 hours. Sign in again."


async def test_a_session_ends_in_any_case(tmp_path: Path) -> None:
    async with house(tmp_path, rules=SessionRules(idle_hours=30, days=2)) as one:
        await one.person()
        await one.sign_in()
        one.clock.time += 24 * HOUR
        assert (await one.ask("GET", "/who")).status == 200
        one.clock.time += 24 * HOUR
        # The browser would drop the cookie by now.
        assert (await one.ask("GET", "/who")).status == 401


async def test_use_is_written_down_rarely_and_outlives_a_start(one: House) -> None:
    (user,) = await one.users.all(DEFAULT_TENANT)
    before = (await one.users.sessions(DEFAULT_TENANT, user.id))[0].used_at
    one.clock.time += 300
    await one.ask("GET", "/who")
    await one.doors.authenticator.flush()
    assert (await one.users.sessions(DEFAULT_TENANT, user.id))[0].used_at == before
    one.clock.time += 400
    await one.ask("GET", "/who")
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 1:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await one.doors.authenticator.run(sleep)
    assert slept == [FLUSH_S, FLUSH_S]
    assert (await one.users.sessions(DEFAULT_TENANT, user.id))[0].used_at == pytest.approx(one.clock.time, abs=0.1)


async def test_use_that_cannot_be_written_waits(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    one.clock.time += 700
    await one.ask("GET", "/who")
    written_down = []

    async def used(times: Any) -> None:
        written_down.append(times)
        if len(written_down) == 1:
            raise StoreUnavailableError("gone")

    monkeypatch.setattr(one.users, "used", used)
    await one.doors.authenticator.flush()
    await one.doors.authenticator.flush()
    await one.doors.authenticator.flush()
    assert len(written_down) == 2
    assert written_down[0] == written_down[1]


async def test_a_session_costs_the_database_nothing_for_some_seconds(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look_up = one.users.by_session

    async def counted(digest: bytes) -> Any:
        nonlocal looks
        looks += 1
        return await look_up(digest)

    monkeypatch.setattr(one.users, "by_session", counted)
    for _ in range(20):
        assert (await one.ask("GET", "/who")).status == 200
    assert looks == 1
    one.clock.time += FRESH_S
    await one.ask("GET", "/who")
    assert looks == 2


async def test_what_has_changed_beside_the_gateway_is_known_within_seconds(one: House) -> None:
    await one.ask("GET", "/who")
    await changed(one, extension="8002")
    one.clock.time += FRESH_S
    assert (await (await one.ask("GET", "/who")).json())["extension"] == "8002"
    await changed(one, disabled=True)
    one.clock.time += FRESH_S
    assert (await (await one.ask("GET", "/who")).json())["detail"] == "This user may not sign in any more. Sign in again."


async def test_what_has_changed_here_is_known_at_once(one: House) -> None:
    await one.ask("GET", "/who")
    user = await changed(one, extension="8002")
    one.doors.authenticator.forget(user.id)
    assert (await (await one.ask("GET", "/who")).json())["extension"] == "8002"


async def test_whoever_was_known_stays_so_while_the_database_fails(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    principal = await who(one)

    async def fails(_digest: bytes) -> None:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(one.users, "by_session", fails)
    one.clock.time += FRESH_S
    assert (await one.ask("GET", "/who")).status == 200
    await one.doors.authenticator.still(principal)
    one.client.session.cookie_jar.clear()
    assert (await one.ask("GET", "/who", Cookie=f"tieline={'A' * 43}")).status == 503


async def test_a_connection_that_lasts_ends_with_its_session(one: House) -> None:
    authenticator, principal = one.doors.authenticator, await who(one)
    await authenticator.still(principal)
    user = await changed(one, role=Role.SUPERVISOR)
    authenticator.forget(user.id)
    with pytest.raises(ApiError, match="What you may do has changed"):
        await authenticator.still(principal)
    principal = await who(one)
    await one.users.end(DEFAULT_TENANT, user.id, one.clock.time)
    authenticator.forget(user.id)
    with pytest.raises(ApiError, match="This session was ended"):
        await authenticator.still(principal)
    with pytest.raises(ApiError, match="This session was ended"):
        await authenticator.still(msgspec.structs.replace(principal, session="ses_other"))


async def test_a_session_that_is_gone_is_over(one: House) -> None:
    principal = await who(one)
    await one.users.prune_sessions(DEFAULT_TENANT, before=one.clock.time + 1)
    one.clock.time += FRESH_S
    with pytest.raises(ApiError, match="This session is gone"):
        await one.doors.authenticator.still(principal)
    assert (await one.ask("GET", "/who")).status == 401


def test_over_tls_no_other_host_can_set_the_cookie() -> None:
    def name(surroundings: Surroundings) -> str:
        application = web.Application()
        application[SURROUNDINGS] = surroundings
        transport = type("Transport", (), {"get_extra_info": lambda *_: ("192.0.2.5", 1), "is_closing": lambda _: False})()
        return cookie_name(make_mocked_request("GET", "/", app=application, transport=transport))

    assert name(Surroundings()) == "tieline"
    assert name(Surroundings(encrypted=True)) == "__Host-tieline"
    assert name(Surroundings(proxies=networks_of(("192.0.2.5",)))) == "__Host-tieline"


async def test_the_cookie_is_for_our_pages_alone(one: House) -> None:
    answered = await one.sign_in()
    words = {word.strip() for word in answered.headers["Set-Cookie"].split(";")[1:]}
    assert words == {"HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax"}
