"""``tieline crm …``: how the CRMs of a running gateway stand, and what becomes of the calls that one did not take."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from gateway.cli.client import asked, print_json
from gateway.cli.tables import moment_of, printable, table


def run(options: argparse.Namespace) -> int:
    """Do what was asked; returns 1 when a CRM cannot be worked with."""
    ask, show = _WORK[options.command.removeprefix("crm ")]
    told = ask(options)
    if options.json:
        print_json(told)
    else:
        sys.stdout.write(show(options, told))
    return 1 if any(each.get("ok") is False for each in told.get("crms", ())) else 0


def _list(options: argparse.Namespace) -> Any:
    return asked(options, "GET", "crms")


def _show_list(_options: argparse.Namespace, told: Any) -> str:
    rows = [
        (
            each["name"],
            each["adapter"],
            "works" if each["away_since"] is None else f"away since {moment_of(each['away_since'])}",
            str(each["waiting"]),
            str(each["dead"]),
            str(each["told"]),
            str(each["failed"]),
            each["why"] or "",
        )
        for each in told["crms"]
    ]
    return table(("crm", "adapter", "state", "waiting", "dead", "told", "failed", "why"), rows)


def _check(options: argparse.Namespace) -> Any:
    names = options.names or [each["name"] for each in _list(options)["crms"]]
    return {"crms": [{"name": name} | asked(options, "POST", "crms", name, "check") for name in names]}


def _show_check(_options: argparse.Namespace, told: Any) -> str:
    rows = [(each["name"], "works" if each["ok"] else "fails", each["detail"]) for each in told["crms"]]
    return table(("crm", "state", "what it says"), rows)


def _dead(options: argparse.Namespace) -> Any:
    return asked(options, "GET", "crms", options.name, "dead", query={"after": options.after, "limit": options.limit})


def _show_dead(options: argparse.Namespace, told: Any) -> str:
    rows = [
        (str(each["position"]), moment_of(each["at"]), each["call_id"], str(each["attempts"]), each["why"] or "")
        for each in told["dead"]
    ]
    more = "" if told["next"] is None else f"There are more: tieline crm dead {printable(options.name)} --after {told['next']}\n"
    return table(("position", "at", "call", "attempts", "why"), rows) + more


def _replay(options: argparse.Namespace) -> Any:
    return asked(options, "POST", "crms", options.name, "replay", body={"calls": options.calls or None})


def _show_replayed(options: argparse.Namespace, told: Any) -> str:
    return f"{printable(options.name)} is told of {told['count']} calls again\n"


_WORK: dict[str, tuple[Callable[[argparse.Namespace], Any], Callable[[argparse.Namespace, Any], str]]] = {
    "list": (_list, _show_list),
    "check": (_check, _show_check),
    "dead": (_dead, _show_dead),
    "replay": (_replay, _show_replayed),
}
