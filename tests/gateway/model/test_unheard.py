"""What a gap hides is null, not guessed."""

from typing import Any

from support.building import START, Story

from gateway.model.events import (
    AgentCompleted,
    ConnectionMade,
    ConsultationStarted,
    LegHeld,
    LegsTwinned,
    MenuEntered,
    SnapshotDone,
)
from gateway.model.reports import CallDetail
from gateway.model.terms import LegRole, TransferKind


def detail(story: Story, leg: str = "caller", **more: Any) -> Story:
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
        "application_data": "",
        "place": "from-trunk",
    }
    return story.says(CallDetail, leg=leg, **(fields | more))


def ringing() -> Story:
    return Story().comes_in().later(1.0).rings("8001").later(2.0)


def still_talking(story: Story) -> Story:
    story.loses_sight(5.0)
    story.lists("caller", "PJSIP/carrier", bridge="bridge", age_s=12.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge", age_s=11.0)
    return story.says(SnapshotDone)


def test_talk_of_a_call_that_ended_unseen_is_unknown_not_none() -> None:
    record = ringing().loses_sight(5.0).says(SnapshotDone).record()
    assert record["talk_s"] is None


def test_talk_that_began_within_a_gap_is_unknown() -> None:
    record = still_talking(ringing()).later(3.0).hangs_up("caller", "8001").record()
    assert record["talk_s"] is None


def test_talk_that_began_within_a_gap_has_no_answer_time() -> None:
    record = still_talking(ringing()).later(3.0).hangs_up("caller", "8001").record()
    assert record["answered_at"] is None


def test_first_seen_talking_has_no_answer_time() -> None:
    story = Story().says(ConnectionMade).lists("caller", "PJSIP/carrier", bridge="bridge", age_s=12.0)
    story.lists("8001", "PJSIP/8001", LegRole.TERMINATING, root="caller", bridge="bridge", age_s=11.0).says(SnapshotDone)
    assert story.record()["answered_at"] is None


def test_wait_of_a_call_that_ended_in_a_gap_is_unknown() -> None:
    record = Story().comes_in().queues("support").later(3.0).loses_sight(5.0).says(SnapshotDone).record()
    assert (record["wait_s"], record["queues"][0]["result"], record["queues"][0]["left_at"]) == (None, None, None)


def test_ivr_of_a_call_that_ended_in_a_gap_is_unknown() -> None:
    record = (
        Story()
        .comes_in()
        .says(MenuEntered, leg="caller", menu="m", since=START)
        .later(3.0)
        .loses_sight(5.0)
        .says(SnapshotDone)
        .record()
    )
    assert record["ivr_s"] is None


def test_a_cdr_row_without_a_called_leg_does_not_undo_the_one_with() -> None:
    # 22-site2/connection_cut: rows (8001, billsec 8, Dial) then (h, billsec 0, Return) of the same leg
    story = detail(still_talking(ringing().answers("8001").later(4.0)).later(3.0).hangs_up("8001", "caller"))
    detail(story, destination="h", duration_s=0, billed_s=0, destination_leg="", application="Return")
    assert story.record()["talk_s"] == 8.0


def test_a_consultation_by_feature_code_that_ended_in_a_gap_ends() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(10.0)
    story.says(LegHeld, leg="8001", by_feature=True).later(3.0).helper("pipe;1", "pipe;1")
    story.says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002").helper("pipe;2", "pipe;1")
    story.says(LegsTwinned, leg="pipe;1", twin="pipe;2").bridges("pipe;1", bridge="second")
    story.leaves("8001").bridges("8001", bridge="second").rings("8002", by="pipe;2").later(2.0)
    story.loses_sight(5.0).says(SnapshotDone)
    assert [record["state"] for record in story.records()] == ["ended", "ended"]
    assert not story.board.live


def test_transfer_pending_at_a_gap_is_not_known_to_have_failed() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(5.0).transfers(TransferKind.BLIND, by="8001", to="8002")
    story.leaves("8001", "caller").clears("8001").rings("8002").later(2.0).loses_sight(5.0).says(SnapshotDone)
    assert story.record()["transfers"][0]["result"] is None


def test_whole_seconds_of_a_cdr_do_not_run_before_what_was_heard() -> None:
    # csv rows are cut to whole seconds: heard from .7 and answered at .9 of a second, ended (CDR) at .0 of the same one
    story = Story(at=START + 0.7).comes_in().rings("8001").later(0.2).answers("8001").loses_sight(5.0).says(SnapshotDone)
    record = detail(story, started_at=START, answered_at=START, ended_at=START, billed_s=0, duration_s=0).record()
    assert record["started_at"] <= record["answered_at"] <= record["ended_at"]


def test_a_late_queue_log_makes_no_call_of_helper_legs() -> None:
    story = Story().says(ConnectionMade).lists("pipe", "Local/8001@queue", LegRole.HELPER).clears("pipe").later(1.0)
    story.says(AgentCompleted, leg="pipe", queue="support", agent="Wang", talk_s=0, ended_by_agent=True)
    assert story.calls == {}
