from typing import Any, get_args

import pytest

from connectors.asterisk_ami.commands_rights import NEEDS, RIGHTS, Rights, offered, refusal, rights_of, slot_unknown, why_not
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage
from connectors.asterisk_ami.settings import AstdbSettings, AsteriskSettings, CommandSettings
from gateway.model.commands import CallCommand, DeviceCommand, PlaceCall
from gateway.model.secret import Secret

EVERY = {kind.__struct_config__.tag for kind in (PlaceCall, *get_args(CallCommand), *get_args(DeviceCommand))}
FULL = CommandSettings(context="internal", astdb=AstdbSettings())


def settings(commands: CommandSettings = FULL) -> AsteriskSettings:
    return AsteriskSettings(host="10.0.0.5", username="tieline", secret=Secret("x"), commands=commands)


def response(*lines: str) -> list[AmiMessage]:
    return AmiDecoder().receive_data("\r\n".join(["Response: Success", *lines, "", ""]).encode())


def allowed(*actions: str) -> Rights:
    listed = response(*(f"{action}: It does something.  (Priv: call,all)" for action in actions))
    return rights_of(listed, response("AsteriskVersion: 22.10.1~dfsg"))


def test_every_command_is_known_with_the_actions_and_rights_that_it_needs() -> None:
    assert set(NEEDS) == EVERY
    assert {action for actions in NEEDS.values() for action in actions} <= set(RIGHTS)


def test_all_is_offered_where_all_is_allowed_and_configured() -> None:
    assert offered(allowed(*RIGHTS), settings()) == EVERY


def test_a_pbx_that_does_not_tell_what_it_allows_is_asked() -> None:
    (refused,) = AmiDecoder().receive_data(b"Response: Error\r\nMessage: Invalid/unknown command\r\n\r\n")
    rights = rights_of([refused], [refused])
    assert rights == Rights()
    assert offered(rights, settings()) == EVERY


def test_a_pbx_that_takes_no_commands_says_why() -> None:
    (refused,) = AmiDecoder().receive_data(b"Response: Error\r\nMessage: the simulated PBX plays recorded calls\r\n\r\n")
    rights = rights_of([refused], response())
    assert offered(rights, settings()) == frozenset()
    assert why_not("hold", rights, settings(), "demo") == "demo takes no commands: the simulated PBX plays recorded calls"


def test_a_pbx_that_takes_some_commands_says_why_no_others() -> None:
    rights = rights_of(response("Message: it plays", "Hangup: end", "Setvar: set"), response())
    assert offered(rights, settings()) == {"hang_up", "hold", "retrieve"}
    assert why_not("park", rights, settings(), "demo") == "demo does not take it: it plays"
    assert why_not("hang_up", rights, settings(), "demo") is None


@pytest.mark.parametrize(("action", "right"), [(action, right) for action, (right, _) in RIGHTS.items()])
def test_what_is_not_allowed_is_not_offered_and_the_line_to_change_is_named(action: str, right: str) -> None:
    rights = allowed(*(other for other in RIGHTS if other != action))
    without = {command for command, actions in NEEDS.items() if action in actions}
    assert offered(rights, settings()) == EVERY - without
    for command in without:
        reason = why_not(command, rights, settings(), "cc1")
        assert reason is not None
        for word in ("cc1", action, "manager.conf", "[tieline]", f"`{right}`"):
            assert word in reason


@pytest.mark.parametrize(
    ("commands", "command", "word"),
    [
        (CommandSettings(astdb=AstdbSettings()), "place_call", "context"),
        (CommandSettings(astdb=AstdbSettings()), "consult", "context"),
        (CommandSettings(context="internal"), "set_forwarding", "astdb"),
    ],
)
def test_what_is_not_configured_is_not_offered_and_the_key_is_named(commands: Any, command: str, word: str) -> None:
    rights = allowed(*RIGHTS)
    assert command not in offered(rights, settings(commands))
    reason = why_not(command, rights, settings(commands), "cc1")
    assert reason is not None
    assert word in reason
    assert "pbx: cc1" in reason
    assert why_not("hang_up", rights, settings(commands), "cc1") is None


def test_a_refusal_for_want_of_a_right_names_the_line_and_any_other_what_was_said() -> None:
    assert "`agent`" in refusal("QueueAdd", "Permission denied", settings(), "cc1")
    assert refusal("QueueAdd", "No such queue", settings(), "cc1") == "Asterisk at cc1 refuses QueueAdd: No such queue"
    assert "does not say why" in refusal("QueueAdd", "", settings(), "cc1")


@pytest.mark.parametrize(("version", "major"), [("16.28.0~dfsg", 16), ("22.10.1", 22), ("", None), ("GIT-master", None)])
def test_only_an_asterisk_known_to_be_old_parks_where_it_wants(version: str, major: int | None) -> None:
    rights = rights_of(response(), response(f"AsteriskVersion: {version}"))
    assert rights.major == major
    assert slot_unknown(rights) is (major == 16)
