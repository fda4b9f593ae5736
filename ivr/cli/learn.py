"""``tieline itr learn``: from what was not understood to examples that a person may take over."""

import argparse
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "suggest examples from sentences that were not understood, for you to read and take over"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which dialog, and where the sentences are."""
    parser.add_argument("dialog", type=Path, metavar="DIALOG.yaml")
    parser.add_argument(
        "said",
        type=Path,
        metavar="SAID.tsv",
        help="lines of a node and a sentence, with a tab between: the node that an agent named, or nothing before the tab",
    )


def run(options: argparse.Namespace) -> int:
    """Print suggestions as YAML; the dialog's file is not touched."""
    from collections import Counter

    from gateway.model.yaml_text import SettingsError
    from ivr.definition.reading import read_dialog
    from ivr.understanding.embedding import installed
    from ivr.understanding.learning import Counted, suggestions_of, written
    from ivr.understanding.tables import TableError, read_rows
    from ivr.understanding.understanding import learned

    try:
        dialog = read_dialog(options.dialog).dialog
        rows = Counter(read_rows(options.said, node_needed=False))
    except SettingsError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        return 1
    except TableError as error:
        sys.stderr.write(f"tieline: {error}\n")
        return 1
    counted = [Counted(text, times, node) for (node, text), times in rows.items()]
    sys.stdout.write(written(suggestions_of(counted, learned(dialog, installed()), at=dialog.start)))
    return 0
