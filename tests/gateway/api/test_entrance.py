import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.doors import PASSWORD, House, house, kind_of

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.limits import Rate
from gateway.model.principals import Role


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made:
        yield made


async def wrong(one: House, login: str = "ann", times: int = 1) -> list[int]:
    return [(await one.sign_in(login, "not the password")).status for _ in range(times)]


async def test_a_right_password_lets_in(one: House) -> None:
    ann = await one.person()
    one.clock.time += 60
    answered = await one.sign_in("  ANN")

    assert answered.status == 200
    assert (await answered.json())["user_id"] == ann.id
    found = await one.users.find(DEFAULT_TENANT, ann.id)
    assert found is not None
    assert found.last_sign_in_at == pytest.approx(one.clock.time, abs=0.1)
    assert await one.audit() == [("signed_in", "Ann", "by password")]


async def test_nobody_learns_whether_there_is_a_login(one: House) -> None:
    await one.person()
    await one.person("off", disabled=True)
    await one.person("company", password=None)
    answers = []
    for login, password in (("nobody", "x"), ("ann", "x"), ("off", PASSWORD), ("company", PASSWORD)):
        answered = await one.sign_in(login, password)
        answers.append((answered.status, await answered.read(), "Set-Cookie" in answered.headers))
    assert len(set(answers)) == 1
    assert answers[0][0] == 401
    assert await one.audit() == [
        ("sign_in_failed", None, "there is no such login"),
        ("sign_in_failed", "Ann", "wrong password, the 1. in a row"),
        ("sign_in_failed", "Off", "the user is disabled"),
        ("sign_in_failed", "Company", "wrong password, the 1. in a row"),
    ]


async def test_an_unknown_login_takes_a_hash_to_find_out_as_any_other(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await one.person()
    hashed: list[str] = []
    verified = one.doors.passwords._verified

    def watched(kept: str, password: str) -> bool:
        hashed.append(kept)
        return verified(kept, password)

    monkeypatch.setattr(one.doors.passwords, "_verified", watched)
    await wrong(one, "ann")
    await wrong(one, "nobody")
    assert len(hashed) == 2
    assert len(hashed[0]) == len(hashed[1])


@pytest.mark.parametrize("login", ["ann", "nobody"])
async def test_wrong_passwords_lock_for_longer_each_time(one: House, login: str) -> None:
    await one.person()
    assert await wrong(one, login, 6) == [401] * 5 + [429]
    answered = await one.sign_in(login)
    assert await kind_of(answered) == (429, "locked-out")
    assert answered.headers["Retry-After"] == "60"
    one.clock.time += 60
    assert await wrong(one, login, 2) == [401, 429]
    one.clock.time += 119
    assert await wrong(one, login) == [429]
    one.clock.time += 1
    assert (await one.sign_in(login)).status == (200 if login == "ann" else 401)


async def test_a_right_password_begins_the_count_anew(one: House) -> None:
    await one.person()
    for _ in range(3):
        assert await wrong(one, times=4) == [401] * 4
        assert (await one.sign_in()).status == 200


async def test_a_stranger_locks_nobody_out_of_his_own_place(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await one.person()
    assert (await one.sign_in()).status == 200
    monkeypatch.setattr("gateway.api.entrance.client_of", lambda _request: "203.0.113.9")
    assert await wrong(one, times=6) == [401] * 5 + [429]
    found = await one.users.find(DEFAULT_TENANT, ann.id)
    assert found is not None
    assert found.locked_until == pytest.approx(one.clock.time + 60, abs=0.1)
    assert ("locked_out", "Ann", "wrong password, the 5. in a row") in await one.audit()

    monkeypatch.undo()
    assert (await one.ask("GET", "/session")).status == 200
    assert (await one.sign_in()).status == 200


async def test_his_own_place_is_locked_by_what_comes_from_there(one: House) -> None:
    await one.person()
    await one.sign_in()
    assert await wrong(one, times=6) == [401] * 5 + [429]


async def test_the_count_outlives_a_start(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.person()
        await wrong(one, times=5)
    async with house(tmp_path) as one:
        assert await wrong(one) == [429]


async def test_an_address_has_so_many_wrong_passwords_whoevers(tmp_path: Path) -> None:
    async with house(tmp_path, failures=Rate(per_second=0.1, burst=3)) as one:
        await one.person()
        assert [(await wrong(one, login))[0] for login in "abcd"] == [401, 401, 401, 429]
        answered = await one.sign_in()
        assert await kind_of(answered) == (429, "locked-out")
        assert answered.headers["Retry-After"] == "10"
        one.clock.time += 10
        assert (await one.sign_in()).status == 200


async def test_an_old_hash_is_made_anew(one: House) -> None:
    from argon2 import PasswordHasher

    ann = await one.person(password=None)
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    await one.users.change(DEFAULT_TENANT, ann.id, lambda his: msgspec.structs.replace(his, password=old))
    assert (await one.sign_in()).status == 200
    found = await one.users.find(DEFAULT_TENANT, ann.id)
    assert found is not None
    assert found.password not in (None, old)
    assert (await one.sign_in()).status == 200


async def test_no_login_that_is_nobodys_and_no_password_is_written_anywhere(one: House) -> None:
    await one.person(role=Role.SUPERVISOR)
    with capture_logs() as logs:
        await one.sign_in("my secret password", "another secret")
        await one.sign_in("ann", "another secret")
        await one.sign_in()
    async with one.database.reading() as connection:
        rows: list[Any] = []
        for table in ("users", "sessions", "access_log"):
            rows += (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()
    told = repr(rows) + repr(logs)
    for secret in ("my secret password", "another secret", PASSWORD):
        assert secret not in told
    (cookie,) = one.client.session.cookie_jar
    assert cookie.value not in told


async def test_who_is_refused_is_refused_without_the_audits_database(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await one.person()

    async def fails(*_given: object) -> None:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(one.log, "write", fails)
    assert await wrong(one) == [401]


@pytest.mark.parametrize("login", ["ann", "nobody"])
async def test_many_at_once_are_no_more_than_one_after_the_other(one: House, login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await one.person()
    looked_at = 0
    verified = one.doors.passwords._verified

    def counted(kept: str, password: str) -> bool:
        nonlocal looked_at
        looked_at += 1
        return verified(kept, password)

    monkeypatch.setattr(one.doors.passwords, "_verified", counted)
    tries = await asyncio.gather(*(one.sign_in(login, f"guess {number}") for number in range(30)))
    assert sorted(each.status for each in tries) == [401] * 5 + [429] * 25
    assert looked_at == 5
