"""``tieline queues``: who waits, who could answer, how well it went today."""

import argparse
import sys
import time
from typing import Any, Final

from gateway.cli.client import asked, print_json
from gateway.cli.tables import length_of, seconds_of, table

_HEADS: Final = ("queue", "pbx", "waiting", "longest", "ready", "agents", "offered", "answered", "abandoned", "in time")


def run(options: argparse.Namespace) -> int:
    """Print the queues."""
    told = asked(options, "GET", "queues", query={"pbx": options.pbx})
    if options.json:
        print_json(told)
        return 0
    now = time.time()
    sys.stdout.write(table(_HEADS, [_row(queue, now) for queue in told["queues"]]))
    return 0


def _row(queue: dict[str, Any], now: float) -> tuple[str, ...]:
    today, since = queue["today"], queue["longest_wait_since"]
    return (
        queue["queue"],
        queue["pbx"],
        str(queue["length"]),
        "" if since is None else length_of(max(0.0, now - seconds_of(since))),
        str(queue["agents"].get("ready", 0)),
        str(len(queue["members"])),
        str(today["offered"]),
        str(today["answered"]),
        str(today["abandoned"]),
        "" if today["service_level"] is None else f"{today['service_level']:.0%}",
    )
