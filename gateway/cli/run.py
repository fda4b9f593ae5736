"""``tieline run``: the gateway, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from gateway.app import Gateway
from gateway.cli.logs import set_up
from gateway.cli.until_stopped import run_until_stopped
from gateway.settings.load import embedded_default, load_settings
from gateway.settings.values import Settings

_PACKAGE: Final = Path(__file__).parents[1]
_EXAMPLES: Final = (_PACKAGE / "_data" / "tieline.example.yaml", _PACKAGE.parent / "config" / "tieline.example.yaml")
"""The example configuration, in an installed wheel and beside the source."""

_SIMULATED: Final = """
  No configuration: this is a simulated PBX that plays recorded calls. For your own:
  copy and change {example},
  then  tieline run --config FILE
"""


def run(options: argparse.Namespace) -> int:
    """Run the gateway; returns when it has stopped cleanly."""
    settings = embedded_default() if options.config is None else load_settings(options.config)
    if options.port is not None:
        api = msgspec.structs.replace(settings.api, port=options.port)
        settings = msgspec.structs.replace(settings, api=api)
    set_up(settings.log)
    run_until_stopped(_serve(settings, simulated=options.config is None))
    return 0


async def _serve(settings: Settings, *, simulated: bool) -> None:
    async with Gateway(settings).running() as address:
        sys.stdout.write(_welcome(settings, address, simulated=simulated))
        sys.stdout.flush()
        await asyncio.Event().wait()


def _welcome(settings: Settings, address: str, *, simulated: bool) -> str:
    pbxs = ", ".join(entry.pbx for entry in settings.connectors)
    lines = [
        f"Tieline {version('tieline')} runs: {address}",
        "",
        f"  {address:<42} live calls of {pbxs}, as they happen",
        f"  {address + 'api/v1/calls':<42} the same as JSON; events by WebSocket at /api/v1/events",
        f"  {address + 'readyz':<42} how each PBX's connection is",
        f"  {address + 'metrics':<42} figures for Prometheus",
    ]
    return "\n".join(lines) + "\n" + (_SIMULATED.format(example=_example()) if simulated else "") + "\n  Ctrl-C stops it.\n\n"


def _example() -> Path:
    return next((file for file in _EXAMPLES if file.is_file()), _EXAMPLES[-1])
