"""Dispositions and the work after calls in a database."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.call_work import CallWork
from gateway.model.dispositions import Disposition
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import CallId, Tenant
from gateway.store.database import Database
from gateway.store.metadata import METADATA

DISPOSITIONS: Final = sa.Table(
    "dispositions",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
)
"""A list is changed as a whole: ``body`` is all of it, in JSON."""

CALL_WORK: Final = sa.Table(
    "call_work",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("author", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("call_work_by_time", "tenant", "done", "changed_at"),
    sa.Index("call_work_by_customer", "tenant", "customer_id"),
)
"""``body`` is the whole, MessagePack with field names, so that a version that adds a field with a default reads what earlier ones
wrote."""

_WORK_OF: Final = sa.select(CALL_WORK.c.body).where(
    CALL_WORK.c.tenant == sa.bindparam("of"), CALL_WORK.c.call_id.in_(sa.bindparam("among", expanding=True))
)

_list_decoder: Final = msgspec.json.Decoder(tuple[Disposition, ...])
_work_encoder: Final = msgspec.msgpack.Encoder()
_work_decoder: Final = msgspec.msgpack.Decoder(CallWork)


class SqlDesk:
    """See :class:`gateway.ports.desk.DeskStore`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_list = database.replacing(DISPOSITIONS)
        self._put_work = database.replacing(CALL_WORK)

    async def dispositions(self, tenant: Tenant) -> Sequence[Disposition] | None:
        """Return the tenant's own list."""
        rows = await self._database.rows(sa.select(DISPOSITIONS.c.body).where(DISPOSITIONS.c.tenant == tenant))
        if not rows:
            return None
        try:
            return _list_decoder.decode(rows[0].body)
        except msgspec.MsgspecError as error:
            raise StoreSchemaError(f"the dispositions in the store cannot be read: {error}") from error

    async def put_dispositions(self, tenant: Tenant, dispositions: Sequence[Disposition], *, at: float, by: str) -> None:
        """Keep a list."""
        row = {"tenant": tenant, "body": msgspec.json.encode(dispositions), "changed_at": at, "changed_by": by}
        async with self._database.writing() as connection:
            await connection.execute(self._put_list, [row])

    async def work(self, tenant: Tenant, calls: Collection[CallId]) -> list[CallWork]:
        """Return what was written about these calls."""
        found = [_work(row.body) for row in await self._database.rows(_WORK_OF, {"of": tenant, "among": list(calls)})]
        return sorted(found, key=lambda work: (work.noted_at or work.changed_at, work.author))

    async def put_work(self, tenant: Tenant, work: CallWork) -> None:
        """Keep what somebody wrote."""
        row: dict[str, Any] = {
            "tenant": tenant,
            "call_id": work.call_id,
            "author": work.author,
            "customer_id": work.customer,
            "done": work.done_at is not None,
            "changed_at": work.changed_at,
            "body": _work_encoder.encode(work),
        }
        async with self._database.writing() as connection:
            await connection.execute(self._put_work, [row])

    async def unfinished(self, tenant: Tenant, *, before: float, limit: int) -> list[CallWork]:
        """Return work that lies about."""
        wanted = (
            sa.select(CALL_WORK.c.body)
            .where(CALL_WORK.c.tenant == tenant, CALL_WORK.c.done.is_(False), CALL_WORK.c.changed_at < before)
            .order_by(CALL_WORK.c.changed_at)
            .limit(limit)
        )
        return [_work(row.body) for row in await self._database.rows(wanted)]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete old work."""
        async with self._database.writing() as connection:
            old = sa.delete(CALL_WORK).where(CALL_WORK.c.tenant == tenant, CALL_WORK.c.changed_at < before)
            return (await connection.execute(old)).rowcount


def _work(body: bytes) -> CallWork:
    try:
        return _work_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"what was written about a call cannot be read: {error}") from error
