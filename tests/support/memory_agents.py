"""Agents' names and states in memory, for tests that are not about the database; it passes the same tests as the real ones."""

from collections.abc import Mapping, Sequence

from gateway.model.agent_states import Agent
from gateway.model.directory import Entry, Found
from gateway.model.ids import PbxName, Tenant


class MemoryAgents:
    """See :class:`gateway.ports.agents.Agents`."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Tenant, PbxName, str], Entry] = {}
        self._states: dict[tuple[Tenant, PbxName, str], Agent] = {}

    async def entries(self, tenant: Tenant, pbx: PbxName) -> list[Entry]:
        return [self._entries[key] for key in sorted(self._entries) if key[:2] == (tenant, pbx)]

    async def put_found(self, tenant: Tenant, pbx: PbxName, found: Sequence[Found], at: float) -> None:
        for each in found:
            own = self._entry(tenant, pbx, each.extension).own_name
            entry = Entry(extension=each.extension, found_name=each.name, source=each.source, own_name=own)
            self._entries[tenant, pbx, each.extension] = entry

    async def put_names(self, tenant: Tenant, pbx: PbxName, names: Mapping[str, str | None], at: float) -> None:
        for extension, name in names.items():
            known = self._entry(tenant, pbx, extension)
            entry = Entry(extension=extension, found_name=known.found_name, source=known.source, own_name=name)
            self._entries[tenant, pbx, extension] = entry

    async def states(self, tenant: Tenant, pbx: PbxName) -> list[Agent]:
        return [self._states[key] for key in sorted(self._states) if key[:2] == (tenant, pbx)]

    async def put_states(self, tenant: Tenant, pbx: PbxName, agents: Sequence[Agent], at: float) -> None:
        self._states |= {(tenant, pbx, agent.extension): agent for agent in agents}

    def _entry(self, tenant: Tenant, pbx: PbxName, extension: str) -> Entry:
        return self._entries.get((tenant, pbx, extension), Entry(extension=extension))
