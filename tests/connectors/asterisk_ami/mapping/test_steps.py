import pytest
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from connectors.asterisk_ami.mapping.steps import HANDED_OVER_S
from gateway.model.events import (
    DialAttempted,
    DialPlanFailed,
    DigitPressed,
    LegDiverted,
    LegTransferred,
    MenuEntered,
    MenuExpired,
    MenuLeft,
    PbxEvent,
    RecordingStarted,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DiversionReason, Service, TransferKind

LEG = LegId("1.0")


def caller() -> SpeakingAsterisk:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    return asterisk


def kinds(events: list[PbxEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


# Menus


@pytest.mark.parametrize("application", ["Background", "WaitExten", "Read", "SpeechBackground", "VMAuthenticate"])
def test_an_application_that_waits_for_input_is_a_menu(application: str) -> None:
    asterisk = caller()
    asterisk.runs("1.0", "Answer", where="ivr,s,1")
    assert asterisk.later(1.0).runs("1.0", application, "welcome", where="ivr,s,2") == [
        MenuEntered(at=START + 1.0, leg=LEG, menu="ivr", since=START)
    ]


def test_a_menu_inside_a_condition_is_a_menu() -> None:
    assert kinds(caller().runs("1.0", "ExecIf", "1?Background(welcome)", where="ivr,s,1")) == ["MenuEntered"]
    assert kinds(caller().runs("1.0", "ExecIf", "0?Background(welcome)", where="ivr,s,1")) == []


def test_a_menu_is_left_with_its_context_and_not_by_a_routine() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "Background", "welcome", where="ivr,s,1")
    assert asterisk.runs("1.0", "Gosub", "say,s,1", where="ivr,1,1") == []
    assert asterisk.runs("1.0", "Playback", "hours", where="say,s,1") == []
    assert asterisk.runs("1.0", "Return", where="say,s,2") == []
    assert asterisk.runs("1.0", "Goto", "queues,500,1", where="ivr,1,2") == []
    assert kinds(asterisk.runs("1.0", "Playback", "please-hold", where="queues,500,1")) == ["MenuLeft"]


@pytest.mark.parametrize("extension", ["t", "i", "T"])
def test_a_menu_gives_up_by_its_own_extensions(extension: str) -> None:
    asterisk = caller()
    asterisk.runs("1.0", "WaitExten", "5", where="ivr,s,1")
    assert asterisk.runs("1.0", "Hangup", where=f"ivr,{extension},1") == [MenuExpired(at=START, leg=LEG)]


# Digits


def test_a_digit_in_a_menu_is_told_with_its_context() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "WaitExten", "5", where="ivr,s,1")
    assert asterisk.says("DTMFEnd", "1.0", Direction="Received", Digit="1", Context="ivr") == [
        DigitPressed(at=START, leg=LEG, digit="1", menu="ivr")
    ]


def test_a_digit_that_asterisk_sends_is_nobodys() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "WaitExten", "5", where="ivr,s,1")
    assert asterisk.says("DTMFEnd", "1.0", Direction="Sent", Digit="1", Context="ivr") == []


@pytest.mark.parametrize("application", ["Dial", "VoiceMail", "ConfBridge", "ChanSpy", "VoiceMailMain"])
def test_a_digit_for_a_feature_a_message_or_another_party_is_no_choice(application: str) -> None:
    asterisk = caller()
    asterisk.runs("1.0", application, "PJSIP/8001", where="internal,8001,1")
    assert asterisk.says("DTMFEnd", "1.0", Direction="Received", Digit="1", Context="internal") == []


def test_a_digit_while_talking_is_no_choice() -> None:
    asterisk = caller()
    asterisk.says("BridgeEnter", "1.0", BridgeUniqueid="b-1")
    assert asterisk.says("DTMFEnd", "1.0", Direction="Received", Digit="1", Context="internal") == []


def test_a_user_who_may_not_read_the_dial_plan_sees_a_menu_by_its_digits_and_not_since_when() -> None:
    assert caller().says("DTMFEnd", "1.0", Direction="Received", Digit="1", Context="ivr") == [
        MenuEntered(at=START, leg=LEG, menu="ivr", since=None),
        DigitPressed(at=START, leg=LEG, digit="1", menu="ivr"),
    ]


# What the dial plan does


@pytest.mark.parametrize(
    ("application", "service"),
    [
        ("VoiceMail", Service.VOICEMAIL),
        ("VoiceMailMain", Service.MAILBOX),
        ("ChanSpy", Service.MONITOR),
        ("Page", Service.PAGE),
        ("AudioSocket", Service.MEDIA),
        ("Stasis", Service.MEDIA),
    ],
)
def test_a_service_of_asterisk_is_named_with_what_it_is_for(application: str, service: Service) -> None:
    assert caller().runs("1.0", application, "8001@default,u") == [
        ServiceStarted(at=START, leg=LEG, service=service, detail="8001@default")
    ]


@pytest.mark.parametrize("data", ["WebSocket/tieline/c(slin)v(leg=1.0),,g", "AudioSocket/127.0.0.1:9092/6344-02bb,30"])
def test_who_dials_an_application_is_served_by_it_and_calls_nobody(data: str) -> None:
    asterisk = caller()
    (served,) = asterisk.runs("1.0", "Dial", data)
    assert isinstance(served, ServiceStarted)
    assert served.service is Service.MEDIA
    # Its leg is no party that rings, answers or fails.
    name = data.partition("/")[0] + "/x-1"
    asterisk.has("1.1", name, Linkedid="1.0")
    dest = {"DestUniqueid": "1.1", "DestChannel": name, "DestLinkedid": "1.0", "DestChannelState": "0"}
    assert asterisk.says("DialBegin", "1.0", **dest, DialString="tieline") == []
    assert asterisk.says("DialEnd", "1.0", **dest, DialStatus="ANSWER") == []
    assert asterisk.says("HangupRequest", "1.1", Cause="16") == []


