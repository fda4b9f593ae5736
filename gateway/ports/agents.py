"""Where agents' names and last states are kept, and how a PBX's own list of users is read."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from gateway.model.agent_states import Agent
from gateway.model.directory import Directory, Entry, Found
from gateway.model.ids import PbxName, Tenant


class Agents(Protocol):
    """Durable; every method may raise ``StoreUnavailableError``: then nothing was changed."""

    async def entries(self, tenant: Tenant, pbx: PbxName) -> Sequence[Entry]:
        """Return all extensions that are known of a PBX, by extension."""

    async def put_found(self, tenant: Tenant, pbx: PbxName, found: Sequence[Found], at: float) -> None:
        """Keep what the PBX told; names given by hand stay.

        Args:
            tenant: Whose PBX it is.
            pbx: The PBX.
            found: Each extension once.
            at: Seconds since the epoch.
        """

    async def put_names(self, tenant: Tenant, pbx: PbxName, names: Mapping[str, str | None], at: float) -> None:
        """Keep names given by hand, by extension; None goes back to what the PBX says."""

    async def states(self, tenant: Tenant, pbx: PbxName) -> Sequence[Agent]:
        """Return the agents of a PBX as they were kept last."""

    async def put_states(self, tenant: Tenant, pbx: PbxName, agents: Sequence[Agent], at: float) -> None:
        """Keep the agents as they are now."""


@runtime_checkable
class DirectoryConnector(Protocol):
    """A connector that can read its PBX's list of users."""

    async def directory(self) -> Directory:
        """Read it over the connection that there is.

        Raises:
            PeerUnavailableError: The PBX is not connected.
            CommandUnansweredError: It did not answer.
        """


class ReadDirectory(Protocol):
    """Tool ``directory`` of a manifest: reads the list over a connection of its own."""

    async def __call__(self, settings: Any) -> Directory:
        """Connect, read, and leave.

        Raises:
            PeerError: The PBX cannot be reached, or refuses us.
        """
