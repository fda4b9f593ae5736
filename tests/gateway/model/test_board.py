from copy import deepcopy
from pathlib import Path

import pytest
from support.building import SITE, START, Story
from support.invariants import Watched
from support.replaying import PBX, asterisk_captures, name_of, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.change import NOTHING
from gateway.model.ended import REMEMBERED_S
from gateway.model.events import (
    BridgesMerged,
    ConsultationStarted,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegHeld,
    LegPickedUp,
    LegsTwinned,
    LegTransferred,
    LegUnparked,
    SnapshotDone,
)
from gateway.model.ids import BridgeId, LegId, call_id
from gateway.model.terms import BridgeKind, LegRole, TransferKind


def unmerged(story: Story) -> list[Call]:
    return [call for call in story.calls.values() if call.merged_into is None]


def legs_of(story: Story) -> list[set[str]]:
    """The legs of each call, in the order in which the calls began."""
    return [set(call.legs) for call in sorted(unmerged(story), key=lambda call: call.began_at)]


def two_calls() -> Story:
    story = Story().comes_in("caller").rings("8001").answers("8001").later(1.0)
    return story.comes_in("other").rings("8002", by="other").answers("8002", by="other", bridge="second")


# Which call a leg belongs to


def test_a_leg_joins_the_call_of_the_leg_that_it_began_with() -> None:
    assert legs_of(two_calls()) == [{"caller", "8001"}, {"other", "8002"}]


def test_a_call_has_the_id_of_its_first_leg_and_time() -> None:
    story = Story().later(5.0).comes_in().later(1.0).rings("8001")
    assert story.calls.keys() == {call_id(PBX, LegId("caller"), START + 5.0)}


def test_a_leg_whose_root_is_not_known_begins_a_call_of_its_own() -> None:
    assert legs_of(Story().rings("8001", by="never-seen")) == [{"8001"}]


def test_what_is_said_of_a_leg_that_nobody_announced_is_nothing() -> None:
    board = Board(PBX, SITE)
    stranger = LegId("stranger")
    for event in (
        LegConnected(at=START, leg=stranger),
        LegCleared(at=START, leg=stranger, cause=16, sip=0),
        LegBridged(at=START, leg=stranger, bridge=BridgeId("bridge"), kind=BridgeKind.TALK, replaced=None),
        LegsTwinned(at=START, leg=stranger, twin=LegId("another")),
        LegPickedUp(at=START, leg=stranger, by=LegId("another")),
        LegUnparked(at=START, leg=stranger, by=None, timed_out=True),
        ConsultationStarted(at=START, leg=stranger, helper=LegId("another"), to=None),
        BridgesMerged(at=START, bridge=BridgeId("bridge"), into=BridgeId("second")),
        SnapshotDone(at=START),
    ):
        assert board.apply(event) == NOTHING


def test_helper_legs_without_a_party_are_no_call() -> None:
    story = Story().helper("pipe;1", "pipe;1").helper("pipe;2", "pipe;1").clears("pipe;1", "pipe;2")
    assert (story.calls, story.told, story.board.live) == ({}, [], {})


def test_a_call_of_helper_legs_is_told_of_from_its_first_party_on() -> None:
    story = Story().helper("pipe;1", "pipe;1").later(2.0).rings("8001", by="pipe;1")
    assert story.kinds()[:1] == ["call.started"]
    assert story.call().began_at == START


# When two calls are one


@pytest.mark.parametrize("how", ["bridged", "merged", "twinned", "picked up", "transferred", "unparked"])
def test_two_calls_whose_parties_meet_are_one(how: str) -> None:
    story = two_calls().later(1.0)
    first, second = [call.call_id for call in sorted(unmerged(story), key=lambda call: call.began_at)]
    match how:
        case "bridged":
            story.leaves("8001", "other").bridges("other")
        case "merged":
            story.says(BridgesMerged, bridge="second", into="bridge")
        case "twinned":
            story.helper("pipe;1", "caller").helper("pipe;2", "other").says(LegsTwinned, leg="pipe;1", twin="pipe;2")
        case "picked up":
            story.says(LegPickedUp, leg="8001", by="other")
        case "transferred":
            more = {"by": "8001", "consult": "other", "transferee": "caller", "target": "8002", "to": None}
            story.says(LegTransferred, kind=TransferKind.ATTENDED, **more)
        case _:
            story.says(LegUnparked, leg="caller", by="other", timed_out=False)
    (call,) = unmerged(story)
    assert {"caller", "8001", "other", "8002"} <= set(call.legs)
    assert story.data("call.merged") == [{"from": second, "into": first}]
    assert story.calls[second].merged_into == first
    assert story.board.live.keys() == {first}
    assert story.board.find(LegId("8002")) is call


def test_waiting_in_the_same_parking_lot_joins_nobody() -> None:
    story = Story().comes_in("caller").later(1.0).comes_in("other")
    story.bridges("caller", "other", bridge="lot", kind=BridgeKind.HOLDING)
    assert len(unmerged(story)) == 2


def test_who_has_left_a_bridge_joins_nobody_who_comes_later() -> None:
    story = Story().comes_in("caller").bridges("caller").leaves("caller").later(1.0).comes_in("other").bridges("other")
    assert len(unmerged(story)) == 2


def test_who_was_cleared_in_a_bridge_joins_nobody_who_comes_later() -> None:
    story = Story().comes_in("caller").bridges("caller").says(LegCleared, leg="caller", cause=16, sip=0)
    assert len(unmerged(story.later(1.0).comes_in("other").bridges("other"))) == 2


