"""Recordings in a database: what is searched for is a column, the whole is a snapshot beside it."""

from collections.abc import Callable, Collection
from secrets import token_bytes
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.errors import StoreSchemaError
from gateway.model.ids import TAIL_BYTES, CallId, PbxName, Tenant, ulid
from gateway.model.recordings import Play, Recording, RecordingId, RecordingState
from gateway.store.database import Database
from gateway.store.metadata import METADATA

RECORDINGS: Final = sa.Table(
    "recordings",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("recording_id", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("began_at", sa.Double, nullable=False),
    sa.Column("due_at", sa.Double),
    sa.Column("stored", sa.Boolean, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("recordings_by_call", "tenant", "call_id"),
    sa.Index("recordings_by_time", "tenant", "began_at", "recording_id"),
    sa.Index("recordings_by_due", "tenant", "pbx", "due_at"),
)
"""``stored`` says that the storage has bytes of it; ``body`` is the whole, MessagePack with field names, so that a version that
adds a field with a default reads what earlier ones wrote."""

PLAYS: Final = sa.Table(
    "recording_plays",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("play_id", sa.Text, primary_key=True),
    sa.Column("recording_id", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("principal_id", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Index("recording_plays_by_recording", "tenant", "recording_id", "at"),
)

FOLLOWED: Final = sa.Table(
    "recordings_followed",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
"""The last event that recordings were looked for in."""

IDS_AT_ONCE: Final = 500
"""Ids in one statement: databases have a limit."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Recording)


class SqlRecordings:
    """See :class:`gateway.ports.recordings.RecordingStore`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.replacing(RECORDINGS)
        self._put_position = database.replacing(FOLLOWED)

    async def position(self, tenant: Tenant) -> int | None:
        """Return the position of the last event that was followed."""
        rows = await self._database.rows(sa.select(FOLLOWED.c.position).where(FOLLOWED.c.tenant == tenant))
        return rows[0].position if rows else None

    async def follow(
        self, tenant: Tenant, position: int, calls: Collection[CallId], change: Callable[[list[Recording]], list[Recording]]
    ) -> list[Recording]:
        """Change the recordings of these calls, and keep how far events are followed, at once."""
        async with self._database.writing() as connection:
            known: list[Recording] = []
            for some in _parts(calls):
                of_them = sa.select(RECORDINGS.c.body).where(RECORDINGS.c.tenant == tenant, RECORDINGS.c.call_id.in_(some))
                known += [_recording(body) for (body,) in (await connection.execute(of_them)).all()]
            changed = change(known)
            if changed:
                await connection.execute(self._put, [_row(each) for each in changed])
            await connection.execute(self._put_position, [{"tenant": tenant, "position": position}])
        return changed

    async def change(self, tenant: Tenant, recording: RecordingId, change: Callable[[Recording], Recording]) -> Recording | None:
        """Change one recording as it is now."""
        async with self._database.writing() as connection:
            body = (await connection.execute(_of(sa.select(RECORDINGS.c.body), tenant, recording))).scalar_one_or_none()
            if body is None:
                return None
            before = _recording(body)
            changed = change(before)
            if changed != before:
                await connection.execute(self._put, [_row(changed)])
        return changed

    async def find(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Return a recording."""
        found = await self._recordings(_of(sa.select(RECORDINGS.c.body), tenant, recording))
        return found[0] if found else None

    async def of_calls(self, tenant: Tenant, calls: Collection[CallId]) -> list[Recording]:
        """Return the recordings of these calls, the first one first."""
        found: list[Recording] = []
        for some in _parts(calls):
            wanted = sa.select(RECORDINGS.c.body).where(RECORDINGS.c.tenant == tenant, RECORDINGS.c.call_id.in_(some))
            found += await self._recordings(wanted)
        return sorted(found, key=lambda each: (each.began_at, each.id))

    async def page(
        self,
        tenant: Tenant,
        *,
        states: Collection[RecordingState] | None,
        pbxs: Collection[PbxName] | None,
        after: tuple[float, RecordingId] | None,
        limit: int,
    ) -> list[Recording]:
        """Return recordings, the last one first."""
        wanted = sa.select(RECORDINGS.c.body).where(RECORDINGS.c.tenant == tenant)
        if states is not None:
            wanted = wanted.where(RECORDINGS.c.state.in_([state.value for state in states]))
        if pbxs is not None:
            wanted = wanted.where(RECORDINGS.c.pbx.in_(pbxs))
        if after is not None:
            at, last = after
            earlier = sa.and_(RECORDINGS.c.began_at == at, RECORDINGS.c.recording_id < last)
            wanted = wanted.where(sa.or_(RECORDINGS.c.began_at < at, earlier))
        ordered = wanted.order_by(RECORDINGS.c.began_at.desc(), RECORDINGS.c.recording_id.desc())
        return await self._recordings(ordered.limit(limit))

    async def due(self, tenant: Tenant, pbx: PbxName, limit: int) -> list[Recording]:
        """Return those that are to be looked at next."""
        waiting = (RECORDINGS.c.tenant == tenant, RECORDINGS.c.pbx == pbx, RECORDINGS.c.due_at.is_not(None))
        ordered = sa.select(RECORDINGS.c.body).where(*waiting).order_by(RECORDINGS.c.due_at, RECORDINGS.c.recording_id)
        return await self._recordings(ordered.limit(limit))

    async def untold(self, tenant: Tenant) -> list[Recording]:
        """Return those whose last version the world has perhaps not heard of."""
        return await self._recordings(
            sa.select(RECORDINGS.c.body).where(RECORDINGS.c.tenant == tenant, RECORDINGS.c.told.is_(False))
        )

    async def expired(self, tenant: Tenant, *, began_before: float, limit: int) -> list[Recording]:
        """Return those that are too old and not deleted, and those that are deleted but still stored."""
        kept = sa.and_(RECORDINGS.c.state != RecordingState.DELETED.value, RECORDINGS.c.began_at < began_before)
        left = sa.and_(RECORDINGS.c.state == RecordingState.DELETED.value, RECORDINGS.c.stored.is_(True))
        wanted = sa.select(RECORDINGS.c.body).where(RECORDINGS.c.tenant == tenant, sa.or_(kept, left))
        return await self._recordings(wanted.order_by(RECORDINGS.c.began_at, RECORDINGS.c.recording_id).limit(limit))

    async def forget(self, tenant: Tenant, *, began_before: float) -> int:
        """Drop all that is known of deleted recordings that are too old."""
        old = (
            RECORDINGS.c.tenant == tenant,
            RECORDINGS.c.state == RecordingState.DELETED.value,
            RECORDINGS.c.stored.is_(False),
            RECORDINGS.c.began_at < began_before,
        )
        theirs = PLAYS.c.recording_id.in_(sa.select(RECORDINGS.c.recording_id).where(*old))
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(PLAYS).where(PLAYS.c.tenant == tenant, theirs))
            return (await connection.execute(sa.delete(RECORDINGS).where(*old))).rowcount

    async def note_play(self, tenant: Tenant, play: Play) -> None:
        """Keep who was given a sound."""
        row = {"tenant": tenant, "play_id": ulid(play.at, token_bytes(TAIL_BYTES)), **msgspec.structs.asdict(play)}
        async with self._database.writing() as connection:
            await connection.execute(sa.insert(PLAYS), [row])

    async def plays(self, tenant: Tenant, recording: RecordingId) -> list[Play]:
        """Return who was given a recording, the first one first."""
        wanted = sa.select(PLAYS).where(PLAYS.c.tenant == tenant, PLAYS.c.recording_id == recording)
        rows = await self._database.rows(wanted.order_by(PLAYS.c.at, PLAYS.c.play_id))
        return [Play(**{name: row._mapping[name] for name in Play.__struct_fields__}) for row in rows]

    async def _recordings(self, wanted: sa.Select[Any]) -> list[Recording]:
        return [_recording(body) for (body,) in await self._database.rows(wanted)]


def _of(wanted: sa.Select[Any], tenant: Tenant, recording: RecordingId) -> sa.Select[Any]:
    return wanted.where(RECORDINGS.c.tenant == tenant, RECORDINGS.c.recording_id == recording)


def _parts(calls: Collection[CallId]) -> list[list[CallId]]:
    ordered = sorted(calls)
    return [ordered[start : start + IDS_AT_ONCE] for start in range(0, len(ordered), IDS_AT_ONCE)]


def _row(recording: Recording) -> dict[str, Any]:
    return {
        "tenant": recording.tenant,
        "recording_id": recording.id,
        "call_id": recording.call_id,
        "pbx": recording.pbx,
        "state": recording.state.value,
        "began_at": recording.began_at,
        "due_at": recording.due_at,
        "stored": recording.stored_as is not None,
        "told": recording.told,
        "body": _encoder.encode(recording),
    }


def _recording(body: bytes) -> Recording:
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"a recording in the store cannot be read: {error}") from error
