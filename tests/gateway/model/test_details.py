from typing import Any, Final

import pytest
from support.building import DNIS, START, Story

from gateway.model.events import AgentCompleted, ReleaseRequested, SnapshotDone
from gateway.model.ids import LegId, QueueName
from gateway.model.record import record_of
from gateway.model.reports import CallDetail

TIMED: Final = "PJSIP/8001,20,tT"
"""A dial that gives up after 20 s."""
PBX_ANSWERED: dict[str, Any] = {"destination_leg": "", "disposition": "ANSWERED", "answered": True}
"""The PBX itself answered, and dialled nobody."""


def row(story: Story, leg: str = "caller", **more: Any) -> Story:
    """The PBX's CDR says that the caller and 8001 were 8 s together, until 10 s before now."""
    fields: dict[str, Any] = {
        "leg_name": "PJSIP/carrier-00000001",
        "source": "01062551234",
        "destination": DNIS,
        "started_at": None,
        "answered_at": None,
        "ended_at": story.now - 10.0,
        "duration_s": 11,
        "billed_s": 8,
        "answered": True,
        "disposition": "ANSWERED",
        "destination_leg": "PJSIP/8001-00000002",
        "application": "Dial",
        "application_data": TIMED,
    } | more
    return story.says(CallDetail, leg=LegId(leg), **fields)


def unanswered(story: Story, **more: Any) -> Story:
    fields: dict[str, Any] = {"answered": False, "disposition": "NO ANSWER", "billed_s": 0, "duration_s": 4} | more
    return row(story, **fields)


def hidden(story: Story, seconds: float = 30.0) -> Story:
    """A gap in which everything that lived ended."""
    return story.loses_sight(seconds).says(SnapshotDone)


def ringing() -> Story:
    return Story().comes_in().later(1.0).rings("8001").later(2.0)


def talking() -> Story:
    return ringing().answers("8001").later(4.0)


def in_queue() -> Story:
    return Story().comes_in().connects("caller").queues("support").later(1.0).rings("8001").later(2.0)


def still_talking(story: Story) -> Story:
    story.lists("caller", "PJSIP/carrier", bridge="bridge")
    return story.lists("8001", "PJSIP/8001", root="caller", bridge="bridge").says(SnapshotDone)


# How it came out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"duration_s": 4}, ("abandoned", "ringing", "caller")),
        ({"duration_s": 20}, ("no_answer", "ringing", "pbx")),
        ({"application_data": "PJSIP/8001,,tT"}, ("abandoned", "ringing", "caller")),
        ({"disposition": "BUSY"}, ("busy", "ringing", "called")),
        ({"disposition": "CONGESTION"}, ("failed", "ringing", "pbx")),
        ({"application": "Queue", "application_data": "support"}, ("abandoned", "queue", "caller")),
        ({"application": "WaitExten", "destination_leg": ""}, ("abandoned", "ivr", "caller")),
        (PBX_ANSWERED | {"application": "VoiceMail"}, ("voicemail", None, None)),
        (PBX_ANSWERED | {"application": "Hangup"}, ("self_served", None, "pbx")),
        (PBX_ANSWERED | {"application": "Playback"}, ("abandoned", "route", "caller")),
        ({"application": "Hangup", "destination_leg": ""}, ("no_answer", "route", "pbx")),
    ],
)  # fmt: skip
def test_a_call_that_came_and_went_in_a_gap_came_out_as_its_row_says(more: dict[str, Any], expected: tuple[str, ...]) -> None:
    record = unanswered(hidden(Story()), **more).record()
    assert (record["outcome"], record["stage"], record["ended_by"]) == expected
    assert (record["talk_s"], record["answered_by"], record["complete"]) == (0.0, [], False)


def test_the_last_row_counts_and_what_runs_after_the_end_does_not() -> None:
    story = unanswered(hidden(ringing()), duration_s=4)
    assert story.record()["outcome"] == "abandoned"
    unanswered(story, application="Hangup", application_data="", destination_leg="", duration_s=0)
    assert story.record()["outcome"] == "no_answer"
    unanswered(story, application="NoOp", destination="h", destination_leg="", duration_s=0)
    assert (story.record()["outcome"], story.record()["version"]) == ("no_answer", 3)


def test_who_hung_up_an_answered_call_in_a_gap_is_not_known() -> None:
    record = row(hidden(ringing())).record()
    assert (record["outcome"], record["ended_by"], record["ended_at"] is None) == ("answered", None, False)


