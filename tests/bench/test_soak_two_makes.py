"""What the soak of both makes finds wrong: a judge that finds nothing would prove nothing."""

from random import Random
from typing import Any, Final

from bench.soak_two_makes import judge_played, mixed
from support.esl_captures import FREESWITCH
from support.played_freeswitch import PlayedCall, Recording

from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.secret import Secret

KIND: Final = "queue_agent_hangs_up_first_plain"


def calls(number: int) -> list[PlayedCall]:
    server, recording = EslServer(Secret("any"), lambda: 2_000_000_000.0, Random(1)), Recording(FREESWITCH / KIND)
    made = [PlayedCall(server, recording, index) for index in range(number)]
    for index, call in enumerate(made):
        call.legs |= {f"caller{index}", f"desk{index}"}
    return made


def true_record(call: PlayedCall, **changed: Any) -> dict[str, Any]:
    legs = sorted(call.legs)
    known = {"call_id": f"call of {legs[0]}", "pbx": "fs", "pbx_ids": legs, "state": "ended", "complete": True, "legs": []}
    return {**call.truth, **known, **changed}


async def test_calls_have_numbers_of_their_own() -> None:
    first, second = calls(2)
    assert first.truth["answered_by"] == [first.desks[0]]
    assert {first.caller, *first.desks}.isdisjoint({second.caller, *second.desks})


async def test_true_records_are_found_right() -> None:
    made = calls(3)
    assert judge_played(made, [true_record(call) for call in made]) == []


async def test_each_fault_is_named() -> None:
    first, second = calls(2)
    right = true_record(second)
    assert judge_played([first, second], [right]) == [f"{first.caller} ({KIND}): 0 records []"]
    for changed in ({"talk_s": 9.0}, {"caller": second.caller}, {"state": "active"}, {"complete": False}, {"outcome": "busy"}):
        (found,) = judge_played([first, second], [true_record(first, **changed), right])
        assert next(iter(changed)) in found
    both = true_record(first, pbx_ids=[*first.legs, *second.legs])
    assert any("legs of another call" in line for line in judge_played([first, second], [both]))
    (doubled,) = judge_played([second], [right, true_record(second, call_id="x", pbx_ids=["caller7"])])
    assert doubled == "nobody called: leg caller7 of x"


def test_what_is_mixed_up_is_named() -> None:
    asterisk = {"call_id": "a", "pbx": "soak", "pbx_ids": ["1"], "legs": [{"name": "PJSIP/1200-1"}]}
    freeswitch = {"call_id": "b", "pbx": "fs", "pbx_ids": ["2"], "legs": [{"name": "sofia/internal/1001"}]}
    assert mixed([asterisk], [freeswitch]) == []
    assert mixed([asterisk], [freeswitch | {"pbx_ids": ["1"]}]) == ["leg 1 is in records of both"]
    assert mixed([asterisk], [freeswitch | {"call_id": "a"}]) == ["a names 2 calls"]
    assert mixed([freeswitch | {"pbx": "soak"}], []) == ["b of soak has a leg sofia/internal/1001"]
