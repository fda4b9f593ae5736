import asyncio
import os
from pathlib import Path

import pytest
from support.memory_store import MemoryStore

from gateway.model.errors import StoreUnavailableError
from gateway.model.secret import Secret
from gateway.store.database import Database
from gateway.store.migrate import latest, revision_of
from gateway.store.opening import PATIENCE_S, database_of, make_ready, open_patiently, store_of
from gateway.store.urls import MEMORY, parse_url


def test_without_a_url_it_is_a_file_in_the_state_folder(tmp_path: Path) -> None:
    assert database_of(None, None, tmp_path).description == str(tmp_path / "tieline.db")


def test_the_password_is_not_in_the_description(tmp_path: Path) -> None:
    database = database_of("postgresql://tieline@db.example/calls", Secret("hidden"), tmp_path)
    assert database.description == "postgresql://tieline:***@db.example/calls"


async def test_a_passing_database_goes_with_the_gateway_and_its_positions_begin_with_the_time(tmp_path: Path) -> None:
    database = database_of(MEMORY, None, tmp_path)
    store = store_of(database, now=lambda: 5.0)
    await store.open()
    file = Path(database.description)
    assert file.name in await asyncio.to_thread(os.listdir, file.parent)
    assert tmp_path not in file.parents
    assert await store.last_position() == 4_999_999
    assert store.kept_from == 5_000_000
    await store.close()
    assert file.parent.name not in await asyncio.to_thread(os.listdir, file.parent.parent)


async def test_positions_of_a_kept_database_begin_with_one(tmp_path: Path) -> None:
    store = store_of(database_of(None, None, tmp_path), now=lambda: 5.0)
    await store.open()
    assert (await store.last_position(), store.kept_from) == (0, 1)
    await store.close()


class Late(MemoryStore):
    """A store that answers after some attempts."""

    def __init__(self, after: int) -> None:
        super().__init__(calls=1, events=1)
        self.attempts, self.after = 0, after

    async def open(self) -> None:
        self.attempts += 1
        if self.attempts <= self.after:
            raise StoreUnavailableError("not yet")


async def slept(_seconds: float) -> None:
    pass


async def test_a_database_that_starts_with_the_gateway_is_waited_for() -> None:
    store = Late(5)
    await open_patiently(store, sleep=slept)
    assert store.attempts == 6


async def test_a_database_that_never_answers_is_told() -> None:
    with pytest.raises(StoreUnavailableError):
        await open_patiently(Late(10 * int(PATIENCE_S)), sleep=slept)


async def test_a_database_is_made_ready_once_and_then_beside_its_gateway(url: str) -> None:
    one, gateway = Database(parse_url(url)), Database(parse_url(url))
    await make_ready(one)
    await gateway.open()
    await make_ready(one)

    async with one.reading() as connection:
        assert await connection.run_sync(revision_of) == latest()
    await one.close()
    await gateway.close()
