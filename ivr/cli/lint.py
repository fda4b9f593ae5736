"""``tieline itr lint``: what is wrong or unwise in dialogs, each by file and line."""

import argparse
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "say what is wrong or unwise in a dialog, where, and how to put it right"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which files."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--letters", action="store_true", help="compare examples by their letters alone, which is quicker")


def run(options: argparse.Namespace) -> int:
    """Print a line for each problem; the exit status is 1 where there is one."""
    from gateway.model.yaml_text import SettingsError
    from ivr.definition.reading import read_dialog
    from ivr.lint.checks import lint
    from ivr.understanding.embedding import installed

    embedding = None if options.letters else installed()
    found = 0
    for file in options.files:
        try:
            definition = read_dialog(file)
        except SettingsError as error:
            problems = error.problems
        else:
            problems = lint(definition, embedding)
            dialog = definition.dialog
            if not problems:
                counted = f"{len(dialog.nodes)} nodes, {len(dialog.slots)} slots, {len(dialog.answers)} answers"
                sys.stdout.write(f"{file}: nothing is wrong ({counted})\n")
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
        found += len(problems)
    return 1 if found else 0
