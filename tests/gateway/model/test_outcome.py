from typing import Any

import pytest
from support.building import Story

from gateway.model.events import (
    DialAttempted,
    DialOutRequested,
    DialPlanFailed,
    LegAlerting,
    LegCleared,
    LegDialled,
    LegPickedUp,
    MenuEntered,
    MenuExpired,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.legs import Leg, PartyKind
from gateway.model.outcome import leg_outcome
from gateway.model.terms import DialResult, LegRole, QueueResult, Service, TransferKind


def end_of(story: Story) -> tuple[str, str | None, str]:
    """Outcome, stage and who ended it, of the only call."""
    record = story.record()
    return record["outcome"], record["stage"], record["ended_by"]


def one_call(**more: Any) -> Story:
    return Story().comes_in(**more).later(1.0)


def out(number: str = "62551234") -> Story:
    return Story().phones("8001", "0" + number).later(1.0)


# Answered, and who ended it


def test_an_answered_call_has_no_stage_and_is_ended_by_who_hung_up_first() -> None:
    assert end_of(one_call().rings("8001").answers("8001").hangs_up("caller", "8001")) == ("answered", None, "caller")
    assert end_of(one_call().rings("8001").answers("8001").hangs_up("8001", "caller")) == ("answered", None, "called")


def test_an_answer_that_nobody_asked_to_end_was_ended_by_the_pbx() -> None:
    assert end_of(one_call().rings("8001").answers("8001").clears("8001", "caller")) == ("answered", None, "pbx")


def test_a_command_of_ours_ends_a_call_by_cti() -> None:
    story = one_call().rings("8001").answers("8001")
    story.says(ReleaseRequested, leg="8001", by_party=False, cause=0, sip=0)
    story.says(ReleaseRequested, leg="caller", by_party=True, cause=16, sip=0).clears("8001", "caller")
    assert end_of(story) == ("answered", None, "cti")


def test_the_callers_own_goodbye_after_the_other_sides_does_not_make_him_the_one_who_ended_it() -> None:
    story = one_call().rings("8001").answers("8001").says(ReleaseRequested, leg="8001", by_party=True, cause=16, sip=0)
    story.later(0.2).says(ReleaseRequested, leg="caller", by_party=True, cause=16, sip=0).clears("8001", "caller")
    assert end_of(story) == ("answered", None, "called")


def test_a_caller_who_stays_long_after_the_other_side_left_ends_the_call_himself() -> None:
    story = one_call().rings("8001").answers("8001").hangs_up("8001").later(20.0).hangs_up("caller")
    assert end_of(story) == ("answered", None, "caller")


def test_one_of_several_who_leaves_ends_nothing() -> None:
    story = one_call().rings("8001").rings("8002").answers("8001").connects("8002").bridges("8002").hangs_up("8001").later(5.0)
    assert end_of(story.hangs_up("caller", "8002")) == ("answered", None, "caller")


def test_who_transferred_and_hung_up_ended_nothing() -> None:
    story = one_call().rings("8001").answers("8001").transfers(TransferKind.BLIND, by="8001", to="8002")
    story.leaves("8001", "caller").hangs_up("8001").rings("8002").answers("8002", bridge="next")
    assert end_of(story.hangs_up("caller", "8002")) == ("answered", None, "caller")


# Not answered, where somebody's telephone was called


@pytest.mark.parametrize(
    ("cause", "sip", "result", "expected"),
    [
        (17, 486, DialResult.BUSY, ("busy", "ringing", "called")),
        (17, 600, DialResult.BUSY, ("busy", "ringing", "called")),
        (17, 0, DialResult.BUSY, ("busy", "ringing", "called")),
        (21, 603, DialResult.NO_ANSWER, ("rejected", "ringing", "called")),
        (21, 403, DialResult.FAILED, ("rejected", "ringing", "called")),
        (21, 0, DialResult.NO_ANSWER, ("rejected", "ringing", "called")),
        (1, 404, DialResult.UNREACHABLE, ("unreachable", "ringing", "pbx")),
        (18, 408, DialResult.UNREACHABLE, ("unreachable", "ringing", "pbx")),
        (3, 0, DialResult.FAILED, ("unreachable", "ringing", "pbx")),
        (20, 0, DialResult.UNREACHABLE, ("unreachable", "ringing", "pbx")),
        (34, 503, DialResult.FAILED, ("failed", "ringing", "pbx")),
        (38, 0, DialResult.FAILED, ("failed", "ringing", "pbx")),
        (41, 0, DialResult.FAILED, ("failed", "ringing", "pbx")),
        (42, 0, DialResult.FAILED, ("failed", "ringing", "pbx")),
    ],
)
def test_why_an_outside_number_was_not_reached(cause: int, sip: int, result: DialResult, expected: tuple[str, str, str]) -> None:
    story = out().dials("trunk", by="8001", device="PJSIP/carrier", number="62551234").later(1.0)
    assert end_of(story.refuses("trunk", cause, sip, result, by="8001").clears("8001", cause=cause)) == expected


def test_a_caller_who_hangs_up_while_it_rings_abandoned() -> None:
    assert end_of(one_call().rings("8001").later(5.0).hangs_up("caller", "8001")) == ("abandoned", "ringing", "caller")


def test_ringing_until_the_pbx_gives_up_is_no_answer() -> None:
    story = one_call().rings("8001").later(20.0).dial_ends("8001", DialResult.NO_ANSWER).clears("8001").clears("caller")
    assert end_of(story) == ("no_answer", "ringing", "pbx")


def test_with_several_trunks_tried_the_last_ones_outcome_counts() -> None:
    story = out().dials("first", by="8001", device="PJSIP/carrier", number="62551234").later(0.2)
    story.refuses("first", 34, 503, DialResult.FAILED, by="8001").later(0.1)
    story.dials("second", by="8001", device="PJSIP/backup", number="62551234").later(0.2)
    story.refuses("second", 17, 486, DialResult.BUSY, by="8001").clears("8001", cause=17)
    assert end_of(story) == ("busy", "ringing", "called")


def test_of_several_phones_at_once_the_one_nearest_to_an_answer_counts() -> None:
    story = one_call().rings("8001").rings("8002").rings("8003").later(1.0)
    story.refuses("8001", 17, 486, DialResult.BUSY).refuses("8002", 20, 0, DialResult.UNREACHABLE).later(15.0)
    story.dial_ends("8003", DialResult.NO_ANSWER).clears("8003", "caller")
    assert end_of(story) == ("no_answer", "ringing", "pbx")


def test_the_first_of_two_results_of_a_dial_stands() -> None:
    story = one_call().rings("8001").later(15.0).dial_ends("8001", DialResult.UNREACHABLE).dial_ends("8001", DialResult.CANCELLED)
    assert end_of(story.clears("8001", cause=0).clears("caller", cause=0)) == ("unreachable", "ringing", "pbx")


# Not answered, before anybody was called


def test_a_device_that_no_leg_came_of_is_unreachable() -> None:
    story = one_call().says(DialAttempted, leg="caller", device="PJSIP/8001", number=None).later(0.1).clears("caller", cause=20)
    assert end_of(story) == ("unreachable", "route", "pbx")


@pytest.mark.parametrize(
    ("cause", "outcome", "ended_by"), [(1, "unreachable", "pbx"), (34, "failed", "pbx"), (17, "busy", "called")]
)
def test_what_the_dial_plan_answers_is_the_outcome(cause: int, outcome: str, ended_by: str) -> None:
    story = Story().phones("8001", "8099").says(DialPlanFailed, leg="8001", cause=cause).clears("8001", cause=cause)
    assert end_of(story) == (outcome, "route", ended_by)


def test_a_caller_who_leaves_before_anything_was_dialled_abandoned_in_the_route() -> None:
    assert end_of(one_call().hangs_up("caller")) == ("abandoned", "route", "caller")


def test_a_caller_who_leaves_a_menu_abandoned_in_the_ivr() -> None:
    story = one_call().says(MenuEntered, leg="caller", menu="main", since=0.0).later(4.0).hangs_up("caller")
    assert end_of(story) == ("abandoned", "ivr", "caller")


def test_a_menu_that_gives_up_on_a_silent_caller_is_no_business_done() -> None:
    story = one_call().says(MenuEntered, leg="caller", menu="main", since=0.0).says(MenuExpired, leg="caller").clears("caller")
    assert end_of(story) == ("abandoned", "ivr", "pbx")


def test_a_menu_that_says_goodbye_has_served_the_caller() -> None:
    story = one_call().says(MenuEntered, leg="caller", menu="main", since=0.0).later(9.0).clears("caller")
    assert end_of(story) == ("self_served", None, "pbx")


def test_a_caller_who_leaves_a_queue_abandoned_in_it_even_while_an_agents_phone_rings() -> None:
    story = one_call().connects("caller").queues("support").later(5.0).rings("8001").later(3.0)
    story.says(ReleaseRequested, leg="caller", by_party=True, cause=16, sip=0)
    story.leaves_queue("support", QueueResult.ABANDONED).clears("8001", "caller")
    assert end_of(story) == ("abandoned", "queue", "caller")


def test_a_queue_that_gives_up_is_no_answer_by_the_pbx() -> None:
    story = one_call().connects("caller").queues("support").later(30.0).leaves_queue("support", QueueResult.TIMEOUT)
    assert end_of(story.clears("caller")) == ("no_answer", "queue", "pbx")


# What the PBX itself answers


@pytest.mark.parametrize(("leaves", "ended_by"), [(Story.hangs_up, "caller"), (Story.clears, "pbx")])
def test_the_mailbox_that_answers_is_voicemail_whoever_ends_it(leaves: Any, ended_by: str) -> None:
    story = one_call().rings("8001").later(9.0).dial_ends("8001", DialResult.NO_ANSWER).clears("8001")
    story.connects("caller").says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8001").later(9.0)
    assert end_of(leaves(story, "caller")) == ("voicemail", None, ended_by)


@pytest.mark.parametrize("service", [Service.MAILBOX, Service.MONITOR, Service.MEDIA])
def test_a_service_of_the_pbx_serves_who_dialled_it(service: Service) -> None:
    story = Story().phones("8001", "*97").connects("8001").says(ServiceStarted, leg="8001", service=service, detail="")
    assert end_of(story.later(5.0).hangs_up("8001")) == ("self_served", None, "caller")


def test_who_served_a_caller_may_end_his_call() -> None:
    story = Story().comes_in().connects("caller").says(ServiceStarted, leg="caller", service=Service.MEDIA, detail="").later(5.0)
    story.says(ReleaseRequested, leg="caller", by_party=False, cause=16, sip=0)
    assert end_of(story.clears("caller")) == ("self_served", None, "cti")


# Click-to-dial: the agent's own phone first


def click(answered: bool = True) -> Story:
    story = Story().rings("8001", by=None).says(DialOutRequested, leg="8001", target="062551234").later(2.0)
    return story.connects("8001").later(0.1) if answered else story


@pytest.mark.parametrize(
    ("cause", "sip", "expected"),
    [
        (21, 603, ("rejected", "agent_leg", "called")),
        (17, 486, ("busy", "agent_leg", "called")),
        (20, 0, ("unreachable", "agent_leg", "pbx")),
        (0, 0, ("no_answer", "agent_leg", "pbx")),
    ],
)
def test_a_click_to_dial_fails_at_the_agents_own_phone(cause: int, sip: int, expected: tuple[str, str, str]) -> None:
    story = click(answered=False)
    if sip:
        story.says(ReleaseRequested, leg="8001", by_party=True, cause=cause, sip=sip)
    assert end_of(story.dial_ends("8001", DialResult.NO_ANSWER, by=None).clears("8001", cause=cause, sip=sip)) == expected


def test_a_click_to_dial_fails_at_the_far_end() -> None:
    story = click().dials("trunk", by="8001", device="PJSIP/carrier", number="62551234").later(0.5)
    story.refuses("trunk", 17, 486, DialResult.BUSY, by="8001").clears("8001", cause=17)
    assert end_of(story) == ("busy", "ringing", "called")
    assert (story.record()["direction"], story.record()["caller"], story.record()["called"]) == ("outbound", "8001", "62551234")


def test_an_agent_who_gives_up_his_click_to_dial_abandoned_it() -> None:
    story = click().rings("trunk", by="8001", device="PJSIP/carrier", number="62551234").later(5.0)
    assert end_of(story.hangs_up("8001", "trunk")) == ("abandoned", "ringing", "caller")


def test_a_click_to_dial_that_is_answered_was_made_by_the_agent() -> None:
    story = click().rings("trunk", by="8001", device="PJSIP/carrier", number="62551234").later(3.0)
    record = story.answers("trunk", by="8001").later(5.0).hangs_up("trunk", "8001").record()
    assert (record["caller"], record["answered_by"], record["rang"]) == ("8001", ["62551234"], [])
    assert end_of(story) == ("answered", None, "called")


# rang: extensions that the PBX reported ringing


def test_who_rang_is_sorted_and_named_once() -> None:
    story = one_call().rings("8003").rings("8001").later(9.0).clears("8001", "8003")
    story.creates("8001-again", "PJSIP/8001", LegRole.TERMINATING, "caller").says(LegAlerting, leg="8001-again")
    assert story.hangs_up("caller", "8001-again").record()["rang"] == ["8001", "8003"]


def test_a_phone_that_was_called_and_did_not_ring_is_not_among_them() -> None:
    assert one_call().dials("8001").later(2.0).hangs_up("caller", "8001").record()["rang"] == []


def test_a_phone_that_answered_486_did_not_ring() -> None:
    story = one_call().rings("8001").refuses("8001", 17, 486).rings("8002").later(2.0).hangs_up("caller", "8002")
    assert story.record()["rang"] == ["8002"]


def test_a_phone_that_sent_the_call_on_did_not_ring() -> None:
    story = one_call().rings("8001").dial_ends("8001", DialResult.CANCELLED, to="8002").clears("8001").rings("8002")
    assert story.later(2.0).hangs_up("caller", "8002").record()["rang"] == ["8002"]


def test_a_phone_that_rang_and_said_no_did_ring() -> None:
    story = one_call().rings("8001").later(4.0).refuses("8001", 21, 603, DialResult.NO_ANSWER).clears("caller")
    assert story.record()["rang"] == ["8001"]


def test_an_outside_number_is_never_among_them() -> None:
    story = out().rings("trunk", by="8001", device="PJSIP/carrier", number="62551234").later(2.0)
    assert story.hangs_up("8001", "trunk").record()["rang"] == []


def test_the_callers_own_phone_is_never_among_them() -> None:
    assert click(answered=False).hangs_up("8001").record()["rang"] == []


def test_a_phone_that_picked_the_call_up_did_not_ring() -> None:
    story = one_call().rings("8001").phones("8002", "*8").connects("8002")
    story.says(LegPickedUp, leg="8001", by="8002").clears("8001", cause=26).connects("caller").bridges("8002", "caller")
    record = story.later(2.0).hangs_up("caller", "8002").record()
    assert (record["rang"], record["answered_by"]) == (["8001"], ["8002"])


@pytest.mark.parametrize("result", [None, *DialResult])
def test_a_leg_has_an_outcome_whatever_is_known_of_it(result: DialResult | None) -> None:
    leg = Leg(
        id=LegId("1"),
        name="PJSIP/8001-1",
        device="PJSIP/8001",
        role=LegRole.TERMINATING,
        kind=PartyKind.EXTENSION,
        party="8001",
        number=None,
        display=None,
        dialled=None,
        place=None,
        created_at=0.0,
        result=result,
    )
    assert leg_outcome(leg) in ("no_answer", "busy", "unreachable", "failed")


def test_a_leg_that_the_pbx_calls_before_it_says_so_is_called_all_the_same() -> None:
    story = one_call().creates("8001", "PJSIP/8001", LegRole.TERMINATING, "caller").says(LegAlerting, leg="8001")
    story.says(LegDialled, leg="caller", target="8001", number=None).later(2.0)
    assert end_of(story.hangs_up("caller", "8001")) == ("abandoned", "ringing", "caller")


def test_of_a_call_of_which_the_pbx_tells_no_more_than_that_it_was_the_outcome_is_unknown() -> None:
    story = Story().phones("8001", None).later(5.0)
    record = story.says(LegCleared, leg=LegId("8001"), cause=0, sip=0, fate_untold=True).record()
    assert (record["outcome"], record["stage"], record["ended_by"], record["talk_s"]) == ("unknown", None, None, None)
    assert record["ended_at"] is not None
