"""Rows of several tables written at once.

SQLite runs on a thread of its own, and each statement takes several turns between it and the loop: a small commit is mostly that.
So all statements of a commit go over in one turn there; PostgreSQL gets them one after the other.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_SQLITE: Final = sqlite.dialect()

Rows = Sequence[Mapping[str, Any]]


class Write:
    """An insert of whole rows into a table."""

    def __init__(self, statement: Insert, table: Table) -> None:
        self.statement = statement
        compiled = statement.compile(dialect=_SQLITE, column_keys=[column.name for column in table.columns])
        self._text = str(compiled)
        self._names = tuple(compiled.positiontup or ())

    def run(self, connection: sqlite3.Connection, rows: Rows) -> None:
        """Write the rows, on SQLite's own thread."""
        connection.executemany(self._text, [tuple(row[name] for name in self._names) for row in rows]).close()


async def write_all(connection: AsyncConnection, writes: Sequence[tuple[Write, Rows]]) -> None:
    """Write all rows, in this order, within the connection's transaction."""
    given = [(write, rows) for write, rows in writes if rows]
    if connection.dialect.name != "sqlite":
        for write, rows in given:
            await connection.execute(write.statement, rows)
        return
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    # The driver has no other way to run a function on its thread.
    await driver._execute(_run, driver._conn, given)


def _run(connection: sqlite3.Connection, writes: Sequence[tuple[Write, Rows]]) -> None:
    for write, rows in writes:
        write.run(connection, rows)
