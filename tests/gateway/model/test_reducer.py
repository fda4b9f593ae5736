from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from support.building import CALLER, SITE, START, Story
from support.replaying import asterisk_captures, name_of, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model import reducer
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.change import NOTHING
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    ConferenceJoined,
    DigitPressed,
    LegAlerting,
    LegCleared,
    LegConnected,
    LegDiverted,
    LegRenumbered,
    MenuEntered,
    MenuLeft,
    PbxEvent,
    PbxStopped,
    RecordingStarted,
    ServiceStarted,
)
from gateway.model.ids import LegId, PbxName
from gateway.model.terms import DialResult, DiversionReason, LegRole, QueueResult, Service, TransferKind


def enters(story: Story, menu: str, since: float | None = None) -> Story:
    return story.says(MenuEntered, leg="caller", menu=menu, since=story.now if since is None else since)


def presses(story: Story, digits: str, menu: str = "main", leg: str = "caller") -> Story:
    for digit in digits:
        story.says(DigitPressed, leg=leg, digit=digit, menu=menu)
    return story


def in_menu(menu: str = "main", mask: tuple[str, ...] = ()) -> Story:
    return enters(Story(msgspec.structs.replace(SITE, mask_digits=mask)).comes_in().connects("caller").later(1.0), menu)


# digits, ivr_path, ivr_s


def test_the_callers_digits_stay_in_order() -> None:
    assert presses(in_menu(), "12#").record()["digits"] == "12#"


def test_digits_of_other_parties_are_not_the_callers() -> None:
    story = in_menu().rings("8001").connects("8001")
    assert presses(story, "1", leg="8001").record()["digits"] == ""


def test_digits_collected_as_data_are_masked_in_the_record_and_in_what_is_told() -> None:
    story = presses(in_menu(mask=("account",)), "2")
    presses(enters(story, "account"), "4711#", menu="account")
    assert story.record()["digits"] == "2xxxxx"
    assert [data["digit"] for data in story.data("call.digit_pressed")] == ["2", "x", "x", "x", "x", "x"]
    assert b"4711" not in msgspec.json.encode([list(story.calls.values()), story.told])


def test_a_menu_repeated_is_passed_once_and_a_later_return_again() -> None:
    story = in_menu("main")
    for menu in ("main", "main", "sales", "sales", "main"):
        enters(story.later(3.0), menu)
    assert story.record()["ivr_path"] == ["main", "sales", "main"]


def test_a_menu_that_was_left_and_is_entered_again_is_passed_again() -> None:
    story = in_menu("main").later(2.0).says(MenuLeft, leg="caller").later(5.0)
    assert enters(story, "main").record()["ivr_path"] == ["main", "main"]


def test_ivr_seconds_count_from_entering_the_first_menus_context_to_leaving_the_last() -> None:
    story = enters(Story().comes_in().connects("caller").later(3.0), "main", since=START + 1.0).later(4.0)
    enters(story, "sales").later(6.0).says(MenuLeft, leg="caller").later(20.0)
    assert story.clears("caller").record()["ivr_s"] == 12.0


def test_whoever_leaves_in_a_menu_leaves_it_then() -> None:
    assert in_menu().later(4.5).hangs_up("caller").record()["ivr_s"] == 4.5


def test_joining_a_queue_leaves_the_menu() -> None:
    story = in_menu().later(4.0).queues("support").later(20.0).hangs_up("caller")
    assert (story.record()["ivr_s"], story.record()["stage"]) == (4.0, "queue")


def test_a_call_that_passed_no_menu_has_none() -> None:
    record = Story().comes_in().clears("caller").record()
    assert (record["ivr_path"], record["digits"], record["ivr_s"]) == ([], "", None)


def test_a_menu_of_somebody_elses_leg_is_not_the_callers() -> None:
    story = Story().comes_in().rings("8001").answers("8001").says(MenuEntered, leg="8001", menu="features", since=START)
    assert story.record()["ivr_path"] == []


# queue, queues, wait_s


def test_a_wait_ends_when_the_caller_is_connected() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(3.0).rings("8001").later(4.0).answers("8001")
    story.leaves_queue("support", QueueResult.TIMEOUT)
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="8001", agent="Wang", interface="PJSIP/8001")
    record = story.later(30.0).hangs_up("8001", "caller").record()
    assert (record["queue"], record["wait_s"]) == ("support", 7.0)
    assert [(stay["queue"], stay["wait_s"], stay["result"]) for stay in record["queues"]] == [("support", 7.0, "answered")]


def test_leaving_that_is_said_before_the_agents_name_is_still_an_answer() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(7.0).leaves_queue("support", QueueResult.TIMEOUT)
    story.says(AgentConnected, leg="caller", queue="support", agent_leg=None, agent="Wang", interface="PJSIP/8001")
    assert story.record()["queues"][0]["result"] == "answered"
    assert story.record()["agents"] == [{"agent": "Wang", "extension": "8001", "talk_s": 0.0}]


