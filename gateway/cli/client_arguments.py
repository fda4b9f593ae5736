"""The command line of what asks a running gateway: calls, agents, queues, customers, and commands to them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

COMMANDS: Final = {
    "calls": "gateway.cli.calls",
    "call show": "gateway.cli.calls",
    "call place": "gateway.cli.call",
    "call hang-up": "gateway.cli.call",
    "call hold": "gateway.cli.call",
    "call retrieve": "gateway.cli.call",
    "call transfer": "gateway.cli.call",
    "call consult": "gateway.cli.call",
    "call complete-transfer": "gateway.cli.call",
    "call cancel-transfer": "gateway.cli.call",
    "call redirect": "gateway.cli.call",
    "call park": "gateway.cli.call",
    "call digits": "gateway.cli.call",
    "call record": "gateway.cli.call",
    "call monitor": "gateway.cli.call",
    "agents": "gateway.cli.agents",
    "agent log-in": "gateway.cli.agent",
    "agent log-out": "gateway.cli.agent",
    "agent pause": "gateway.cli.agent",
    "agent resume": "gateway.cli.agent",
    "agent penalty": "gateway.cli.agent",
    "agent do-not-disturb": "gateway.cli.agent",
    "agent forward": "gateway.cli.agent",
    "queues": "gateway.cli.queues",
    "customers": "gateway.cli.customers",
    "webhook list": "gateway.cli.webhook",
    "webhook add": "gateway.cli.webhook",
    "webhook rotate": "gateway.cli.webhook",
    "webhook ping": "gateway.cli.webhook",
    "webhook dead": "gateway.cli.webhook",
    "webhook replay": "gateway.cli.webhook",
    "webhook log": "gateway.cli.webhook",
    "webhook enable": "gateway.cli.webhook",
    "webhook disable": "gateway.cli.webhook",
    "webhook remove": "gateway.cli.webhook",
    "crm list": "gateway.cli.crm_standing",
    "crm check": "gateway.cli.crm_standing",
    "crm dead": "gateway.cli.crm_standing",
    "crm replay": "gateway.cli.crm_standing",
}
"""The module of each command; its ``run(options)`` returns the exit status."""


def with_show(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``call ID`` written out as ``call show ID``."""
    words = list(arguments)
    if len(words) > 1 and words[0] == "call" and not words[1].startswith("-") and f"call {words[1]}" not in COMMANDS:
        words.insert(1, "show")
    return words


