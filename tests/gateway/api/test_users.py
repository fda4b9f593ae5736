from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.doors import PASSWORD, PBX, House, house, kind_of
from support.kept_tokens import bearer

from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.model.principals import Role, Scope
from gateway.model.site import Site
from gateway.model.tokens import RANDOM_BYTES, NewToken, made, written
from gateway.model.users import User

OTHER = "another three words"


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made_house:
        await made_house.person("chief", Role.ADMIN, extension=None, pbx=None)
        assert (await made_house.sign_in("chief")).status == 200
        yield made_house


async def added(one: House, **more: Any) -> dict[str, Any]:
    answered = await one.ask("POST", "/users", {"login": "bob", "name": "Bob", "role": "agent", "extension": "8002"} | more)
    assert answered.status == 201, await answered.text()
    told: dict[str, Any] = await answered.json()
    return told


async def chief(one: House) -> User:
    user = await one.users.by_login(DEFAULT_TENANT, "chief")
    assert user is not None
    return user


async def test_a_new_user_comes_with_a_password_for_one_time(one: House) -> None:
    told = await added(one, language="zh")
    password = told.pop("one_time_password")

    assert (told["login"], told["role"], told["pbx"], told["extension"]) == ("bob", "agent", "one", "8002")
    assert (told["language"], told["must_change_password"], told["disabled"]) == ("zh", True, False)
    assert (await (await one.ask("GET", f"/users/{told['user_id']}")).json()) == told
    assert [each["login"] for each in (await (await one.ask("GET", "/users")).json())["users"]] == ["bob", "chief"]
    assert ("user_made", "Bob", "bob, agent") in await one.audit()
    me = await (await one.sign_in("bob", password)).json()
    assert me["must_change_password"] is True


async def test_a_given_password_is_not_told_again(one: House) -> None:
    told = await added(one, password=PASSWORD)
    assert told["one_time_password"] is None
    assert (await one.sign_in("bob")).status == 200


async def test_nothing_that_is_told_has_a_hash(one: House) -> None:
    await added(one)
    for path in ("/users", "/audit/access"):
        assert "argon2" not in await (await one.ask("GET", path)).text()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"login": "CHIEF"}, (409, "login-taken")),
        ({"extension": None}, (422, "bad-user")),
        ({"extension": "17"}, (422, "bad-user")),
        ({"pbx": "gone"}, (422, "bad-user")),
        ({"password": "1234567890"}, (422, "weak-password")),
        ({"login": "a b"}, (422, "bad-body")),
        ({"name": " "}, (422, "bad-body")),
        ({"role": "king"}, (422, "bad-body")),
    ],
)
async def test_who_cannot_be_is_not_made(one: House, more: dict[str, Any], problem: tuple[int, str]) -> None:
    body = {"login": "bob", "name": "Bob", "role": "agent", "extension": "8002"} | more
    assert await kind_of(await one.ask("POST", "/users", body)) == problem
    assert len(await one.users.all(DEFAULT_TENANT)) == 1


async def test_with_several_pbxs_it_is_said_at_which(tmp_path: Path) -> None:
    sites = {PBX: Site(extensions=r"^8\d{3}$"), PbxName("two"): Site(extensions=r"^8\d{3}$")}
    async with house(tmp_path, sites=sites) as one:
        await one.person("chief", Role.ADMIN, extension=None, pbx=None)
        await one.sign_in("chief")
        body = {"login": "bob", "name": "Bob", "role": "agent", "extension": "8002"}
        refused = await one.ask("POST", "/users", body)
        assert (await refused.json())["detail"] == "Say at which PBX the extension is: one, two."
        assert (await added(one, pbx="two"))["pbx"] == "two"


async def test_a_change_counts_at_once(one: House) -> None:
    bob = await added(one, password=PASSWORD)
    (before,) = [each.value for each in one.client.session.cookie_jar]
    await one.sign_in("bob")
    await one.ask("PUT", "/session/password", {"old": PASSWORD, "new": OTHER})
    (bobs,) = [each.value for each in one.client.session.cookie_jar]
    one.client.session.cookie_jar.clear()
    as_chief, as_bob = {"Cookie": f"tieline={before}"}, {"Cookie": f"tieline={bobs}"}

    assert (await one.ask("GET", "/users", **as_bob)).status == 403
    path = f"/users/{bob['user_id']}"
    told = await (await one.ask("PATCH", path, {"role": "supervisor", "extension": "8003"}, **as_chief)).json()
    assert (told["role"], told["extension"], told["name"]) == ("supervisor", "8003", "Bob")
    me = await (await one.ask("GET", "/session", **as_bob)).json()
    assert "calls:listen" in me["scopes"]
    assert ("user_changed", "Bob", "role agent -> supervisor, extension 8002 -> 8003") in await one.audit()

    assert (await one.ask("DELETE", path, **as_chief)).status == 200
    assert (await one.ask("GET", "/session", **as_bob)).status == 401
    assert (await one.sign_in("bob", OTHER)).status == 401
    assert (await one.ask("PATCH", path, {"disabled": False}, **as_chief)).status == 200
    assert (await one.sign_in("bob", OTHER)).status == 200
    kinds = [kind for kind, name, _ in await one.audit() if name == "Bob"]
    assert kinds[-4:] == ["user_disabled", "sign_in_failed", "user_enabled", "signed_in"]


async def test_a_login_can_change_where_it_is_free(one: House) -> None:
    bob = await added(one)
    path = f"/users/{bob['user_id']}"
    assert (await (await one.ask("PATCH", path, {"login": "Robert"})).json())["login"] == "Robert"
    assert await kind_of(await one.ask("PATCH", path, {"login": "chief"})) == (409, "login-taken")
    assert await kind_of(await one.ask("PATCH", path, {"extension": None})) == (422, "bad-user")


