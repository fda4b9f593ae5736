"""``tieline webhook …``: to which programs events are sent, and what became of them."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.cli.client import asked, print_json
from gateway.cli.tables import moment_of, printable, table
from gateway.model.errors import UsageError


def run(options: argparse.Namespace) -> int:
    """Do what was asked; returns 1 when a test message did not arrive."""
    ask, show = _WORK[options.command.removeprefix("webhook ")]
    told = ask(options)
    if options.json:
        print_json(told)
    else:
        sys.stdout.write(show(told))
    return 1 if isinstance(told, dict) and told.get("arrived") is False else 0


def _list(options: argparse.Namespace) -> Any:
    return asked(options, "GET", "webhooks")


def _show_list(told: Any) -> str:
    rows = [
        (
            each["webhook_id"],
            each["name"],
            each["url"],
            ",".join(each["topics"]),
            _state(each),
            str(each["waiting"]),
            str(each["dead"]),
            each["why"] or each["disabled_why"] or "",
        )
        for each in told["webhooks"]
    ]
    return table(("webhook", "name", "url", "topics", "state", "waiting", "dead", "why"), rows)


def _state(webhook: dict[str, Any]) -> str:
    if not webhook["enabled"]:
        return "disabled"
    return "works" if webhook["away_since"] is None else f"away since {moment_of(webhook['away_since'])}"


def _add(options: argparse.Namespace) -> Any:
    body = {
        "name": options.name,
        "url": options.target,
        "topics": options.topic or ["*"],
        "pbxs": options.pbx or [],
        "queues": options.queue or [],
        "template": None if options.template is None else _text_of(options.template),
    }
    return asked(options, "POST", "webhooks", body=body)


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error


def _rotate(options: argparse.Namespace) -> Any:
    return asked(options, "POST", "webhooks", options.id, "rotate", body={})


def _show_secret(told: Any) -> str:
    return (
        f"webhook {told['webhook_id']} sends {', '.join(told['topics'])} to {printable(told['url'])}\n"
        f"secret  {told['secret']}\n"
        "Give it to the receiver now: it is not shown again.\n"
    )


def _ping(options: argparse.Namespace) -> Any:
    return asked(options, "POST", "webhooks", options.id, "ping")


def _show_ping(told: Any) -> str:
    if told["arrived"]:
        return f"it arrived: {told['status']} after {told['took_s']:g} s\n"
    return f"it did not arrive: {printable(told['why'])}\n"


def _dead(options: argparse.Namespace) -> Any:
    return asked(options, "GET", "webhooks", options.id, "dead", query={"limit": options.limit})


def _show_dead(told: Any) -> str:
    rows = [
        (str(each["position"]), moment_of(each["at"]), each["type"], each["event_id"], each["why"] or "") for each in told["dead"]
    ]
    return table(("position", "at", "type", "event", "why"), rows)


def _replay(options: argparse.Namespace) -> Any:
    body = {"positions": options.positions or None, "since": options.since}
    return asked(options, "POST", "webhooks", options.id, "replay", body=body)


def _show_replayed(told: Any) -> str:
    return f"{told['count']} messages are tried again\n"


def _log(options: argparse.Namespace) -> Any:
    return asked(options, "GET", "webhooks", options.id, "attempts", query={"limit": options.limit})


def _show_log(told: Any) -> str:
    rows = [
        (
            moment_of(each["at"]),
            each["type"],
            each["event_id"],
            str(each["status"] or ""),
            f"{each['took_s']:.3f}",
            each["why"] or "",
        )
        for each in told["attempts"]
    ]
    return table(("at", "type", "event", "status", "seconds", "why"), rows)


def _enable(options: argparse.Namespace) -> Any:
    return asked(options, "PATCH", "webhooks", options.id, body={"enabled": options.command == "webhook enable"})


def _show_one(told: Any) -> str:
    return _show_list({"webhooks": [told]})


def _remove(options: argparse.Namespace) -> Any:
    asked(options, "DELETE", "webhooks", options.id)
    return {"removed": options.id}


def _show_removed(told: Any) -> str:
    return f"webhook {told['removed']} is removed\n"


_WORK: dict[str, tuple[Callable[[argparse.Namespace], Any], Callable[[Any], str]]] = {
    "list": (_list, _show_list),
    "add": (_add, _show_secret),
    "rotate": (_rotate, _show_secret),
    "ping": (_ping, _show_ping),
    "dead": (_dead, _show_dead),
    "replay": (_replay, _show_replayed),
    "log": (_log, _show_log),
    "enable": (_enable, _show_one),
    "disable": (_enable, _show_one),
    "remove": (_remove, _show_removed),
}
