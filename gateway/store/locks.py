"""Keeps a second gateway away from a database: two would give out the same positions."""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.model.errors import StoreTakenError, StoreUnavailableError

PG_LOCK: Final = 0x7469656C696E65
"""Of PostgreSQL's advisory locks, in each database: "tieline" in ASCII."""
WAIT_S: Final = 10.0
"""Seconds in which a gateway that was killed is gone for the database too."""
_POLL_S: Final = 0.2


class FileLock:
    """An empty file beside SQLite's, locked while its gateway lives; the system lets it go when the process ends, however."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    async def take(self) -> None:
        """Lock, or wait a little for it. Locking again does nothing.

        Raises:
            StoreTakenError: Another gateway has it.
            StoreUnavailableError: The file cannot be made.
        """
        if self._file is not None:
            return
        file = await asyncio.to_thread(self._open)
        for _ in range(int(WAIT_S / _POLL_S)):
            if _lock(file):
                self._file = file
                return
            await asyncio.sleep(_POLL_S)
        os.close(file)
        raise StoreTakenError(f"another gateway uses {self._database}: stop it, or give this one a database of its own")

    def release(self) -> None:
        """Let others have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: {error.strerror}") from error


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def take_session_lock(connection: AsyncConnection, name: str) -> None:
    """Lock a PostgreSQL database for as long as this connection lives.

    Raises:
        StoreTakenError: Another gateway has it.
    """
    for _ in range(int(WAIT_S / _POLL_S)):
        if await connection.scalar(sa.select(sa.func.pg_try_advisory_lock(PG_LOCK))):
            await connection.commit()
            return
        await connection.rollback()
        await asyncio.sleep(_POLL_S)
    raise StoreTakenError(f"another gateway uses {name}: stop it, or give this one a database of its own")
