"""``tieline schema``: the configuration's JSON Schema."""

import argparse
import sys

from gateway.settings.schema import schema_text


def run(_options: argparse.Namespace) -> int:
    """Print the schema."""
    sys.stdout.write(schema_text())
    return 0
