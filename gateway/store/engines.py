"""From a URL to a SQLAlchemy engine, and from the many ways in which a database fails to ours."""

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.store.urls import file_of

BUSY_TIMEOUT_S: Final = 10.0
"""Seconds that a writer waits for another process's write to SQLite's file, such as a backup's checkpoint."""
COMMAND_TIMEOUT_S: Final = 30.0
"""Seconds for one statement or a connection: after that the database counts as lost."""
READERS: Final = 4
"""Connections for reading."""
_VALUE: Final = re.compile(r"(invalid input for query argument \$\d+): .*")


def engine_of(url: URL) -> AsyncEngine:
    """Make the engine; nothing is connected yet."""
    if file_of(url) is None:
        settings = {"application_name": "tieline", "jit": "off"}
        arguments: dict[str, Any] = {
            "timeout": COMMAND_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": settings,
        }
        return create_async_engine(
            url, connect_args=arguments, pool_size=READERS + 1, max_overflow=0, pool_timeout=COMMAND_TIMEOUT_S
        )
    engine = create_async_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_S}, pool_size=READERS + 1, max_overflow=0, pool_timeout=COMMAND_TIMEOUT_S
    )
    sa.event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def readers_engine_of(url: URL) -> sa.Engine:
    """Make SQLite's engine for threads that read, a statement a transaction; nothing is connected yet."""
    arguments = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    engine = sa.create_engine(url.set(drivername="sqlite"), connect_args=arguments, pool_size=READERS, max_overflow=0)
    sa.event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late for a consistent read, so SQLAlchemy says it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what is committed survives a power cut too
    cursor.execute("PRAGMA cache_size=-16384")  # KiB
    cursor.execute("PRAGMA wal_autocheckpoint=4000")  # pages: fewer, larger writes into the file itself
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@asynccontextmanager
async def told_plainly(where: str) -> AsyncIterator[None]:
    """Turn what a database driver raises into ours.

    Raises:
        StoreTakenError: What we wanted to write is there already.
        StoreUnavailableError: Anything else that a database does to us.
    """
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError) as error:
        raise StoreTakenError(f"{where}: somebody else has written to it ({_reason(error)})") from error
    except (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError) as error:
        raise StoreUnavailableError(f"{where}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    while isinstance(cause.__cause__, Exception) and not str(cause):
        cause = cause.__cause__
    # Below its first line a database quotes the row, and behind an argument the value: a caller's number, perhaps.
    text = _VALUE.sub(r"\1", (str(cause) or type(cause).__name__).splitlines()[0])
    if "disk is full" in text or "No space left" in text:
        return f"the disk is full ({text})"
    return text.removeprefix("<class 'asyncpg.exceptions.").replace("'>: ", ": ")
