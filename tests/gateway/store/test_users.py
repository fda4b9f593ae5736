from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from gateway.model.access import AccessEntry, AccessKind, entry_of
from gateway.model.errors import StoreTakenError
from gateway.model.ids import DEFAULT_TENANT, PbxName, Tenant
from gateway.model.principals import Role
from gateway.model.sessions import Session, SessionId
from gateway.model.users import User, UserId, UserSettings
from gateway.ports.users import AccessFilter
from gateway.store.access_log import SqlAccessLog
from gateway.store.database import Database
from gateway.store.urls import parse_url
from gateway.store.users import SqlUsers

NOW = 1_800_000_000.0
OTHER = Tenant("other")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def users(database: Database) -> SqlUsers:
    return SqlUsers(database)


def user(number: int = 1, login: str = "ann", **more: Any) -> User:
    fields: dict[str, Any] = {
        "id": UserId(f"u{number}"),
        "login": login,
        "name": "Ann Lee",
        "role": Role.AGENT,
        "pbx": PbxName("one"),
        "extension": "8001",
        "password": "$argon2id$…",
        "settings": UserSettings(language="zh", sound=False),
        "created_at": NOW,
        "created_by": "the test",
    }
    return User(**fields | more)


def entry(number: int = 1, kind: AccessKind = AccessKind.USER_MADE) -> AccessEntry:
    return entry_of(kind, None, tenant=DEFAULT_TENANT, by="x", address=None, detail="", at=NOW, random=bytes([number] * 10))


def session(number: int = 1, user_id: str = "u1", **more: Any) -> Session:
    fields: dict[str, Any] = {
        "id": SessionId(f"ses_{number}"),
        "digest": bytes([number] * 32),
        "user_id": UserId(user_id),
        "tenant": DEFAULT_TENANT,
        "way": "password",
        "address": "192.0.2.1",
        "agent": "Browser",
        "created_at": NOW + number,
        "used_at": NOW + number,
    }
    return Session(**fields | more)


async def test_a_user_is_kept_as_he_is(users: SqlUsers) -> None:
    kept = user(one_time=True, failures=3, locked_until=NOW, oidc_issuer="https://i", oidc_subject="s", last_sign_in_at=NOW)
    assert not await users.any_there(DEFAULT_TENANT)
    assert await users.add(kept, entry())

    assert await users.any_there(DEFAULT_TENANT)
    assert await users.find(DEFAULT_TENANT, kept.id) == kept
    assert await users.by_login(DEFAULT_TENANT, " ANN ") == kept
    assert await users.by_subject(DEFAULT_TENANT, "https://i", "s") == kept
    assert await users.by_subject(DEFAULT_TENANT, "https://other", "s") is None


async def test_a_tenants_users_are_his(users: SqlUsers) -> None:
    await users.add(user(2, "bob"), entry(1))
    await users.add(user(1), entry(2))
    await users.add(user(3, "ann", tenant=OTHER), entry(3))

    assert [each.id for each in await users.all(DEFAULT_TENANT)] == ["u1", "u2"]
    assert await users.find(DEFAULT_TENANT, UserId("u3")) is None
    assert await users.by_login(OTHER, "bob") is None


async def test_a_login_is_given_once_however_it_is_written(users: SqlUsers, database: Database) -> None:
    assert await users.add(user(), entry(1))
    assert not await users.add(user(2, "ANN"), entry(2))
    await users.add(user(3, "bob"), entry(3))
    with pytest.raises(StoreTakenError):
        await users.change(DEFAULT_TENANT, UserId("u3"), lambda now: msgspec.structs.replace(now, login="Ann"))
    assert len(await SqlAccessLog(database).listed(DEFAULT_TENANT, AccessFilter(), before=None, limit=9)) == 2


async def test_a_change_is_made_to_what_is_there_and_told_with_it(users: SqlUsers, database: Database) -> None:
    await users.add(user(), entry(1))
    changed = await users.change(
        DEFAULT_TENANT, UserId("u1"), lambda now: msgspec.structs.replace(now, failures=now.failures + 1), entry(2)
    )
    assert changed == await users.find(DEFAULT_TENANT, UserId("u1")) == user(failures=1)
    assert len(await SqlAccessLog(database).listed(DEFAULT_TENANT, AccessFilter(), before=None, limit=9)) == 2
    assert await users.change(OTHER, UserId("u1"), lambda now: now) is None


async def test_a_session_leads_to_its_user(users: SqlUsers) -> None:
    await users.add(user(), entry(1))
    await users.begin(session(), entry(2))

    assert await users.by_session(session().digest) == (user(), session())
    assert await users.by_session(bytes(32)) is None
    await users.begin(session(3, "nobody"), entry(3))
    assert await users.by_session(session(3).digest) is None


async def test_sessions_are_ended_one_or_all_but_one(users: SqlUsers, database: Database) -> None:
    await users.add(user(), entry(1))
    for number in (1, 2, 3):
        await users.begin(session(number), entry(1 + number))
    await users.begin(session(9, "u2"), entry(9))

    assert await users.end(DEFAULT_TENANT, UserId("u1"), NOW + 50, only=SessionId("ses_2")) == 1
    assert await users.end(DEFAULT_TENANT, UserId("u1"), NOW + 60, but=SessionId("ses_3")) == 1
    assert [each.ended_at for each in await users.sessions(DEFAULT_TENANT, UserId("u1"))] == [None, NOW + 50, NOW + 60]
    assert await users.end(OTHER, UserId("u1"), NOW + 70) == 0
    assert await users.end(DEFAULT_TENANT, UserId("u1"), NOW + 70, entry=entry(20)) == 1
    assert await users.end(DEFAULT_TENANT, UserId("u1"), NOW + 80, entry=entry(21)) == 0
    ids = [each.id for each in await SqlAccessLog(database).listed(DEFAULT_TENANT, AccessFilter(), before=None, limit=99)]
    assert (entry(20).id in ids, entry(21).id in ids) == (True, False)
    assert [each.ended_at for each in await users.sessions(DEFAULT_TENANT, UserId("u2"))] == [None]


async def test_when_sessions_were_seen_is_kept_and_old_ones_go(users: SqlUsers) -> None:
    for number in (1, 2):
        await users.begin(session(number), entry(number))
    await users.used({SessionId("ses_1"): NOW + 500, SessionId("ses_2"): NOW + 600})
    assert [each.used_at for each in await users.sessions(DEFAULT_TENANT, UserId("u1"))] == [NOW + 600, NOW + 500]
    assert await users.prune_sessions(DEFAULT_TENANT, before=NOW + 2) == 1
    assert [each.id for each in await users.sessions(DEFAULT_TENANT, UserId("u1"))] == ["ses_2"]


async def test_users_are_changed_beside_a_gateway_at_work(url: str, users: SqlUsers) -> None:
    beside = Database(parse_url(url))
    other = SqlUsers(beside, beside_gateway=True)
    assert await other.add(user(), entry(1))
    await other.change(DEFAULT_TENANT, UserId("u1"), lambda now: msgspec.structs.replace(now, disabled=True), entry(2))
    await beside.close()

    assert await users.find(DEFAULT_TENANT, UserId("u1")) == user(disabled=True)
