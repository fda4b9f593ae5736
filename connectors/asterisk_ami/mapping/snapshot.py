"""Legs that Asterisk lists when asked, and its going down. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.asterisk_ami.mapping import dialplan, listings
from connectors.asterisk_ami.mapping.state import Handler, Legs
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    LegsTwinned,
    PbxEvent,
    PbxStopped,
    SnapshotDone,
)
from gateway.model.terms import LegRole


def _channel_listed(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    seen = listings.leg_seen(message, at)
    if seen is None:
        return []
    leg = state.legs.get(seen.leg)
    if leg is None:
        leg = state.add(seen.leg, seen.name, seen.root, terminating=seen.role is LegRole.TERMINATING)
    leg.bridge = seen.bridge
    leg.position.context = message.get("Context")
    leg.position.application = message.get("Application").lower()
    state.seen.append(seen)
    return []


def _channels_complete(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    # What happened while the list came counts: legs that are gone are no more, and bridges are those of now.
    now = [
        msgspec.structs.replace(seen, at=at, bridge=state.legs[seen.leg].bridge) for seen in state.seen if seen.leg in state.legs
    ]
    state.seen.clear()
    # Asterisk lists legs in no order; who began a call comes first.
    seen_legs = sorted(now, key=lambda seen: (seen.leg != seen.root, -seen.age_s, seen.leg))
    for gone in state.unconfirmed - {seen.leg for seen in seen_legs}:
        state.remove(gone)
    state.unconfirmed = set()
    twins = [
        LegsTwinned(at=at, leg=seen.leg, twin=twin.id)
        for seen in seen_legs
        if seen.name.endswith(";1") and (twin := state.by_name.get(dialplan.twin_name(seen.name) or "")) is not None
    ]
    return [*seen_legs, *twins, SnapshotDone(at=at)]


def _shutdown(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [PbxStopped(at=at)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "CoreShowChannel": _channel_listed,
    "CoreShowChannelsComplete": _channels_complete,
    "Shutdown": _shutdown,
}
