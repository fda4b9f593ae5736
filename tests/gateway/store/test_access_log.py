from collections.abc import AsyncIterator

import pytest

from gateway.model.access import AccessEntry, AccessKind, entry_of
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.ports.users import AccessFilter
from gateway.store.access_log import SqlAccessLog
from gateway.store.database import Database
from gateway.store.urls import parse_url

NOW = 1_800_000_000.0
ANY = AccessFilter()


@pytest.fixture
async def log(url: str) -> AsyncIterator[SqlAccessLog]:
    database = Database(parse_url(url))
    await database.open()
    yield SqlAccessLog(database)
    await database.close()


def entry(
    second: int, kind: AccessKind = AccessKind.SIGNED_IN, *, tenant: Tenant = DEFAULT_TENANT, by: str = "user:u1"
) -> AccessEntry:
    return entry_of(
        kind, None, tenant=tenant, by=by, address="192.0.2.1", detail="…", at=NOW + second, random=bytes([second] * 10)
    )


async def test_lines_are_kept_as_they_are_the_last_first(log: SqlAccessLog) -> None:
    for second in (1, 3, 2):
        await log.write(entry(second))
    await log.write(entry(4, tenant=Tenant("other")))

    assert await log.listed(DEFAULT_TENANT, ANY, before=None, limit=10) == [entry(3), entry(2), entry(1)]
    assert await log.listed(DEFAULT_TENANT, ANY, before=entry(3).id, limit=1) == [entry(2)]


async def test_lines_are_found_by_what_they_are(log: SqlAccessLog) -> None:
    for each in (entry(1), entry(2, AccessKind.LOCKED_OUT), entry(3, by="tl_x")):
        await log.write(each)

    async def found(wanted: AccessFilter) -> list[float]:
        return [each.at - NOW for each in await log.listed(DEFAULT_TENANT, wanted, before=None, limit=10)]

    assert await found(AccessFilter(kind=AccessKind.LOCKED_OUT)) == [2]
    assert await found(AccessFilter(by="tl_x")) == [3]
    assert await found(AccessFilter(user_id="u9")) == []
    assert await found(AccessFilter(from_at=NOW + 2, to_at=NOW + 3)) == [2]


async def test_old_lines_are_deleted(log: SqlAccessLog) -> None:
    for second in (1, 2, 3):
        await log.write(entry(second))

    assert await log.prune(DEFAULT_TENANT, before=NOW + 3) == 2
    assert await log.listed(DEFAULT_TENANT, ANY, before=None, limit=10) == [entry(3)]