def test_a_wait_ends_when_the_caller_gives_up() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(12.0)
    story.leaves_queue("support", QueueResult.ABANDONED).leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")
    record = story.record()
    assert (record["wait_s"], record["queues"][0]["result"]) == (12.0, "abandoned")
    assert story.kinds().count("queue.caller_abandoned") == 1


def test_a_caller_who_is_gone_without_a_word_of_the_queue_has_left_it() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(12.0).hangs_up("caller")
    assert (story.record()["wait_s"], story.record()["queues"][0]["result"]) == (12.0, "abandoned")


def test_the_last_queue_is_the_calls_and_going_on_to_it_is_a_diversion() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(10.0).leaves_queue("support", QueueResult.TIMEOUT)
    story.queues("vip").later(5.0).leaves_queue("vip", QueueResult.ABANDONED).hangs_up("caller")
    record = story.record()
    assert (record["queue"], record["wait_s"]) == ("vip", 5.0)
    assert [(stay["queue"], stay["wait_s"], stay["result"]) for stay in record["queues"]] == [
        ("support", 10.0, "timeout"),
        ("vip", 5.0, "abandoned"),
    ]
    assert record["diversions"] == [{"from": "support", "to": "vip", "reason": "no_answer"}]
    assert record["transfers"] == []


def test_a_queue_joined_twice_in_a_row_is_two_stays_and_said_twice_is_one() -> None:
    story = Story().comes_in().queues("support").queues("support").later(5.0).leaves_queue("support", QueueResult.LEFT)
    story.later(1.0).queues("support").later(2.0).hangs_up("caller")
    assert [stay["wait_s"] for stay in story.record()["queues"]] == [5.0, 2.0]


def test_an_agent_named_in_place_of_a_desk_has_no_extension() -> None:
    story = Story().comes_in().connects("caller").queues("support")
    story.says(AgentConnected, leg="caller", queue="support", agent_leg=None, agent="Wang", interface="Agent/17")
    assert story.record()["agents"][0]["extension"] is None


def test_the_queues_own_account_changes_nothing_of_a_call_that_was_heard() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").answers("8001").later(9.25)
    story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=10, ended_by_agent=True)
    record = story.hangs_up("caller", "8001").record()
    assert (record["ended_by"], record["talk_s"]) == ("caller", 9.25)


# diversions


def test_a_302_is_a_deflection_once() -> None:
    story = Story().comes_in().rings("8001").later(1.0)
    for _ in range(2):
        story.dial_ends("8001", DialResult.FAILED, to="8002")
    deflected = {"diverted_from": "8001", "diverted_to": "8002", "reason": DiversionReason.DEFLECTED}
    story.says(LegDiverted, leg="caller", **deflected).clears("8001").rings("8002").answers("8002").hangs_up("caller", "8002")
    assert story.record()["diversions"] == [{"from": "8001", "to": "8002", "reason": "deflected"}]
    assert story.record()["answered_by"] == ["8002"]


@pytest.mark.parametrize(
    ("cause", "sip", "reason"),
    [(17, 486, "busy"), (0, 0, "no_answer")],
)
def test_a_forward_after_an_attempt_has_that_attempts_reason(cause: int, sip: int, reason: str) -> None:
    story = Story().comes_in().rings("8001").later(9.0)
    story = story.refuses("8001", cause, sip) if sip else story.dial_ends("8001", DialResult.NO_ANSWER).clears("8001", cause=0)
    unconditional = {"diverted_from": "8001", "diverted_to": "8002", "reason": DiversionReason.UNCONDITIONAL}
    assert story.says(LegDiverted, leg="caller", **unconditional).record()["diversions"] == [
        {"from": "8001", "to": "8002", "reason": reason}
    ]


def test_a_forward_before_any_attempt_is_unconditional_and_names_the_number_sent() -> None:
    to = {"diverted_from": "8001", "diverted_to": "013800138000", "reason": DiversionReason.UNCONDITIONAL}
    record = Story().comes_in().says(LegDiverted, leg="caller", **to).record()
    assert record["diversions"] == [{"from": "8001", "to": "13800138000", "reason": "unconditional"}]


# conference, recording


def test_three_who_dial_into_a_room_are_one_conference() -> None:
    story = Story()
    for extension in ("8002", "8001", "8003"):
        story.phones(extension, "8600").connects(extension).says(ConferenceJoined, leg=extension, room="600")
        story.bridges(extension, bridge="room").later(5.0)
    record = story.hangs_up("8002").hangs_up("8001", "8003").record()
    assert (record["conference"], record["parties"]) == ("600", ["8001", "8002", "8003"])
    assert (record["caller"], record["answered_by"], record["talk_s"]) == ("8002", ["8001", "8003"], 10.0)


