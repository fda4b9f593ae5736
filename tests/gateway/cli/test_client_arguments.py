from importlib import import_module

import pytest

from gateway.cli.arguments import parser
from gateway.cli.client_arguments import COMMANDS, with_show


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_module_and_takes_what_all_take(command: str) -> None:
    more = {
        "call place": "1002",
        "call transfer": "ID 1002",
        "call consult": "ID 1002",
        "call redirect": "ID 1002",
        "call digits": "ID 1",
        "call record": "ID start",
        "call monitor": "ID 1001",
        "agent log-in": "1001 support",
        "agent log-out": "1001 support",
        "agent penalty": "1001 1",
        "agent do-not-disturb": "1001 on",
        "webhook list": "",
        "crm dead": "odoo",
        "crm replay": "odoo 01CALL",
        "webhook add": "https://crm.example --name CRM",
    }.get(command, {"call": "ID", "agent": "1001", "webhook": "ID"}.get(command.partition(" ")[0], ""))
    options = parser().parse_args(f"{command} {more} --json --url https://a.example --ca-file ca.pem".split())

    assert (options.command, options.json, options.url, str(options.ca_file)) == (command, True, "https://a.example", "ca.pem")
    assert callable(import_module(COMMANDS[command]).run)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("call 01CALL", "call show 01CALL"),
        ("call 01CALL --json", "call show 01CALL --json"),
        ("call show 01CALL", "call show 01CALL"),
        ("call hold 01CALL", "call hold 01CALL"),
        ("call --help", "call --help"),
        ("call", "call"),
        ("calls", "calls"),
        ("", ""),
    ],
)
def test_a_call_alone_is_shown(line: str, meant: str) -> None:
    assert with_show(line.split()) == meant.split()
