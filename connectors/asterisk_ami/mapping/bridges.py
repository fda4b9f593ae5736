"""Bridges, holding, conferences. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.asterisk_ami.mapping import steps
from connectors.asterisk_ami.mapping.state import Handler, Legs, LegState
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    BridgesMerged,
    ConferenceJoined,
    LegBridged,
    LegHeld,
    LegRetrieved,
    LegsTwinned,
    LegUnbridged,
    PbxEvent,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind

FEATURE_CODE_S: Final = 2.5
"""Seconds between a code's last digit and its effect: Asterisk's ``featuredigittimeout`` is 1 or 2."""


def _bridge_enter(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    leg = state.met(message, at, events)
    if leg is None:
        return events
    leg.bridge = BridgeId(message.get("BridgeUniqueid"))
    if state.consulted and not leg.name.endswith(";1"):
        state.end_consultation(leg)
    holding = message.get("BridgeTechnology") == "holding_bridge"
    events.append(
        LegBridged(
            at=at,
            leg=leg.id,
            bridge=leg.bridge,
            kind=BridgeKind.HOLDING if holding else BridgeKind.TALK,
            replaced=LegId(message.get("SwapUniqueid")) or None,
        )
    )
    return events


def _bridge_leave(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None:
        return []
    left = BridgeId(message.get("BridgeUniqueid"))
    leg.bridge, leg.last_bridge = None, left
    events: list[PbxEvent] = []
    if 0.0 <= at - leg.digit_at < FEATURE_CODE_S and _left_by_code(state, leg, left):
        events.append(ReleaseRequested(at=at, leg=leg.id, by_party=True, cause=0, sip=0))
    if leg.moved_to is not None and not leg.position.application:
        events += steps.redirected(leg)
    events.append(LegUnbridged(at=at, leg=leg.id, bridge=left))
    return events


def _left_by_code(state: Legs, leg: LegState, left: BridgeId) -> bool:
    """Tell whether this leg leaves because its party pressed the disconnect code: Asterisk requests no hang-up for it."""
    if leg.held_at >= leg.digit_at or leg.handed_at >= leg.digit_at or leg.moved_to is not None:
        return False
    return not any(other.leaving for other in state.legs.values() if left in (other.bridge, other.last_bridge))


def _bridge_merge(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [
        BridgesMerged(
            at=at,
            bridge=BridgeId(message.get("FromBridgeUniqueid")),
            into=BridgeId(message.get("ToBridgeUniqueid")),
        )
    ]


def _local_bridge(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [LegsTwinned(at=at, leg=LegId(message.get("LocalOneUniqueid")), twin=LegId(message.get("LocalTwoUniqueid")))]


def _hold(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None:
        return []
    # Asterisk holds for a feature code as for a telephone; only the digits just before tell them apart.
    leg.held_at = at
    leg.holding = leg.bridge is not None
    leg.root = LegId(message.get("Linkedid")) or leg.root
    return [LegHeld(at=at, leg=leg.id, by_feature=leg.holding and 0.0 <= at - leg.digit_at < FEATURE_CODE_S)]


def _unhold(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None:
        return []
    leg.holding = False
    return [LegRetrieved(at=at, leg=leg.id)]


def _confbridge_join(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [ConferenceJoined(at=at, leg=LegId(message.get("Uniqueid")), room=message.get("Conference"))]


HANDLERS: Final[Mapping[str, Handler]] = {
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "BridgeMerge": _bridge_merge,
    "LocalBridge": _local_bridge,
    "Hold": _hold,
    "Unhold": _unhold,
    "ConfbridgeJoin": _confbridge_join,
}
