import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from acme_pbx.settings import AcmeSettings
from aiohttp import ClientSession
from support.waiting import until

from gateway.app import Gateway, connector_of, state_folder
from gateway.model.errors import ConfigurationError
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.plugins.simulated import SimulatedPbx
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, ConnectorEntry, Settings, StoreSettings

pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "tieline"


def entry(name: str, host: str = "well") -> ConnectorEntry:
    return ConnectorEntry(pbx=PbxName(name), plugin="acme_pbx", settings=AcmeSettings(host=host, secret=Secret("s")))


def settings(*entries: ConnectorEntry, port: int = 0, store: str | None = None) -> Settings:
    return Settings(api=ApiSettings(port=port), connectors=entries, store=StoreSettings(url=store))


async def got(address: str, path: str) -> tuple[int, str]:
    async with ClientSession() as session, session.get(address + path) as response:
        return response.status, await response.text()


async def test_a_gateway_serves_its_pbxs_and_its_page(state: Path) -> None:
    async with Gateway(settings(entry("one"), entry("two", "refused"))).running() as address:
        await asyncio.sleep(0)
        status, ready = await got(address, "readyz")
        _, page = await got(address, "")
        _, script = await got(address, "static/live.js")
        _, pbxs = await got(address, "api/v1/pbxs")

    assert (status, json.loads(ready)["status"]) == (200, "degraded")
    assert "two: acme does not know us: correct `secret`" in ready
    assert "<title>Live calls" in page
    assert "Connection" in script
    assert [(pbx["pbx"], pbx["plugin"]) for pbx in json.loads(pbxs)["pbxs"]] == [("one", "acme_pbx"), ("two", "acme_pbx")]
    assert (state / "one").is_dir()


async def test_a_taken_port_is_told_with_its_cure() -> None:
    async with Gateway(settings(entry("one"))).running() as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*change api\.port"):
            async with Gateway(settings(entry("two"), port=port, store="memory:")).running():
                pass


async def test_positions_go_on_after_a_restart(state: Path) -> None:
    first = Gateway(settings(entry("one")))
    async with first.running():
        await until(lambda: first.hub.position > 0)
    second = Gateway(settings(entry("one")))
    async with second.running():
        await until(lambda: second.hub.position > first.hub.position)
        told = await second.store.told_after(0, 1_000)

    assert [each.position for each in told] == list(range(1, len(told) + 1))
    assert "gateway.gap" in [each.type for each in told]
    assert (state / "tieline.db").stat().st_mode & 0o777 == 0o600


async def test_positions_in_memory_are_none_of_an_earlier_run() -> None:
    positions = []
    for now in (1_800_000_000.0, 1_800_000_001.0):
        gateway = Gateway(settings(entry("one"), store="memory:"), now=partial(float, now))
        await gateway.store.open()
        positions.append(await gateway.store.last_position())
        await gateway.store.close()

    assert positions[1] - positions[0] == 1_000_000
    assert positions[1] < 2**53


async def test_the_embedded_default_has_live_calls() -> None:
    """The simulated PBX plays recorded calls and the real connector hears them."""
    default = embedded_default()
    demo = Settings(api=ApiSettings(port=0), connectors=default.connectors, store=default.store)
    async with Gateway(demo).running() as address:

        async def somebody_talks() -> bool:
            return bool(json.loads((await got(address, "api/v1/calls?state=active"))[1])["calls"])

        await until(somebody_talks)
        assert json.loads((await got(address, "readyz"))[1])["status"] == "ready"


def test_a_simulator_is_connected_by_the_connector_it_speaks_to(tmp_path: Path) -> None:
    (demo,) = embedded_default().connectors
    connector = connector_of(demo, tmp_path)

    assert isinstance(connector, SimulatedPbx)
    assert connector.pbx == "demo"


def test_the_state_folder_is_the_configured_one_or_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_folder("/var/lib/tieline") == Path("/var/lib/tieline")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder(None) == Path("/state/tieline")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert state_folder(None) == Path("/home/someone/.local/state/tieline")
