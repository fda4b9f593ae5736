"""Reads by threads: what was committed is seen, faults are told plainly, and nobody is left waiting at the end."""

import asyncio
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.model.errors import StoreUnavailableError
from gateway.store.database import Database
from gateway.store.tables import POSITION
from gateway.store.urls import parse_url

ALL = sa.select(POSITION.c.tenant, POSITION.c.last).order_by(POSITION.c.tenant)


async def write(database: Database, tenant: str) -> None:
    async with database.writing() as connection:
        await connection.execute(sa.insert(POSITION).values(tenant=tenant, last=1))


def readers() -> int:
    return sum(thread.name.startswith("store.read") for thread in threading.enumerate())


async def test_many_read_beside_a_writer_what_was_committed_before(tmp_path: Path) -> None:
    database = Database(parse_url(f"sqlite:///{tmp_path}/some.db"))
    await database.open()
    for number in range(20):
        await write(database, f"t{number:02d}")
        found = await asyncio.gather(*(database.rows(ALL) for _ in range(8)))
        assert {len(rows) for rows in found} == {number + 1}
    await database.close()
    assert readers() == 0


async def test_who_gives_up_leaves_no_thread_and_no_connection_behind(tmp_path: Path) -> None:
    database = Database(parse_url(f"sqlite:///{tmp_path}/some.db"))
    await database.open()
    reading = asyncio.create_task(database.rows(ALL))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert await database.rows(ALL) == []
    await database.close()
    assert readers() == 0


async def test_a_file_that_is_none_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "some.db").write_bytes(b"no database at all" * 100)
    database = Database(parse_url(f"sqlite:///{tmp_path}/some.db"))
    with pytest.raises(StoreUnavailableError, match=r"some\.db: file is not a database"):
        await database.rows(ALL)
    await database.close()
