"""Calls and events in a database, by SQLAlchemy: SQLite and PostgreSQL with the same statements."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from gateway.model.calls import Call
from gateway.model.habits import Habit, HabitKind
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.search import ANY_CALL, NAME, CallSearch, is_queue_term
from gateway.ports.store import Batch, Cursor, Heard, Told
from gateway.store.database import Database
from gateway.store.rows import call_row, event_row, habit_row, heard_row, term_rows
from gateway.store.snapshots import decode_call, decode_gaps
from gateway.store.tables import CALL_TERMS, CALLS, EVENTS, EVERYBODY, HABITS, PBXS, POSITION
from gateway.store.writes import Rows, Write

PRUNE_ROWS: Final = 2_000
"""Rows deleted in one transaction: short enough that commits do not wait for it noticeably."""
LONGEST_CALL_S: Final = 86_400.0
"""Seconds; of a longer one that ended unheard, what its CDR says after a restart of the gateway is passed over; a longer one
is not found by when it began, where an end is set to that."""

_AFTER_NAMES: Final = NAME[:-1] + chr(ord(NAME[-1]) + 1)
"""The first of terms that stand behind those of names, in the order of bytes."""
_subjects: Final = msgspec.json.Decoder(tuple[str, ...])


class SqlStore:
    """See :class:`gateway.ports.store.Store`; the database is opened and closed with it.

    Args:
        database: Not open yet.
        first_position: The position before the first event, where the database is new.
    """

    def __init__(self, database: Database, first_position: int = 0) -> None:
        self.database = database
        self._first_position = first_position
        self._kept_from = 1
        self._put_call = Write(database.replacing(CALLS), CALLS)
        # The terms of a call only grow: what a correction adds is added.
        self._put_terms = Write(database.insert(CALL_TERMS).on_conflict_do_nothing(), CALL_TERMS)
        self._put_event = Write(sa.insert(EVENTS), EVENTS)
        self._put_heard = Write(database.replacing(PBXS), PBXS)
        self._put_habit = Write(database.insert(HABITS).on_conflict_do_nothing(), HABITS)
        self._put_position = Write(database.replacing(POSITION), POSITION)

    @property
    def description(self) -> str:
        """The database, without its secret."""
        return self.database.description

    @property
    def kept_from(self) -> int:
        """The position of the oldest event that is kept; the next one's when none is."""
        return self._kept_from

    async def open(self) -> None:
        """Connect, take the lock, bring the schema up to date."""
        await self.database.open()
        if await self.last_position() < self._first_position:
            await self.database.write([(self._put_position, [{"tenant": EVERYBODY, "last": self._first_position}])])
        await self._look_for_oldest()

    async def close(self) -> None:
        """Let go of connections and lock."""
        await self.database.close()

    async def last_position(self) -> int:
        """Return the position of the last event ever committed."""
        async with self.database.reading() as connection:
            last: int | None = await connection.scalar(sa.select(POSITION.c.last).where(POSITION.c.tenant == EVERYBODY))
        return last or 0

    async def commit(self, batch: Batch) -> None:
        """Keep all of the batch in one transaction."""
        position = [{"tenant": EVERYBODY, "last": batch.events[-1].position}] if batch.events else []
        writes: list[tuple[Write, Rows]] = [
            (self._put_call, [call_row(changed) for changed in batch.calls]),
            (self._put_terms, [row for changed in batch.calls for row in term_rows(changed)]),
            (self._put_event, [event_row(told) for told in batch.events]),
            (self._put_position, position),
            (self._put_heard, [heard_row(heard) for heard in batch.heard]),
            (self._put_habit, [habit_row(learnt) for learnt in batch.learnt]),
        ]
        await self.database.write(writes)

    async def told_after(self, position: int, limit: int) -> list[Told]:
        """Return the next events after this position, in order."""
        wanted = sa.select(EVENTS).where(EVENTS.c.position > position).order_by(EVENTS.c.position).limit(limit)
        rows = await self.database.rows(wanted)
        return [
            Told(
                position=row.position,
                id=row.event_id,
                type=row.type,
                at=row.at,
                tenant=Tenant(row.tenant),
                pbx=None if row.pbx is None else PbxName(row.pbx),
                call_id=None if row.call_id is None else CallId(row.call_id),
                json=row.envelope,
                subjects=_subjects.decode(row.subjects) if row.subjects else (),
            )
            for row in rows
        ]

    async def heard(self, tenant: Tenant, pbx: PbxName) -> Heard | None:
        """Return until when the PBX was heard."""
        wanted = sa.select(PBXS.c.heard_at, PBXS.c.gaps).where(PBXS.c.tenant == tenant, PBXS.c.pbx == pbx)
        async with self.database.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else Heard(tenant=tenant, pbx=pbx, at=row.heard_at, gaps=decode_gaps(row.gaps))

    async def habits(self, tenant: Tenant, pbx: PbxName) -> list[Habit]:
        """Return all that was learnt of the PBX."""
        wanted = sa.select(HABITS.c.kind, HABITS.c.device, HABITS.c.what).where(HABITS.c.tenant == tenant, HABITS.c.pbx == pbx)
        async with self.database.reading() as connection:
            return [Habit(HabitKind(row.kind), row.device, row.what) for row in await connection.execute(wanted)]

    async def unfinished(self, tenant: Tenant, pbx: PbxName, *, changed_after: float, incomplete_after: float) -> list[Call]:
        """Return the PBX's live calls, and those that ended lately."""
        # The first condition is what the index finds them by; a call whose end nobody heard stands there by its beginning.
        lately = sa.and_(
            CALLS.c.state.in_(("ended", "merged")),
            CALLS.c.sorted_at > min(changed_after, incomplete_after) - LONGEST_CALL_S,
            CALLS.c.changed_at > sa.case((CALLS.c.complete, changed_after), else_=incomplete_after),
        )
        return await self._calls(CALLS.c.tenant == tenant, CALLS.c.pbx == pbx, sa.or_(CALLS.c.state == "active", lately))

    async def find(self, tenant: Tenant, call_ids: Sequence[CallId]) -> list[Call]:
        """Return those of the calls that are kept."""
        return await self._calls(CALLS.c.tenant == tenant, CALLS.c.call_id.in_(call_ids))

    async def ended(
        self,
        tenant: Tenant,
        *,
        pbxs: Sequence[PbxName] | None,
        after: Cursor | None,
        limit: int,
        search: CallSearch = ANY_CALL,
    ) -> list[tuple[Cursor, Call]]:
        """Return ended calls, the last one first."""
        columns = (CALLS.c.sorted_at, CALLS.c.call_id, CALLS.c.snapshot_version, CALLS.c.snapshot)
        wanted = sa.select(*columns).where(CALLS.c.tenant == tenant, CALLS.c.state == "ended")
        if pbxs is not None:
            wanted = wanted.where(CALLS.c.pbx.in_(pbxs))
        wanted = wanted.where(*_conditions(tenant, search), *self._named(tenant, search))
        if after is not None:
            wanted = wanted.where(sa.tuple_(CALLS.c.sorted_at, CALLS.c.call_id) < (after.ended_at, after.call_id))
        wanted = wanted.order_by(CALLS.c.sorted_at.desc(), CALLS.c.call_id.desc()).limit(limit)
        rows = await self.database.rows(wanted)
        return [(Cursor(row.sorted_at, CallId(row.call_id)), decode_call(row.snapshot_version, row.snapshot)) for row in rows]

    def _named(self, tenant: Tenant, search: CallSearch) -> Iterator[sa.ColumnElement[bool]]:
        if search.name is None:
            return
        term = CALL_TERMS.c.term
        shown = term.like(f"{NAME}%") & term.contains(search.name.casefold(), autoescape=True)
        if self.database.is_sqlite:
            # Its index serves comparisons alone, and its order is that of bytes, as other databases' need not be.
            shown &= (term >= NAME) & (term < _AFTER_NAMES)
        found = sa.or_(shown, term.in_(sorted(search.named)))
        yield CALLS.c.call_id.in_(sa.select(CALL_TERMS.c.call_id).where(CALL_TERMS.c.tenant == tenant, found))

    async def prune_calls(self, tenant: Tenant, *, before: float) -> int:
        """Delete what ended before, a few thousand rows at once."""
        old = (
            sa.select(CALLS.c.call_id)
            .where(CALLS.c.tenant == tenant, CALLS.c.state.in_(("ended", "merged")), CALLS.c.sorted_at < before)
            .limit(PRUNE_ROWS)
        )
        deleted = 0
        while True:
            async with self.database.reading() as connection:
                call_ids = (await connection.scalars(old)).all()
            if not call_ids:
                return deleted
            async with self.database.writing() as connection:
                for table in (CALL_TERMS, CALLS):
                    await connection.execute(sa.delete(table).where(table.c.tenant == tenant, table.c.call_id.in_(call_ids)))
            deleted += len(call_ids)

    async def prune_events(self, tenant: Tenant, *, before: float) -> int:
        """Delete what happened before, a few thousand rows at once, whoever's it is: the order is one for all."""
        deleted = 0
        while True:
            # From the oldest position on and no further than the first young event, so that the rest has no holes.
            async with self.database.reading() as connection:
                found = sa.select(EVENTS.c.position, EVENTS.c.at).order_by(EVENTS.c.position).limit(PRUNE_ROWS)
                rows = (await connection.execute(found)).all()
            young = next((index for index, row in enumerate(rows) if row.at >= before), len(rows))
            if young == 0:
                break
            deleted += await self._delete(sa.delete(EVENTS).where(EVENTS.c.position <= rows[young - 1].position))
        if deleted:
            await self._look_for_oldest()
        return deleted

    async def _calls(self, *conditions: sa.ColumnElement[bool]) -> list[Call]:
        wanted = sa.select(CALLS.c.snapshot_version, CALLS.c.snapshot).where(*conditions)
        rows = await self.database.rows(wanted)
        return [decode_call(row.snapshot_version, row.snapshot) for row in rows]

    async def _look_for_oldest(self) -> None:
        async with self.database.reading() as connection:
            oldest: int | None = await connection.scalar(sa.select(sa.func.min(EVENTS.c.position)))
        self._kept_from = oldest if oldest is not None else await self.last_position() + 1

    async def _delete(self, statement: sa.Delete) -> int:
        async with self.database.writing() as connection:
            return (await connection.execute(statement)).rowcount


def _conditions(tenant: Tenant, search: CallSearch) -> Iterator[sa.ColumnElement[bool]]:
    if search.since is not None:
        # What began then ended later: that is what the index finds it by.
        yield sa.and_(CALLS.c.started_at >= search.since, CALLS.c.sorted_at >= search.since)
    if search.until is not None:
        yield sa.and_(CALLS.c.started_at < search.until, CALLS.c.sorted_at < search.until + LONGEST_CALL_S)
    if search.direction is not None:
        yield CALLS.c.direction == search.direction
    if search.outcome is not None:
        yield CALLS.c.outcome == search.outcome
    for terms in search.terms:
        named = sa.select(CALL_TERMS.c.call_id).where(CALL_TERMS.c.tenant == tenant, CALL_TERMS.c.term.in_(sorted(terms)))
        # A queue has most calls: each call is asked whether it was there. Of others there are few: they are found first.
        many = all(is_queue_term(term) for term in terms)
        yield named.where(CALL_TERMS.c.call_id == CALLS.c.call_id).exists() if many else CALLS.c.call_id.in_(named)
