import pytest
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from connectors.asterisk_ami.mapping.bridges import FEATURE_CODE_S
from gateway.model.events import (
    BridgesMerged,
    ConferenceJoined,
    LegBridged,
    LegHeld,
    LegRetrieved,
    LegsTwinned,
    LegUnbridged,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind

LEG, BRIDGE = LegId("1.0"), BridgeId("b-1")


def bridged() -> SpeakingAsterisk:
    """A customer and an agent who talk."""
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.has("1.1", "PJSIP/8001-00000002", Linkedid="1.0", ChannelState="0")
    for leg in ("1.1", "1.0"):
        asterisk.says("BridgeEnter", leg, BridgeUniqueid="b-1")
    return asterisk


def presses(asterisk: SpeakingAsterisk, leg: str, digits: str) -> SpeakingAsterisk:
    for digit in digits:
        asterisk.says("DTMFEnd", leg, Direction="Received", Digit=digit)
    return asterisk


@pytest.mark.parametrize(
    ("technology", "kind"),
    [("simple_bridge", BridgeKind.TALK), ("softmix", BridgeKind.TALK), ("holding_bridge", BridgeKind.HOLDING)],
)
def test_a_holding_bridge_is_a_place_to_wait_in(technology: str, kind: BridgeKind) -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    assert asterisk.says("BridgeEnter", "1.0", BridgeUniqueid="b-1", BridgeTechnology=technology) == [
        LegBridged(at=START, leg=LEG, bridge=BRIDGE, kind=kind, replaced=None)
    ]


def test_a_leg_that_takes_anothers_place_says_whose() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    (event,) = asterisk.says("BridgeEnter", "1.0", BridgeUniqueid="b-1", SwapUniqueid="1.7")
    assert isinstance(event, LegBridged)
    assert event.replaced == "1.7"


def test_leaving_a_bridge_is_told_of_known_legs() -> None:
    asterisk = bridged()
    assert asterisk.says("BridgeLeave", "1.0", BridgeUniqueid="b-1") == [LegUnbridged(at=START, leg=LEG, bridge=BRIDGE)]
    assert asterisk.says("BridgeLeave", "stranger", BridgeUniqueid="b-1") == []


def test_merged_bridges_and_the_halves_of_a_pipe_are_told() -> None:
    asterisk = bridged()
    assert asterisk.says("BridgeMerge", FromBridgeUniqueid="b-2", ToBridgeUniqueid="b-1") == [
        BridgesMerged(at=START, bridge=BridgeId("b-2"), into=BRIDGE)
    ]
    assert asterisk.says("LocalBridge", LocalOneUniqueid="1.2", LocalTwoUniqueid="1.3") == [
        LegsTwinned(at=START, leg=LegId("1.2"), twin=LegId("1.3"))
    ]


def test_a_telephones_hold_is_no_feature_code() -> None:
    asterisk = bridged()
    assert asterisk.says("Hold", "1.1", Linkedid="1.0") == [LegHeld(at=START, leg=LegId("1.1"), by_feature=False)]
    assert asterisk.says("Unhold", "1.1") == [LegRetrieved(at=START, leg=LegId("1.1"))]


@pytest.mark.parametrize(("seconds", "by_feature"), [(0.5, True), (FEATURE_CODE_S + 0.1, False)])
def test_a_hold_just_after_a_code_is_by_feature_code(seconds: float, by_feature: bool) -> None:
    asterisk = presses(bridged(), "1.1", "*2").later(seconds)
    (event,) = asterisk.says("Hold", "1.1", Linkedid="1.0")
    assert isinstance(event, LegHeld)
    assert event.by_feature is by_feature


def test_a_room_says_who_came_in() -> None:
    assert SpeakingAsterisk().says("ConfbridgeJoin", "1.0", Conference="600") == [ConferenceJoined(at=START, leg=LEG, room="600")]


# The disconnect code: Asterisk requests no hang-up for it


def test_who_leaves_a_bridge_just_after_a_code_hung_up_by_it() -> None:
    asterisk = presses(bridged(), "1.1", "*1").later(0.5)
    assert asterisk.says("BridgeLeave", "1.1", BridgeUniqueid="b-1") == [
        ReleaseRequested(at=START + 0.5, leg=LegId("1.1"), by_party=True, cause=0, sip=0),
        LegUnbridged(at=START + 0.5, leg=LegId("1.1"), bridge=BRIDGE),
    ]


@pytest.mark.parametrize("reason", ["the other hung up", "a hold", "a transfer", "long ago"])
def test_who_leaves_a_bridge_for_another_reason_did_not_hang_up_by_a_code(reason: str) -> None:
    asterisk = presses(bridged(), "1.1", "*1").later(0.5)
    match reason:
        case "the other hung up":
            asterisk.says("HangupRequest", "1.0", Cause="16")
        case "a hold":
            asterisk.says("Hold", "1.1", Linkedid="1.0")
        case "a transfer":
            more = {"TransfererUniqueid": "1.1", "TransfereeUniqueid": "1.0", "Extension": "8002"}
            asterisk.says("BlindTransfer", Result="Success", **more)
        case _:
            asterisk.later(FEATURE_CODE_S)
    (event,) = asterisk.says("BridgeLeave", "1.1", BridgeUniqueid="b-1")
    assert isinstance(event, LegUnbridged)
