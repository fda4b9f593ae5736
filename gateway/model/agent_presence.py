"""What a call does with the telephones of the site: who talks for a queue, who is rung by one, who is busy otherwise. Pure."""

from enum import IntEnum
from typing import Final

import msgspec

from gateway.model.calls import Call, QueueStay
from gateway.model.ids import CallId, QueueName
from gateway.model.legs import Leg, PartyKind
from gateway.model.terms import BridgeKind, LegRole

_INSIDE: Final = frozenset({PartyKind.EXTENSION, PartyKind.OTHER})


class Doing(IntEnum):
    """In the order of what counts where a telephone does several things at once."""

    LINGERING = 0
    """The others of its bridge are gone, and it is not yet: mostly it is about to be."""
    RINGING = 1
    """For a call that no queue gave."""
    RESERVED = 2
    """It rings for a queue, or has answered and is being connected."""
    IN_CALL = 3
    """Dialling, talking or holding in a call that no queue gave."""
    TALKING = 4
    """With a caller whom a queue gave, his being held and consultations included."""


class Presence(msgspec.Struct, frozen=True, gc=False):
    """One telephone in one call."""

    doing: Doing
    call_id: CallId
    queue: QueueName | None
    since: float | None
    """Seconds since the epoch; None where nobody saw it begin."""
    waits_in_pool: bool = False
    """It is alone in a holding bridge: an agent of a pool who stays connected waits there for callers."""


def presences_of(call: Call) -> dict[str, Presence]:
    """Return what the call does with each telephone, by extension, and by the device's name where that is another."""
    found: dict[str, Presence] = {}
    if call.ended or call.merged_into is not None:
        return found
    for leg in call.legs.values():
        if leg.cleared_at is not None or leg.kind not in _INSIDE:
            continue
        presence = _presence(call, leg)
        if presence is None:
            continue
        for key in (leg.party, leg.device.partition("/")[2]):
            if key:
                known = found.get(key)
                if known is None or known.doing < presence.doing:
                    found[key] = presence
    return found


def _presence(call: Call, leg: Leg) -> Presence | None:
    stay = call.queues[-1] if call.queues else None
    queue = None if stay is None else stay.queue
    given = next((agent for agent in call.agents if agent.leg == leg.id or agent.extension == leg.party), None)
    if given is not None and given.since is not None:
        return Presence(Doing.TALKING, call.call_id, queue, given.since)
    connected = leg.connected_at is not None or leg.bridge is not None
    called = leg.was_dialled or leg.role is LegRole.TERMINATING
    began = leg.created_at if call.begin_heard else None
    if connected:
        on_its_way = given is None or given.talk_s == 0.0
        if leg.bridged_at > 0.0 and _is_alone(call, leg, among_helpers=not on_its_way):
            return Presence(Doing.LINGERING, call.call_id, None, None)
        was_called = called and stay is not None and _was_called_in(stay, leg)
        if on_its_way and (given is not None or (was_called and call.talk_since is None)):
            return Presence(Doing.RESERVED, call.call_id, queue, began)
    elif called:
        if leg.result is not None:
            return None
        if stay is not None and _was_called_in(stay, leg):
            return Presence(Doing.RESERVED, call.call_id, queue, began)
        return Presence(Doing.RINGING, call.call_id, None, began)
    in_pool = leg.bridge is not None and leg.bridge_kind is BridgeKind.HOLDING
    return Presence(Doing.IN_CALL, call.call_id, None, began, in_pool)


def _was_called_in(stay: QueueStay, leg: Leg) -> bool:
    """Tell whether it was called while the caller waited: PBXs tell that he left the queue before they tell for whom."""
    joined_at = stay.joined_at or leg.created_at
    return joined_at <= leg.created_at and (stay.left_at is None or leg.created_at <= stay.left_at)


def _is_alone(call: Call, leg: Leg, *, among_helpers: bool) -> bool:
    """Tell whether it is in no bridge, or nobody else is in that; a place to wait in is for one alone.

    Args:
        call: The leg's.
        leg: Connected.
        among_helpers: What is no party does not count: a pipe that leads to nobody any more goes soon.
    """
    if leg.bridge is None:
        return True
    if leg.bridge_kind is BridgeKind.HOLDING:
        return False
    return not any(
        other.bridge == leg.bridge and other.id != leg.id and (other.is_party or not among_helpers)
        for other in call.legs.values()
    )
