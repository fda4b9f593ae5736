"""What was not heard: calls first seen in the middle, calls that ended unheard, and what the PBX's CDR says later."""

from typing import Final

import msgspec

from gateway.model.calls import QueueStay
from gateway.model.change import Change
from gateway.model.events import LegSeen, QueueEntrySeen
from gateway.model.legs import leg_of
from gateway.model.reducer import add_leg
from gateway.model.reports import CallDetail
from gateway.model.terms import LegRole

QUEUE_APPLICATIONS: Final = frozenset({"Queue", "AppQueue"})


def lose_sight(change: Change) -> None:
    """From now on the call is not heard: what it does now may stay unknown."""
    call = change.call
    call.complete = False
    if call.talk_since is not None:
        call.talk_known = False


def see(change: Change, event: LegSeen) -> None:
    """A snapshot lists this leg: take its state over, or add it."""
    call = change.call
    known = call.legs.get(event.leg)
    if known is not None:
        if known.cleared_at is None:
            connected_at = known.connected_at or (change.at if event.connected else None)
            change.set_leg(known, bridge=event.bridge, connected_at=connected_at)
        return
    began_at = event.at - event.age_s
    call.complete = False
    call.began_at = min(call.began_at, began_at)
    if event.bridge is not None:
        call.talk_known = False
    leg = msgspec.structs.replace(
        leg_of(event, change.site, began_at),
        alerting_at=change.at if event.alerting else None,
        connected_at=change.at if event.connected else None,
        bridge=event.bridge,
        was_dialled=event.role is LegRole.TERMINATING,
    )
    add_leg(change, leg)
    caller = call.caller
    if leg.is_party and caller is not None and caller.id != event.leg:
        better = event.leg == event.root or (event.role is LegRole.ORIGINATING and caller.role is not LegRole.ORIGINATING)
        if better and caller.id != event.root:
            call.caller_leg = event.leg
    call.click_to_dial = False
    if event.role is LegRole.TERMINATING and call.place == "route":
        call.place = "ringing"


def see_queue_entry(change: Change, event: QueueEntrySeen) -> None:
    """A snapshot lists the caller as waiting."""
    call = change.call
    if call.queues and call.queues[-1].left_at is None:
        return
    call.place = "queue"
    call.queues += (QueueStay(queue=event.queue, leg=event.leg, joined_at=change.at - event.wait_s),)
    change.tell("queue.caller_joined", queue=event.queue)


def correct(change: Change, detail: CallDetail) -> bool:
    """Fill in from the CDR what was not heard; tell whether anything changed."""
    call = change.call
    before = (call.talk_said, call.ended_at, call.answered_by, call.disposition)
    if detail.answered:
        far = far_extension(change, detail)
        if far is not None and not call.answered_by:
            call.answered_by = (far,)
        plain = not call.queues and not call.menus and not call.transfers and detail.application not in QUEUE_APPLICATIONS
        if plain and not call.talk_known and call.answered_by:
            call.talk_said = float(detail.billed_s)
    if call.ended:
        call.ended_at = call.ended_at or detail.ended_at
    call.disposition = detail.disposition
    if before == (call.talk_said, call.ended_at, call.answered_by, call.disposition):
        return False
    if call.ended:
        call.version += 1
        change.tell("call.corrected", version=call.version, talk_s=call.known_talk_s)
    return True


def far_extension(change: Change, detail: CallDetail) -> str | None:
    """Return the extension or number that the CDR's called leg stands for."""
    device = detail.destination_leg.rpartition("-")[0] or detail.destination_leg
    peer = device.partition("/")[2].partition("@")[0]
    if change.site.is_extension(peer):
        return peer
    return detail.destination if change.site.is_trunk(device) else None


def leg_of_detail(detail: CallDetail, ended_at: float) -> LegSeen | None:
    """Return the calling leg that a CDR row tells of; None where it is a helper's row."""
    device = detail.leg_name.rpartition("-")[0] or detail.leg_name
    if device.startswith("Local/"):
        return None
    return LegSeen(
        at=ended_at,
        leg=detail.leg,
        name=detail.leg_name,
        device=device,
        role=LegRole.ORIGINATING,
        root=detail.leg,
        number=detail.source or None,
        display=None,
        dialled=detail.destination or None,
        place=None,
        age_s=float(detail.duration_s),
        connected=detail.answered,
        alerting=False,
        bridge=None,
    )
