import pytest
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from gateway.model.events import (
    ConsultationStarted,
    DialEnded,
    DialOutRequested,
    DialPlanFailed,
    LegAlerting,
    LegCleared,
    LegConnected,
    LegCreated,
    LegDialled,
    LegHeld,
    LegRenumbered,
    LegSeen,
    LegsTwinned,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DialResult, LegRole, Service

PIPE = "Local/8002@from-internal-xfer-00000001"


def created(asterisk: SpeakingAsterisk, leg: str, name: str = "", **headers: str) -> LegCreated:
    event = asterisk.has(leg, name, **headers)[0]
    assert isinstance(event, LegCreated)
    return event


# Newchannel


def test_a_callers_leg_says_who_calls_what_and_where_it_came_in() -> None:
    leg = created(SpeakingAsterisk(), "1.0")
    assert (leg.leg, leg.root, leg.role, leg.device) == ("1.0", "1.0", LegRole.ORIGINATING, "PJSIP/carrier")
    assert (leg.number, leg.display, leg.dialled, leg.place) == ("01062551234", "Chen", "4001", "from-trunk")


@pytest.mark.parametrize(
    ("headers", "role"),
    [
        ({"ChannelState": "4"}, LegRole.ORIGINATING),
        ({"ChannelState": "0", "Exten": "s"}, LegRole.TERMINATING),
        ({"ChannelState": "5", "Exten": ""}, LegRole.TERMINATING),
        ({"Linkedid": "0.9", "ChannelState": "0"}, LegRole.TERMINATING),
        # chan_sip announces an incoming leg as Down too.
        ({"ChannelState": "0", "Exten": "4001"}, LegRole.ORIGINATING),
    ],
)
def test_a_leg_that_asterisk_calls_is_told_from_one_that_calls_it(headers: dict[str, str], role: LegRole) -> None:
    leg = created(SpeakingAsterisk(), "1.0", **headers)
    assert leg.role is role
    assert leg.dialled == ("4001" if role is LegRole.ORIGINATING else None)


@pytest.mark.parametrize("number", ["", "<unknown>"])
def test_a_leg_without_a_number_has_none_and_a_hidden_one_keeps_its_text(number: str) -> None:
    assert created(SpeakingAsterisk(), "1.0", CallerIDNum=number).number is None
    assert created(SpeakingAsterisk(), "1.0", CallerIDNum="anonymous").number == "anonymous"


def test_a_leg_announced_twice_or_without_an_id_is_announced_once() -> None:
    asterisk = SpeakingAsterisk()
    assert len(asterisk.has("1.0")) == 1
    assert asterisk.has("1.0") == []
    assert asterisk.says("Newchannel", Channel="PJSIP/8001-00000001") == []


def test_the_second_half_of_a_pipe_names_the_first() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0", f"{PIPE};1")
    events = asterisk.has("1.1", f"{PIPE};2", Linkedid="1.0")
    assert events[1:] == [LegsTwinned(at=START, leg=LegId("1.0"), twin=LegId("1.1"))]


# Newstate, NewCallerid


def test_ringing_and_answering_are_said_by_the_legs_state() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    assert asterisk.says("Newstate", "1.0", ChannelState="5") == [LegAlerting(at=START, leg=LegId("1.0"))]
    assert asterisk.says("Newstate", "1.0", ChannelState="6") == [LegConnected(at=START, leg=LegId("1.0"))]
    assert asterisk.says("Newstate", "1.0", ChannelState="3") == []


def test_a_busy_tone_is_what_asterisk_answers_a_caller_and_says_nothing_of_who_was_called() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.has("1.1", "PJSIP/8001-00000002", Linkedid="1.0", ChannelState="0")
    assert asterisk.says("Newstate", "1.0", ChannelState="7") == [DialPlanFailed(at=START, leg=LegId("1.0"), cause=0)]
    assert asterisk.says("Newstate", "1.1", ChannelState="7") == []


def test_a_leg_that_was_never_announced_is_seen_when_it_is_first_heard_of() -> None:
    asterisk = SpeakingAsterisk()
    seen, connected = asterisk.says("Newstate", "1.0", ChannelState="6", Linkedid="0.9", CallerIDNum="8001")
    assert isinstance(seen, LegSeen)
    assert (seen.leg, seen.root, seen.number) == ("1.0", "0.9", "8001")
    assert isinstance(connected, LegConnected)
    assert [type(event) for event in asterisk.says("Newstate", "1.0", ChannelState="6")] == [LegConnected]


def test_a_leg_that_is_gone_does_not_come_back_by_what_is_said_late() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.says("Hangup", "1.0", Cause="16")
    for late in ("Newstate", "BridgeEnter", "DTMFEnd", "QueueCallerJoin", "Newexten", "Hold"):
        assert asterisk.says(late, "1.0", ChannelState="6", Direction="Received", BridgeUniqueid="b") == []


def test_a_mailbox_is_told_by_its_context_where_the_dial_plan_may_not_be_read() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    events = asterisk.says("Newstate", "1.0", ChannelState="6", Context="macro-vm")
    assert ServiceStarted(at=START, leg=LegId("1.0"), service=Service.VOICEMAIL, detail="") in events


def test_a_number_that_comes_later_is_told_and_an_unknown_one_is_not() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0", CallerIDNum="")
    assert asterisk.says("NewCallerid", "1.0", CallerIDNum="8001", CallerIDName="") == [
        LegRenumbered(at=START, leg=LegId("1.0"), number="8001", display=None)
    ]
    assert asterisk.says("NewCallerid", "1.0", CallerIDNum="<unknown>") == []
    assert asterisk.says("NewCallerid", "stranger", CallerIDNum="8001") == []


# Hangup


@pytest.mark.parametrize(
    ("headers", "cause", "sip"),
    [
        ({"Cause": "17", "TechCause": "SIP 486"}, 17, 486),
        ({"Cause": "16"}, 16, 0),
        ({"Cause": "0", "TechCause": "486"}, 0, 486),
        ({"Cause": "", "TechCause": "hung up"}, 0, 0),
    ],
)
def test_who_asked_for_a_hang_up_and_why_is_told(headers: dict[str, str], cause: int, sip: int) -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    leg = LegId("1.0")
    assert asterisk.says("HangupRequest", "1.0", **headers) == [
        ReleaseRequested(at=START, leg=leg, by_party=True, cause=cause, sip=sip)
    ]
    assert asterisk.says("Hangup", "1.0", **headers) == [LegCleared(at=START, leg=leg, cause=cause, sip=sip)]
    assert asterisk.says("Hangup", "1.0", **headers) == []


# Dial


def dialling() -> SpeakingAsterisk:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.has("1.1", "PJSIP/carrier-00000002", Linkedid="1.0", ChannelState="0")
    return asterisk


def test_a_dial_names_the_number_that_was_sent() -> None:
    events = dialling().says("DialBegin", "1.0", DestUniqueid="1.1", DestChannel="PJSIP/carrier-2", DialString="8885551@carrier")
    assert events == [LegDialled(at=START, leg=LegId("1.0"), target=LegId("1.1"), number="8885551")]


def test_what_asterisk_dials_on_its_own_account_is_dialled_for_nobody() -> None:
    (event,) = dialling().says("DialBegin", DestUniqueid="1.1", DestChannel="PJSIP/carrier-2", DialString="carrier")
    assert isinstance(event, LegDialled)
    assert event.leg is None


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("ANSWER", DialResult.ANSWERED),
        ("BUSY", DialResult.BUSY),
        ("NOANSWER", DialResult.NO_ANSWER),
        ("CANCEL", DialResult.CANCELLED),
        ("CHANUNAVAIL", DialResult.UNREACHABLE),
        ("CONGESTION", DialResult.FAILED),
        ("SOMETHING NEW", DialResult.FAILED),
    ],
)
def test_a_dial_ends_as_asterisk_says(status: str, result: DialResult) -> None:
    assert dialling().says("DialEnd", "1.0", DestUniqueid="1.1", DialStatus=status) == [
        DialEnded(at=START, leg=LegId("1.0"), target=LegId("1.1"), result=result, forwarded_to=None)
    ]


