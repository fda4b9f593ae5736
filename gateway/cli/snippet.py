"""``tieline pbx snippet PRODUCT``: the lines that the PBX's own configuration needs."""

import argparse
import sys

from gateway.plugins.loader import load, with_tool
from gateway.ports.plugins import Snippet


def run(options: argparse.Namespace) -> int:
    """Print the lines."""
    snippet: Snippet = load(with_tool(options.product, "snippet").tools["snippet"])
    sys.stdout.write(snippet(options.version).rstrip() + "\n")
    return 0
