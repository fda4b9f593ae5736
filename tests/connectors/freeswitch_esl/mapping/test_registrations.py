import json
from typing import Final

import pytest
from support.esl_script import Script

from connectors.freeswitch_esl.mapping.registrations import REGISTRATIONS, UNAVAILABLE
from gateway.model.reports import DeviceChanged

NOBODY: Final = '{"row_count": 0}\n'


def registered(*pairs: tuple[str, str]) -> str:
    return json.dumps({"row_count": len(pairs), "rows": [{"reg_user": user, "token": token} for user, token in pairs]})


def registers(script: Script, token: str, user: str = "1001") -> Script:
    return script.says("CUSTOM sofia::register", from__user=user, call__id=token)


def leaves(script: Script, token: str, user: str = "1001") -> Script:
    return script.says("CUSTOM sofia::unregister", from__user=user, call__id=token)


def told(script: Script) -> list[tuple[str, str]]:
    return [(event.device, event.state) for event in script.events if isinstance(event, DeviceChanged)]


def test_a_telephone_comes_and_goes() -> None:
    script = leaves(registers(registers(Script(), "x"), "x"), "x")
    assert told(script) == [("user/1001", "REGISTERED"), ("user/1001", "UNAVAILABLE")]
    assert told(registers(script, "y"))[-1] == ("user/1001", "REGISTERED")


def test_of_one_that_was_never_registered_nothing_is_told() -> None:
    script = leaves(Script().lists(REGISTRATIONS, NOBODY), "x")
    assert told(registers(script, "x", "13800138000")) == []


def test_whoever_is_listed_no_longer_is_gone() -> None:
    script = (
        Script().lists(REGISTRATIONS, registered(("1001", "x"), ("1002", "y"))).lists(REGISTRATIONS, registered(("1002", "y")))
    )
    assert told(script) == [("user/1001", "REGISTERED"), ("user/1002", "REGISTERED"), ("user/1001", "UNAVAILABLE")]


def test_where_there_may_be_another_telephone_the_list_is_asked_for() -> None:
    script = registers(registers(Script(), "x"), "y")
    assert script.mapper.take_stale() == (REGISTRATIONS,)
    assert script.mapper.take_stale() == ()
    leaves(script, "x")
    assert script.mapper.is_stale
    assert told(script) == [("user/1001", "REGISTERED")]
    assert told(script.lists(REGISTRATIONS, NOBODY))[-1] == ("user/1001", UNAVAILABLE)


@pytest.mark.parametrize("token", ["", "of before"])
def test_a_registration_that_expires_unnamed_is_looked_up(token: str) -> None:
    script = registers(Script(), "x").says("CUSTOM sofia::expire", user="1001", call__id=token)
    assert script.mapper.take_stale() == (REGISTRATIONS,)
    assert told(script) == [("user/1001", "REGISTERED")]


@pytest.mark.parametrize("text", ["-ERR no\n", '{"row_count": 1, "rows": 5}', '{"row_count'])
def test_what_is_no_list_makes_nobody_known(text: str) -> None:
    assert told(Script().lists(REGISTRATIONS, text)) == []
