"""One database for all who keep something in it: one writes at a time, and a connection that failed is not used again."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.store import locks
from gateway.store.agents import AGENTS
from gateway.store.database import Database
from gateway.store.tables import POSITION
from gateway.store.urls import parse_url

COUNT = sa.select(sa.func.count()).select_from(POSITION)


def row(tenant: str) -> sa.Insert:
    return sa.insert(POSITION).values(tenant=tenant, last=1)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(COUNT)).scalar_one()


async def write(database: Database, *statements: sa.Executable, used: list[AsyncConnection] | None = None) -> None:
    """Write in one transaction, and note by which connection."""
    async with database.writing() as connection:
        if used is not None:
            used.append(connection)
        for statement in statements:
            await connection.execute(statement)


async def test_who_writes_is_waited_for_and_readers_see_what_was_committed(database: Database) -> None:
    order: list[str] = []
    first_writes, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with database.writing() as connection:
            await connection.execute(row("first"))
            first_writes.set()
            await go_on.wait()
            order.append("first")

    async def second() -> None:
        await first_writes.wait()
        async with database.writing() as connection:
            order.append("second")
            await connection.execute(row("second"))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        tasks.create_task(second())
        await first_writes.wait()
        seen_meanwhile = await count(database)
        go_on.set()

    assert order == ["first", "second"]
    assert (seen_meanwhile, await count(database)) == (0, 2)


async def test_what_failed_is_taken_back_and_its_connection_is_not_used_again(database: Database) -> None:
    used: list[AsyncConnection] = []
    await write(database, used=used)
    with pytest.raises(StoreUnavailableError, match="no_such_table"):
        await write(database, row("lost"), sa.text("INSERT INTO no_such_table VALUES (1)"), used=used)
    await write(database, row("kept"), used=used)

    assert used[0] is used[1]
    assert used[1].closed
    assert used[2] is not used[1]
    assert await count(database) == 1


async def test_a_writer_that_is_cancelled_leaves_nothing_behind_and_others_go_on(database: Database) -> None:
    begun = asyncio.Event()

    async def begin() -> None:
        async with database.writing() as connection:
            await connection.execute(row("lost"))
            begun.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(begin())
    await begun.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    async with asyncio.timeout(5):
        await write(database, row("kept"))

    assert await count(database) == 1


async def test_another_gateway_is_kept_out_after_a_failure_too(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.2)
    with pytest.raises(StoreTakenError):
        await write(database, row("same"), row("same"))
    await write(database, row("kept"))
    other = Database(parse_url(url))
    with pytest.raises(StoreTakenError, match="another gateway uses"):
        await other.open()
    await other.close()


async def test_who_gives_up_twice_leaves_no_connection_half_closed(url: str, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(parse_url(url))
    await database.open()
    began = asyncio.Event()

    async def work() -> None:
        async with database.writing() as connection:
            await connection.execute(COUNT)
            began.set()
            await asyncio.Event().wait()

    # What other tests hold need not be looked through twenty times.
    gc.collect()
    gc.freeze()
    for turns in range(20):
        began.clear()
        working = asyncio.create_task(work())
        await began.wait()
        for _ in range(2):
            working.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await working
        del working
        gc.collect()
    await write(database, row("kept"))
    assert await count(database) == 1
    await database.close()
    assert "destroyed" not in caplog.text


async def test_what_stands_by_itself_is_written_beside_a_gateway(url: str) -> None:
    gateway, program = Database(parse_url(url)), Database(parse_url(url))
    await gateway.open()
    try:
        own = {"tenant": "t", "pbx": "one", "extension": "1", "found_name": None, "source": None, "changed_at": 1.0}
        for name in ("A", "B"):
            async with program.writing_beside() as connection:
                await connection.execute(program.replacing(AGENTS), [own | {"own_name": name}])
        assert [agent.own_name for agent in await gateway.rows(sa.select(AGENTS.c.own_name))] == ["B"]
    finally:
        await program.close()
        await gateway.close()
