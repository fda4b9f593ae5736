from typing import Any

import pytest
from support.building import START, Story

from gateway.model.events import (
    ConsultationStarted,
    LegHeld,
    LegParked,
    LegPickedUp,
    LegRetrieved,
    LegsTwinned,
    LegUnparked,
    ServiceStarted,
)
from gateway.model.terms import BridgeKind, DialResult, LegRole, Service, TransferKind
from gateway.model.transfers import outranks


def talking() -> Story:
    """A customer who has talked with 8001 for 10 s."""
    return Story().comes_in().rings("8001").later(2.0).answers("8001").later(10.0)


def blind(story: Story, to: str = "8002") -> Story:
    story.transfers(TransferKind.BLIND, by="8001", to=to).leaves("8001", "caller").later(0.1).clears("8001")
    return story


def consulting(story: Story, answers: bool = True) -> Story:
    """8001 holds the customer and calls 8002 on a second leg."""
    story.says(LegHeld, leg="8001", by_feature=False).later(1.0)
    story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="8002")
    story.rings("8002", by="8001-b").later(2.0)
    return story.answers("8002", by="8001-b", bridge="second").later(4.0) if answers else story


def completed(story: Story) -> Story:
    """8001 hands the customer over by REFER with Replaces, as Asterisk tells it."""
    story.says(LegRetrieved, leg="8001").leaves("caller", "8001-b").bridges("caller", bridge="second").leaves("8001")
    story.transfers(TransferKind.ATTENDED, by="8001", consult="8001-b", target="8002").clears("8001", "8001-b")
    return story


def only(story: Story) -> dict[str, Any]:
    """The only transfer of the only call."""
    (transfer,) = story.record()["transfers"]
    assert isinstance(transfer, dict)
    return transfer


# Blind


def test_a_blind_transfer_that_is_answered_is_completed() -> None:
    story = blind(talking()).rings("8002").later(3.0).answers("8002", bridge="next").later(5.0).hangs_up("caller", "8002")
    assert only(story) == {"kind": "blind", "by": "8001", "to": "8002", "result": "completed"}
    assert story.record()["answered_by"] == ["8001", "8002"]


@pytest.mark.parametrize(
    ("cause", "sip", "result", "told"),
    [
        (17, 486, DialResult.BUSY, "busy"),
        (0, 0, DialResult.NO_ANSWER, "no_answer"),
        (21, 603, DialResult.FAILED, "failed"),
        (20, 0, DialResult.UNREACHABLE, "failed"),
    ],
)
def test_a_blind_transfer_has_its_targets_fate_and_the_call_stays_answered(
    cause: int, sip: int, result: DialResult, told: str
) -> None:
    story = blind(talking()).rings("8002").later(3.0)
    story = story.refuses("8002", cause, sip, result) if sip else story.dial_ends("8002", result).clears("8002", cause=cause)
    record = story.clears("caller", cause=cause).record()
    assert (only(story)["result"], record["outcome"], record["talk_s"]) == (told, "answered", 10.0)


def test_a_caller_who_hangs_up_before_the_target_answers_abandoned_the_transfer() -> None:
    story = blind(talking()).rings("8002").later(3.0).hangs_up("caller", "8002")
    assert (only(story)["result"], story.record()["ended_by"]) == ("abandoned", "caller")


def test_a_blind_transfer_outside_names_the_number_that_was_sent() -> None:
    story = blind(talking(), to="013800138000").dials("out", device="PJSIP/carrier", number="13800138000").later(4.0)
    assert only(story.answers("out", bridge="next").hangs_up("caller", "out"))["to"] == "13800138000"


def test_a_transfer_to_a_queue_that_nobody_answers_is_no_answer() -> None:
    story = blind(talking(), to="8500").connects("caller").queues("support").later(20.0).clears("caller")
    assert (only(story)["result"], only(story)["to"]) == ("no_answer", "8500")


def test_a_transfer_to_a_mailbox_was_answered_by_nobody() -> None:
    story = blind(talking()).rings("8002").later(9.0).dial_ends("8002", DialResult.NO_ANSWER).clears("8002", cause=0)
    story.says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8002").later(4.0).hangs_up("caller")
    assert only(story)["result"] == "no_answer"


def test_each_of_two_transfers_keeps_its_own_result() -> None:
    story = blind(talking()).rings("8002").later(1.0).answers("8002", bridge="next").later(5.0)
    story.transfers(TransferKind.BLIND, by="8002", to="8003").leaves("8002", "caller").clears("8002")
    story.rings("8003").later(2.0).refuses("8003", 17, 486).clears("caller")
    assert [(each["by"], each["to"], each["result"]) for each in story.record()["transfers"]] == [
        ("8001", "8002", "completed"),
        ("8002", "8003", "busy"),
    ]


