"""Commands that are kept as long as the process lives, with faults where a test wants them."""

import asyncio
from collections.abc import Collection, Sequence

from gateway.model.command_records import CommandRecord
from gateway.model.commands import CommandId
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.ports.commands import AuditFilter


class MemoryCommands:
    """See :class:`gateway.ports.commands.CommandLog`.

    Args:
        told: The ids of all events that were told.
    """

    def __init__(self, told: Collection[str] = ()) -> None:
        self.records: dict[tuple[Tenant, CommandId], CommandRecord] = {}
        self.told = told
        self.away = False
        """The store does not answer."""
        self.written = 0

    async def _answer(self) -> None:
        # A database takes its time: others have their turn.
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailableError("memory: away, as the test wants")

    async def write(self, record: CommandRecord) -> None:
        await self._answer()
        same_key = [other for other in self.records.values() if record.key is not None and other.key == record.key]
        assert all(other.id == record.id for other in same_key), "a key stands twice"
        self.records[record.tenant, record.id] = record
        self.written += 1

    async def find(self, tenant: Tenant, command_id: CommandId) -> CommandRecord | None:
        await self._answer()
        return self.records.get((tenant, command_id))

    async def find_by_key(self, tenant: Tenant, key: str) -> CommandRecord | None:
        await self._answer()
        return next((each for each in self.records.values() if (each.tenant, each.key) == (tenant, key)), None)

    async def unsettled(self) -> list[CommandRecord]:
        await self._answer()
        return sorted((each for each in self.records.values() if not each.is_settled), key=lambda each: each.id)

    async def untold(self, since: float) -> list[CommandRecord]:
        await self._answer()
        settled = (each for each in self.records.values() if each.settled_at is not None and each.settled_at > since)
        return sorted((each for each in settled if each.event_id not in self.told), key=lambda each: each.id)

    async def listed(
        self, tenant: Tenant, wanted: AuditFilter, *, before: CommandId | None, limit: int
    ) -> Sequence[CommandRecord]:
        await self._answer()
        found = [
            each
            for each in self.records.values()
            if each.tenant == tenant
            and (before is None or each.id < before)
            and wanted.principal in (None, each.principal)
            and wanted.pbx in (None, each.pbx)
            and wanted.call_id in (None, each.call_id)
            and wanted.state in (None, each.state)
            and wanted.kind in (None, each.kind)
            and (wanted.from_at is None or each.asked_at >= wanted.from_at)
            and (wanted.to_at is None or each.asked_at < wanted.to_at)
        ]
        return sorted(found, key=lambda each: each.id, reverse=True)[:limit]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        await self._answer()
        old = [key for key, each in self.records.items() if key[0] == tenant and each.is_settled and each.asked_at < before]
        for key in old:
            del self.records[key]
        return len(old)
