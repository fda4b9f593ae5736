"""Legs that Asterisk lists when asked, and its going down. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.asterisk_ami.mapping import dialplan, listings
from connectors.asterisk_ami.mapping.state import Handler, Legs, LegState
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    LegsTwinned,
    MenuEntered,
    MenuLeft,
    PbxEvent,
    PbxStopped,
    SnapshotDone,
)
from gateway.model.ids import LegId
from gateway.model.terms import LegRole


def _channel_listed(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    seen = listings.leg_seen(message, at)
    if seen is None or state.is_gone(seen.leg):
        return []
    leg = state.legs.get(seen.leg)
    if leg is None:
        leg = state.add(seen.leg, seen.name, seen.root, terminating=seen.role is LegRole.TERMINATING)
        if seen.role is LegRole.ORIGINATING:
            state.without_dialled.add(leg.id)
    leg.bridge = seen.bridge
    leg.position.context = message.get("Context")
    data = message.get("ApplicationData")
    leg.position.application, leg.position.data = dialplan.application_of(message.get("Application"), data)
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
    places = [event for seen in seen_legs for event in _menu_of(state.legs[seen.leg], at)]
    return [*seen_legs, *twins, *places, SnapshotDone(at=at)]


def _menu_of(leg: LegState, at: float) -> list[PbxEvent]:
    """Return that the leg stands in a menu, or no longer does, by the application that a list shows it in."""
    position = leg.position
    if position.application in dialplan.MENU_APPLICATIONS:
        position.run(position.application, position.data)
        return [MenuEntered(at=at, leg=leg.id, menu=position.context, since=None)]
    if position.menu is None:
        return []
    position.menu = None
    return [MenuLeft(at=at, leg=leg.id)]


def _status_listed(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    """Tell what a leg dialled that was there before us: no other list, and no later event, says it."""
    leg_id, dialled = LegId(message.get("Uniqueid")), message.get("DNID")
    if leg_id not in state.without_dialled or not dialled:
        return []
    state.without_dialled.discard(leg_id)
    leg, seen = state.legs.get(leg_id), listings.leg_seen(message, at)
    return [] if leg is None or seen is None else [msgspec.structs.replace(seen, bridge=leg.bridge)]


def _shutdown(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [PbxStopped(at=at)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "CoreShowChannel": _channel_listed,
    "CoreShowChannelsComplete": _channels_complete,
    "Status": _status_listed,
    "Shutdown": _shutdown,
}
