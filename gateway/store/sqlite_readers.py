"""Reads SQLite on threads, one turn between loop and thread a read.

The driver for asyncio takes such a turn for each of BEGIN, cursor, execute, fetch and ROLLBACK: of a small read that is most, and
it costs four times as much CPU.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from gateway.store.engines import READERS


class SqliteReaders:
    """Connections for reading, each with its thread, made when they are needed.

    Args:
        engine: Of the file, see :func:`gateway.store.engines.readers_engine_of`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._threads: ThreadPoolExecutor | None = None

    async def rows(self, wanted: Select[Any], given: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
        """Return what is selected, with these parameters. Who is cancelled waits for nothing: the read ends by itself.

        Raises:
            SQLAlchemyError: The driver's fault.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(READERS, "store.read")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, wanted, given)

    def _read(self, wanted: Select[Any], given: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(wanted, given).all()

    async def close(self) -> None:
        """Let what is being read be read, and go."""
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()
