"""``tieline agent log-in EXTENSION QUEUE`` and the other commands to agents."""

import argparse

from gateway.cli.commands import give


def run(options: argparse.Namespace) -> int:
    """Give the command."""
    name: str = options.command.removeprefix("agent ")
    body = {field: getattr(options, field, None) for field in ("pbx", "penalty", "name", "reason")}
    path: tuple[str, ...] = (name,)
    if name in ("log-in", "log-out"):
        path = ("queues", options.queue, name)
    else:
        body["queue"] = getattr(options, "queue", None)
    if name == "do-not-disturb":
        body["on"] = options.switch == "on"
    if name == "forward":
        path = ("forwarding",)
        body |= {"to": options.to, "kind": options.kind}
    return give(options, "agents", options.extension, *path, body=body)
