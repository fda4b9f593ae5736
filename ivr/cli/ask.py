"""``tieline itr ask``: ask a company's system as a dialog would, to see whether its handler is right."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "ask a system as a dialog would, to try a handler"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which handler of which dialog, and with what."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("handler", metavar="HANDLER", help="its name in the file")
    parser.add_argument("values", nargs="*", type=_pair, metavar="NAME=VALUE", help="what the dialog would have been told")


def run(options: argparse.Namespace) -> int:
    """Print a line for each value that was taken; the exit status is 1 where the system did not give them."""
    from gateway.model.yaml_text import SettingsError
    from ivr.definition.reading import read_dialog

    try:
        dialog = read_dialog(options.file).dialog
    except SettingsError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        return 1
    if options.handler not in dialog.handlers:
        known = ", ".join(dialog.handlers) or "none"
        sys.stderr.write(f"tieline: {options.file} has no handler {options.handler}; it has {known}\n")
        return 1

    async def ask() -> int:
        import aiohttp

        from ivr.lookups.asking import Systems

        async with aiohttp.ClientSession() as client:
            answer = await Systems(dialog.handlers, client).ask(options.handler, dict(options.values))
        if answer.result.problem is not None:
            sys.stderr.write(f"tieline: {options.handler}: {answer.result.problem.value} {answer.why}".rstrip() + "\n")
            return 1
        sys.stdout.write("".join(f"{name}={value}\n" for name, value in answer.result.values.items()))
        return 0

    return asyncio.run(ask())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
