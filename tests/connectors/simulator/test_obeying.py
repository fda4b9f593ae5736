from random import Random

import pytest

from connectors.simulator.centre import CAPTURES
from connectors.simulator.obeying import ended, find, paused
from connectors.simulator.pbx_state import Fields, PbxState, fields_of
from connectors.simulator.score import Ids, Play, load_score


def state_of(name: str, until_s: float) -> PbxState:
    """Return the PBX as it was so many seconds after a recording's beginning."""
    score, state = load_score(CAPTURES / name), PbxState()
    play = Play(score, Ids(Random(1)), 1_800_000_000.0)
    for frame in score.frames:
        if frame.offset_s < until_s:
            state.hear(play.render(frame), 1_800_000_000.0 + frame.offset_s)
    return state


def frame_of(name: str, fields: Fields) -> bytes:
    lines = {"Event": name, **fields}
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n"


def obey(state: PbxState, said: list[tuple[str, Fields]]) -> list[str]:
    for name, fields in said:
        state.hear(frame_of(name, fields), 1_800_000_100.0)
    return [name for name, _ in said]


@pytest.mark.parametrize(
    ("recording", "until_s"), [("hold", 2.0), ("queue_caller_hangs", 2.0), ("queue_abandon", 1.0), ("ring_group", 1.0)]
)
def test_a_call_ends_for_everybody_in_it(recording: str, until_s: float) -> None:
    state = state_of(recording, until_s)
    linked = {leg["Linkedid"] for leg in state.legs.values()}
    waiting, bridges = bool(state.entries), bool(state.bridges)
    assert len(state.legs) >= 2

    names = obey(state, ended(state, linked))
    assert (state.legs, state.entries, state.bridges) == ({}, {}, {})
    assert ("QueueCallerLeave" in names, "BridgeDestroy" in names) == (waiting, bridges)
    assert {told for device, told in state.devices.items() if device.startswith("PJSIP/")} <= {"NOT_INUSE", "UNAVAILABLE"}
    assert {member["Status"] for member in state.members.values()} <= {"1", "5"}


def test_calls_of_others_go_on() -> None:
    state = state_of("hold", 2.0)
    before = dict(state.legs)
    assert ended(state, {"another"}) == []
    assert state.legs == before


def test_a_leg_is_found_by_its_name_and_by_its_id() -> None:
    state = state_of("hold", 2.0)
    leg = next(iter(state.legs.values()))
    assert find(state, leg["Channel"]) == find(state, leg["Uniqueid"]) == leg
    assert find(state, "PJSIP/nobody") is None


def test_a_break_is_of_one_queue_or_of_all() -> None:
    state = state_of("queue_caller_hangs", 100.0)
    (interface,) = {at for _, at in state.members if at.endswith("/1001")}
    queues = [queue for queue, at in state.members if at == interface]
    one = paused(state, interface, queues[0], is_paused=True, reason="Lunch")
    assert [(fields["Queue"], fields["Paused"], fields["PausedReason"]) for _, fields in one] == [(queues[0], "1", "Lunch")]
    assert len(paused(state, interface, "", is_paused=True, reason="")) == len(queues)
    assert paused(state, "PJSIP/none", "", is_paused=True, reason="") == []
    obey(state, one)
    assert state.rests("10")
    assert not state.rests("101")
    told = frame_of("QueueMemberStatus", {**one[0][1], "Paused": "0", "PausedReason": ""})
    assert fields_of(state.with_break(told))["PausedReason"] == "Lunch"
