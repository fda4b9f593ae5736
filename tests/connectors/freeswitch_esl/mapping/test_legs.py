import pytest
from support.esl_script import SITE, Script, talking

from gateway.model.events import DialEnded, LegCleared, LegCutOff, LegsTwinned, PbxStopped, RecordingStarted, ReleaseRequested


def test_a_caller_is_connected_and_hangs_up() -> None:
    record = talking().hangs_up("a", itself=True).unbridges().hangs_up("b").record()
    assert (record["direction"], record["caller"], record["called"]) == ("inbound", "13800138000", "1001")
    assert (record["rang"], record["answered_by"], record["outcome"]) == (["1001"], ["1001"], "answered")
    assert (record["talk_s"], record["ended_by"]) == (3.0, "caller")


@pytest.mark.parametrize("first", ["hangup", "unbridge"])
def test_it_does_not_matter_whether_the_bridge_or_the_leg_is_told_to_end_first(first: str) -> None:
    script = talking()
    if first == "unbridge":
        script.unbridges()
    script.hangs_up("b", itself=True)
    if first == "hangup":
        script.unbridges()
    record = script.hangs_up("a").record()
    assert (record["talk_s"], record["ended_by"], record["outcome"]) == (3.0, "called", "answered")


@pytest.mark.parametrize(
    ("cause", "status", "outcome"),
    [
        ("USER_BUSY", "486", "busy"),
        ("CALL_REJECTED", "603", "rejected"),
        ("UNALLOCATED_NUMBER", "404", "unreachable"),
        ("USER_NOT_REGISTERED", "", "unreachable"),
        ("NORMAL_TEMPORARY_FAILURE", "503", "failed"),
    ],
)
def test_an_attempt_that_fails_says_how(cause: str, status: str, outcome: str) -> None:
    script = Script().comes_in().dials().later(1.0)
    script.hangs_up(
        "b",
        cause,
        variable_sip_term_status=status,
        variable_sip_hangup_disposition="recv_refuse" if status else "",
        variable_sip_reply_host="192.0.2.5",
    )
    assert script.hangs_up("a", cause).record()["outcome"] == outcome


def test_a_telephone_that_nobody_answers_for_is_unreachable() -> None:
    script = Script().comes_in().dials().later(1.0)
    refused = {"variable_sip_term_status": "503", "variable_sip_hangup_disposition": "recv_refuse"}
    script.hangs_up("b", "NORMAL_TEMPORARY_FAILURE", itself=False, **refused).hangs_up("a", "NORMAL_TEMPORARY_FAILURE")
    (ended,) = script.named(DialEnded)
    assert isinstance(ended, DialEnded)
    assert ended.result == "unreachable"


def test_who_is_kept_back_has_no_number() -> None:
    script = Script().comes_in(caller="13800138000", Caller__Privacy__Hide__Number="true")
    assert script.record()["caller"] is None
    assert Script().comes_in(caller="anonymous").record()["caller"] is None


def test_what_the_pbx_is_told_to_end_was_ended_by_a_command() -> None:
    script = talking().says("API", API__Command="uuid_kill", API__Command__Argument="a CALL_REJECTED")
    record = script.hangs_up("a", "CALL_REJECTED").hangs_up("b").record()
    assert record["ended_by"] == "cti"
    assert [type(event) for event in script.named(ReleaseRequested)] == [ReleaseRequested]


def test_a_pbx_that_goes_down_ends_its_calls_itself() -> None:
    script = talking().says("SHUTDOWN").hangs_up("a", "SYSTEM_SHUTDOWN").hangs_up("b", "SYSTEM_SHUTDOWN")
    assert script.named(PbxStopped)
    assert len(script.named(LegCutOff)) == 2
    assert script.record()["ended_by"] == "pbx"


def test_a_leg_that_ends_before_it_was_announced_is_told_and_stays_gone() -> None:
    script = Script().says("CHANNEL_HANGUP_COMPLETE", Unique__ID="z", Hangup__Cause="NORMAL_CLEARING")
    assert [event.leg for event in script.named(LegCleared) if isinstance(event, LegCleared)] == ["z"]
    assert script.records() == []
    script = talking().hangs_up("a").hangs_up("b").hangs_up("a").says("CHANNEL_ANSWER", "a")
    assert len(script.records()) == 1


def test_a_recording_is_told_with_its_file() -> None:
    script = talking().says("RECORD_START", "a", Record__File__Path="/rec/a.wav")
    assert script.named(RecordingStarted)
    assert script.record()["recording"] == "/rec/a.wav"


def test_loopback_legs_are_no_parties() -> None:
    script = Script().dials("x", "9196", by="", Channel__Name="loopback/9196-a")
    script.comes_in("y", caller="0000000000", dialled="9196", Channel__Name="loopback/9196-b")
    assert [type(event) for event in script.named(LegsTwinned)] == [LegsTwinned]


def test_a_call_to_a_trunk_is_outbound_with_the_number_that_was_sent() -> None:
    script = Script().comes_in(
        "a", caller="1001", dialled="98885551", variable_sip_gateway_name="", Channel__Name="sofia/internal/1001@h"
    )
    script.dials("b", "8885551", variable_sip_gateway_name="carrier").later(1.0).answers("b", "a").bridges().later(2.0)
    record = script.hangs_up("b", itself=True).hangs_up("a").record()
    assert (record["direction"], record["caller"], record["called"]) == ("outbound", "1001", "8885551")
    assert SITE.is_trunk("sofia/gateway/carrier")


def rings_for_somebody_unheard() -> Script:
    """The caller came, and joined the queue, while nobody listened."""
    return Script().dials("b", "1001", by="", variable_cc_member_session_uuid="a").later(2.0)


def test_whoever_is_called_for_a_caller_that_nobody_heard_come_is_no_click_to_dial() -> None:
    record = rings_for_somebody_unheard().hangs_up("b", "NO_ANSWER").record()
    assert (record["complete"], record["stage"]) == (False, "ringing")


def test_a_caller_that_nobody_heard_come_is_met_when_he_is_answered() -> None:
    script = rings_for_somebody_unheard().answers("b")
    caller = {
        "Unique__ID": "a",
        "Channel__Name": "sofia/external/13800138000@192.0.2.9",
        "Call__Direction": "inbound",
        "Caller__Caller__ID__Number": "13800138000",
        "Caller__Destination__Number": "6001",
        "variable_sip_gateway_name": "carrier",
        "Answer__State": "answered",
    }
    script.says("CHANNEL_BRIDGE", Bridge__A__Unique__ID="a", Bridge__B__Unique__ID="b", **caller).later(4.0)
    record = script.hangs_up("b", itself=True).says("CHANNEL_HANGUP_COMPLETE", Unique__ID="a").record()
    told = {key: record[key] for key in ("complete", "direction", "caller", "called", "answered_by", "talk_s", "ended_by")}
    assert told == {
        "complete": False,
        "direction": "inbound",
        "caller": "13800138000",
        "called": "6001",
        "answered_by": ["1001"],
        "talk_s": 4.0,
        "ended_by": "called",
    }
