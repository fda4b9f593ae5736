"""Backups of a database that is in use, and the way from one release or one kind of database to another."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.batches import batch, heard_at, recorded, told
from support.waiting import until

from gateway.model.errors import BackupError, StoreSchemaError, StoreTakenError
from gateway.model.ids import DEFAULT_TENANT
from gateway.store import locks
from gateway.store.backup import read_backup, write_backup
from gateway.store.database import Database
from gateway.store.migrate import latest, revision_of
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url

FIRST_SCHEMA = Path(__file__).parent / "schema-0001.backup"
"""What the first release wrote: the calls of a recorded attended transfer, five events and how far the PBX was heard."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.4)


@pytest.fixture
async def filled(url: str) -> AsyncIterator[SqlStore]:
    store = SqlStore(Database(parse_url(url)))
    await store.open()
    await store.commit(batch(recorded(), [told(number) for number in range(1, 6)], heard_at=12.5))
    yield store
    await store.close()


def sqlite(folder: Path, name: str) -> SqlStore:
    return SqlStore(Database(parse_url(f"sqlite:///{folder}/{name}.db")))


async def assert_like_filled(store: SqlStore) -> None:
    calls = recorded()
    found = await store.find(DEFAULT_TENANT, [call.call_id for call in calls])
    assert sorted(found, key=lambda call: call.call_id) == sorted(calls, key=lambda call: call.call_id)
    assert await store.told_after(0, 10) == [told(number) for number in range(1, 6)]
    assert await store.last_position() == 5
    assert await heard_at(store) == 12.5


async def test_a_backup_restores_all_into_another_kind_of_database(filled: SqlStore, tmp_path: Path) -> None:
    counts = await write_backup(filled.database, tmp_path / "all.backup")
    other = sqlite(tmp_path, "other")

    assert await read_backup(other.database, tmp_path / "all.backup") == counts
    await other.open()
    await assert_like_filled(other)
    await other.close()
    assert counts == {"call_terms": 5, "calls": len(recorded()), "events": 5, "habits": 1, "pbxs": 1, "position": 1}
    assert (tmp_path / "all.backup").stat().st_mode & 0o777 == 0o600


async def test_a_backup_is_of_one_moment_while_the_gateway_writes(filled: SqlStore, url: str, tmp_path: Path) -> None:
    async def write() -> None:
        for number in range(6, 600):
            await filled.commit(batch(events=[told(number)]))

    writing = asyncio.create_task(write())

    async def some_written() -> bool:
        return await filled.last_position() >= 50

    await until(some_written)
    reader = SqlStore(Database(parse_url(url)))
    counts = await write_backup(reader.database, tmp_path / "live.backup")
    await reader.close()
    await writing
    other = sqlite(tmp_path, "other")
    await read_backup(other.database, tmp_path / "live.backup")
    await other.open()

    assert 50 <= counts["events"] < 599
    assert await other.last_position() == counts["events"]
    await other.close()


async def test_nothing_is_restored_into_a_database_that_is_in_use(filled: SqlStore, url: str, tmp_path: Path) -> None:
    await write_backup(filled.database, tmp_path / "all.backup")
    other = SqlStore(Database(parse_url(url)))
    with pytest.raises(StoreTakenError):
        await read_backup(other.database, tmp_path / "all.backup")
    await other.close()
    with pytest.raises(BackupError, match="is in use: restore into an empty database"):
        await read_backup(filled.database, tmp_path / "all.backup")


@pytest.mark.parametrize("kept", [0, 10, 200, -1, -9])
async def test_a_backup_that_was_cut_off_restores_nothing(filled: SqlStore, tmp_path: Path, kept: int) -> None:
    await write_backup(filled.database, tmp_path / "all.backup")
    (tmp_path / "cut.backup").write_bytes((tmp_path / "all.backup").read_bytes()[:kept])
    other = sqlite(tmp_path, "other")

    with pytest.raises(BackupError):
        await read_backup(other.database, tmp_path / "cut.backup")
    async with other.database.engine.connect() as connection:
        assert await connection.run_sync(revision_of) is None
    await other.close()


async def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    store = sqlite(tmp_path, "one")
    for name in ("x", "missing"):
        with pytest.raises(BackupError, match="cannot be read"):
            await read_backup(store.database, tmp_path / name)
    with pytest.raises(BackupError, match="no gateway ever used it"):
        await write_backup(store.database, tmp_path / "y")
    await store.close()


async def test_a_target_that_cannot_be_written_is_told(filled: SqlStore, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written: No such file"):
        await write_backup(filled.database, tmp_path / "none" / "x")


async def test_the_backup_of_a_later_version_is_refused(filled: SqlStore, tmp_path: Path) -> None:
    async with filled.database.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await write_backup(filled.database, tmp_path / "all.backup")
    other = sqlite(tmp_path, "other")

    with pytest.raises(StoreSchemaError, match="9999"):
        await read_backup(other.database, tmp_path / "all.backup")
    await other.close()


async def test_what_the_first_release_wrote_is_brought_up_to_date(url: str) -> None:
    store = SqlStore(Database(parse_url(url)))
    await read_backup(store.database, FIRST_SCHEMA)
    async with store.database.engine.connect() as connection:
        assert await connection.run_sync(revision_of) == latest()
    await store.open()
    await assert_like_filled(store)
    await store.close()
