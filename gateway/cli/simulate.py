"""``tieline pbx simulate PRODUCT FOLDER…``: be a PBX that plays recorded calls."""

import argparse
import sys

from gateway.cli.until_stopped import run_until_stopped
from gateway.plugins.loader import load, with_tool
from gateway.ports.plugins import Simulate


def run(options: argparse.Namespace) -> int:
    """Play until stopped."""
    simulate: Simulate = load(with_tool(options.product, "simulate").tools["simulate"])
    run_until_stopped(simulate(options.folders, host=options.host, port=options.port, loop=not options.once, listening=_tell))
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
