"""``tieline version``."""

import argparse
import sys
from importlib.metadata import version


def run(_options: argparse.Namespace) -> int:
    """Print the version."""
    sys.stdout.write(f"tieline {version('tieline')}\n")
    return 0
