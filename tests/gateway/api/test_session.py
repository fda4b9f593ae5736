from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.doors import PASSWORD, House, house, kind_of

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role

OTHER = "another three words"


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made:
        yield made


async def test_who_is_signed_in_is_told_what_he_may(one: House) -> None:
    ann = await one.person()
    signed = await (await one.sign_in()).json()
    me = await (await one.ask("GET", "/session")).json()

    assert me == signed
    assert me["user_id"] == ann.id
    assert (me["login"], me["name"], me["role"], me["pbx"], me["extension"]) == ("ann", "Ann", "agent", "one", "8001")
    assert me["queues"] == ["support"]
    assert "calls:place" in me["scopes"]
    assert "users:manage" not in me["scopes"]
    assert (me["must_change_password"], me["demo"]) == (False, False)
    assert me["settings"] == {"language": None, "theme": "system", "sound": True, "notifications": False, "pop": None}


async def test_nobody_is_signed_in_without_a_session(one: House) -> None:
    assert (await one.ask("GET", "/session")).status == 401


async def test_a_program_is_nobody_who_has_signed_in(tmp_path: Path) -> None:
    async with house(tmp_path, demo=True) as demo:
        for method, path, body in (
            ("GET", "/session", None),
            ("DELETE", "/session", None),
            ("PUT", "/session/settings", {}),
            ("PUT", "/session/password", {"old": "x", "new": "y"}),
        ):
            assert await kind_of(await demo.ask(method, path, body)) == (401, "not-signed-in")


async def test_signing_out_ends_the_session_and_takes_the_cookie(one: House) -> None:
    await one.person()
    await one.sign_in()
    (cookie,) = one.client.session.cookie_jar
    kept = f"{cookie.key}={cookie.value}"
    answered = await one.ask("DELETE", "/session")

    assert answered.status == 204
    assert "Max-Age=0" in answered.headers["Set-Cookie"]
    assert await kind_of(await one.ask("GET", "/who", Cookie=kept)) == (401, "session-over")
    assert [kind for kind, *_ in await one.audit()] == ["signed_in", "signed_out"]


async def test_settings_are_kept_with_the_user_one_by_one(one: House) -> None:
    ann = await one.person()
    await one.sign_in()
    assert (await one.ask("PUT", "/session/settings", {"language": "zh", "sound": False})).status == 200
    me = await (await one.ask("PUT", "/session/settings", {"pop": "answered"})).json()

    expected = {"language": "zh", "theme": "system", "sound": False, "notifications": False, "pop": "answered"}
    assert me["settings"] == expected
    assert (await (await one.ask("GET", "/session")).json())["settings"] == expected
    found = await one.users.find(DEFAULT_TENANT, ann.id)
    assert found is not None
    assert found.settings.language == "zh"
    assert (await one.ask("PUT", "/session/settings", {"sound": "loud"})).status == 422
    assert (await one.ask("PUT", "/session/settings", {"volume": 3})).status == 422


async def test_another_password_ends_all_other_sessions(one: House) -> None:
    await one.person()
    await one.sign_in()
    (cookie,) = one.client.session.cookie_jar
    other = f"tieline={cookie.value}"
    await one.sign_in()
    assert (await one.ask("PUT", "/session/password", {"old": PASSWORD, "new": OTHER})).status == 204

    assert (await one.ask("GET", "/session")).status == 200
    one.client.session.cookie_jar.clear()
    assert (await one.ask("GET", "/session", Cookie=other)).status == 401
    assert (await one.sign_in()).status == 401
    assert (await one.sign_in(password=OTHER)).status == 200


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("wrong", OTHER, (403, "wrong-password")),
        (PASSWORD, PASSWORD, (422, "weak-password")),
        (PASSWORD, "short", (422, "weak-password")),
        (PASSWORD, "password123", (422, "weak-password")),
    ],
)
async def test_a_password_is_not_changed_wrongly(one: House, old: str, new: str, problem: tuple[int, str]) -> None:
    await one.person()
    await one.sign_in()
    assert await kind_of(await one.ask("PUT", "/session/password", {"old": old, "new": new})) == problem
    assert (await one.sign_in()).status == 200


async def test_an_open_page_is_no_way_to_guess_the_password(one: House) -> None:
    await one.person()
    await one.sign_in()
    tries = [await one.ask("PUT", "/session/password", {"old": "wrong", "new": OTHER}) for _ in range(6)]
    assert [each.status for each in tries] == [403] * 5 + [429]
    assert (await one.ask("GET", "/session")).status == 200


async def test_with_a_password_of_somebody_elses_choice_another_is_chosen_and_nothing_else_done(one: House) -> None:
    await one.person(one_time=True)
    me = await (await one.sign_in()).json()
    assert (me["must_change_password"], me["scopes"]) == (True, [])
    assert await kind_of(await one.ask("POST", "/place")) == (403, "scope-missing")
    assert (await one.ask("PUT", "/session/password", {"old": PASSWORD, "new": OTHER})).status == 204
    assert (await one.ask("POST", "/place")).status == 200
    assert (await (await one.ask("GET", "/session")).json())["must_change_password"] is False


async def test_the_sign_in_says_how(one: House) -> None:
    ways = await (await one.ask("GET", "/sign-in")).json()
    assert ways == {"password": True, "first": True, "oidc": [], "demo": []}
    await one.person()
    assert (await (await one.ask("GET", "/sign-in")).json())["first"] is False


async def test_the_demo_shows_who_may_be_in_it_and_is_open_to_others(tmp_path: Path) -> None:
    async with house(tmp_path, demo=True) as demo:
        ways = await (await demo.ask("GET", "/sign-in")).json()
        assert [each["role"] for each in ways["demo"]] == ["agent", "agent", "supervisor", "admin"]
        assert (await (await demo.ask("GET", "/who")).json())["id"] == "demo"
        for each in ways["demo"]:
            me = await (await demo.sign_in(each["login"], each["password"])).json()
            assert (me["name"], me["role"], me["demo"]) == (each["name"], each["role"], True)
            assert (await (await demo.ask("GET", "/who")).json())["id"] == f"user:{me['user_id']}"


async def test_each_demo_has_a_password_of_its_own(tmp_path: Path) -> None:
    passwords = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        async with house(tmp_path / name, demo=True) as demo:
            passwords |= {each.password for each in demo.doors.demo_logins}
    assert len(passwords) == 2


async def test_roles_are_seen_from_the_next_request_on(one: House) -> None:
    await one.person(role=Role.SUPERVISOR)
    me = await (await one.sign_in()).json()
    assert "recordings:read" in me["scopes"]
