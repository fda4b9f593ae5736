"""``tieline itr evaluate``: how well sentences are understood, learned from one table and asked of another."""

import argparse
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "measure how well sentences are understood, on tables of your own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which tables."""
    parser.add_argument("--train", type=Path, required=True, metavar="TRAIN.tsv", help="lines of a node, a tab and a sentence")
    parser.add_argument("--test", type=Path, required=True, metavar="TEST.tsv", help="the same, of other sentences")
    parser.add_argument("--out-of-scope", metavar="LABEL", help="what stands for the node of sentences that belong to none")
    parser.add_argument("--shots", type=_positive, metavar="K", help="learn from so many sentences a node (default: all)")
    parser.add_argument("--seeds", type=_positive, default=1, metavar="N", help="draw them so many times; figures are the mean")
    parser.add_argument("--letters", action="store_true", help="by letters alone, as where tieline[nlu] is not installed")


def run(options: argparse.Namespace) -> int:
    """Print the figures as JSON."""
    import time

    import msgspec

    from ivr.understanding.embedding import installed
    from ivr.understanding.evaluation import NothingToMeasureError, evaluated
    from ivr.understanding.tables import TableError, read_rows

    embedding = None if options.letters else installed()
    if embedding is None and not options.letters:
        sys.stderr.write("tieline: tieline[nlu] is not installed: sentences are understood by their letters alone\n")
    try:
        figures = evaluated(
            read_rows(options.train),
            read_rows(options.test),
            embedding,
            clock=time.perf_counter,
            out_of_scope=options.out_of_scope,
            shots=options.shots,
            seeds=options.seeds,
        )
    except (TableError, NothingToMeasureError) as error:
        sys.stderr.write(f"tieline: {error}\n")
        return 1
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(figures), indent=2).decode() + "\n")
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
