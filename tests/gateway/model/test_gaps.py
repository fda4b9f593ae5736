from typing import Any

import pytest
from support.building import START, Story

from gateway.model.events import AgentCompleted, ConnectionMade, QueueEntrySeen, SnapshotDone
from gateway.model.record import record_of
from gateway.model.reports import CallDetail
from gateway.model.terms import DialResult, LegRole, QueueResult


def detail(story: Story, leg: str = "caller", **more: Any) -> Story:
    """The PBX's CDR says that the caller talked with 8001 for 8 s."""
    fields: dict[str, Any] = {
        "leg_name": "PJSIP/carrier-00000001",
        "source": "01062551234",
        "destination": "8001",
        "started_at": None,
        "answered_at": None,
        "ended_at": None,
        "duration_s": 11,
        "billed_s": 8,
        "answered": True,
        "disposition": "ANSWERED",
        "destination_leg": "PJSIP/8001-00000002",
        "application": "Dial",
    }
    return story.says(CallDetail, leg=leg, **(fields | more))


def ringing() -> Story:
    return Story().comes_in().later(1.0).rings("8001").later(2.0)


def talking() -> Story:
    return ringing().answers("8001").later(4.0)


def ended_in_gap(story: Story) -> Story:
    return story.loses_sight(5.0).says(SnapshotDone)


def still_talking(story: Story) -> Story:
    """The snapshot after the gap lists both as bridged."""
    story.loses_sight(5.0)
    story.lists("caller", "PJSIP/carrier", bridge="bridge", age_s=12.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge", age_s=11.0)
    return story.says(SnapshotDone)


# A call that ended while nobody listened


def test_a_call_never_seen_answered_that_ended_in_a_gap_is_unknown() -> None:
    record = ended_in_gap(ringing()).record()
    assert (record["outcome"], record["complete"], record["state"]) == ("unknown", False, "ended")
    assert (record["ended_at"], record["ended_by"], record["stage"]) == (None, None, None)


def test_a_call_seen_answered_that_ended_in_a_gap_stays_answered_without_an_end() -> None:
    record = ended_in_gap(talking()).record()
    assert (record["outcome"], record["answered_by"], record["complete"]) == ("answered", ["8001"], False)
    assert (record["ended_at"], record["talk_s"], record["hold_s"], record["ended_by"]) == (None, None, None, None)


def test_a_leg_that_ended_unheard_has_no_time_of_its_end() -> None:
    (caller, _) = ended_in_gap(talking()).record()["legs"]
    assert caller["state_times"].keys() == {"initiated", "connected"}


def test_a_call_is_not_ended_before_the_snapshot_is_complete() -> None:
    story = ringing().loses_sight(5.0)
    assert story.call().state == "active"
    assert story.says(SnapshotDone).call().state == "ended"


def test_without_a_new_connection_a_snapshot_ends_nothing() -> None:
    assert ringing().says(SnapshotDone).call().state == "active"


def test_what_is_heard_of_a_leg_before_the_snapshot_is_complete_keeps_it() -> None:
    story = ringing().loses_sight(5.0).connects("caller", "8001").says(SnapshotDone)
    assert story.call().state == "active"


def test_that_a_dial_is_over_says_of_no_leg_that_it_lives() -> None:
    story = ringing().loses_sight(5.0).dial_ends("8001", DialResult.CANCELLED).says(SnapshotDone)
    assert story.call().state == "ended"


def test_a_call_whose_end_overtook_the_list_is_not_over_before_the_list_is_complete() -> None:
    story = Story().comes_in().connects("caller").queues("support").loses_sight(5.0).later(0.1).clears("caller")
    assert story.call().state == "active"
    story.later(0.1).lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge").says(SnapshotDone)
    record = story.later(0.1).clears("8001").record()
    assert (record["state"], len(record["legs"]), len(story.calls)) == ("ended", 2, 1)
    assert record["legs"][0]["cause"] == 16


def test_who_was_in_a_bridge_with_a_leg_that_is_listed_need_not_live() -> None:
    story = talking().loses_sight(5.0).lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge")
    (caller, desk) = story.says(SnapshotDone).call().legs.values()
    assert (caller.is_live, desk.is_live) == (False, True)


def test_a_call_that_ended_before_the_gap_is_complete() -> None:
    assert ended_in_gap(talking().hangs_up("caller", "8001")).record()["complete"] is True


# A call that goes on across a gap


def test_a_call_that_goes_on_across_a_gap_is_the_same_call_with_unknown_talk() -> None:
    story = talking()
    before = story.record()["call_id"]
    record = still_talking(story).later(3.0).hangs_up("8001", "caller").record()
    assert (record["call_id"], record["outcome"], record["complete"]) == (before, "answered", False)
    assert (record["talk_s"], record["ended_by"], record["answered_by"]) == (None, "called", ["8001"])
    assert record["ended_at"] is not None


def test_a_call_that_came_after_a_gap_is_complete_again() -> None:
    story = ended_in_gap(talking()).later(1.0).comes_in("second").later(1.0).clears("second")
    assert [record["complete"] for record in story.records()] == [False, True]


def test_a_phone_that_was_answered_within_a_gap_answered() -> None:
    record = still_talking(ringing()).later(3.0).hangs_up("caller", "8001").record()
    assert (record["outcome"], record["answered_by"], record["complete"]) == ("answered", ["8001"], False)


# A call that is first seen in a snapshot


def test_a_call_first_seen_in_a_snapshot_takes_its_start_from_the_legs_age() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", number="01062551234", age_s=90.0)
    record = story.says(SnapshotDone).record()
    assert record["started_at"] == record_of(Story(at=START - 90.0).comes_in().call(), story.site)["started_at"]
    assert (record["complete"], record["caller"], record["direction"]) == (False, "01062551234", "inbound")


def test_whoever_is_bridged_in_a_snapshot_has_answered_at_a_time_that_nobody_knows() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", bridge="bridge", age_s=12.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge", age_s=11.0).says(SnapshotDone)
    record = story.later(3.0).hangs_up("caller", "8001").record()
    assert (record["outcome"], record["answered_by"], record["talk_s"]) == ("answered", ["8001"], None)


