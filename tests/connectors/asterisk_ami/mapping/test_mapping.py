from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import SITE, START
from support.replaying import CAPTURES, asterisk_captures, name_of, pbx_events
from support.speaking_asterisk import SpeakingAsterisk, ami

from connectors._kit.capture import Received, read_capture
from connectors.asterisk_ami.mapping import WANTED, AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage
from connectors.asterisk_ami.replay import GREETING, WIRE
from gateway.model.events import ConnectionLost, ConnectionMade, LegCleared, LegCreated, PbxEvent, ReleaseRequested
from gateway.model.ids import LegId

VALUES = ("", "1.0", "1.1", "b", "6", "Local/x;1", "h", "16", "Dial")
HEADERS = (
    *("Uniqueid", "Linkedid", "Channel", "DestUniqueid", "DestChannel", "ChannelState", "Context", "Exten", "Extension"),
    *("BridgeUniqueid", "FromBridgeUniqueid", "ToBridgeUniqueid", "Application", "AppData", "Priority", "Direction", "Digit"),
    *("Queue", "Result", "Cause", "TechCause", "DialStatus", "DialString", "Forward", "TransfererUniqueid"),
    *("TransfereeUniqueid", "OrigTransfererUniqueid", "SecondTransfererUniqueid", "TransferTargetUniqueid"),
    *("ParkeeUniqueid", "RetrieverUniqueid", "LocalOneUniqueid", "LocalTwoUniqueid", "Newname", "Duration", "CallerIDNum"),
)


def messages(folder: Path) -> list[AmiMessage]:
    decoder = AmiDecoder(WANTED)
    return [
        message
        for item in read_capture(folder, WIRE, GREETING)
        if isinstance(item, Received)
        for message in decoder.receive_data(item.data)
    ]


def test_a_message_that_nobody_wants_means_nothing() -> None:
    assert AmiMapper(SITE).receive(ami("VarSet", Uniqueid="1.0", Variable="x"), START) == []
    assert "VarSet" not in WANTED


@pytest.mark.parametrize(("stamp", "at"), [("1795352669.609651", 1795352669.609651), ("", START), ("yesterday", START)])
def test_asterisks_own_time_counts_where_it_gives_one(stamp: str, at: float) -> None:
    (event,) = SpeakingAsterisk().has("1.0", Timestamp=stamp)
    assert event.at == at


def test_connections_are_told_at_their_times() -> None:
    mapper = AmiMapper(SITE)
    assert mapper.connection_made(START) == [ConnectionMade(at=START)]
    assert mapper.connection_lost(START + 1.0) == [ConnectionLost(at=START + 1.0)]


def test_a_hang_up_that_we_command_is_by_cti() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    sent = asterisk.mapper.sent
    assert sent("Hangup", [("Channel", "PJSIP/carrier-00000001")], START) == [
        ReleaseRequested(at=START, leg=LegId("1.0"), by_party=False, cause=0, sip=0)
    ]
    assert sent("Hangup", [("Channel", "PJSIP/carrier-00000009")], START) == []
    assert sent("Ping", [], START) == []


def test_a_leg_is_commanded_by_the_name_that_it_has_now() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.says("Rename", "1.0", Newname="PJSIP/carrier-00000007")
    assert asterisk.mapper.sent("Hangup", [("Channel", "PJSIP/carrier-00000001")], START) == []
    assert len(asterisk.mapper.sent("Hangup", [("channel", "PJSIP/carrier-00000007")], START)) == 1


def test_system_name_and_technology_change_nothing_of_what_is_told() -> None:
    for name in ("PJSIP/8001-0000000c", "SIP/8001-0000000c", "DAHDI/8001-1", "IAX2/8001-1234"):
        asterisk = SpeakingAsterisk()
        created = asterisk.has("cc1-1795346762.11", name, SystemName="cc1", Linkedid="cc1-1795346762.11")[0]
        (cleared,) = asterisk.says("Hangup", "cc1-1795346762.11", Cause="16")
        assert isinstance(created, LegCreated)
        assert isinstance(cleared, LegCleared)
        assert (created.leg, created.device, cleared.leg) == (created.root, name.rpartition("-")[0], "cc1-1795346762.11")


def reconnected(asterisk: SpeakingAsterisk) -> SpeakingAsterisk:
    asterisk.mapper.connection_lost(START)
    asterisk.mapper.connection_made(START)
    return asterisk


def test_a_leg_that_a_snapshot_no_longer_lists_is_forgotten() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    reconnected(asterisk).says("CoreShowChannelsComplete")
    assert asterisk.says("Hangup", "1.0", Cause="16") == []


def test_a_leg_that_came_while_the_list_was_made_stays() -> None:
    asterisk = reconnected(SpeakingAsterisk())
    asterisk.has("1.0")
    asterisk.says("CoreShowChannelsComplete")
    assert len(asterisk.says("Hangup", "1.0", Cause="16")) == 1


# Whatever comes


@pytest.mark.parametrize("folder", [folder for folder in asterisk_captures() if "flood" not in folder.name][::4], ids=name_of)
def test_every_message_may_come_twice(folder: Path) -> None:
    """Twice at once: who is created, cleared or answered is so once, and nothing raises."""
    mapper = AmiMapper(SITE)
    once: list[PbxEvent] = []
    for message in messages(folder):
        once += mapper.receive(message, START)
        mapper.receive(message, START)
    created = [event.leg for event in once if isinstance(event, LegCreated)]
    cleared = [event.leg for event in once if isinstance(event, LegCleared)]
    assert len(set(created)) == len(created)
    assert len(set(cleared)) == len(cleared)


@given(data=st.data())
def test_messages_of_a_real_asterisk_may_be_lost_or_change_places(data: st.DataObject) -> None:
    folder = CAPTURES / "asterisk" / data.draw(st.sampled_from(["22/attended_transfer", "22-site2/connection_cut", "22/hold"]))
    kept = [message for message in messages(folder) if data.draw(st.integers(0, 9))][:200]
    mapper = AmiMapper(SITE)
    for message in data.draw(st.permutations(kept)) if data.draw(st.booleans()) else kept:
        for event in mapper.receive(message, START):
            assert event.at > 0.0


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(sorted(WANTED)),
            st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(VALUES)),
        ),
        max_size=20,
    )
)
def test_any_messages_are_read_without_complaint(said: list[tuple[str, dict[str, str]]]) -> None:
    mapper = AmiMapper(SITE)
    for name, headers in said:
        for event in mapper.receive(ami(name, **headers), START):
            assert event.at == START


def test_two_mappers_tell_the_same_of_the_same_messages() -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    first, second = AmiMapper(SITE), AmiMapper(SITE)
    for message in messages(folder):
        assert first.receive(message, START) == second.receive(message, START)


def test_a_recording_is_mapped_as_it_was_live() -> None:
    folder = CAPTURES / "asterisk" / "22" / "internal"
    assert len([event for event in pbx_events(folder) if isinstance(event, LegCreated)]) == 2
