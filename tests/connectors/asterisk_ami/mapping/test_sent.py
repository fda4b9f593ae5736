from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from gateway.model.events import (
    DialOutRequested,
    LegHeld,
    LegRetrieved,
    LegTransferred,
    RecordingChanged,
    RecordingStarted,
    ReleaseRequested,
)
from gateway.model.ids import LegId
from gateway.model.terms import TransferKind

LEG = LegId("1.0")
CHANNEL = ("Channel", "PJSIP/carrier-00000001")


def test_silencing_a_party_is_its_hold_and_the_end_of_it_the_retrieval() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    sent = asterisk.mapper.sent
    assert not asterisk.mapper.is_silenced(LEG)
    (held,) = sent("Setvar", [CHANNEL, ("Variable", "VOLUME(RX)"), ("Value", "-32000")], START)
    assert held == LegHeld(at=START, leg=LEG, by_feature=False)
    assert asterisk.mapper.is_silenced(LEG)
    (retrieved,) = sent("Setvar", [CHANNEL, ("Variable", "VOLUME(RX)"), ("Value", "0")], START + 3)
    assert retrieved == LegRetrieved(at=START + 3, leg=LEG)
    assert not asterisk.mapper.is_silenced(LEG)


def test_other_variables_hold_nobody() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    for variable in ("VOLUME(TX)", "CTI_REF", ""):
        assert asterisk.mapper.sent("Setvar", [CHANNEL, ("Variable", variable), ("Value", "-32000")], START) == []


def test_a_recording_of_ours_starts_when_the_pbx_says_so_in_the_file_that_we_named() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    assert asterisk.mapper.sent("MixMonitor", [CHANNEL, ("File", "ours.wav49")], START) == []
    assert asterisk.says("MixMonitorStart", "1.0") == [RecordingStarted(at=asterisk.now, leg=LEG, file="ours.WAV")]
    # Another one, which the dial plan or a feature code started.
    assert asterisk.says("MixMonitorStart", "1.0") == []


def test_a_recording_pauses_goes_on_and_stops_as_the_pbx_says() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    told = [
        *asterisk.says("MixMonitorMute", "1.0", Direction="both", State="1"),
        *asterisk.says("MixMonitorMute", "1.0", Direction="both", State="0"),
        *asterisk.says("MixMonitorStop", "1.0"),
    ]
    ways = [(True, False), (False, False), (False, True)]
    assert told == [RecordingChanged(at=asterisk.now, leg=LEG, paused=paused, stopped=stopped) for paused, stopped in ways]
    # One of the two voices goes on.
    assert asterisk.says("MixMonitorMute", "1.0", Direction="read", State="1") == []


def test_our_redirect_is_told_though_a_transfer_went_before_it() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.runs("1.0", "Dial", "PJSIP/8001")
    asterisk.says("BlindTransfer", Result="Success", TransfereeUniqueid="1.0", TransfererUniqueid="1.1", Extension="8002")
    asterisk.later(0.5).mapper.sent("Redirect", [CHANNEL, ("Exten", "8003")], asterisk.now)
    events = asterisk.later(0.1).runs("1.0", "Dial", "PJSIP/8003", where="internal,8003,1")
    (transferred,) = [event for event in events if isinstance(event, LegTransferred)]
    assert (transferred.kind, transferred.by, transferred.to) == (TransferKind.REDIRECT, None, "8003")


def test_a_click_to_dial_calls_what_it_was_told_to_and_a_hang_up_is_ours() -> None:
    asterisk = SpeakingAsterisk()
    originate = [("Channel", "PJSIP/8001"), ("Exten", "9123"), ("ChannelId", "tieline-1")]
    assert asterisk.mapper.sent("Originate", originate, START) == []
    events = asterisk.has("tieline-1", "PJSIP/8001-00000002", ChannelState="0", Exten="s")
    assert [event.target for event in events if isinstance(event, DialOutRequested)] == ["9123"]
    (release,) = asterisk.mapper.sent("Hangup", [("Channel", "PJSIP/8001-00000002")], START)
    assert isinstance(release, ReleaseRequested)
    assert not release.by_party


def test_what_is_about_no_leg_that_lives_means_nothing() -> None:
    asterisk = SpeakingAsterisk()
    for action in ("Setvar", "MixMonitor", "Redirect", "Hangup", "QueueAdd"):
        assert asterisk.mapper.sent(action, [CHANNEL, ("Variable", "VOLUME(RX)"), ("Value", "-32000")], START) == []


def test_a_leg_is_found_by_its_id_under_its_present_name() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    assert asterisk.mapper.name_of(LEG) == "PJSIP/carrier-00000001"
    asterisk.says("Rename", "1.0", Newname="PJSIP/carrier-00000007")
    assert asterisk.mapper.name_of(LEG) == "PJSIP/carrier-00000007"
    asterisk.says("Hangup", "1.0", Cause="16")
    assert asterisk.mapper.name_of(LEG) is None