def test_whoever_rings_in_a_snapshot_and_answers_later_talks_for_a_known_time() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", connected=False, age_s=4.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", connected=False, alerting=True, age_s=3.0)
    story.says(SnapshotDone).later(2.0).answers("8001").later(6.5)
    record = story.hangs_up("caller", "8001").record()
    assert (record["talk_s"], record["answered_by"], record["rang"], record["ended_by"]) == (6.5, ["8001"], ["8001"], "caller")


@pytest.mark.parametrize("called_first", [True, False])
def test_the_caller_is_the_originating_leg_in_whichever_order_a_snapshot_lists(called_first: bool) -> None:
    story = Story().says(ConnectionMade)
    for called in (called_first, not called_first):
        if called:
            story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge")
        else:
            story.lists("caller", "PJSIP/carrier", number="01062551234", bridge="bridge")
    record = story.says(SnapshotDone).record()
    assert (record["caller"], record["answered_by"], record["direction"]) == ("01062551234", ["8001"], "inbound")


def test_a_caller_whom_a_snapshot_finds_in_a_queue_has_waited_since_then() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", age_s=40.0)
    story.says(QueueEntrySeen, leg="caller", queue="support", wait_s=30.0).says(SnapshotDone)
    story.later(5.0).leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")
    record = story.record()
    assert (record["queue"], record["wait_s"], record["outcome"], record["stage"]) == ("support", 35.0, "abandoned", "queue")