# Attended and blonde


def test_a_consultation_lives_under_its_own_id_while_it_lasts() -> None:
    story = consulting(talking())
    main, consultation = story.records()
    assert (main["caller"], main["state"], consultation["caller"], consultation["called"]) == (
        "01062551234",
        "active",
        "8001",
        "8002",
    )
    assert (consultation["direction"], consultation["answered_by"]) == ("internal", ["8002"])


def test_a_consultation_completed_into_a_transfer_is_folded_into_the_customers_call() -> None:
    story = consulting(talking())
    main, consultation = [record["call_id"] for record in story.records()]
    record = completed(story).later(6.0).hangs_up("8002", "caller").record()
    assert only(story) == {"kind": "attended", "by": "8001", "to": "8002", "result": "completed", "consult_s": 4.0}
    assert story.data("call.merged") == [{"from": consultation, "into": main}]
    assert story.calls[consultation].merged_into == main
    assert (record["call_id"], record["answered_by"], record["hold_s"]) == (main, ["8001", "8002"], 7.0)
    assert (record["talk_s"], record["ended_by"]) == (23.0, "called")


def test_a_consultation_given_up_stays_a_call_of_its_own() -> None:
    story = consulting(talking()).hangs_up("8001-b", "8002").says(LegRetrieved, leg="8001").later(3.0)
    main, consultation = story.hangs_up("caller", "8001").records()
    assert (main["transfers"], main["hold_s"], main["talk_s"], main["outcome"]) == ([], 7.0, 20.0, "answered")
    assert (consultation["outcome"], consultation["talk_s"], consultation["ended_by"]) == ("answered", 4.0, "caller")
    assert "call.merged" not in story.kinds()


@pytest.mark.parametrize(
    ("fate", "result"),
    [("answers", "completed"), ("busy", "busy"), ("rings out", "no_answer"), ("caller leaves", "abandoned")],
)
def test_a_transfer_completed_while_the_target_still_rings_is_blonde_and_has_the_targets_fate(fate: str, result: str) -> None:
    story = consulting(talking(), answers=False)
    story.transfers(TransferKind.ATTENDED, by="8001", consult="8001-b", target="8002").leaves("8001", "caller")
    story.clears("8001", "8001-b").later(3.0)
    match fate:
        case "answers":
            story.answers("8002", bridge="next").later(5.0).hangs_up("caller", "8002")
        case "busy":
            story.refuses("8002", 17, 486).clears("caller", cause=17)
        case "rings out":
            story.dial_ends("8002", DialResult.NO_ANSWER).clears("8002", cause=0).clears("caller")
        case _:
            story.hangs_up("caller", "8002")
    assert only(story) == {"kind": "blonde", "by": "8001", "to": "8002", "result": result}


def test_an_attended_transfer_by_feature_code_has_no_second_leg_of_the_transferor() -> None:
    story = talking().says(LegHeld, leg="8001", by_feature=True).later(3.0).helper("pipe;1", "pipe;1")
    story.says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002").helper("pipe;2", "pipe;1")
    story.says(LegsTwinned, leg="pipe;1", twin="pipe;2").bridges("pipe;1", bridge="second")
    story.leaves("8001").bridges("8001", bridge="second").rings("8002", by="pipe;2").later(2.0)
    story.connects("8002", "pipe;2", "pipe;1").bridges("8002", "pipe;2", bridge="third").later(4.0)
    assert [record["caller"] for record in story.records()] == ["01062551234", "8001"]

    story.leaves("8001", "pipe;1").bridges("pipe;1")
    story.transfers(TransferKind.ATTENDED, by="8001", consult="8001").clears("8001").later(5.0)
    record = story.hangs_up("caller", "pipe;1", "pipe;2", "8002").record()
    assert only(story) == {"kind": "attended", "by": "8001", "to": "8002", "result": "completed", "consult_s": 4.0}
    assert (record["hold_s"], record["talk_s"], record["answered_by"]) == (9.0, 24.0, ["8001", "8002"])


# Redirect


