"""What a live call is doing now, for those who watch it: read from the call, never stored."""

from enum import StrEnum

import msgspec

from gateway.model.calls import Call
from gateway.model.legs import Leg
from gateway.model.talk import connected_parties
from gateway.model.terms import BridgeKind, Service


class PhaseName(StrEnum):
    ROUTING = "routing"
    """The PBX works out where it goes, at first or after something; also for the moment in which it ends."""
    IN_MENU = "in_menu"
    QUEUED = "queued"
    DIALLING = "dialling"
    """Somebody is called whose telephone does not ring yet."""
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"
    SERVED = "served"
    """The PBX itself answers: a mailbox, an announcement, an application, a conference room with nobody else in it."""


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    name: PhaseName
    since: float | None
    """Seconds since the epoch; None where nobody saw it begin."""
    parties: tuple[str, ...] = ()
    """Whom the caller's side talks to, holds or waits for, as extensions or numbers."""


def phase_of(call: Call) -> Phase | None:
    """Return what the call is doing; None once it has ended."""
    if call.ended:
        return None
    talking_to = _parties(connected_parties(call))
    if call.held_since is not None:
        return Phase(name=PhaseName.HELD, since=call.held_since, parties=talking_to)
    if call.own_hold_since is not None:
        return Phase(name=PhaseName.HELD, since=call.own_hold_since, parties=talking_to)
    if call.talk_since is not None:
        return Phase(name=PhaseName.TALKING, since=call.talk_since, parties=talking_to)
    caller = call.caller
    if caller is not None and caller.bridge is not None:
        if caller.bridge_kind is BridgeKind.HOLDING:
            return Phase(name=PhaseName.PARKED, since=None)
        if call.conference is not None:
            return Phase(name=PhaseName.SERVED, since=caller.connected_at)
    if among_others := _talking_among_themselves(call):
        return Phase(name=PhaseName.TALKING, since=None, parties=_parties(among_others))
    ringing = [leg for leg in _called(call) if leg.alerting_at is not None]
    if call.queues and call.queues[-1].left_at is None:
        return Phase(name=PhaseName.QUEUED, since=call.queues[-1].joined_at, parties=_parties(ringing))
    if ringing:
        since = min(leg.alerting_at or 0.0 for leg in ringing)
        return Phase(name=PhaseName.RINGING, since=since, parties=_parties(ringing))
    if dialled := _called(call):
        return Phase(name=PhaseName.DIALLING, since=min(leg.created_at for leg in dialled), parties=_parties(dialled))
    if call.menu is not None:
        return Phase(name=PhaseName.IN_MENU, since=call.menus_began_at)
    if call.service is not None and call.service is not Service.ANNOUNCEMENT:
        return Phase(name=PhaseName.SERVED, since=call.answered_at)
    untouched = call.place == "route" and call.answered_at is None
    return Phase(name=PhaseName.ROUTING, since=call.began_at if untouched else None)


def _talking_among_themselves(call: Call) -> list[Leg]:
    """Return the parties that go on talking when whoever began the call has left, as in a conference."""
    for leg in call.legs.values():
        if leg.is_party and leg.bridge is not None and leg.bridge_kind is not BridgeKind.HOLDING:
            parties = [other for other in call.legs.values() if other.is_party and other.bridge == leg.bridge]
            if len(parties) > 1:
                return parties
    return []


def _called(call: Call) -> list[Leg]:
    """Return the telephones that are being called; in a click-to-dial the agent's own is one of them."""
    return [
        leg
        for leg in call.legs.values()
        if leg.is_party and leg.is_live and leg.connected_at is None and (leg.id != call.caller_leg or call.click_to_dial)
    ]


def _parties(legs: list[Leg]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leg.party for leg in legs if leg.party is not None))
