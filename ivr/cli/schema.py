"""``tieline itr schema``: the JSON Schema of a dialog's file."""

import argparse
import sys
from typing import Final

SUMMARY: Final = "print the JSON Schema of a dialog's file, for editors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from ivr.definition.schema import schema_text

    sys.stdout.write(schema_text())
    return 0