async def test_nobody_takes_his_own_role_away(one: House) -> None:
    path = f"/users/{(await chief(one)).id}"
    for method, body in (("PATCH", {"role": "partner"}), ("PATCH", {"disabled": True}), ("DELETE", None)):
        assert await kind_of(await one.ask(method, path, body)) == (409, "own-account")
    assert (await one.ask("PATCH", path, {"name": "The chief"})).status == 200


async def test_nobody_makes_more_of_another_than_he_is(one: House) -> None:
    text = written(bytes(RANDOM_BYTES))
    wanted = NewToken(name="hr", scopes=(Scope.USERS_MANAGE, Scope.CALLS_READ), role=Role.ADMIN)
    await one.tokens.add(made(wanted, text, created_by="the test", now=one.clock.time))
    one.client.session.cookie_jar.clear()
    path = f"/users/{(await chief(one)).id}"
    for method, where, body in (
        ("POST", "/users", {"login": "x", "name": "X", "role": "admin"}),
        ("PATCH", path, {"name": "Y"}),
        ("DELETE", path, None),
        ("POST", f"{path}/password", {}),
    ):
        assert await kind_of(await one.ask(method, where, body, **bearer(text))) == (403, "more-than-own")


async def test_a_new_password_signs_out_and_unlocks(one: House) -> None:
    bob = await added(one, password=PASSWORD)
    (before,) = [each.value for each in one.client.session.cookie_jar]
    await one.sign_in("bob")
    (bobs,) = [each.value for each in one.client.session.cookie_jar]
    one.client.session.cookie_jar.clear()
    as_chief = {"Cookie": f"tieline={before}"}
    told = await (await one.ask("POST", f"/users/{bob['user_id']}/password", **as_chief)).json()

    assert (await one.ask("GET", "/session", Cookie=f"tieline={bobs}")).status == 401
    assert (await one.sign_in("bob")).status == 401
    assert (await one.sign_in("bob", told["one_time_password"])).status == 200
    one.client.session.cookie_jar.clear()
    given = await one.ask("POST", f"/users/{bob['user_id']}/password", {"password": OTHER}, **as_chief)
    assert (await given.json()) == {"one_time_password": None}
    weak = await one.ask("POST", f"/users/{bob['user_id']}/password", {"password": "bob"}, **as_chief)
    assert await kind_of(weak) == (422, "weak-password")


async def test_an_admin_unlocks(one: House) -> None:
    bob = await added(one, password=PASSWORD)
    jar = [each.value for each in one.client.session.cookie_jar]
    for _ in range(5):
        await one.sign_in("bob", "wrong")
    locked = await (await one.ask("GET", f"/users/{bob['user_id']}")).json()
    assert locked["locked_until"] is not None
    assert (await one.sign_in("bob")).status == 429
    told = await (await one.ask("POST", f"/users/{bob['user_id']}/unlock")).json()
    assert told["locked_until"] is None
    assert (await one.sign_in("bob")).status == 200
    # His own place is counted in memory, and is forgotten too.
    for _ in range(5):
        await one.sign_in("bob", "wrong")
    assert (await one.sign_in("bob")).status == 429
    await one.ask("POST", f"/users/{bob['user_id']}/unlock", Cookie=f"tieline={jar[0]}")
    one.client.session.cookie_jar.clear()
    again = await (await one.ask("GET", f"/users/{bob['user_id']}", Cookie=f"tieline={jar[0]}")).json()
    listed = await (await one.ask("GET", "/users", Cookie=f"tieline={jar[0]}")).json()
    assert again["locked_until"] is not None
    assert again in listed["users"]
    await one.ask("POST", f"/users/{bob['user_id']}/unlock", Cookie=f"tieline={jar[0]}")
    assert (await one.sign_in("bob")).status == 200


async def test_sessions_are_listed_and_ended(one: House) -> None:
    bob = await added(one, password=PASSWORD)
    (before,) = [each.value for each in one.client.session.cookie_jar]
    bobs = []
    for browser in ("Firefox", "Chrome"):
        await one.sign_in("bob", **{"User-Agent": browser})
        bobs.append(next(each.value for each in one.client.session.cookie_jar))
    one.client.session.cookie_jar.clear()
    as_chief, path = {"Cookie": f"tieline={before}"}, f"/users/{bob['user_id']}/sessions"
    sessions = (await (await one.ask("GET", path, **as_chief)).json())["sessions"]
    assert [(each["browser"], each["way"], each["address"], each["current"]) for each in sessions] == [
        ("Chrome", "password", "127.0.0.1", False),
        ("Firefox", "password", "127.0.0.1", False),
    ]
    own = (await (await one.ask("GET", f"/users/{(await chief(one)).id}/sessions", **as_chief)).json())["sessions"]
    assert [each["current"] for each in own] == [True]

    assert (await one.ask("DELETE", f"{path}/{sessions[1]['session_id']}", **as_chief)).status == 204
    assert [(await one.ask("GET", "/session", Cookie=f"tieline={each}")).status for each in bobs] == [401, 200]
    assert (await one.ask("DELETE", f"{path}/{sessions[1]['session_id']}", **as_chief)).status == 404
    assert (await one.ask("DELETE", path, **as_chief)).status == 204
    assert (await one.ask("GET", "/session", Cookie=f"tieline={bobs[1]}")).status == 401
    assert (await (await one.ask("GET", path, **as_chief)).json()) == {"sessions": []}


async def test_there_is_no_such_user(one: House) -> None:
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/password"),
        ("POST", "/unlock"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("DELETE", "/sessions/ses_x"),
    ):
        answered = await one.ask(method, f"/users/nobody{path}", {} if method == "PATCH" else None)
        assert await kind_of(answered) == (404, "not-found")
