"""``tieline calls`` and ``tieline call ID``: what a gateway says of calls."""

import argparse
import sys
from typing import Any, Final

from gateway.cli.client import asked, print_json
from gateway.cli.tables import length_of, moment_of, printable, table, width
from gateway.model.errors import TielineError

_HEADS: Final = ("call", "pbx", "began", "direction", "caller", "name", "called", "now", "waited", "talked")
_SHOWN: Final = (
    "call_id", "pbx", "state", "direction", "caller", "caller_name", "called", "queue", "answered_by", "outcome", "ended_by",
    "transfers", "diversions", "recording",
)  # fmt: skip
_MOMENTS: Final = ("started_at", "answered_at", "ended_at")
_LENGTHS: Final = ("ivr_s", "wait_s", "talk_s", "hold_s")


def run(options: argparse.Namespace) -> int:
    """Print what was asked for."""
    (_show if options.command == "call show" else _list)(options)
    return 0


def _list(options: argparse.Namespace) -> None:
    query = {"state": options.state, "pbx": options.pbx, "limit": options.limit}
    told = asked(options, "GET", "calls", query=query)
    if options.json:
        print_json(told)
        return
    sys.stdout.write(table(_HEADS, [_row(call) for call in told["calls"]]))
    if "problem" in told:
        raise TielineError(f"these are the live calls alone: {printable(told['problem']['detail'])}")


def _row(call: dict[str, Any]) -> tuple[str, ...]:
    return (
        call["call_id"],
        call["pbx"],
        moment_of(call["started_at"]),
        call["direction"] or "",
        call["caller"] or "withheld",
        call["caller_name"] or "",
        call["called"] or "",
        now_of(call),
        "" if call["wait_s"] is None else length_of(call["wait_s"]),
        "" if call["talk_s"] is None else length_of(call["talk_s"]),
    )


def now_of(call: dict[str, Any]) -> str:
    """Say where a live call is, or how an ended one ended."""
    phase = call.get("phase")
    if phase is not None:
        return " ".join([phase["name"], *phase["parties"]])
    return str(call.get("outcome") or call["state"])


def _show(options: argparse.Namespace) -> None:
    call = asked(options, "GET", "calls", options.id)
    if options.json:
        print_json(call)
        return
    if "merged_into" in call:
        sys.stdout.write(f"{call['call_id']} is a part of {call['merged_into']}\n")
        return
    facts = [(name, _fact(call.get(name))) for name in _SHOWN]
    facts += [(name, "" if call.get(name) is None else moment_of(call[name])) for name in _MOMENTS]
    facts += [(name, "" if call.get(name) is None else length_of(call[name])) for name in _LENGTHS]
    if "phase" in call:
        facts.insert(3, ("phase", now_of(call)))
    known = [(name, text) for name, text in facts if text]
    wide = max(width(name) for name, _ in known)
    sys.stdout.write("".join(f"{name:<{wide}}  {printable(text)}\n" for name, text in known))


def _fact(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case list():
            return ", ".join(map(_fact, value))
        case dict():
            return " ".join(f"{name} {_fact(fact)}" for name, fact in value.items() if fact not in (None, "", []))
        case _:
            return str(value)
