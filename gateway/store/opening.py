"""Which store a configuration means, and how it is opened."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import Final

import structlog

from gateway.model.errors import StoreUnavailableError
from gateway.model.secret import Secret
from gateway.ports.store import Store
from gateway.store.database import Database
from gateway.store.migrate import latest, revision_of
from gateway.store.sql import SqlStore
from gateway.store.urls import MEMORY, parse_url

DEFAULT_FILE: Final = "tieline.db"
"""In the state folder, where no URL is configured."""
PATIENCE_S: Final = 60.0
"""Seconds in which a database that starts together with the gateway must answer."""
_RETRY_S: Final = 1.0
_POSITIONS_PER_SECOND: Final = 1_000_000

_log = structlog.get_logger()


def database_of(url: str | None, password: Secret | None, state_dir: Path) -> Database:
    """Make the database that is meant, without touching it.

    Raises:
        ConfigurationError: The URL is none that can be used.
    """
    if url == MEMORY:
        return PassingDatabase()
    parsed = parse_url(f"sqlite:///{state_dir.absolute() / DEFAULT_FILE}" if url is None else url)
    return Database(parsed if password is None else parsed.set(password=password.reveal()))


def store_of(database: Database, *, now: Callable[[], float]) -> SqlStore:
    """Make the store of calls and events in this database."""
    # Where a database is new each time, positions begin with the time, so that none of an earlier run is taken for one of this.
    is_passing = isinstance(database, PassingDatabase)
    return SqlStore(database, first_position=int(now() * _POSITIONS_PER_SECOND) - 1 if is_passing else 0)


class PassingDatabase(Database):
    """A database in a temporary folder, gone with the gateway."""

    def __init__(self) -> None:
        # Made by open() for its owner alone; nobody can be there before it, for nobody can guess the name.
        self._folder = Path(gettempdir(), f"tieline-{token_hex(8)}")
        super().__init__(parse_url(f"sqlite:///{self._folder}/{DEFAULT_FILE}"))

    async def close(self) -> None:
        """Let go of it and delete it."""
        await super().close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


async def open_patiently(store: Store, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Open the store; one that does not answer yet is tried again for a while.

    Raises:
        StoreError: It cannot be used.
    """
    for _ in range(int(PATIENCE_S / _RETRY_S)):
        try:
            return await store.open()
        except StoreUnavailableError as error:
            _log.warning("store_awaited", store=store.description, reason=str(error))
            await sleep(_RETRY_S)
    return await store.open()


async def make_ready(database: Database) -> None:
    """Bring the schema up to date where it is not, for a program that works beside the gateway.

    Raises:
        StoreTakenError: It must be changed while a gateway runs.
        StoreError: The database cannot be used.
    """
    with suppress(StoreUnavailableError):  # SQLite's folder may not be there yet; what else fails fails again
        async with database.reading() as connection:
            if await connection.run_sync(revision_of) == latest():
                return
    await database.open()
    await database.close()
