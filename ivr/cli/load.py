"""``tieline itr load``: how many callers this machine talks with at once."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ivr.voice.load import Level

SUMMARY: Final = "measure how many callers this machine talks with at once, with simulated callers who speak"
LEVELS: Final = (1, 2, 4, 8, 16, 32)
SENTENCES: Final = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say with which dialog."""
    parser.add_argument("--dialog", type=Path, metavar="FILE", help="the dialog's file (default: the example's)")
    parser.add_argument("--callers", type=_positive, nargs="+", default=LEVELS, metavar="N", help="how many at once, in turn")
    parser.add_argument("--turns", type=_positive, default=6, metavar="N", help="how often each asks")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where prompts are kept (default: rendered anew)")


def run(options: argparse.Namespace) -> int:
    """Print a line for each level and what is carried; 1 where not even one caller is."""
    from gateway.model.errors import ConfigurationError, PeerError

    try:
        with tempfile.TemporaryDirectory() as folder:
            carried = asyncio.run(_measure(options, options.folder or Path(folder)))
    except (ConfigurationError, PeerError) as error:
        sys.stderr.write(f"tieline: {error}\n")
        return 1
    sys.stdout.write(f"this machine talks with {carried} at once\n")
    return 0 if carried else 1


async def _measure(options: argparse.Namespace, folder: Path) -> int:
    from ivr.cli.served import serving
    from ivr.voice.load import measured

    async with serving(options.dialog, folder) as application:
        sys.stderr.write("tieline: callers' sentences are being made\n")
        sentences = await application.examples(SENTENCES)
        await application.rendered(lambda done, of: None)
        levels = await measured(application, sentences, options.callers, turns=options.turns, told=_tell)
    return max((level.callers for level in levels if level.is_carried), default=0)


def _tell(level: "Level") -> None:
    line = (
        f"{level.callers:3} callers: {level.answers} answers, median {level.median_s:.2f} s, p95 {level.p95_s:.2f} s, "
        f"{level.unheard} sentences not heard{'' if level.is_carried else '  too many'}\n"
    )
    sys.stdout.write(line)
    sys.stdout.flush()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
