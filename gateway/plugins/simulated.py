"""A simulated PBX, connected by the real connector: what the gateway runs on before there is a PBX."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from gateway.model.commands import Accepted, Order
from gateway.model.errors import PeerUnavailableError
from gateway.model.ids import LegId, PbxName
from gateway.ports.connector import CommandingConnector, Connector, EventSink


class SimulatedPbx:
    """A connector that brings its PBX along."""

    def __init__(
        self,
        pbx: PbxName,
        simulator: Callable[[], AbstractAsyncContextManager[Mapping[str, Any]]],
        connect: Callable[[Mapping[str, Any]], Connector],
    ) -> None:
        self._pbx = pbx
        self._simulator = simulator
        self._connect = connect
        self._connector: Connector | None = None

    @property
    def pbx(self) -> PbxName:
        """The PBX's name in the configuration."""
        return self._pbx

    @property
    def commands(self) -> frozenset[str]:
        """What its connector takes."""
        return self._connector.commands if isinstance(self._connector, CommandingConnector) else frozenset()

    def why_not(self, command: str) -> str:
        """Say why a command is not taken; see :class:`gateway.ports.connector.CommandingConnector`."""
        if self._connector is None:
            raise PeerUnavailableError(f"{self._pbx} is not connected")
        if isinstance(self._connector, CommandingConnector):
            return self._connector.why_not(command)
        return f"{self._pbx}: its connector takes no commands"

    def first_leg(self, order: Order) -> LegId | None:
        """Return what its connector would."""
        return self._connector.first_leg(order) if isinstance(self._connector, CommandingConnector) else None

    async def execute(self, order: Order) -> Accepted:
        """Let its connector send it; see :class:`gateway.ports.connector.CommandingConnector`."""
        if not isinstance(self._connector, CommandingConnector):
            raise PeerUnavailableError(f"{self._pbx} is not connected")
        return await self._connector.execute(order)

    async def run(self, sink: EventSink) -> None:
        """Run the PBX and stay connected to it, until cancelled. Cancelling is safe: the connector stops before its PBX."""
        async with self._simulator() as endpoint:
            self._connector = self._connect(endpoint)
            try:
                await self._connector.run(sink)
            finally:
                self._connector = None
