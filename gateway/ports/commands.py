"""What the gateway asks of the place where commands are written down, and where those who ask later read who did what."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId
from gateway.model.ids import CallId, PbxName, Tenant


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which commands; None is any."""

    principal: str | None = None
    pbx: PbxName | None = None
    call_id: CallId | None = None
    state: CommandState | None = None
    kind: str | None = None
    """A command's ``type``: ``place_call``."""
    from_at: float | None = None
    """Asked at this time or later, in seconds since the epoch."""
    to_at: float | None = None
    """Asked before."""


class CommandLog(Protocol):
    """Commands, durable. Every method may raise ``StoreUnavailableError``."""

    async def write(self, record: CommandRecord) -> None:
        """Keep a command for good, new or as it has become; when this returns it is on disk."""

    async def find(self, tenant: Tenant, command_id: CommandId) -> CommandRecord | None:
        """Return a command; None where there is none."""

    async def find_by_key(self, tenant: Tenant, key: str) -> CommandRecord | None:
        """Return the command that was given with this key, see :func:`gateway.model.command_records.key_of`."""

    async def unsettled(self) -> list[CommandRecord]:
        """Return those of which it is not known what came of them, the first first."""

    async def untold(self, since: float) -> list[CommandRecord]:
        """Return those that were settled after this time and of which no event was told, the first first."""

    async def listed(
        self, tenant: Tenant, wanted: AuditFilter, *, before: CommandId | None, limit: int
    ) -> Sequence[CommandRecord]:
        """Return commands, the last first, beginning before one."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete what was asked before this time; return how many."""
