"""Who came in, in a database: a row a line."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.access import AccessEntry, AccessKind
from gateway.model.ids import Tenant
from gateway.ports.users import AccessFilter
from gateway.store.database import Database
from gateway.store.metadata import METADATA

ACCESS_LOG: Final = sa.Table(
    "access_log",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text),
    sa.Column("user_name", sa.Text),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("detail", sa.Text, nullable=False),
)
"""Ids are ULIDs, so that their order is that of time."""


class SqlAccessLog:
    """See :class:`gateway.ports.users.AccessLog`.

    Args:
        database: Open when it is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, entry: AccessEntry) -> None:
        """Keep a line for good."""
        async with self._database.writing() as connection:
            await connection.execute(sa.insert(ACCESS_LOG), [entry_row(entry)])

    async def listed(self, tenant: Tenant, wanted: AccessFilter, *, before: str | None, limit: int) -> Sequence[AccessEntry]:
        """Return lines, the last first."""
        columns = {
            ACCESS_LOG.c.kind: wanted.kind,
            ACCESS_LOG.c.user_id: wanted.user_id,
            ACCESS_LOG.c.done_by: wanted.by,
        }
        conditions = [ACCESS_LOG.c.tenant == tenant, *(column == value for column, value in columns.items() if value is not None)]
        if wanted.from_at is not None:
            conditions.append(ACCESS_LOG.c.at >= wanted.from_at)
        if wanted.to_at is not None:
            conditions.append(ACCESS_LOG.c.at < wanted.to_at)
        if before is not None:
            conditions.append(ACCESS_LOG.c.entry_id < before)
        rows = await self._database.rows(
            sa.select(ACCESS_LOG).where(*conditions).order_by(ACCESS_LOG.c.entry_id.desc()).limit(limit)
        )
        return [_entry(row) for row in rows]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete the lines of before this time."""
        async with self._database.writing() as connection:
            gone = sa.delete(ACCESS_LOG).where(ACCESS_LOG.c.tenant == tenant, ACCESS_LOG.c.at < before)
            return (await connection.execute(gone)).rowcount


def entry_row(entry: AccessEntry) -> dict[str, Any]:
    """Return the row of a line."""
    row = msgspec.structs.asdict(entry)
    return row | {"entry_id": row.pop("id"), "done_by": row.pop("by"), "kind": entry.kind.value}


def _entry(row: Any) -> AccessEntry:
    fields = dict(row._mapping)
    return AccessEntry(**fields | {"id": fields.pop("entry_id"), "by": fields.pop("done_by"), "kind": AccessKind(row.kind)})