def test_a_caller_who_was_heard_to_hang_up_ended_his_call_though_its_end_was_in_a_gap() -> None:
    story = ringing().says(ReleaseRequested, leg=LegId("caller"), by_party=True, cause=16, sip=0)
    record = hidden(story).record()
    assert (record["outcome"], record["ended_at"]) == ("abandoned", None)


def test_a_call_seen_from_its_middle_on_came_out_as_its_row_says_where_nothing_else_was_heard() -> None:
    story = Story().loses_sight(3.0).lists("caller", "PJSIP/carrier", number="01062551234").says(SnapshotDone).later(1.0)
    unanswered(story, application="Hangup", destination_leg="", disposition="ANSWERED", answered=True)
    record = story.clears("caller").record()
    assert (record["outcome"], record["called"], record["talk_s"]) == ("self_served", DNIS, 0.0)


# What was dialled


def test_a_row_tells_what_was_dialled_unless_the_dial_plan_had_gone_on() -> None:
    story = Story().comes_in("other", place="from-carrier").clears("other")
    for destination, place, called in ((DNIS, "from-carrier", DNIS), ("s", "menu", None), ("7001", "queues", None)):
        story.loses_sight(30.0).says(SnapshotDone)
        row(story, f"leg {destination}", destination=destination, place=place)
        assert story.records()[-1]["called"] == called


# How long they talked


def test_a_telephone_answered_in_the_gap_at_the_time_that_the_row_says() -> None:
    story = still_talking(ringing().loses_sight(5.0)).later(3.0).hangs_up("caller", "8001")
    assert (story.record()["answered_at"], story.record()["talk_s"]) == (None, None)
    record = row(story, answered_at=START + 4.0).record()
    assert record["talk_s"] == 8.0
    assert record["answered_at"] == record_of(Story(at=START + 4.0).comes_in().call(), story.site)["started_at"]


def test_a_row_counts_what_the_pbx_answered_first_so_it_tells_no_talk_then() -> None:
    answered_first = Story().comes_in().connects("caller").later(2.0).rings("8001").loses_sight(5.0)
    story = still_talking(answered_first).later(3.0).hangs_up("caller", "8001")
    assert row(story).record()["talk_s"] is None


def test_nor_where_the_pbx_is_known_to_answer_this_number() -> None:
    story = Story().comes_in("other").connects("other").clears("other")
    assert row(hidden(story)).records()[-1]["talk_s"] is None
    assert row(hidden(story), "second", destination="4002").records()[-1]["talk_s"] == 8.0


def test_talk_that_was_heard_to_begin_in_a_queue_ends_where_the_row_says() -> None:
    story = hidden(in_queue().answers("8001").later(4.0), 5.0)
    record = row(story, application="Queue", ended_at=START + 10.0, billed_s=10).record()
    assert (record["talk_s"], record["queue"]) == (8.0, "support")


def test_talk_that_was_heard_to_begin_and_to_end_is_known_once_a_row_says_with_whom_it_was() -> None:
    story = still_talking(in_queue().answers("8001").later(4.0).loses_sight(5.0)).later(3.0).hangs_up("caller", "8001")
    assert story.record()["talk_s"] is None
    assert row(story, application="Queue", ended_at=story.now, billed_s=15).record()["talk_s"] == 12.0


def test_a_row_that_comes_before_the_end_tells_the_talk_at_the_end() -> None:
    story = still_talking(in_queue().answers("8001").later(4.0).loses_sight(5.0)).later(3.0)
    assert row(story, application="Queue", ended_at=None, billed_s=15).record()["talk_s"] is None
    story.hangs_up("caller", "8001")
    assert (story.record()["talk_s"], story.record()["version"]) == (12.0, 1)


def test_who_answered_by_the_row_alone_talked_unheard() -> None:
    story = Story().comes_in().connects("caller").later(0.1).loses_sight(3.5)
    record = row(story.clears("caller"), ended_at=None, billed_s=3).says(SnapshotDone).record()
    assert (record["answered_by"], record["outcome"]) == (["8001"], "answered")
    assert record["talk_s"] is None, "the PBX answered first: what it billed is not the talk's"


def test_a_row_that_was_read_before_the_gap_was_known_tells_the_end() -> None:
    story = still_talking(ringing().loses_sight(5.0)).later(3.0)
    ended_at = story.now - 1.0
    hidden(row(story, ended_at=ended_at), 4.0)
    record = row(story, ended_at=ended_at).record()
    assert record["ended_at"] == record_of(Story(at=ended_at).comes_in().call(), story.site)["started_at"]
    assert (record["talk_s"], record["outcome"]) == (8.0, "answered")


