"""``tieline record FOLDER --config FILE``: write down what a PBX sends."""

import argparse
import sys

from gateway.cli.logs import set_up
from gateway.cli.until_stopped import run_until_stopped
from gateway.model.errors import ConfigurationError
from gateway.plugins.loader import load, plugin
from gateway.ports.plugins import Record
from gateway.settings.load import load_settings
from gateway.settings.values import ConnectorEntry, Settings


def run(options: argparse.Namespace) -> int:
    """Record until stopped."""
    settings = load_settings(options.config)
    set_up(settings.log)
    entry = _chosen(settings, options.pbx)
    tools = plugin(entry.plugin).tools
    if "record" not in tools:
        raise ConfigurationError(f"{entry.pbx}: the plugin {entry.plugin} cannot record")
    record: Record = load(tools["record"])
    sys.stdout.write(f"Recording {entry.pbx} into {options.folder}; Ctrl-C ends it.\n")
    sys.stdout.flush()
    run_until_stopped(record(entry.settings, options.folder, anonymise=options.anonymise), seconds=options.seconds)
    return 0


def _chosen(settings: Settings, name: str | None) -> ConnectorEntry:
    """Find the PBX of this name, or the only one."""
    known = {str(entry.pbx): entry for entry in settings.connectors}
    if name is None and len(known) == 1:
        return settings.connectors[0]
    if name not in known:
        what = "several PBXs are configured" if name is None else f"no PBX is called {name}"
        raise ConfigurationError(f"{what}: name one with --pbx: {', '.join(known)}")
    return known[name]
