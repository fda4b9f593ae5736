"""One database: a connection that writes and keeps other gateways out, and some that read."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.store.engines import engine_of, readers_engine_of, told_plainly
from gateway.store.locks import FileLock, take_session_lock
from gateway.store.migrate import migrate
from gateway.store.sqlite_readers import SqliteReaders
from gateway.store.urls import file_of
from gateway.store.writes import Rows, Write, commit_all


class Database:
    """A gateway's database; what is kept in it, and how, is the matter of those who are given it.

    Args:
        url: Of an engine's, see :func:`gateway.store.urls.parse_url`.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self.engine: AsyncEngine = engine_of(url)
        """For readers; whoever writes does it by :meth:`writing`."""
        file = file_of(url)
        self._file = file
        self._lock = None if file is None else FileLock(file)
        self._readers = None if file is None else SqliteReaders(readers_engine_of(url))
        self._writer: AsyncConnection | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @property
    def description(self) -> str:
        """Which it is, without its secret."""
        if self._file is not None:
            return str(self._file)
        # As the operator wrote it: which driver we use is our matter.
        return self._url.set(drivername=self._url.get_backend_name()).render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else PostgreSQL."""
        return self._file is not None

    async def open(self) -> None:
        """Connect, take the lock, bring the schema up to date.

        Raises:
            StoreTakenError: Another gateway writes to it.
            StoreSchemaError: It was written by a later version.
            StoreUnavailableError: It does not answer.
        """
        if self._file is not None:
            async with told_plainly(str(self._file.parent)):
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self.writing() as connection:
            await connection.run_sync(migrate)
        if self._file is not None:
            self._file.chmod(0o600)  # it holds what callers said and pressed

    async def close(self) -> None:
        """Let go of connections and lock."""
        await self._drop_writer()
        if self._closing:
            await asyncio.wait(self._closing)
        await self.engine.dispose()
        if self._readers is not None:
            await self._readers.close()
        if self._lock is not None:
            self._lock.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for reading.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        async with told_plainly(self.description), self.engine.connect() as connection:
            yield connection

    async def rows(self, wanted: Select[Any], given: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Return what is selected.

        Args:
            wanted: What is asked for all the time is made once, with parameters: to make it costs more than the read.
            given: The parameters.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        if self._readers is not None:
            async with told_plainly(self.description):
                return await self._readers.rows(wanted, given)
        async with self.reading() as connection:
            found: Sequence[Row[Any]] = (await connection.execute(wanted, given)).all()
        return found

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open one transaction of the only writer, committed at the end; who comes meanwhile waits. Keep it short.

        A connection that failed is not used again.

        Raises:
            StoreTakenError: Another gateway writes to it.
            StoreUnavailableError: It does not answer.
        """
        async with self._turn:
            try:
                async with told_plainly(self.description):
                    connection = await self._connected_writer()
                    async with connection.begin():
                        yield connection
            except BaseException:
                await self._drop_writer()
                raise

    async def write(self, writes: Sequence[tuple[Write, Rows]]) -> None:
        """Write rows in one transaction of the only writer, as :meth:`writing` does, at the least cost.

        Raises: see :meth:`writing`.
        """
        async with self._turn:
            try:
                async with told_plainly(self.description):
                    await commit_all(await self._connected_writer(), writes)
            except BaseException:
                await self._drop_writer()
                raise

    @asynccontextmanager
    async def writing_beside(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction without the lock by which a gateway keeps others out, committed at the end.

        Only for what stands by itself, such as a token: a program may change it while the gateway runs.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        async with told_plainly(self.description), self.engine.begin() as connection:
            yield connection

    def insert(self, table: Table) -> Any:
        """Return an insert, in the database's own dialect: it can say what becomes of a row whose key is there."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def replacing(self, table: Table) -> Any:
        """Return an insert that overwrites a row of the same key."""
        insert = self.insert(table)
        keys = [column.name for column in table.primary_key]
        changes = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_=changes)

    async def _connected_writer(self) -> AsyncConnection:
        if self._lock is not None:
            await self._lock.take()
        if self._writer is None:
            writer = await self.engine.connect()
            if self._lock is None:
                try:
                    await take_session_lock(writer, self.description)
                except BaseException:
                    await writer.invalidate()
                    await writer.close()
                    raise
            self._writer = writer
        return self._writer

    async def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            closing = asyncio.create_task(_close(writer), name="store.close_writer")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            # Who gives up waiting here too leaves no connection half closed: it would keep the lock.
            await asyncio.shield(closing)


async def _close(writer: AsyncConnection) -> None:
    # Not back into the pool: the lock lives as long as the connection.
    with suppress(SQLAlchemyError, OSError):
        await writer.invalidate()
    with suppress(SQLAlchemyError, OSError):
        await writer.close()
