import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway.model.ids import PbxName
from gateway.plugins.simulated import SimulatedPbx
from gateway.ports.connector import Connector, EventSink

DEMO = PbxName("demo")


async def test_the_connector_stops_before_its_pbx() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def simulator() -> AsyncIterator[Mapping[str, Any]]:
        happened.append("pbx runs")
        try:
            yield {"port": 1234}
        finally:
            happened.append("pbx stops")

    class Connecting:
        def __init__(self, endpoint: Mapping[str, Any]) -> None:
            self.pbx = DEMO
            happened.append(f"connects to {endpoint['port']}")

        async def run(self, sink: EventSink) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                happened.append("connector stops")

    def connect(endpoint: Mapping[str, Any]) -> Connector:
        return Connecting(endpoint)

    sink: Any = None
    running = asyncio.create_task(SimulatedPbx(DEMO, simulator, connect).run(sink))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert happened == ["pbx runs", "connects to 1234", "connector stops", "pbx stops"]
