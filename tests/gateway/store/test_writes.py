import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.model.errors import StoreTakenError
from gateway.store.database import Database
from gateway.store.tables import EVERYBODY, POSITION
from gateway.store.urls import parse_url
from gateway.store.writes import Write

POSITIONS = Write(sa.insert(POSITION), POSITION)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """On SQLite and on PostgreSQL."""
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


def rows(*tenants: str) -> list[dict[str, Any]]:
    return [{"last": number, "tenant": tenant} for number, tenant in enumerate(tenants, 1)]


async def kept(database: Database) -> list[tuple[str, int]]:
    async with database.reading() as connection:
        found = await connection.execute(sa.select(POSITION.c.tenant, POSITION.c.last).order_by(POSITION.c.last))
    return [(row.tenant, row.last) for row in found]


async def test_rows_of_several_writes_are_kept_in_their_columns(database: Database) -> None:
    await database.write([(POSITIONS, rows("a", "b")), (POSITIONS, []), (POSITIONS, rows(EVERYBODY)[:1])])

    assert sorted(await kept(database)) == [(EVERYBODY, 1), ("a", 1), ("b", 2)]


async def test_what_is_there_already_is_told_and_all_of_it_undone(database: Database) -> None:
    with pytest.raises(StoreTakenError, match="somebody else has written"):
        await database.write([(POSITIONS, rows("a", "b")), (POSITIONS, rows("c", "a"))])

    assert await kept(database) == []


async def test_after_a_failure_the_next_one_is_kept(database: Database) -> None:
    with pytest.raises(StoreTakenError):
        await database.write([(POSITIONS, rows("a", "a"))])
    await database.write([(POSITIONS, rows("a"))])

    assert await kept(database) == [("a", 1)]


async def test_who_is_cancelled_in_the_middle_keeps_all_of_it_or_nothing(database: Database) -> None:
    many = [f"t{number:04d}" for number in range(2_000)]
    for turns in range(4):
        writing = asyncio.create_task(database.write([(POSITIONS, rows(*many))]))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await database.write([(POSITIONS, [{"tenant": "after", "last": turns}])])
        assert len(await kept(database)) - 1 in (0, len(many))
        async with database.writing() as connection:
            await connection.execute(sa.delete(POSITION))