def test_a_302_says_where_to() -> None:
    (event,) = dialling().says("DialEnd", "1.0", DestUniqueid="1.1", DialStatus="CANCEL", Forward="Local/8002@internal")
    assert isinstance(event, DialEnded)
    assert event.forwarded_to == "8002"


# Click-to-dial


@pytest.mark.parametrize("by", ["channelid", "device"])
def test_what_a_click_to_dial_of_ours_calls_is_known_when_its_leg_exists(by: str) -> None:
    asterisk = SpeakingAsterisk()
    headers = [("Channel", "PJSIP/8001"), ("Exten", "062551234"), *([("ChannelId", "1.0")] if by == "channelid" else [])]
    assert asterisk.mapper.sent("Originate", headers, START) == []
    events = asterisk.has("1.0", "PJSIP/8001-00000001", ChannelState="0", Exten="s")
    assert events[1:] == [DialOutRequested(at=START, leg=LegId("1.0"), target="062551234")]
    assert len(asterisk.has("1.2", "PJSIP/8001-00000003", ChannelState="0", Exten="s")) == 1


@pytest.mark.parametrize("uniqueid", ["1.0", "<unknown>"])
def test_the_answer_to_an_originate_of_somebody_else_says_what_it_calls(uniqueid: str) -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0", "PJSIP/8001-00000001", ChannelState="0", Exten="s")
    assert asterisk.says("OriginateResponse", Uniqueid=uniqueid, Channel="PJSIP/8001", Exten="062551234") == [
        DialOutRequested(at=START, leg=LegId("1.0"), target="062551234")
    ]
    assert asterisk.says("OriginateResponse", Uniqueid=uniqueid, Channel="PJSIP/8001", Exten="") == []


# A consultation by feature code


def test_the_first_pipe_after_a_hold_by_code_begins_a_consultation_of_its_own() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.has("1.1", "PJSIP/8001-00000002", Linkedid="1.0", ChannelState="0")
    asterisk.says("BridgeEnter", "1.1", BridgeUniqueid="b")
    asterisk.says("DTMFEnd", "1.1", Direction="Received", Digit="2")
    asterisk.later(1.0).says("Hold", "1.1", Linkedid="1.0")
    first = asterisk.later(3.0).has("1.2", f"{PIPE};1", Linkedid="1.0")
    assert isinstance(first[0], LegCreated)
    assert first[0].root == "1.2"
    assert first[1:] == [
        LegHeld(at=START + 4.0, leg=LegId("1.1"), by_feature=True),
        ConsultationStarted(at=START + 4.0, leg=LegId("1.1"), helper=LegId("1.2"), to="8002"),
    ]
    second = created(asterisk, "1.3", f"{PIPE};2", Linkedid="1.0")
    third = created(asterisk, "1.4", "PJSIP/8002-00000003", Linkedid="1.0", ChannelState="0")
    assert (second.root, third.root) == ("1.2", "1.2")

    asterisk.says("BridgeEnter", "1.4", BridgeUniqueid="c")
    assert created(asterisk, "1.5", "PJSIP/8003-00000004", Linkedid="1.0", ChannelState="0").root == "1.0"
