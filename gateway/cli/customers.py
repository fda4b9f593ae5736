"""``tieline customers WORD…``: who is known."""

import argparse
import sys
from typing import Final

from gateway.cli.client import asked, print_json
from gateway.cli.tables import table

_HEADS: Final = ("customer", "name", "company", "identities", "tags")


def run(options: argparse.Namespace) -> int:
    """Print the customers."""
    query = {"q": " ".join(options.words) or None, "number": options.number, "limit": options.limit}
    told = asked(options, "GET", "customers", query=query)
    if options.json:
        print_json(told)
        return 0
    rows = [
        (
            customer["customer_id"],
            customer["name"] or "",
            customer["company"] or "",
            " ".join(identity["value"] for identity in customer["identities"]),
            " ".join([*(["VIP"] if customer["vip"] else []), *customer["tags"]]),
        )
        for customer in told["customers"]
    ]
    sys.stdout.write(table(_HEADS, rows))
    return 0
