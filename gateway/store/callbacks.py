"""The calls to return in a database: what is searched for is a column, the whole is a snapshot beside it."""

from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.model.access import AccessEntry
from gateway.model.callbacks import WAITS, Callback, CallbackId
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import CallId, Tenant
from gateway.ports.callbacks import CallbackPlace, CallbackQuery
from gateway.store.access_log import ACCESS_LOG, entry_row
from gateway.store.database import Database
from gateway.store.metadata import METADATA

CALLBACKS: Final = sa.Table(
    "callbacks",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("callback_id", sa.Text, primary_key=True),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("queue", sa.Text),
    sa.Column("extension", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("last_at", sa.Double, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("callbacks_by_number", "tenant", "number"),
    sa.Index("callbacks_by_state", "tenant", "state", "last_at", "callback_id"),
)
"""``owner`` is a principal's id; ``body`` is the whole, MessagePack with field names."""

CALLS: Final = sa.Table(
    "callback_calls",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("callback_id", sa.Text, nullable=False),
)
"""Which entry a call is counted in: each in one."""

FOLLOWED: Final = sa.Table(
    "callbacks_followed",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
"""The last event that calls to return were looked for in."""

AT_ONCE: Final = 500
"""Names in one statement: databases have a limit."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Callback)
_STATES: Final = sorted(state.value for state in WAITS)


class SqlCallbacks:
    """See :class:`gateway.ports.callbacks.CallbackStore`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.replacing(CALLBACKS)
        self._put_call = database.insert(CALLS).on_conflict_do_nothing()
        self._put_position = database.replacing(FOLLOWED)

    async def position(self, tenant: Tenant) -> int | None:
        """Return the position of the last event that was followed."""
        rows = await self._database.rows(sa.select(FOLLOWED.c.position).where(FOLLOWED.c.tenant == tenant))
        return rows[0].position if rows else None

    async def follow(
        self,
        tenant: Tenant,
        position: int,
        numbers: Collection[str],
        calls: Collection[CallId],
        change: Callable[[list[Callback]], list[Callback]],
    ) -> list[Callback]:
        """Change entries, and keep how far events are followed, at once."""
        async with self._database.writing() as connection:
            found: dict[CallbackId, Callback] = {}
            for some in _parts(numbers):
                waiting = (CALLBACKS.c.tenant == tenant, CALLBACKS.c.number.in_(some), CALLBACKS.c.state.in_(_STATES))
                found |= await _entries(connection, *waiting)
            for some in _parts(calls):
                counted = sa.select(CALLS.c.callback_id).where(CALLS.c.tenant == tenant, CALLS.c.call_id.in_(some))
                found |= await _entries(connection, CALLBACKS.c.tenant == tenant, CALLBACKS.c.callback_id.in_(counted))
            changed = change(sorted(found.values(), key=lambda entry: entry.id))
            await self._keep(connection, tenant, changed)
            await connection.execute(self._put_position, [{"tenant": tenant, "position": position}])
        return changed

    async def change(
        self,
        tenant: Tenant,
        callback: CallbackId,
        change: Callable[[Callback], Callback],
        line: AccessEntry | None = None,
    ) -> Callback | None:
        """Change one entry as it is now."""
        # There is one writer: what is read here nobody changes before it is written.
        async with self._database.writing() as connection:
            found = await _entries(connection, CALLBACKS.c.tenant == tenant, CALLBACKS.c.callback_id == callback)
            if callback not in found:
                return None
            changed = change(found[callback])
            if changed != found[callback]:
                await self._keep(connection, tenant, [changed])
                if line is not None:
                    await connection.execute(sa.insert(ACCESS_LOG), [entry_row(line)])
        return changed

    async def put(self, tenant: Tenant, callback: Callback) -> bool:
        """Keep a new entry."""
        last = callback.calls[-1]
        async with self._database.writing() as connection:
            row = {"tenant": tenant, "call_id": last, "callback_id": callback.id}
            await connection.execute(self._put_call, [row])
            counted = sa.select(CALLS.c.callback_id).where(CALLS.c.tenant == tenant, CALLS.c.call_id == last)
            if await connection.scalar(counted) != callback.id:
                return False
            await self._keep(connection, tenant, [callback])
        return True

    async def find(self, tenant: Tenant, callback: CallbackId) -> Callback | None:
        """Return one entry."""
        wanted = sa.select(CALLBACKS.c.body).where(CALLBACKS.c.tenant == tenant, CALLBACKS.c.callback_id == callback)
        rows = await self._database.rows(wanted)
        return _callback(rows[0].body) if rows else None

    async def page(self, tenant: Tenant, query: CallbackQuery, *, after: CallbackPlace | None, limit: int) -> list[Callback]:
        """Return entries, the one that called last first."""
        wanted = sa.select(CALLBACKS.c.body).where(*_conditions(tenant, query))
        if after is not None:
            wanted = wanted.where(sa.tuple_(CALLBACKS.c.last_at, CALLBACKS.c.callback_id) < (after.last_at, after.id))
        wanted = wanted.order_by(CALLBACKS.c.last_at.desc(), CALLBACKS.c.callback_id.desc()).limit(limit)
        return [_callback(row.body) for row in await self._database.rows(wanted)]

    async def count(self, tenant: Tenant, query: CallbackQuery) -> int:
        """Return how many there are."""
        wanted = sa.select(sa.func.count().label("entries")).select_from(CALLBACKS).where(*_conditions(tenant, query))
        (row,) = await self._database.rows(wanted)
        return int(row.entries)

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete old entries."""
        old = (CALLBACKS.c.tenant == tenant, CALLBACKS.c.last_at < before)
        async with self._database.writing() as connection:
            counted = sa.select(CALLBACKS.c.callback_id).where(*old)
            await connection.execute(sa.delete(CALLS).where(CALLS.c.tenant == tenant, CALLS.c.callback_id.in_(counted)))
            return (await connection.execute(sa.delete(CALLBACKS).where(*old))).rowcount

    async def _keep(self, connection: AsyncConnection, tenant: Tenant, entries: Collection[Callback]) -> None:
        if not entries:
            return
        await connection.execute(self._put, [_row(tenant, entry) for entry in entries])
        calls = [{"tenant": tenant, "call_id": call, "callback_id": entry.id} for entry in entries for call in entry.calls]
        if calls:
            await connection.execute(self._put_call, calls)


def _parts(names: Collection[Any]) -> list[list[Any]]:
    listed = sorted(names)
    return [listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE)]


def _conditions(tenant: Tenant, query: CallbackQuery) -> list[sa.ColumnElement[bool]]:
    found = [CALLBACKS.c.tenant == tenant]
    if query.states is not None:
        found.append(CALLBACKS.c.state.in_(sorted(state.value for state in query.states)))
    if query.queue is not None:
        found.append(CALLBACKS.c.queue == query.queue)
    if query.owner is not None:
        found.append(CALLBACKS.c.owner == query.owner)
    if (seen := query.seen) is not None:
        at_pbx: list[sa.ColumnElement[bool]] = [CALLBACKS.c.queue.in_(sorted(seen.queues))]
        if seen.extension is not None:
            at_pbx.append(CALLBACKS.c.extension == seen.extension)
        there = sa.and_(CALLBACKS.c.pbx == seen.pbx, sa.or_(*at_pbx))
        found.append(sa.or_(CALLBACKS.c.owner == seen.owner, there))
    return found


async def _entries(connection: AsyncConnection, *conditions: sa.ColumnElement[bool]) -> dict[CallbackId, Callback]:
    rows = (await connection.execute(sa.select(CALLBACKS.c.body).where(*conditions))).all()
    return {entry.id: entry for entry in (_callback(row.body) for row in rows)}


def _row(tenant: Tenant, entry: Callback) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "callback_id": entry.id,
        "pbx": entry.pbx,
        "number": entry.number,
        "queue": entry.queue,
        "extension": entry.extension,
        "state": entry.state.value,
        "owner": None if entry.owner is None else entry.owner.id,
        "last_at": entry.last_at,
        "body": _encoder.encode(entry),
    }


def _callback(body: bytes) -> Callback:
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"a call to return in the store cannot be read: {error}") from error
