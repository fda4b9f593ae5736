from copy import deepcopy

import pytest
from support.building import SITE, START, Story

from gateway.model.calls import Call
from gateway.model.change import NOTHING, Change
from gateway.model.ids import LegId
from gateway.model.terms import TransferKind


def talking() -> Call:
    return Story().comes_in().rings("8001").later(2.0).answers("8001").call()


def test_what_a_change_writes_does_not_reach_the_call_it_was_made_from() -> None:
    call = talking()
    before = deepcopy(call)
    change = Change(call, SITE, START + 5.0)
    change.set_leg(call.legs[LegId("8001")], cleared_at=START + 5.0)
    change.call.digits = "1"
    change.tell("call.digit_pressed", digit="1")
    assert call == before


def test_time_does_not_run_backwards_within_a_call() -> None:
    call = talking()
    late = Change(call, SITE, START - 60.0)
    assert (late.at, late.call.changed_at) == (START + 2.0, START + 2.0)
    assert Change(call, SITE, START + 3.0).at == START + 3.0


def test_what_is_told_is_numbered_on_from_what_was_told_before() -> None:
    call = talking()
    change = Change(call, SITE, START + 3.0)
    change.tell("call.held")
    change.tell("call.retrieved")
    assert [event.id for event in change.events] == [f"{call.call_id}:{call.seq + number}" for number in (1, 2)]
    assert change.step().events == tuple(change.events)
    assert change.step().calls == (change.call,)


def test_nothing_is_told_of_a_call_of_helper_legs_alone() -> None:
    call = talking()
    call.published = False
    change = Change(call, SITE, START)
    change.tell("call.held")
    assert (change.events, change.call.seq) == ([], call.seq)


def test_a_cleared_leg_is_not_found_any_more() -> None:
    change = Change(talking(), SITE, START)
    leg = change.leg(LegId("8001"))
    assert leg is not None
    change.set_leg(leg, cleared_at=START)
    assert change.leg(LegId("8001")) is None
    assert change.leg(LegId("nobody")) is None


@pytest.mark.parametrize(("leg", "near"), [("caller", True), ("8001", False), ("nobody", False)])
def test_near_is_the_callers_own_leg(leg: str, near: bool) -> None:
    assert Change(talking(), SITE, START).is_near(LegId(leg)) is near


def test_once_the_caller_has_left_whoever_stays_is_the_callers_side() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001")
    story.transfers(TransferKind.BLIND, by="8001", to="8003", transferee="8002")
    assert Change(story.call(), SITE, START).is_near(LegId("8002"))


def test_the_plumbing_of_a_click_to_dial_stands_for_the_caller() -> None:
    story = Story().rings("8001", by=None).helper("pipe;1", "8001")
    change = Change(story.call(), SITE, START)
    assert change.is_near(LegId("pipe;1"))
    assert not change.is_near(LegId("8002"))


def test_nothing_holds_no_call_and_no_event() -> None:
    assert (NOTHING.calls, NOTHING.events) == ((), ())
