"""Adds the subcommands of ``tieline itr`` to the command line."""

import argparse
from importlib import import_module
from typing import Final, Protocol

import msgspec

SUBCOMMANDS: Final = {
    "ask": "ivr.cli.ask",
    "chat": "ivr.cli.chat",
    "evaluate": "ivr.cli.evaluate",
    "import": "ivr.cli.import_menus",
    "learn": "ivr.cli.learn",
    "lint": "ivr.cli.lint",
    "load": "ivr.cli.load",
    "render": "ivr.cli.render",
    "schema": "ivr.cli.schema",
}
"""The module of each."""


class NoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is nothing to configure."""


class Subcommand(Protocol):
    """What such a module holds."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what it takes."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; return the exit status."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add them; see :class:`gateway.ports.plugins.AddCommands`."""
    tasks = parser.add_subparsers(required=True, metavar="TASK")
    for name, path in SUBCOMMANDS.items():
        module: Subcommand = import_module(path)
        summary = module.SUMMARY
        task = tasks.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        module.add_arguments(task)
        task.set_defaults(run=module.run)