def test_events_of_a_folded_calls_legs_go_on_in_the_one_that_stays() -> None:
    story = two_calls().later(1.0).leaves("8001", "other").bridges("other").later(5.0)
    story.hangs_up("caller", "other").clears("8001", "8002")
    (call,) = unmerged(story)
    assert call.state == "ended"
    assert all(leg.cleared_at is not None for leg in call.legs.values())


# A consultation by feature code: one leg in two calls


def consulting() -> Story:
    """8001 has put the customer on hold and talks with 8002 through a pipe."""
    story = Story().comes_in().rings("8001").answers("8001").later(5.0).says(LegHeld, leg="8001", by_feature=True)
    story.helper("pipe;1", "pipe;1").says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002")
    story.helper("pipe;2", "pipe;1").says(LegsTwinned, leg="pipe;1", twin="pipe;2").bridges("pipe;1", bridge="second")
    story.leaves("8001").bridges("8001", bridge="second").rings("8002", by="pipe;2").later(2.0)
    return story.connects("8002", "pipe;2", "pipe;1").bridges("8002", "pipe;2", bridge="third").later(4.0)


def test_who_consults_by_feature_code_is_in_both_calls() -> None:
    story = consulting()
    assert legs_of(story) == [{"caller", "8001"}, {"8001", "8002", "pipe;1", "pipe;2"}]
    assert len(story.board.live) == 2


@pytest.mark.parametrize("first", ["8001", "8002"])
def test_a_consultation_given_up_ends_and_the_customers_call_goes_on(first: str) -> None:
    story = consulting()
    story = story.leaves("8001").bridges("8001") if first == "8001" else story
    story.clears("8002", "pipe;2", "pipe;1")
    story = story.leaves("8001").bridges("8001") if first == "8002" else story
    assert [call.state for call in sorted(unmerged(story), key=lambda call: call.began_at)] == ["active", "ended"]
    story.later(3.0).hangs_up("caller", "8001")
    assert story.board.live == {}


def test_a_customer_who_leaves_meanwhile_ends_his_call_and_the_consultation_goes_on() -> None:
    story = consulting().hangs_up("caller").later(3.0)
    assert [call.state for call in sorted(unmerged(story), key=lambda call: call.began_at)] == ["ended", "active"]
    story.hangs_up("8002", "8001", "pipe;1", "pipe;2")
    assert story.board.live == {}


# The board keeps itself


def test_an_ended_call_is_remembered_for_a_while_and_then_forgotten() -> None:
    story = Story().comes_in().clears("caller").later(REMEMBERED_S - 1.0)
    created = story.events[0]
    assert isinstance(created, LegCreated)
    assert story.board.apply(created) == NOTHING

    story.later(2.0).comes_in("other").clears("other")
    story.later(REMEMBERED_S + 1.0).comes_in("third").clears("third")
    assert story.board.apply(created) != NOTHING


def test_nothing_is_kept_of_calls_that_ended_long_ago() -> None:
    story = Story()
    for number in range(50):
        caller, agent = f"caller{number}", f"agent{number}"
        story.comes_in(caller).creates(agent, "PJSIP/8001", LegRole.TERMINATING, caller).connects(agent)
        story.bridges(agent, caller, bridge=f"bridge{number}").later(10.0).clears(agent, caller).later(10.0)
    story.later(REMEMBERED_S + 1.0).comes_in("last").clears("last")
    board = story.board
    kept = (board._live, board._ended, board._call_of, board._members, board._doubts, board._consulting)
    assert [len(each) for each in kept] == [0, 1, 1, 0, 0, 0]


def test_a_step_names_only_the_calls_that_the_event_touched() -> None:
    story = two_calls()
    step = story.board.apply(LegHeld(at=story.now, leg=LegId("8002"), by_feature=False))
    assert [set(call.legs) for call in step.calls] == [{"other", "8002"}]
    assert [event.type for event in step.events] == ["call.held"]


@pytest.mark.parametrize("folder", asterisk_captures()[::6], ids=name_of)
def test_calls_that_a_step_returned_never_change_afterwards(folder: Path) -> None:
    site = site_of(folder)
    board = Board(PBX, site)
    returned: list[tuple[Call, Call]] = []
    for event in pbx_events(folder)[:500]:
        returned += [(call, deepcopy(call)) for call in board.apply(event).calls]
    assert all(call == before for call, before in returned)


def test_a_leg_that_belongs_to_no_call_any_more_is_forgotten_without_a_word() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(1.0).hangs_up("caller", "8001")
    del story.board._call_of[LegId("8001")]
    story.later(REMEMBERED_S + 1.0).comes_in("other").clears("other")
    assert story.board.find(LegId("caller")) is None


def test_a_consultation_may_begin_before_its_first_leg() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(5.0).says(LegHeld, leg="8001", by_feature=True)
    story.says(ConsultationStarted, leg="8001", helper="8002", to="8002").rings("8002", by="8002")
    assert legs_of(story) == [{"caller", "8001"}, {"8001", "8002"}]
    assert [call.caller_leg for call in story.board.live.values()] == ["caller", "8001"]
    # Said again it is no other one.
    story.says(ConsultationStarted, leg="8001", helper="8002", to="8002").rings("8002", by="8002")
    assert legs_of(story) == [{"caller", "8001"}, {"8001", "8002"}]
    story.clears("8002").hangs_up("caller", "8001")
    assert story.board.live == {}


def test_a_consultation_whose_own_leg_never_comes_leaves_nothing_behind() -> None:
    story = Story().comes_in().rings("8001").answers("8001")
    story.says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002").clears("caller").clears("8001")
    Watched(SITE).hear(story.events).clear_all().look_at_memory()
