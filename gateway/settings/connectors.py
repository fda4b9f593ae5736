"""Makes PBXs' connectors of what the configuration says."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gateway.model.errors import ConfigurationError
from gateway.model.ids import PbxName
from gateway.plugins.loader import load, plugin
from gateway.plugins.manifest import PluginKind
from gateway.plugins.simulated import SimulatedPbx
from gateway.ports.connector import Connector
from gateway.settings.check import convert
from gateway.settings.values import ConnectorEntry


def connector_of(entry: ConnectorEntry, state_dir: Path) -> Connector:
    """Make a PBX's connector by its plugin's manifest; its state folder is there when it is made."""
    manifest = plugin(entry.plugin)
    if manifest.kind is PluginKind.SIMULATOR:
        if manifest.speaks is None:
            raise ConfigurationError(f"plugin {manifest.name}: its manifest does not say which connector it speaks to")
        simulator = load(manifest.create)
        return SimulatedPbx(
            entry.pbx, partial(simulator, entry.settings), partial(_connect, entry.pbx, manifest.speaks, state_dir)
        )
    state_dir.mkdir(parents=True, exist_ok=True)
    made: Connector = load(manifest.create)(entry.pbx, entry.settings, state_dir)
    return made


def _connect(pbx: PbxName, name: str, state_dir: Path, endpoint: Mapping[str, Any]) -> Connector:
    settings = convert(dict(endpoint), load(plugin(name).settings))
    return connector_of(ConnectorEntry(pbx=pbx, plugin=name, settings=settings), state_dir)
