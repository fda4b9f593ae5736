"""``tieline agents``: who is there, and what they do."""

import argparse
import sys
from typing import Final

from gateway.cli.client import asked, print_json
from gateway.cli.tables import moment_of, table

_HEADS: Final = ("extension", "name", "pbx", "state", "reason", "since", "queues", "call")


def run(options: argparse.Namespace) -> int:
    """Print the agents."""
    told = asked(options, "GET", "agents", query={"pbx": options.pbx, "queue": options.queue, "state": options.state})
    if options.json:
        print_json(told)
        return 0
    rows = [
        (
            agent["extension"],
            agent["name"] or agent["agent"] or "",
            agent["pbx"],
            agent["state"],
            agent["reason"] or "",
            moment_of(agent["since"]),
            " ".join(agent["queues"]),
            agent["call_id"] or "",
        )
        for agent in told["agents"]
    ]
    sys.stdout.write(table(_HEADS, rows))
    return 0
