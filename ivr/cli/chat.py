"""``tieline itr chat``: talk with a dialog in the terminal; look-ups go to whoever sits there, or to the systems."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

SUMMARY: Final = "talk with a dialog in the terminal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say with which dialog."""
    dialog = parser.add_mutually_exclusive_group(required=True)
    dialog.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="the dialog; an empty line is a silence, Ctrl-D hangs up"
    )
    dialog.add_argument("--example", action="store_true", help="a delivery company's dialog, with systems that it asks")
    parser.add_argument("--language", metavar="LANGUAGE", help="begin in this one; without it the dialog's first")
    parser.add_argument("--model", type=Path, metavar="FILE", help="keep what is learned there, for a quick next start")
    parser.add_argument("--systems", action="store_true", help="ask the company's systems; without it you answer for them")


def run(options: argparse.Namespace) -> int:
    """Talk until the dialog or the input ends."""
    import asyncio
    from contextlib import AsyncExitStack

    import aiohttp

    from ivr.chatting import Chat
    from ivr.definition.reading import read_dialog
    from ivr.example.back_end import served
    from ivr.example.company import HOST, Company
    from ivr.example.files import dialog_file
    from ivr.lookups.asking import Systems
    from ivr.turns.values import LookUp, LookUpResult
    from ivr.understanding.embedding import installed
    from ivr.understanding.model_file import understanding_of

    dialog = read_dialog(dialog_file() if options.example else options.file).dialog
    embedding = installed()
    if embedding is None:
        sys.stderr.write("tieline: tieline[nlu] is not installed: sentences are understood by their letters alone\n")
    language = options.language if options.language in dialog.languages else dialog.languages[0]
    understanding = understanding_of(dialog, options.model, embedding)

    # The systems of the example answer while they are asked: both are in this one loop, which rests between two lines.
    with asyncio.Runner() as runner:
        open_while_talking = AsyncExitStack()

        async def reachable() -> Systems:
            client = await open_while_talking.enter_async_context(aiohttp.ClientSession())
            hosts = {}
            if options.example:
                company = Company(today=datetime.now().astimezone().date())
                hosts[HOST] = await open_while_talking.enter_async_context(served(company))
            return Systems(dialog.handlers, client, hosts=hosts)

        systems = runner.run(reachable())

        def look_up(asked: LookUp) -> LookUpResult:
            answer = runner.run(systems.ask(asked.handler, asked.arguments))
            if answer.why:
                sys.stderr.write(f"tieline: {asked.handler}: {answer.why}\n")
            return answer.result

        asks = look_up if options.systems or options.example else None
        chat = Chat(dialog, language, understanding, clock=lambda: datetime.now().astimezone(), systems=asks)
        try:
            said = chat.begin()
            while True:
                sys.stdout.write("".join(f"{line}\n" for line in said))
                sys.stdout.flush()
                if chat.is_over:
                    return 0
                said = chat.take(sys.stdin.readline() or None)
        finally:
            runner.run(open_while_talking.aclose())
