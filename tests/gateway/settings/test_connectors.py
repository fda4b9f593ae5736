from pathlib import Path

from gateway.plugins.simulated import SimulatedPbx
from gateway.settings.connectors import connector_of
from gateway.settings.load import embedded_default


def test_a_simulator_is_connected_by_the_connector_it_speaks_to(tmp_path: Path) -> None:
    (demo,) = embedded_default().connectors
    connector = connector_of(demo, tmp_path)

    assert isinstance(connector, SimulatedPbx)
    assert connector.pbx == "demo"
