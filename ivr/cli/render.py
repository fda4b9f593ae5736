"""``tieline itr render``: makes the sound of every prompt before anybody calls."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "make the sound of every prompt of a dialog ahead, so that callers hear it at once"
WIDTH: Final = 40
"""Characters of the bar."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which dialog, and where to."""
    parser.add_argument("--dialog", type=Path, metavar="FILE", help="the dialog's file (default: the example's)")
    parser.add_argument(
        "--folder", type=Path, required=True, metavar="DIR", help="the application's own: `itr` in the gateway's state_dir"
    )


def run(options: argparse.Namespace) -> int:
    """Show how far it is; 1 where something could not be made."""
    from gateway.model.errors import ConfigurationError, PeerError

    try:
        failed = asyncio.run(_render(options))
    except (ConfigurationError, PeerError) as error:
        sys.stderr.write(f"tieline: {error}\n")
        return 1
    for reason in failed:
        sys.stderr.write(f"tieline: not made: {reason}\n")
    return 1 if failed else 0


async def _render(options: argparse.Namespace) -> list[str]:
    from ivr.cli.served import serving

    async with serving(options.dialog, options.folder) as application:
        failed = await application.rendered(_show)
    sys.stderr.write("\n")
    return failed


def _show(done: int, of: int) -> None:
    full = WIDTH * done // max(of, 1)
    sys.stderr.write(f"\r[{'#' * full}{'.' * (WIDTH - full)}] {done} of {of}")
    sys.stderr.flush()