def test_another_applications_redirect_is_by_cti() -> None:
    story = talking().transfers(TransferKind.REDIRECT, by=None, to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").later(2.0).answers("8002", bridge="next").hangs_up("caller", "8002")
    assert only(story) == {"kind": "redirect", "by": "cti", "to": "8002", "result": "completed"}


# Parking and pick-up


def parked(story: Story) -> Story:
    """8001 parks the customer by REFER: Asterisk reports a blind transfer as well."""
    story.says(LegParked, leg="caller", slot="71", by="PJSIP/8001").leaves("caller")
    story.transfers(TransferKind.BLIND, by="8001", to="70").bridges("caller", bridge="lot", kind=BridgeKind.HOLDING)
    return story.later(0.5).hangs_up("8001").later(5.0)


def test_who_picks_up_a_parked_call_joins_it_and_did_not_ring() -> None:
    story = parked(talking()).phones("8002", "71").connects("8002")
    retriever = story.records()[-1]["call_id"]
    story.leaves("caller").bridges("caller", "8002", bridge="next").says(LegUnparked, leg="caller", by="8002", timed_out=False)
    record = story.later(7.0).hangs_up("caller", "8002").record()
    assert only(story) == {"kind": "park", "by": "8001", "to": "8002", "result": "completed", "slot": "71"}
    assert (record["rang"], record["answered_by"], record["talk_s"]) == (["8001"], ["8001", "8002"], 17.0)
    assert [data["from"] for data in story.data("call.merged")] == [retriever]


def test_parking_that_times_out_is_no_answer_and_the_call_goes_back() -> None:
    story = parked(talking()).says(LegUnparked, leg="caller", by=None, timed_out=True).leaves("caller")
    story.creates("8001-again", "PJSIP/8001", "terminating", "caller").later(2.0)  # type: ignore[arg-type]
    record = story.answers("8001-again", bridge="back").later(3.0).hangs_up("8001-again", "caller").record()
    assert (only(story)["kind"], only(story)["result"], record["answered_by"]) == ("park", "no_answer", ["8001"])
    assert record["talk_s"] == 13.0


def test_a_caller_who_leaves_the_parking_lot_abandoned_the_parking() -> None:
    story = parked(talking()).says(LegUnparked, leg="caller", by=None, timed_out=False).hangs_up("caller")
    assert (only(story)["kind"], only(story)["result"], story.record()["ended_by"]) == ("park", "abandoned", "caller")


@pytest.mark.parametrize("blind_first", [True, False])
def test_a_parking_by_refer_is_no_blind_transfer_in_whichever_order_they_come(blind_first: bool) -> None:
    story = talking()
    if blind_first:
        story.transfers(TransferKind.BLIND, by="8001", to="70").says(LegParked, leg="caller", slot="71", by="PJSIP/8001")
    else:
        story.says(LegParked, leg="caller", slot="71", by="PJSIP/8001").transfers(TransferKind.BLIND, by="8001", to="70")
    story.leaves("caller").bridges("caller", bridge="lot", kind=BridgeKind.HOLDING)
    assert (only(story)["kind"], only(story)["by"], only(story)["slot"]) == ("park", "8001", "71")


def test_who_picks_up_a_ringing_call_joins_it() -> None:
    story = Story().comes_in().rings("8001").later(3.0).phones("8002", "*8").connects("8002")
    main, own = [record["call_id"] for record in story.records()]
    story.says(LegPickedUp, leg="8001", by="8002").clears("8001", cause=26).connects("caller").bridges("8002", "caller")
    record = story.later(6.0).hangs_up("8002", "caller").record()
    assert (record["call_id"], record["transfers"], record["ended_by"]) == (main, [], "called")
    assert story.data("call.merged") == [{"from": own, "into": main}]


# Which of two calls is the customer's


def test_the_call_with_an_outside_party_is_the_customers_even_when_it_began_later() -> None:
    story = Story().phones("8001", "8002").later(5.0).comes_in()
    internal, inbound = sorted(story.calls.values(), key=lambda call: call.began_at)
    assert outranks(inbound, internal)
    assert not outranks(internal, inbound)


def test_of_two_calls_alike_the_earlier_one_stays() -> None:
    story = Story().phones("8001", "8002").later(5.0).phones("8003", "8004")
    first, second = sorted(story.calls.values(), key=lambda call: call.began_at)
    assert (first.began_at, outranks(first, second), outranks(second, first)) == (START, True, False)


def test_the_merged_calls_record_points_to_the_customers() -> None:
    story = completed(consulting(talking()))
    (merged,) = [call for call in story.calls.values() if call.merged_into is not None]
    assert merged.state == "ended"
    assert story.board.live.keys() == {merged.merged_into}