def test_a_talking_caller_moved_into_a_room_is_no_transfer() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(5.0)
    story.transfers(TransferKind.REDIRECT, by=None, to="8600").transfers(
        TransferKind.REDIRECT, by=None, to="8600", transferee="8001"
    )
    story.leaves("8001", "caller")
    for leg in ("caller", "8001"):
        story.says(ConferenceJoined, leg=leg, room="600").bridges(leg, bridge="room")
    record = story.later(5.0).hangs_up("caller", "8001").record()
    assert (record["transfers"], record["conference"], record["answered_by"]) == ([], "600", ["8001"])


def test_a_recording_says_where_it_is() -> None:
    story = Story().comes_in().rings("8001").answers("8001").says(RecordingStarted, leg="caller", file="/var/spool/1.wav")
    story.says(RecordingStarted, leg="caller", file="/var/spool/1.wav").says(RecordingStarted, leg="caller", file=None)
    assert story.record()["recording"] == "/var/spool/1.wav"
    assert story.kinds().count("call.recording_started") == 1


# Legs


def test_a_number_that_comes_later_is_the_partys_but_does_not_rename_who_has_one() -> None:
    story = Story().comes_in(number=None).says(LegRenumbered, leg="caller", number=CALLER, display="Chen")
    assert (story.record()["caller"], story.record()["caller_name"]) == (CALLER, "Chen")
    story.says(LegRenumbered, leg="caller", number="8001", display="Wang")
    assert (story.record()["caller"], story.record()["caller_name"]) == (CALLER, "Chen")


def test_ringing_after_the_answer_is_no_ringing() -> None:
    story = Story().comes_in().dials("8001").connects("8001").says(LegAlerting, leg="8001")
    assert story.call().legs[LegId("8001")].alerting_at is None


def test_what_happens_twice_happened_at_first() -> None:
    story = Story().comes_in().rings("8001").later(3.0).says(LegAlerting, leg="8001").answers("8001").later(3.0)
    leg = story.says(LegConnected, leg="8001").call().legs[LegId("8001")]
    assert (leg.alerting_at, leg.connected_at) == (START, START + 3.0)
    assert story.kinds().count("call.alerting") == 1


def test_a_call_ends_with_its_last_leg_and_only_once() -> None:
    story = Story().comes_in().rings("8001").answers("8001").clears("8001")
    assert story.call().state == "active"
    story.later(1.0).clears("caller").later(1.0).clears("caller").clears("8001")
    assert (story.call().ended_at, story.kinds().count("call.ended")) == (START + 1.0, 1)


def test_a_mailbox_ends_a_transfer_that_nobody_took() -> None:
    story = Story().comes_in().rings("8001").answers("8001").transfers(TransferKind.BLIND, by="8001", to="8002")
    story.leaves("8001", "caller").clears("8001").rings("8002").later(9.0).dial_ends("8002", DialResult.NO_ANSWER).clears("8002")
    story.says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8002").later(5.0).hangs_up("caller")
    assert [transfer["result"] for transfer in story.record()["transfers"]] == ["no_answer"]


# The reducer itself


def two_talking() -> Call:
    return Story().comes_in().rings("8001").answers("8001").call()


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(PbxEvent) if kind not in reducer._HANDLERS], ids=lambda kind: kind.__name__
)
def test_what_is_not_of_one_call_changes_none(kind: type) -> None:
    names: Any = {field.name: None for field in msgspec.structs.fields(kind)} | {"at": START}
    assert reducer.apply(two_talking(), kind(**names), SITE) == NOTHING


def test_an_event_of_a_leg_that_is_not_the_calls_changes_nothing_but_the_clock() -> None:
    call = two_talking()
    step = reducer.apply(call, LegCleared(at=START + 5.0, leg=LegId("stranger"), cause=16, sip=0), SITE)
    (changed,) = step.calls
    assert (changed.legs, changed.ended, step.events) == (call.legs, False, ())


def test_a_pbx_that_stops_ends_no_call_by_saying_so() -> None:
    assert reducer.apply(two_talking(), PbxStopped(at=START), SITE) == NOTHING


@pytest.mark.parametrize("folder", asterisk_captures()[::12], ids=name_of)
def test_the_call_that_is_given_stays_as_it_was(folder: Path) -> None:
    site = site_of(folder)
    board = Board(PbxName("one"), site)
    calls: dict[str, Call] = {}
    for event in pbx_events(folder)[:300]:
        for call in tuple(calls.values())[-3:]:
            before = deepcopy(call)
            reducer.apply(call, event, site)
            assert call == before
        calls |= {call.call_id: call for call in board.apply(event).calls}


def test_roles_are_those_of_the_pbx() -> None:
    legs = Story().comes_in().rings("8001").helper("pipe", "caller").call().legs
    assert [leg.role for leg in legs.values()] == [LegRole.ORIGINATING, LegRole.TERMINATING, LegRole.HELPER]
