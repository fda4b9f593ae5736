import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.commanding import ObedientPbx
from support.recording_sink import RecordingSink

from gateway.model.commands import CommandId, Order, PlaceCall
from gateway.model.errors import PeerUnavailableError
from gateway.model.ids import PbxName
from gateway.plugins.simulated import SimulatedPbx
from gateway.ports.connector import CommandingConnector, Connector, EventSink

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


async def test_commands_go_to_the_connector_while_there_is_one() -> None:
    real, sink = ObedientPbx(DEMO, asyncio.get_running_loop().time), RecordingSink()

    @asynccontextmanager
    async def simulator() -> AsyncIterator[Mapping[str, Any]]:
        yield {}

    simulated = SimulatedPbx(DEMO, simulator, lambda _: real)
    order = Order(id=CommandId("1"), pbx=DEMO, command=PlaceCall(extension="8001", number="8002"))
    assert (simulated.commands, simulated.first_leg(order)) == (frozenset(), None)
    with pytest.raises(PeerUnavailableError, match="demo is not connected"):
        simulated.why_not("hold")
    with pytest.raises(PeerUnavailableError, match="demo is not connected"):
        await simulated.execute(order)

    running = asyncio.create_task(simulated.run(sink))
    await sink.connected()
    assert isinstance(simulated, CommandingConnector)
    assert simulated.commands == real.commands
    assert simulated.why_not("hold") == real.why_not("hold")
    assert (await simulated.execute(order)).first_leg == simulated.first_leg(order) == real.first_leg(order)
    running.cancel()
    await asyncio.wait([running])
    assert simulated.commands == frozenset()
