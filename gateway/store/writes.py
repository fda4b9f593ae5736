"""Rows of several tables written at once.

SQLite runs on a thread of its own, and each statement takes several turns between it and the loop: a small commit is mostly that.
So a whole transaction goes over in one turn there; PostgreSQL gets its statements one after the other.
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


async def commit_all(connection: AsyncConnection, writes: Sequence[tuple[Write, Rows]]) -> None:
    """Write all rows, in this order, in a transaction of their own. A connection that failed is not to be used again."""
    given = [(write, rows) for write, rows in writes if rows]
    if connection.dialect.name != "sqlite":
        async with connection.begin():
            for write, rows in given:
                await connection.execute(write.statement, rows)
        return
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    # The driver has no other way to run a function on its thread.
    await driver._execute(_commit, driver._conn, given)


def _commit(connection: sqlite3.Connection, writes: Sequence[tuple[Write, Rows]]) -> None:
    connection.execute("BEGIN").close()
    for write, rows in writes:
        write.run(connection, rows)
    connection.execute("COMMIT").close()
