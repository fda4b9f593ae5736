"""Gives a gateway a command, and says what came of it."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any, Final

from gateway.cli.client import asked, print_json
from gateway.cli.tables import printable
from gateway.model.errors import TielineError

_TAKEN: Final = ("accepted", "sending")


class CommandNotDoneError(TielineError):
    """The gateway sent a command of ours, and it was not done, or nobody knows: whoever gave it looks at the call."""


def give(options: argparse.Namespace, *path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> int:
    """Give a command and print that it was taken; what becomes of the call is an event, and `tieline call ID` shows it.

    Raises:
        CommandNotDoneError: The PBX did not do it, or did not answer.
        TielineError: It was refused; see :func:`gateway.cli.client.asked`.
    """
    told = asked(options, "POST", *path, body=body, headers=headers)
    if options.json:
        print_json(told)
    else:
        call = f", call {told['call_id']}" if told.get("call_id") else ""
        sys.stdout.write(f"{printable(told['command'])}: {told['state']}{call}, command {told['command_id']}\n")
    if told["state"] not in _TAKEN:
        raise CommandNotDoneError(printable(told["reason"] or f"the command is {told['state']}"))
    return 0
