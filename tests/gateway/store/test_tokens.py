from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.model.errors import StoreTakenError
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.principals import Role, Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, TokenId, id_in, made, written
from gateway.store.database import Database
from gateway.store.tokens import SqlTokens
from gateway.store.urls import parse_url

NOW = 1_800_000_000.0


def token(number: int = 1, *, name: str = "wallboard", tenant: Tenant = DEFAULT_TENANT, extension: str | None = None) -> Token:
    wanted = NewToken(name=name, scopes=(Scope.CALLS_READ, Scope.EVENTS_READ), role=Role.SUPERVISOR, extension=extension, days=1)
    return made(wanted, written(bytes([number] * RANDOM_BYTES)), created_by="command line", now=NOW + number, tenant=tenant)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def tokens(database: Database) -> SqlTokens:
    return SqlTokens(database)


async def test_a_token_is_kept_as_it_is(tokens: SqlTokens) -> None:
    kept = token(extension="1001")
    await tokens.add(kept)

    assert await tokens.find(kept.id) == kept
    assert await tokens.find(TokenId("tl_aaaaaaaa")) is None


async def test_tokens_are_listed_by_age_and_tenant(tokens: SqlTokens) -> None:
    for each in (token(2), token(1), token(3, tenant=Tenant("other"))):
        await tokens.add(each)

    assert await tokens.all(DEFAULT_TENANT) == [token(1), token(2)]
    assert await tokens.all(Tenant("other")) == [token(3, tenant=Tenant("other"))]


async def test_an_id_is_given_once_for_all_tenants(tokens: SqlTokens) -> None:
    await tokens.add(token())

    with pytest.raises(StoreTakenError):
        await tokens.add(token(tenant=Tenant("other")))
    assert await tokens.all(Tenant("other")) == []


async def test_a_revoked_token_stays_revoked_since_the_first_time(tokens: SqlTokens) -> None:
    await tokens.add(token())

    revoked = await tokens.revoke(DEFAULT_TENANT, token().id, NOW + 5)
    assert revoked == msgspec.structs.replace(token(), revoked_at=NOW + 5)
    assert await tokens.revoke(DEFAULT_TENANT, token().id, NOW + 9) == revoked
    assert await tokens.find(token().id) == revoked


async def test_nobody_revokes_anothers(tokens: SqlTokens) -> None:
    await tokens.add(token())

    assert await tokens.revoke(Tenant("other"), token().id, NOW) is None
    assert await tokens.revoke(DEFAULT_TENANT, TokenId("tl_aaaaaaaa"), NOW) is None
    assert await tokens.find(token().id) == token()


async def test_when_tokens_were_seen_is_kept(tokens: SqlTokens) -> None:
    for each in (token(1), token(2), token(3)):
        await tokens.add(each)
    await tokens.used({token(1).id: NOW + 7, token(3).id: NOW + 8})

    assert [each.used_at for each in await tokens.all(DEFAULT_TENANT)] == [NOW + 7, None, NOW + 8]


async def test_a_scope_of_a_later_version_takes_nothing_from_the_others(database: Database, tokens: SqlTokens) -> None:
    await tokens.add(token())
    async with database.writing() as connection:
        await connection.exec_driver_sql("UPDATE tokens SET scopes = 'calls:read calls:foresee'")

    found = await tokens.find(token().id)
    assert found is not None
    assert found.scopes == {Scope.CALLS_READ}


async def test_a_token_is_made_beside_a_gateway_at_work(url: str, database: Database, tokens: SqlTokens) -> None:
    beside = Database(parse_url(url))
    await SqlTokens(beside, beside_gateway=True).add(token())
    await beside.close()

    assert await tokens.find(token().id) == token()


async def test_the_secret_is_in_no_table(database: Database, tokens: SqlTokens) -> None:
    await tokens.add(token())
    async with database.reading() as connection:
        row = (await connection.exec_driver_sql("SELECT * FROM tokens")).one()

    text = written(bytes([1] * RANDOM_BYTES))
    assert id_in(text) in row
    assert text.rsplit("_", 1)[1] not in repr(row)
