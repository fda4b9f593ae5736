"""``tieline check-config FILE``: what is wrong in a configuration, where, and the cure."""

import argparse
import sys

from gateway.settings.load import load_settings


def run(options: argparse.Namespace) -> int:
    """Print what the configuration sets up, or fail with all that is wrong with it."""
    settings = load_settings(options.config)
    pbxs = ", ".join(f"{entry.pbx} ({entry.plugin})" for entry in settings.connectors)
    sys.stdout.write(f"{options.config} is right: {pbxs}; listens on {settings.api.host}:{settings.api.port}\n")
    return 0
