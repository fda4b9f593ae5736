"""Commands in a database: a row each, with what they are asked for by in columns."""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import Tenant
from gateway.ports.commands import AuditFilter
from gateway.store.database import Database
from gateway.store.metadata import METADATA
from gateway.store.tables import EVENTS

COMMANDS: Final = sa.Table(
    "commands",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("command_id", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("pbx", sa.Text),
    sa.Column("call_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Double, nullable=False),
    sa.Column("settled_at", sa.Double),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("tenant", "idempotency_key", name="commands_once"),
    sa.Index("commands_by_state", "state", "settled_at"),
)
"""``record`` is the whole as JSON; ids are ULIDs, so that their order is that of time."""

PRUNE_ROWS: Final = 2_000
"""Rows deleted in one transaction: short enough that commits do not wait for it noticeably."""

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(CommandRecord)


class SqlCommands:
    """See :class:`gateway.ports.commands.CommandLog`.

    Args:
        database: Open when it is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.replacing(COMMANDS)

    async def write(self, record: CommandRecord) -> None:
        """Keep a command for good."""
        row = {
            "tenant": record.tenant,
            "command_id": record.id,
            "idempotency_key": record.key,
            "event_id": record.event_id,
            "principal": record.principal,
            "pbx": record.pbx,
            "call_id": record.call_id,
            "kind": record.kind,
            "state": record.state,
            "asked_at": record.asked_at,
            "settled_at": record.settled_at,
            "record": _encoder.encode(record),
        }
        async with self._database.writing() as connection:
            await connection.execute(self._put, [row])

    async def find(self, tenant: Tenant, command_id: CommandId) -> CommandRecord | None:
        """Return a command."""
        found = await self._records(_ALL.where(COMMANDS.c.tenant == tenant, COMMANDS.c.command_id == command_id))
        return found[0] if found else None

    async def find_by_key(self, tenant: Tenant, key: str) -> CommandRecord | None:
        """Return the command that was given with this key."""
        found = await self._records(_ALL.where(COMMANDS.c.tenant == tenant, COMMANDS.c.idempotency_key == key))
        return found[0] if found else None

    async def unsettled(self) -> list[CommandRecord]:
        """Return those of which it is not known what came of them, the first first."""
        return await self._records(_ALL.where(COMMANDS.c.state == CommandState.SENDING).order_by(COMMANDS.c.command_id))

    async def untold(self, since: float) -> list[CommandRecord]:
        """Return those settled after this time of which no event was told, the first first."""
        told = sa.exists().where(EVENTS.c.tenant == COMMANDS.c.tenant, EVENTS.c.event_id == COMMANDS.c.event_id)
        wanted = _ALL.where(COMMANDS.c.state != CommandState.SENDING, COMMANDS.c.settled_at > since, ~told)
        return await self._records(wanted.order_by(COMMANDS.c.command_id))

    async def listed(
        self, tenant: Tenant, wanted: AuditFilter, *, before: CommandId | None, limit: int
    ) -> Sequence[CommandRecord]:
        """Return commands, the last first."""
        columns = {
            COMMANDS.c.principal: wanted.principal,
            COMMANDS.c.pbx: wanted.pbx,
            COMMANDS.c.call_id: wanted.call_id,
            COMMANDS.c.state: wanted.state,
            COMMANDS.c.kind: wanted.kind,
        }
        conditions = [COMMANDS.c.tenant == tenant, *(column == value for column, value in columns.items() if value is not None)]
        if wanted.from_at is not None:
            conditions.append(COMMANDS.c.asked_at >= wanted.from_at)
        if wanted.to_at is not None:
            conditions.append(COMMANDS.c.asked_at < wanted.to_at)
        if before is not None:
            conditions.append(COMMANDS.c.command_id < before)
        return await self._records(_ALL.where(*conditions).order_by(COMMANDS.c.command_id.desc()).limit(limit))

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete what was asked before this time, some thousand rows at once."""
        old = (
            sa.select(COMMANDS.c.command_id)
            .where(COMMANDS.c.tenant == tenant, COMMANDS.c.state != CommandState.SENDING, COMMANDS.c.asked_at < before)
            .limit(PRUNE_ROWS)
        )
        deleted = 0
        while True:
            async with self._database.writing() as connection:
                gone = sa.delete(COMMANDS).where(COMMANDS.c.tenant == tenant, COMMANDS.c.command_id.in_(old))
                count = (await connection.execute(gone)).rowcount
            deleted += count
            if count < PRUNE_ROWS:
                return deleted

    async def _records(self, wanted: sa.Select[tuple[bytes]]) -> list[CommandRecord]:
        rows = await self._database.rows(wanted)
        try:
            return [_decoder.decode(row.record) for row in rows]
        except msgspec.MsgspecError as error:
            raise StoreSchemaError(f"a command in the store cannot be read: {error}") from error


_ALL: Final = sa.select(COMMANDS.c.record)
