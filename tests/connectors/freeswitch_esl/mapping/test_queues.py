import pytest
from support.esl_script import Script, talking

from gateway.model.events import LegParked, LegUnparked, QueueLeft
from gateway.model.reports import MemberChanged

CC = "CUSTOM callcenter::info"
QUEUE = {"CC__Queue": "support@gw.test", "CC__Member__Session__UUID": "a"}


def waiting() -> Script:
    script = Script().comes_in(dialled="6001").answers("a")
    return script.says(CC, "a", CC__Action="member-queue-start", **QUEUE).later(5.0)


def ringing() -> Script:
    script = waiting().dials("b", "1001", by="", variable_cc_member_session_uuid="a")
    return script.later(2.0)


def test_a_queue_gives_the_caller_to_an_agent() -> None:
    script = ringing().answers("b")
    script.says(CC, "b", CC__Action="bridge-agent-start", CC__Agent="1001@gw.test", **QUEUE).bridges().later(10.0)
    script.hangs_up("b", itself=True).unbridges().hangs_up("a")
    times = {"CC__Agent__Answered__Time": "1795000000", "CC__Bridge__Terminated__Time": "1795000010"}
    script.says(CC, "b", CC__Action="bridge-agent-end", CC__Agent="1001@gw.test", **QUEUE, **times)
    script.says(CC, "a", CC__Action="member-queue-end", CC__Cause="Terminated", **QUEUE)
    record = script.record()
    assert (record["queue"], record["wait_s"], record["rang"]) == ("support@gw.test", 7.0, ["1001"])
    assert (record["outcome"], record["ended_by"], record["talk_s"]) == ("answered", "called", 10.0)
    assert [(agent["agent"], agent["extension"]) for agent in record["agents"]] == [("1001@gw.test", "1001")]


@pytest.mark.parametrize(
    ("cause", "state", "outcome", "result"),
    [
        ("BREAK_OUT", "hangup", "abandoned", "abandoned"),
        ("TIMEOUT", "answered", "no_answer", "timeout"),
        ("NO_AGENT_TIMEOUT", "answered", "no_answer", "timeout"),
    ],
)
def test_a_queue_that_is_left_says_how(cause: str, state: str, outcome: str, result: str) -> None:
    script = waiting()
    gone = state == "hangup"
    given = {"variable_sip_term_status": "200"} if gone else {}
    if gone:
        script.says("CHANNEL_HANGUP", "a", Hangup__Cause="NORMAL_CLEARING", **given)
    end = {"CC__Cause": "Cancel", "CC__Cancel__Reason": cause, "Answer__State": state}
    script.says(CC, "a", CC__Action="member-queue-end", **QUEUE, **end)
    script.says("CHANNEL_HANGUP_COMPLETE", "a", Hangup__Cause="NORMAL_CLEARING", **given)
    record = script.record()
    assert (record["outcome"], record["stage"], record["queues"][0]["result"]) == (outcome, "queue", result)


def test_who_presses_a_key_leaves_the_queue_and_goes_on() -> None:
    end = {"CC__Cause": "Cancel", "CC__Cancel__Reason": "EXIT_WITH_KEY", "Answer__State": "answered"}
    script = waiting().says(CC, "a", CC__Action="member-queue-end", **QUEUE, **end)
    assert [event.result for event in script.named(QueueLeft) if isinstance(event, QueueLeft)] == ["left"]


def test_an_agent_who_is_busy_did_not_ring_long() -> None:
    script = waiting().says("CHANNEL_CREATE", "x").dials("b", "1002", by="", variable_cc_member_session_uuid="a")
    refused = {"variable_sip_term_status": "486", "variable_sip_hangup_disposition": "recv_refuse"}
    script.hangs_up("b", "USER_BUSY", itself=False, variable_sip_reply_host="h", **refused)
    assert script.record()["queues"][0]["result"] is None


def fifo() -> Script:
    script = Script().comes_in(dialled="7000").answers("a")
    return script.says("CUSTOM fifo::info", "a", FIFO__Action="push", FIFO__Name="sales").later(4.0)


def test_a_fifo_gives_its_caller_to_who_is_bridged_with_him() -> None:
    script = fifo().dials("b", "1001", by="").answers("b").bridges().later(2.0).hangs_up("a", itself=True).hangs_up("b")
    record = script.record()
    assert (record["queue"], record["wait_s"], record["outcome"]) == ("sales", 4.0, "answered")
    assert record["agents"][0]["extension"] == "1001"


def test_who_takes_a_fifos_callers_is_a_member_while_he_does() -> None:
    script = Script().comes_in("c", caller="1001", dialled="7001", Channel__Name="sofia/internal/1001@h")
    script.answers("c").says("CUSTOM fifo::info", "c", FIFO__Action="consumer_start", FIFO__Name="sales").later(9.0)
    script.says("CUSTOM fifo::info", "c", FIFO__Action="consumer_stop", FIFO__Name="sales")
    script.says("CUSTOM fifo::info", "c", FIFO__Action="consumer_stop", FIFO__Name="manual_calls")
    came, left = (event for event in script.events if isinstance(event, MemberChanged))
    assert (came.queue, came.interface, came.removed, came.logged_in_at) == ("sales", "user/1001", False, came.at)
    assert (left.interface, left.removed) == ("user/1001", True)
    outside = Script().comes_in("c").says("CUSTOM fifo::info", "c", FIFO__Action="consumer_start", FIFO__Name="sales")
    assert not any(isinstance(event, MemberChanged) for event in outside.events)


@pytest.mark.parametrize(("action", "state", "result"), [("abort", "hangup", "abandoned"), ("timeout", "answered", "timeout")])
def test_a_fifo_that_is_left_says_how(action: str, state: str, result: str) -> None:
    script = fifo().says("CUSTOM fifo::info", "a", FIFO__Action=action, FIFO__Name="sales", Answer__State=state)
    assert script.record()["queues"][0]["result"] == result


def test_a_parking_lot_keeps_a_caller_until_somebody_takes_him() -> None:
    script = Script().comes_in().answers("a")
    valet = {"Valet__Lot__Name": "lot", "Valet__Extension": "701"}
    script.says("CUSTOM valet_parking::info", "a", Action="hold", **valet).later(3.0)
    script.says("CUSTOM valet_parking::info", "a", Action="bridge", Bridge__To__UUID="b", **valet)
    script.says("CUSTOM valet_parking::info", "a", Action="exit", **valet)
    (parked, unparked) = script.named(LegParked, LegUnparked)
    assert isinstance(parked, LegParked)
    assert isinstance(unparked, LegUnparked)
    assert (parked.slot, unparked.by, unparked.timed_out) == ("701", "b", False)


@pytest.mark.parametrize("gone", [False, True])
def test_who_parks_is_known_though_he_has_left_before_it_is_told(gone: bool) -> None:
    script = talking().unbridges()
    script = script.hangs_up("b") if gone else script
    script.says("CUSTOM valet_parking::info", "a", Action="hold", Valet__Lot__Name="lot", Valet__Extension="701")
    (parked,) = script.named(LegParked)
    assert isinstance(parked, LegParked)
    assert (parked.slot, parked.by) == ("701", "sofia/internal/1001")


def test_queues_of_legs_that_nobody_knows_are_passed_over() -> None:
    script = Script().says(CC, CC__Action="member-queue-start", **QUEUE).says("CUSTOM fifo::info", FIFO__Action="push")
    assert script.says("CUSTOM valet_parking::info", Action="hold").records() == []