def test_a_row_tells_the_end_of_a_call_whose_callers_end_alone_was_heard() -> None:
    story = talking().loses_sight(3.0).clears("caller").says(SnapshotDone)
    assert story.record()["ended_at"] is None
    ended_at = story.now - 1.0
    record = row(story, ended_at=ended_at).record()
    assert record["ended_at"] == record_of(Story(at=ended_at).comes_in().call(), story.site)["started_at"]


def test_a_row_of_an_attempt_without_an_answer_tells_no_talk_of_a_later_one() -> None:
    story = still_talking(in_queue().loses_sight(5.0)).later(3.0)
    unanswered(story, application="Queue", ended_at=None)
    assert story.hangs_up("caller", "8001").record()["talk_s"] is None


def test_what_a_queue_says_of_the_talk_stands_against_a_row() -> None:
    story = still_talking(in_queue().loses_sight(5.0)).later(3.0)
    story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=6, ended_by_agent=False)
    assert row(story.hangs_up("caller", "8001"), application="Queue").record()["talk_s"] == 6.0


# Rows that come again, late or for nothing


def test_a_row_that_comes_as_an_event_and_in_the_file_corrects_once() -> None:
    story = row(row(hidden(ringing())), place="from-carrier", ended_at=None)
    assert story.record()["version"] == 2


@pytest.mark.parametrize("late_s", [1.0, 600.0, 3000.0])
def test_a_row_that_is_written_late_corrects_the_call_and_makes_no_second_one(late_s: float) -> None:
    story = hidden(ringing(), 5.0)
    ended_at = story.now - 2.0
    for number in range(20):
        story.later(late_s / 20).comes_in(f"other {number}").clears(f"other {number}")
    records = row(story, ended_at=ended_at).records()
    assert [record["outcome"] for record in records if record["answered_by"]] == ["answered"]
    assert len(records) == 21


def test_a_late_row_of_a_call_that_ended_just_before_the_gap_makes_no_second_one() -> None:
    story = ringing().hangs_up("caller", "8001").later(0.4)
    ended_at = float(int(story.now - 0.4))
    hidden(story, 5.0)
    story.later(600.0).comes_in("other").clears("other")
    assert len(unanswered(story, ended_at=ended_at).records()) == 2


def test_rows_of_an_earlier_gap_are_known_after_a_later_one() -> None:
    story = hidden(Story(), 5.0)
    ended_at = story.now - 3.0
    hidden(story.later(10.0), 5.0)
    assert row(story, ended_at=ended_at).record()["outcome"] == "answered"


def test_a_row_of_a_second_whose_fraction_is_cut_off_belongs_to_the_gap() -> None:
    story = hidden(Story(at=START + 0.6), 0.3)
    assert row(story, ended_at=START).record()["outcome"] == "answered"


def test_a_board_that_heard_nothing_takes_no_row() -> None:
    assert row(Story()).records() == []


def test_what_a_queue_wrote_of_a_call_that_was_heard_moves_no_time() -> None:
    story = in_queue().answers("8001").later(4.0)
    ahead = AgentCompleted(
        at=story.now + 3.0, leg=LegId("caller"), queue=QueueName("support"), agent="Wang", talk_s=7, ended_by_agent=True
    )
    record = story.hear(ahead).hangs_up("caller", "8001").record()
    assert (record["talk_s"], record["ended_by"], record["complete"]) == (4.0, "caller", True)


def test_what_a_queue_wrote_of_a_call_that_ended_in_a_gap_corrects_it_once() -> None:
    story = row(hidden(in_queue()), application="Queue")
    assert story.record()["talk_s"] is None
    for _ in range(2):
        story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=6, ended_by_agent=True)
    record = story.record()
    assert (record["talk_s"], record["ended_by"], record["version"]) == (6.0, "called", 3)


def test_what_a_queue_wrote_of_a_call_that_nobody_knows_is_nothing() -> None:
    story = hidden(in_queue().hangs_up("caller", "8001").later(1.0))
    before = story.records()
    for leg in ("caller", "nobody"):
        story.says(AgentCompleted, leg=leg, queue="support", agent="Wang", talk_s=6, ended_by_agent=True)
    assert story.records() == before


def test_the_times_of_a_row_that_an_event_told_before_are_taken_from_the_file() -> None:
    story = unanswered(talking().loses_sight(30.0), ended_at=None).says(SnapshotDone)
    assert story.record()["ended_at"] is None
    ended_at = story.now - 20.0
    record = unanswered(story, ended_at=ended_at).record()
    assert record["ended_at"] == record_of(Story(at=ended_at).comes_in().call(), story.site)["started_at"]
    told = len(story.told)
    assert unanswered(unanswered(story, ended_at=None), ended_at=ended_at).record() == record
    assert len(story.told) == told