def test_a_recording_says_where_it_is() -> None:
    assert caller().runs("1.0", "MixMonitor", "/var/spool/1.wav,b") == [
        RecordingStarted(at=START, leg=LEG, file="/var/spool/1.wav")
    ]


@pytest.mark.parametrize(
    ("application", "data", "cause"),
    [("Busy", "10", 17), ("Congestion", "", 34), ("Hangup", "21", 21), ("ExecIf", "1?Hangup(1)", 1)],
)
def test_a_dial_plan_that_refuses_says_with_which_cause(application: str, data: str, cause: int) -> None:
    assert caller().runs("1.0", application, data) == [DialPlanFailed(at=START, leg=LEG, cause=cause)]


@pytest.mark.parametrize("data", ["", "soon"])
def test_a_plain_hang_up_refuses_nothing(data: str) -> None:
    assert caller().runs("1.0", "Hangup", data) == []


def test_nothing_runs_for_a_caller_who_has_hung_up() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "NoOp", where="from-trunk,h,1")
    # A catch-all swallows what comes after h.
    assert asterisk.runs("1.0", "Background", "sorry", where="from-trunk,4001,2") == []
    assert asterisk.runs("stranger", "Background", "welcome") == []


# Dialling for somebody


def test_a_dial_for_the_extension_itself_is_no_forward() -> None:
    assert caller().runs("1.0", "Dial", "PJSIP/8001,15", where="internal,8001,1") == [
        DialAttempted(at=START, leg=LEG, device="PJSIP/8001", number=None)
    ]


def test_a_dial_for_somebody_else_is_a_forward() -> None:
    attempted, diverted = caller().runs("1.0", "Dial", "PJSIP/13800138000@carrier,30", where="internal,8001,1")
    assert attempted == DialAttempted(at=START, leg=LEG, device="PJSIP/carrier", number="13800138000")
    assert diverted == LegDiverted(
        at=START, leg=LEG, diverted_from="8001", diverted_to="13800138000", reason=DiversionReason.UNCONDITIONAL
    )


def test_a_ring_group_of_several_that_holds_the_extension_is_no_forward() -> None:
    assert kinds(caller().runs("1.0", "Dial", "PJSIP/8001&PJSIP/8002,15", where="internal,8001,1")) == ["DialAttempted"]


def test_a_dial_for_a_number_that_is_no_extension_is_no_forward() -> None:
    assert kinds(caller().runs("1.0", "Dial", "PJSIP/8001&PJSIP/8002,15", where="groups,600,1")) == ["DialAttempted"]


def test_a_routine_dials_for_the_extension_that_it_was_called_from() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "Macro", "dial-one", where="internal,8001,1")
    events = asterisk.runs("1.0", "Dial", "PJSIP/8002,15", where="macro-dial-one,s,1")
    assert [event.diverted_from for event in events if isinstance(event, LegDiverted)] == ["8001"]


def test_what_the_dial_plan_does_after_busy_it_does_for_the_same_extension() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "Dial", "PJSIP/8001,15", where="internal,8001,1")
    events = asterisk.runs("1.0", "Dial", "PJSIP/8002,15", where="internal,s-BUSY,1")
    assert [event.diverted_from for event in events if isinstance(event, LegDiverted)] == ["8001"]


# Moved by somebody


def moved(asterisk: SpeakingAsterisk) -> list[PbxEvent]:
    """Somebody moves the leg to 8002: Asterisk repeats what it waits in there, and then runs the dial plan."""
    before = asterisk.runs("1.0", "MusicOnHold", "default", where="internal,8002,1")
    return [*before, *asterisk.runs("1.0", "NoOp", where="internal,8002,1")]


def test_a_leg_that_another_application_moved_was_redirected() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "MusicOnHold", "default", where="internal,8001,1")
    (event,) = moved(asterisk.later(30.0))
    assert isinstance(event, LegTransferred)
    assert (event.kind, event.by, event.transferee, event.to) == (TransferKind.REDIRECT, None, "1.0", "8002")


@pytest.mark.parametrize(("seconds", "redirected"), [(0.5, False), (HANDED_OVER_S + 0.1, True)])
def test_a_leg_that_was_just_handed_over_was_not_redirected(seconds: float, redirected: bool) -> None:
    asterisk = caller()
    asterisk.runs("1.0", "MusicOnHold", "default", where="internal,8001,1")
    asterisk.says("BlindTransfer", Result="Success", TransfererUniqueid="1.1", TransfereeUniqueid="1.0", Extension="8002")
    assert bool(moved(asterisk.later(seconds))) is redirected


def test_a_leg_that_is_moved_out_of_a_menu_leaves_it() -> None:
    asterisk = caller()
    asterisk.runs("1.0", "WaitExten", "5", where="ivr,s,1")
    events = asterisk.runs("1.0", "WaitExten", "5", where="internal,8002,1")
    assert MenuLeft(at=START, leg=LEG) in events