def test_a_caller_known_to_wait_does_not_join_again_with_a_snapshot() -> None:
    story = Story().comes_in().queues("support").later(10.0).loses_sight(2.0).lists("caller", "PJSIP/carrier")
    story.says(QueueEntrySeen, leg="caller", queue="support", wait_s=12.0).says(SnapshotDone)
    assert [stay["wait_s"] for stay in story.hangs_up("caller").record()["queues"]] == [12.0]


def test_a_queue_says_how_long_its_agent_talked_with_a_caller_heard_in_part() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", bridge="bridge", age_s=12.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge").says(SnapshotDone).later(5.0)
    story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=17, ended_by_agent=True)
    record = story.clears("8001", "caller").record()
    assert (record["talk_s"], record["ended_by"]) == (17.0, "called")


# What the CDR says later


def test_a_cdr_corrects_the_talk_of_a_call_that_went_on_across_a_gap() -> None:
    story = detail(still_talking(talking()).later(3.0).hangs_up("8001", "caller"))
    record = story.record()
    assert (record["talk_s"], record["version"], record["complete"]) == (8.0, 2, False)
    (corrected,) = story.data("call.corrected")
    assert (corrected["version"], corrected["talk_s"]) == (2, 8.0)


def test_a_cdr_tells_who_answered_a_call_that_ended_in_a_gap() -> None:
    record = detail(ended_in_gap(ringing()), ended_at=START + 9.0).record()
    assert (record["outcome"], record["answered_by"], record["talk_s"]) == ("answered", ["8001"], 8.0)
    assert record["ended_at"] == record_of(Story(at=START + 9.0).comes_in().call(), Story().site)["started_at"]


@pytest.mark.parametrize(("disposition", "outcome"), [("NO ANSWER", "no_answer"), ("BUSY", "busy"), ("FAILED", "failed")])
def test_a_cdr_tells_why_a_call_that_ended_in_a_gap_was_not_answered(disposition: str, outcome: str) -> None:
    record = detail(ended_in_gap(ringing()), disposition=disposition, answered=False, billed_s=0).record()
    assert (record["outcome"], record["answered_by"]) == (outcome, [])


def test_a_cdr_changes_nothing_of_a_call_that_was_heard() -> None:
    story = talking().hangs_up("caller", "8001")
    before = story.record()
    assert detail(story).record() == before


def test_a_cdr_said_twice_corrects_once() -> None:
    story = detail(detail(ended_in_gap(talking())))
    assert (story.record()["version"], story.kinds().count("call.corrected")) == (2, 1)


def test_a_cdr_of_another_leg_is_not_the_callers() -> None:
    story = ended_in_gap(talking())
    assert detail(story, leg="8001").record()["talk_s"] is None


def test_a_cdr_of_a_queue_does_not_tell_talk_as_it_counts_the_wait() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").answers("8001").later(4.0)
    assert detail(ended_in_gap(story), application="Queue").record()["talk_s"] is None


def test_a_call_that_came_and_went_within_a_gap_is_known_from_the_cdr_alone() -> None:
    story = Story().loses_sight(30.0).says(SnapshotDone)
    record = detail(story, ended_at=story.now - 10.0).record()
    assert (record["caller"], record["called"], record["direction"]) == ("01062551234", "8001", "inbound")
    assert (record["outcome"], record["answered_by"], record["talk_s"], record["complete"]) == ("answered", ["8001"], 8.0, False)


@pytest.mark.parametrize("ended_before_gap", [True, False])
def test_a_cdr_of_a_time_in_which_everything_was_heard_makes_no_call(ended_before_gap: bool) -> None:
    story = Story()
    if ended_before_gap:
        story.loses_sight(30.0).says(SnapshotDone).later(1.0)
        detail(story, ended_at=story.now - 60.0)
    else:
        detail(story, ended_at=story.now)
    assert story.records() == []


def test_a_cdr_of_plumbing_makes_no_call() -> None:
    story = Story().loses_sight(30.0).says(SnapshotDone)
    assert detail(story, leg_name="Local/8001@from-queue-00000001;2", ended_at=story.now - 10.0).records() == []
