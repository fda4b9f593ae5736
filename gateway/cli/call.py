"""``tieline call place NUMBER``, ``tieline call hang-up ID`` and the other commands to calls."""

import argparse
from uuid import uuid4

from gateway.cli.commands import give


def run(options: argparse.Namespace) -> int:
    """Give the command."""
    name: str = options.command.removeprefix("call ")
    if name == "place":
        body = {
            "number": options.number,
            "extension": options.extension,
            "pbx": options.pbx,
            "caller_number": options.caller_number,
            "ring_s": options.ring_s,
        }
        return give(options, "calls", body=body, headers={"Idempotency-Key": options.key or str(uuid4())})
    path = ("recording", options.what) if name == "record" else (name,)
    fields = ("by", "to", "slot", "digits", "agent", "mode", "extension")
    return give(options, "calls", options.id, *path, body={field: getattr(options, field, None) for field in fields})
