"""A database as one file, and back: the same form for SQLite and PostgreSQL, so that one can become the other.

Gzip over frames, each a length (4 bytes, big-endian) and MessagePack: a :class:`Header`, then ``[table, columns, rows]`` many
times, then the number of rows of each table, by which a file that was cut off is known.
"""

import gzip
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.model.errors import BackupError
from gateway.store.database import Database
from gateway.store.engines import told_plainly
from gateway.store.migrate import migrate, revision_of

FORMAT: Final = "tieline-backup-1"
ROWS_AT_ONCE: Final = 1_000
MAX_FRAME_BYTES: Final = 256 * 1024 * 1024
"""Of one frame; a thousand calls have a few MB."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    schema: str
    """The revision of the tables that follow."""


async def write_backup(database: Database, target: Path) -> dict[str, int]:
    """Write all that the store has at one moment, while a gateway may go on writing to it; return the rows of each table.

    Raises:
        BackupError: The file cannot be written, or the database has nothing of ours.
        StoreUnavailableError: The database does not answer.
    """
    unfinished = target.with_name(target.name + ".part")
    engine = database.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    async with told_plainly(database.description), engine.connect() as connection:
        revision = await connection.run_sync(revision_of)
        if revision is None:
            raise BackupError(f"{database.description} has no calls: no gateway ever used it")
        counts: Counter[str] = Counter()
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0) as file:
                    _write(file, Header(format=FORMAT, schema=revision))
                    for table in await connection.run_sync(_tables):
                        columns = [str(column.name) for column in table.columns]
                        rows = await connection.stream(sa.select(table).order_by(*table.primary_key))
                        async for page in rows.partitions(ROWS_AT_ONCE):
                            _write(file, [str(table.name), columns, [tuple(row) for row in page]])
                            counts[str(table.name)] += len(page)
                    _write(file, dict(counts))
                raw.flush()
                os.fsync(raw.fileno())
            unfinished.replace(target)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise BackupError(f"{target} cannot be written: {error.strerror}") from error
    return dict(counts)


async def read_backup(database: Database, source: Path) -> dict[str, int]:
    """Put what a backup has into an empty database and bring it up to date, all or nothing; return the rows of each table.

    Raises:
        BackupError: The file cannot be read, or the database is not empty.
        StoreSchemaError: A later version wrote the backup.
        StoreTakenError: A gateway uses the database.
        StoreUnavailableError: The database does not answer.
    """
    async with database.writing() as connection:
        if await connection.run_sync(revision_of) is not None:
            raise BackupError(
                f"{database.description} is in use: restore into an empty database, then let store.url name that one"
            )
        try:
            with gzip.open(source, "rb") as file:
                return await _restore(connection, source, _frames(file, source))
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            raise BackupError(f"{source} cannot be read: {error}") from error


async def _restore(connection: AsyncConnection, source: Path, frames: Iterator[bytes]) -> dict[str, int]:
    header = msgspec.msgpack.decode(next(frames, b""), type=Header)
    if header.format != FORMAT:
        raise BackupError(f"{source} is {header.format}, this version reads {FORMAT}")
    await connection.run_sync(migrate, header.schema)
    tables = {table.name: table for table in await connection.run_sync(_tables)}
    counts: Counter[str] = Counter()
    said: dict[str, int] | None = None
    for frame in frames:
        content: Any = msgspec.msgpack.decode(frame)
        if isinstance(content, dict):
            said = content
            continue  # to the file's end, where its checksum is
        name, columns, rows = content
        await connection.execute(sa.insert(tables[name]), [dict(zip(columns, row, strict=True)) for row in rows])
        counts[name] += len(rows)
    if said != dict(counts):
        raise BackupError(f"{source} was cut off: it has {dict(counts)} of {said}")
    await connection.run_sync(migrate)
    return dict(counts)


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Return our tables as the database has them now, which may be those of an earlier version."""
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name != "alembic_version" and not name.startswith("sqlite_"))
    return found.sorted_tables


def _write(file: gzip.GzipFile, content: Any) -> None:
    data = msgspec.msgpack.encode(content)
    file.write(len(data).to_bytes(4, "big") + data)


def _frames(file: gzip.GzipFile | BinaryIO, source: Path) -> Iterator[bytes]:
    while head := file.read(4):
        size = int.from_bytes(head, "big")
        if size > MAX_FRAME_BYTES:
            raise BackupError(f"{source} is no backup of ours")
        data = file.read(size)
        if len(data) < size:
            raise BackupError(f"{source} was cut off")
        yield data
