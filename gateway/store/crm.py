"""What was told to which CRM, in a database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.crm import CrmContact
from gateway.model.ids import CallId, Tenant
from gateway.ports.crm_log import CrmCall, CrmCounts
from gateway.store.database import Database
from gateway.store.metadata import METADATA

CURSORS: Final = sa.Table(
    "crm_cursors",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)

CALLS: Final = sa.Table(
    "crm_calls",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("heard", sa.BigInteger, nullable=False),
    sa.Column("pending", sa.Boolean, nullable=False),
    sa.Column("retry_at", sa.Double, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("dead", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("memo", sa.Text),
    sa.Column("said", sa.Text),
    sa.Column("contact", sa.LargeBinary),
    sa.Column("recording", sa.Text),
    sa.Column("remade", sa.Boolean, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.Index("crm_calls_by_fate", "tenant", "crm", "pending", "dead", "position"),
    sa.Index("crm_calls_by_change", "tenant", "changed_at"),
)
"""``contact`` is JSON."""

_CONTACT: Final = msgspec.json.Decoder(CrmContact)


class SqlCrmLog:
    """See :class:`gateway.ports.crm_log.CrmLog`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_cursor = database.replacing(CURSORS)
        insert = database.insert(CALLS)
        new = insert.excluded
        waits = sa.and_(CALLS.c.pending, sa.not_(CALLS.c.dead))
        key = [column.name for column in CALLS.primary_key]
        self._choose = insert.on_conflict_do_update(
            index_elements=key,
            set_={
                "position": sa.case((waits, CALLS.c.position), else_=new.position),
                "contact": new.contact,
                "pending": True,
                "retry_at": 0.0,
                "attempts": sa.case((waits, CALLS.c.attempts), else_=0),
                "dead": False,
                "changed_at": new.changed_at,
            },
        )
        self._hear = insert.on_conflict_do_update(
            index_elements=key,
            set_={
                "position": sa.case((waits, CALLS.c.position), else_=new.position),
                "heard": new.heard,
                "pending": True,
                "retry_at": sa.case((waits, CALLS.c.retry_at), else_=0.0),
                "attempts": sa.case((waits, CALLS.c.attempts), else_=0),
                "dead": False,
                "changed_at": new.changed_at,
            },
        )

    async def cursor(self, tenant: Tenant, crm: str) -> int | None:
        """Return up to which position the CRM's calls are noted."""
        wanted = sa.select(CURSORS.c.position).where(CURSORS.c.tenant == tenant, CURSORS.c.crm == crm)
        return next((int(row.position) for row in await self._database.rows(wanted)), None)

    async def note(self, tenant: Tenant, crm: str, *, position: int, heard: Mapping[CallId, tuple[int, int]], at: float) -> None:
        """Keep that there is something to tell of these calls, and up to where all is noted."""
        async with self._database.writing() as connection:
            await connection.execute(self._put_cursor, [{"tenant": tenant, "crm": crm, "position": position}])
            if heard:
                key = {"tenant": tenant, "crm": crm}
                calls = [
                    CrmCall(call_id=call_id, position=first, heard=last, changed_at=at)
                    for call_id, (first, last) in heard.items()
                ]
                await connection.execute(self._hear, [key | _row(call) for call in calls])

    async def due(self, tenant: Tenant, crm: str, *, now: float, limit: int) -> list[CrmCall]:
        """Return what is to be told now, in order."""
        wanted = sa.select(CALLS).where(*_waiting(tenant, crm), CALLS.c.retry_at <= now)
        return [_call(row) for row in await self._database.rows(wanted.order_by(CALLS.c.position).limit(limit))]

    async def next_at(self, tenant: Tenant, crm: str, *, after: float) -> float | None:
        """Return when the next thing after this time is to be told."""
        wanted = sa.select(sa.func.min(CALLS.c.retry_at).label("at")).where(*_waiting(tenant, crm), CALLS.c.retry_at > after)
        return next((row.at for row in await self._database.rows(wanted)), None)

    async def put(self, tenant: Tenant, crm: str, call: CrmCall) -> None:
        """Keep how a call stands."""
        row = _row(call)
        chosen = row.pop("contact")
        more = sa.or_(CALLS.c.heard > call.heard, CALLS.c.contact.is_distinct_from(chosen))
        changes = row | {
            "heard": sa.case((CALLS.c.heard > call.heard, CALLS.c.heard), else_=call.heard),
            # What was told takes its place by what came since; what was told in vain keeps it.
            "position": call.position if call.pending else sa.case((more, CALLS.c.heard), else_=call.position),
            "pending": sa.case((more, True), else_=call.pending),
            "dead": sa.case((more, False), else_=call.dead),
        }
        async with self._database.writing() as connection:
            await connection.execute(sa.update(CALLS).where(_of(tenant, crm), CALLS.c.call_id == call.call_id).values(**changes))

    async def choose(self, tenant: Tenant, crm: str, call_id: CallId, contact: CrmContact, *, position: int, at: float) -> None:
        """Keep whom the agent chose."""
        call = CrmCall(call_id=call_id, position=position, heard=position, contact=contact, changed_at=at)
        async with self._database.writing() as connection:
            await connection.execute(self._choose, [{"tenant": tenant, "crm": crm} | _row(call)])

    async def remember(self, tenant: Tenant, crm: str, call_id: CallId, *, before: str | None, memo: str) -> None:
        """Keep another memo of a call, where it is still the one of before."""
        this = (_of(tenant, crm), CALLS.c.call_id == call_id, CALLS.c.memo.is_not_distinct_from(before))
        async with self._database.writing() as connection:
            await connection.execute(sa.update(CALLS).where(*this).values(memo=memo))

    async def forget(self, tenant: Tenant, crm: str, call_id: CallId, *, heard: int) -> None:
        """Keep nothing of a call, where nothing new was heard of it."""
        this = (_of(tenant, crm), CALLS.c.call_id == call_id, CALLS.c.heard <= heard)
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(CALLS).where(*this))

    async def find(self, tenant: Tenant, crm: str, calls: Collection[CallId]) -> list[CrmCall]:
        """Return those of the calls that something is kept of."""
        wanted = sa.select(CALLS).where(_of(tenant, crm), CALLS.c.call_id.in_(list(calls)))
        return [_call(row) for row in await self._database.rows(wanted)]

    async def counts(self, tenant: Tenant, crm: str) -> CrmCounts:
        """Return how many wait and how many are dead."""
        count = sa.func.count().label("how_many")
        kept = sa.select(CALLS.c.dead, count).where(_of(tenant, crm), CALLS.c.pending).group_by(CALLS.c.dead)
        found: dict[bool, int] = {bool(row.dead): row.how_many for row in await self._database.rows(kept)}
        return CrmCounts(waiting=found.get(False, 0), dead=found.get(True, 0))

    async def dead(self, tenant: Tenant, crm: str, *, after: int, limit: int) -> list[CrmCall]:
        """Return what is not told any more, by position."""
        these = (_of(tenant, crm), CALLS.c.pending, CALLS.c.dead, CALLS.c.position > after)
        wanted = sa.select(CALLS).where(*these).order_by(CALLS.c.position).limit(limit)
        return [_call(row) for row in await self._database.rows(wanted)]

    async def revive(self, tenant: Tenant, crm: str, *, calls: Sequence[CallId] | None, at: float) -> int:
        """Let dead ones be told again."""
        these = [_of(tenant, crm), CALLS.c.pending, CALLS.c.dead]
        if calls is not None:
            these.append(CALLS.c.call_id.in_(calls))
        async with self._database.writing() as connection:
            changed = await connection.execute(
                sa.update(CALLS).where(*these).values(dead=False, attempts=0, retry_at=at, changed_at=at)
            )
        return changed.rowcount

    async def hurry(self, tenant: Tenant, crm: str, *, attempts: int) -> None:
        """Let all that waits to be told again, and was told in vain so often at most, be due now."""
        async with self._database.writing() as connection:
            late = (*_waiting(tenant, crm), CALLS.c.retry_at > 0.0, CALLS.c.attempts <= attempts)
            await connection.execute(sa.update(CALLS).where(*late).values(retry_at=0.0))

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete what did not change since this time."""
        async with self._database.writing() as connection:
            done = await connection.execute(sa.delete(CALLS).where(CALLS.c.tenant == tenant, CALLS.c.changed_at < before))
        return done.rowcount


def _of(tenant: Tenant, crm: str) -> sa.ColumnElement[bool]:
    return sa.and_(CALLS.c.tenant == tenant, CALLS.c.crm == crm)


def _waiting(tenant: Tenant, crm: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _of(tenant, crm), CALLS.c.pending.is_(True), CALLS.c.dead.is_(False)


def _row(call: CrmCall) -> dict[str, Any]:
    row = msgspec.structs.asdict(call)
    return row | {"contact": None if call.contact is None else msgspec.json.encode(call.contact)}


def _call(row: sa.Row[Any]) -> CrmCall:
    fields = {name: getattr(row, name) for name in CrmCall.__struct_fields__}
    return CrmCall(**(fields | {"contact": None if row.contact is None else _CONTACT.decode(row.contact)}))