def add_client_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add all of them."""
    _add_lists(commands)
    _add_calls(commands)
    _add_agents(commands)
    _add_webhooks(commands)


def _add_lists(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    calls = _asking(commands, "calls", "list calls, live ones first, then those that ended last")
    calls.add_argument("--state", choices=("all", "active", "ended"), default="all")
    calls.add_argument("--pbx", metavar="NAME")
    calls.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")
    agents = _asking(commands, "agents", "list the agents with their states")
    agents.add_argument("--pbx", metavar="NAME")
    agents.add_argument("--queue", metavar="NAME", help="only those who serve it")
    agents.add_argument("--state", metavar="STATE", help="only those in it, such as ready")
    queues = _asking(commands, "queues", "list the queues: who waits, who could answer, how well it went today")
    queues.add_argument("--pbx", metavar="NAME")
    customers = _asking(commands, "customers", "find customers")
    customers.add_argument("words", nargs="*", metavar="WORD", help="of the name or company; without any, all")
    customers.add_argument("--number", metavar="NUMBER", help="whose number it is, in E.164 or as the site writes it")
    customers.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")


def _add_calls(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    call = commands.add_parser("call", help="show a call, place one, or do something with one").add_subparsers(
        required=True, metavar="ID|COMMAND"
    )
    _on_call(call, "show", "show a call's record; `tieline call ID` does the same")
    place = _asking(call, "place", "ring a telephone, and connect it to a number when it answers", prefix="call ")
    place.add_argument("number", metavar="NUMBER", help="as a telephone of the site dials it, or in E.164 with +")
    place.add_argument("--extension", metavar="NUMBER", help="the telephone; without it, the one that the token is bound to")
    place.add_argument("--pbx", metavar="NAME", help="not needed when there is one")
    place.add_argument("--caller-number", metavar="NUMBER", help="what the other side sees, where the rules allow to choose")
    place.add_argument("--ring-s", type=float, metavar="S", help="seconds that the telephone rings (30)")
    place.add_argument(
        "--key", metavar="TEXT", help="the same key makes one call, however often it is tried; without it a new one"
    )
    for name, what in (
        ("hang-up", "end a telephone's part in a call, or the whole call"),
        ("hold", "hold the other side"),
        ("retrieve", "take the held side back"),
        ("complete-transfer", "connect the held side with who was consulted"),
        ("cancel-transfer", "give the consultation up and go back to the held side"),
    ):
        _by(_on_call(call, name, what))
    for name, what in (
        ("transfer", "hand the other side over without asking"),
        ("consult", "hold the other side and call somebody, the first half of an attended transfer"),
    ):
        handing = _by(_on_call(call, name, what))
        handing.add_argument("to", metavar="TO", help="whom: an extension, or a number")
    redirect = _on_call(call, "redirect", "send the caller elsewhere, wherever he is")
    redirect.add_argument("to", metavar="TO", help="where: an extension, or a number")
    park = _by(_on_call(call, "park", "park the other side"))
    park.add_argument("--slot", metavar="NUMBER", help="where; without it, the PBX chooses")
    digits = _by(_on_call(call, "digits", "press keys for a telephone"))
    digits.add_argument("digits", metavar="DIGITS", help="0-9, * and #")
    record = _on_call(call, "record", "record a call, or no longer")
    record.add_argument("what", choices=("start", "stop", "pause", "resume"))
    monitor = _on_call(call, "monitor", "listen in on an agent, whisper to him, or barge in")
    monitor.add_argument("agent", metavar="EXTENSION", help="the agent's")
    monitor.add_argument("--mode", choices=("listen", "whisper", "barge"), default="listen")
    monitor.add_argument("--extension", metavar="NUMBER", help="who listens; without it, the one that the token is bound to")


def _add_agents(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    agent = commands.add_parser("agent", help="log agents in and out, and let them pause").add_subparsers(
        required=True, metavar="COMMAND"
    )
    log_in = _on_agent(agent, "log-in", "serve a queue with this telephone")
    log_in.add_argument("queue", metavar="QUEUE")
    log_in.add_argument("--penalty", type=int, metavar="N", help="the higher, the later his turn (0)")
    log_in.add_argument("--name", metavar="NAME", help="who sits there")
    log_out = _on_agent(agent, "log-out", "serve a queue no longer")
    log_out.add_argument("queue", metavar="QUEUE")
    pause = _on_agent(agent, "pause", "take a break")
    pause.add_argument("--queue", metavar="QUEUE", help="from this one; without it from all")
    pause.add_argument("--reason", metavar="TEXT")
    resume = _on_agent(agent, "resume", "come back from a break")
    resume.add_argument("--queue", metavar="QUEUE", help="to this one; without it to all")
    penalty = _on_agent(agent, "penalty", "say when an agent's turn is")
    penalty.add_argument("penalty", type=int, metavar="N", help="the higher, the later")
    penalty.add_argument("--queue", metavar="QUEUE", help="in this one; without it in all")
    quiet = _on_agent(agent, "do-not-disturb", "let the telephone be called, or not")
    quiet.add_argument("switch", choices=("on", "off"))
    forward = _on_agent(agent, "forward", "send the telephone's calls elsewhere, or no longer")
    forward.add_argument("to", nargs="?", metavar="TO", help="where: an extension, or a number; without it, no longer")
    forward.add_argument("--kind", metavar="WHEN", help="such as unconditional (the default), busy or no_answer")


def _add_webhooks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    webhook = commands.add_parser("webhook", help="send events to other programs").add_subparsers(required=True, metavar="TASK")
    _asking(webhook, "list", "list where events are sent, and how it stands there", prefix="webhook ")
    add = _asking(webhook, "add", "send events to an address from now on; prints its secret once", prefix="webhook ")
    add.add_argument("target", metavar="ADDRESS", help="https://…; what is in your own network must be in webhooks.allow")
    add.add_argument("--name", required=True, metavar="NAME", help="yours for it")
    add.add_argument("--topic", action="append", metavar="TYPE", help="such as call.ended or call; may be repeated (all)")
    add.add_argument("--pbx", action="append", metavar="NAME", help="only of this PBX; may be repeated")
    add.add_argument("--queue", action="append", metavar="NAME", help="only about this queue and its calls; may be repeated")
    add.add_argument("--template", type=Path, metavar="FILE", help="what is sent: JSON with {{data.caller}} and the like")
    for name, what in (
        ("rotate", "give it a new secret; the former one signs too for a day"),
        ("ping", "send a test message now"),
        ("enable", "go on where it stopped"),
        ("disable", "send nothing for now; what happens is kept for it"),
        ("remove", "send nothing there any more"),
    ):
        _on_webhook(webhook, name, what)
    dead = _on_webhook(webhook, "dead", "list messages that are not tried any more, and why")
    dead.add_argument("--limit", type=int, default=100, metavar="N", help="how many (100)")
    replay = _on_webhook(webhook, "replay", "try dead messages again; without more, all")
    replay.add_argument("positions", type=int, nargs="*", metavar="POSITION", help="these")
    replay.add_argument("--since", metavar="TIME", help="those of events since then, such as 2026-11-22T14:00:00+01:00")
    log = _on_webhook(webhook, "log", "list the last attempts")
    log.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")


def _on_webhook(webhook: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str) -> argparse.ArgumentParser:
    made = _asking(webhook, name, what, prefix="webhook ")
    made.add_argument("id", metavar="ID", help="the webhook's, as `tieline webhook list` shows it")
    return made


def add_crm_tools(crm: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add those that say how the CRMs of a running gateway stand, and tell them of calls again."""
    _asking(crm, "list", "list the CRMs: which is away and why, how many calls wait for it and are dead", prefix="crm ")
    check = _asking(crm, "check", "sign in there now; a CRM that is back goes on at once", prefix="crm ")
    check.add_argument("names", nargs="*", metavar="NAME", help="as configured; without any, all")
    dead = _asking(crm, "dead", "list calls that a CRM is not told of any more, and why", prefix="crm ")
    dead.add_argument("name", metavar="NAME")
    dead.add_argument("--after", type=int, default=0, metavar="POSITION", help="those behind this one")
    dead.add_argument("--limit", type=int, default=100, metavar="N", help="how many (100)")
    replay = _asking(crm, "replay", "tell a CRM of dead calls again; without more, of all", prefix="crm ")
    replay.add_argument("name", metavar="NAME")
    replay.add_argument("calls", nargs="*", metavar="CALL", help="these, as `tieline crm dead` shows them")


def _asking(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, *, prefix: str = ""
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    made.set_defaults(command=prefix + name)
    made.add_argument("--json", action="store_true", help="print what the gateway answers")
    made.add_argument("--url", metavar="URL", help="the gateway's address (TIELINE_URL, else http://127.0.0.1:8470)")
    made.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="the authority of its certificate, where the system has it not"
    )
    return made


def _on_call(call: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str) -> argparse.ArgumentParser:
    made = _asking(call, name, what, prefix="call ")
    made.add_argument("id", metavar="ID", help="the call's, as `tieline calls` shows it")
    return made


def _on_agent(agent: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str) -> argparse.ArgumentParser:
    made = _asking(agent, name, what, prefix="agent ")
    made.add_argument("extension", metavar="EXTENSION", help="the telephone")
    made.add_argument("--pbx", metavar="NAME", help="not needed when there is one")
    return made


def _by(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--by", metavar="EXTENSION", help="whose telephone; without it, the one that the token is bound to")
    return command
