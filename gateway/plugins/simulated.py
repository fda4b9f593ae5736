"""A simulated PBX, connected by the real connector: what the gateway runs on before there is a PBX."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from gateway.model.ids import PbxName
from gateway.ports.connector import Connector, EventSink


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

    @property
    def pbx(self) -> PbxName:
        """The PBX's name in the configuration."""
        return self._pbx

    async def run(self, sink: EventSink) -> None:
        """Run the PBX and stay connected to it, until cancelled. Cancelling is safe: the connector stops before its PBX."""
        async with self._simulator() as endpoint:
            await self._connect(endpoint).run(sink)
