import pytest
from support.command_contract import KINDS

from connectors.freeswitch_esl.commands_rights import NEEDS, offered, why_not
from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.settings import CommandSettings, FreeswitchSettings
from gateway.model.secret import Secret

EVERYTHING = CommandSettings(context="default", parking_lot="lot")


def settings(commands: CommandSettings = EVERYTHING) -> FreeswitchSettings:
    return FreeswitchSettings(host="127.0.0.1", secret=Secret("x"), user="tieline@default", commands=commands)


def test_whoever_may_do_everything_is_offered_everything_but_what_freeswitch_has_not() -> None:
    assert KINDS.keys() - offered(Rights(), settings(), "fs1") == {"set_do_not_disturb", "set_forwarding"}


@pytest.mark.parametrize("command", sorted(NEEDS))
def test_a_right_that_is_missing_is_named_with_its_cure(command: str) -> None:
    others = frozenset(NEEDS.values()) - {NEEDS[command]}
    said = why_not(command, Rights(commands=others), settings(), "fs1")
    assert said is not None
    assert f"use {NEEDS[command]}:" in said
    assert "user tieline@default, `esl-allowed-api`" in said
    assert why_not(command, Rights(commands=frozenset({NEEDS[command]})), settings(), "fs1") is None


@pytest.mark.parametrize("command", sorted(KINDS))
def test_every_reason_names_the_pbx(command: str) -> None:
    assert "fs1" in (why_not(command, Rights(commands=frozenset()), settings(CommandSettings()), "fs1") or "")


def test_without_a_context_nothing_is_dialled_and_without_a_lot_nothing_parked() -> None:
    missing = offered(Rights(), settings(), "fs1") - offered(Rights(), settings(CommandSettings()), "fs1")
    assert missing == {"place_call", "blind_transfer", "consult", "redirect", "park"}
