import argparse
from importlib import import_module
from pathlib import Path

import pytest

from gateway.cli import client_arguments
from gateway.cli.arguments import COMMANDS, parser


def test_every_command_is_parsed_and_has_its_module() -> None:
    lines = {
        "run": "run",
        "check-config": "check-config t.yaml",
        "schema": "schema",
        "record": "record folder --config t.yaml",
        "replay": "replay a b",
        "pbx simulate": "pbx simulate asterisk",
        "pbx snippet": "pbx snippet asterisk --version 22",
        "pbx import": "pbx import --config t.yaml --pbx one --names names.csv --json",
        "db backup": "db backup --config t.yaml all.backup",
        "db restore": "db restore --config t.yaml all.backup",
        "db migrate": "db migrate --config t.yaml",
        "token create": "token create --name a --scopes all --config t.yaml",
        "token list": "token list --config t.yaml --json",
        "token revoke": "token revoke tl_aaaaaaaa --config t.yaml",
        "user add": "user add --login a --role admin --config t.yaml --password-stdin",
        "user list": "user list --config t.yaml --json",
        "user password": "user password --login a --config t.yaml",
        "user disable": "user disable --login a --config t.yaml",
        "user enable": "user enable --login a --config t.yaml",
        "user unlock": "user unlock --login a --config t.yaml",
        "user sessions": "user sessions --login a --config t.yaml",
        "user revoke": "user revoke --login a --session ses_aaaaaaaaaaaa --config t.yaml",
        "contacts import": "contacts import people.csv --config t.yaml --map phone=Tel --dry-run",
        "contacts export": "contacts export --config t.yaml",
        "crm conformance": "crm conformance webhook --url http://a --set secret=b --json",
        "version": "version",
    }
    assert lines.keys() == COMMANDS.keys() - client_arguments.COMMANDS.keys()
    for command, line in lines.items():
        assert parser().parse_args(line.split()).command == command
        assert callable(import_module(COMMANDS[command]).run)


def test_replay_takes_folders_and_a_name() -> None:
    options = parser().parse_args(["replay", "a", "b", "--events", "--pbx", "one"])

    assert (options.folders, options.events, options.pbx) == ([Path("a"), Path("b")], True, "one")


@pytest.mark.parametrize(
    "line",
    ["", "pbx", "nothing", "replay", "run --port 65536", "run --port x", "record f --config c --seconds 0", "check-config"],
)
def test_a_wrong_call_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parser().parse_args(line.split())

    assert refused.value.code == 2
    assert "usage: tieline" in capsys.readouterr().err


def test_every_command_has_its_help() -> None:
    def commands(of: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
        found = []
        for action in of._actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    found += [sub, *commands(sub)]
        return found

    assert all(each.description or each._subparsers for each in commands(parser()))
