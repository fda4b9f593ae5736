"""Commands that plugins bring: ``tieline itr …`` is of ``ivr/cli``, and nothing here says so."""

import argparse

from gateway.plugins.loader import installed, load
from gateway.plugins.manifest import PluginKind
from gateway.ports.plugins import AddCommands

COMMAND = "(of a plugin)"
"""``command`` of what was parsed; its ``run`` is the function to call with it."""


def add_plugin_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add those of all plugins.

    Raises:
        ManifestError: A plugin that is installed is broken.
    """
    for manifest in installed():
        if manifest.kind is PluginKind.COMMANDS:
            made = commands.add_parser(
                manifest.product or manifest.name, help=manifest.summary, description=f"{manifest.summary}."
            )
            made.set_defaults(command=COMMAND)
            add: AddCommands = load(manifest.create)
            add(made)
