"""Agents' names and last states in a database."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.agent_states import Agent
from gateway.model.directory import Entry, Found, Source
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import PbxName, Tenant
from gateway.store.database import Database
from gateway.store.metadata import METADATA

AGENTS: Final = sa.Table(
    "agents",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("pbx", sa.Text, primary_key=True),
    sa.Column("extension", sa.Text, primary_key=True),
    sa.Column("found_name", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("own_name", sa.Text),
    sa.Column("changed_at", sa.Double, nullable=False),
)
"""Who sits where: ``found_name`` is the PBX's, from ``source``; ``own_name`` was given by hand and is shown instead."""

AGENT_STATES: Final = sa.Table(
    "agent_states",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("pbx", sa.Text, primary_key=True),
    sa.Column("extension", sa.Text, primary_key=True),
    sa.Column("kept_at", sa.Double, nullable=False),
    sa.Column("snapshot", sa.LargeBinary, nullable=False),
)
"""What each agent did last, in MessagePack with field names."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Agent)


class SqlAgents:
    """See :class:`gateway.ports.agents.Agents`.

    Args:
        database: Open, but for ``beside_gateway``.
        beside_gateway: Write without the lock by which a gateway keeps others out: a name stands by itself.
    """

    def __init__(self, database: Database, *, beside_gateway: bool = False) -> None:
        self._database = database
        self._writing = database.writing_beside if beside_gateway else database.writing
        keys = [AGENTS.c.tenant, AGENTS.c.pbx, AGENTS.c.extension]
        found, named, state = database.insert(AGENTS), database.insert(AGENTS), database.insert(AGENT_STATES)
        self._put_found = found.on_conflict_do_update(
            index_elements=keys,
            set_={name: found.excluded[name] for name in ("found_name", "source", "changed_at")},
        )
        self._put_name = named.on_conflict_do_update(
            index_elements=keys, set_={name: named.excluded[name] for name in ("own_name", "changed_at")}
        )
        self._put_state = state.on_conflict_do_update(
            index_elements=[AGENT_STATES.c.tenant, AGENT_STATES.c.pbx, AGENT_STATES.c.extension],
            set_={name: state.excluded[name] for name in ("kept_at", "snapshot")},
        )

    async def entries(self, tenant: Tenant, pbx: PbxName) -> list[Entry]:
        """Return all extensions that are known of a PBX, by extension."""
        wanted = sa.select(AGENTS).where(AGENTS.c.tenant == tenant, AGENTS.c.pbx == pbx).order_by(AGENTS.c.extension)
        rows = await self._database.rows(wanted)
        return [
            Entry(
                extension=row.extension,
                found_name=row.found_name,
                source=None if row.source is None else Source(row.source),
                own_name=row.own_name,
            )
            for row in rows
        ]

    async def put_found(self, tenant: Tenant, pbx: PbxName, found: Sequence[Found], at: float) -> None:
        """Keep what the PBX told; names given by hand stay."""
        rows = [
            {
                "tenant": tenant,
                "pbx": pbx,
                "extension": each.extension,
                "found_name": _text(each.name),
                "source": each.source.value,
                "changed_at": at,
            }
            for each in found
        ]
        await self._put(self._put_found, rows)

    async def put_names(self, tenant: Tenant, pbx: PbxName, names: Mapping[str, str | None], at: float) -> None:
        """Keep names given by hand, by extension; None goes back to what the PBX says."""
        rows = [
            {"tenant": tenant, "pbx": pbx, "extension": extension, "own_name": _text(name), "changed_at": at}
            for extension, name in names.items()
        ]
        await self._put(self._put_name, rows)

    async def states(self, tenant: Tenant, pbx: PbxName) -> list[Agent]:
        """Return the agents of a PBX as they were kept last.

        Raises:
            StoreSchemaError: One cannot be read.
        """
        wanted = sa.select(AGENT_STATES.c.snapshot).where(AGENT_STATES.c.tenant == tenant, AGENT_STATES.c.pbx == pbx)
        rows = await self._database.rows(wanted.order_by(AGENT_STATES.c.extension))
        try:
            return [_decoder.decode(row.snapshot) for row in rows]
        except msgspec.MsgspecError as error:
            raise StoreSchemaError(f"an agent's state in the store cannot be read: {error}") from error

    async def put_states(self, tenant: Tenant, pbx: PbxName, agents: Sequence[Agent], at: float) -> None:
        """Keep the agents as they are now."""
        rows = [
            {"tenant": tenant, "pbx": pbx, "extension": agent.extension, "kept_at": at, "snapshot": _encoder.encode(agent)}
            for agent in agents
        ]
        await self._put(self._put_state, rows)

    async def _put(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            async with self._writing() as connection:
                await connection.execute(statement, rows)


def _text(text: str | None) -> str | None:
    """Return text that every database takes; PostgreSQL refuses NUL, which a PBX may send."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
