"""What was not heard: calls first seen in the middle, and calls that ended unheard. What the CDR says of them later: details."""

import msgspec

from gateway.model import details, waiting
from gateway.model.calls import QueueStay
from gateway.model.change import Change
from gateway.model.events import AgentCompleted, LegSeen, QueueEntrySeen
from gateway.model.legs import leg_of
from gateway.model.reducer import add_leg, clear_leg
from gateway.model.terms import LegRole


def lose_sight(change: Change) -> None:
    """From now on the call is not heard: what it does now may stay unknown."""
    call = change.call
    call.complete = False
    if call.talk_since is not None:
        call.talk_begin_heard = call.talk_begin_heard or call.talk_known
        call.talk_known = False


def see(change: Change, event: LegSeen) -> None:
    """A snapshot lists this leg: take its state over, or add it."""
    call = change.call
    change.at = call.changed_at = max(event.at, change.at)
    known = call.legs.get(event.leg)
    if known is not None:
        if known.cleared_at is None:
            if event.bridge is not None and known.bridge is None:
                call.talk_known = False
            connected_at = known.connected_at or (change.at if event.connected else None)
            change.set_leg(known, bridge=event.bridge, connected_at=connected_at, dialled=known.dialled or event.dialled)
        return
    began_at = event.at - event.age_s
    call.complete = False
    call.begin_heard = call.begin_heard and bool(call.legs)
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


def see_past(change: Change, event: LegSeen, ended_at: float) -> None:
    """A leg is known to have come and gone."""
    see(change, event)
    change.call.talk_known = False
    clear_leg(change, event.leg, 0, 0, unheard=True)
    change.call.ended_at = ended_at


def see_queue_entry(change: Change, event: QueueEntrySeen) -> None:
    """A snapshot lists the caller as waiting."""
    call = change.call
    if call.queues and call.queues[-1].left_at is None:
        return
    call.place = "queue"
    call.queues += (QueueStay(queue=event.queue, leg=event.leg, joined_at=change.at - event.wait_s),)
    change.tell("queue.caller_joined", queue=event.queue)


def correct_by_queue(change: Change, said: AgentCompleted) -> bool:
    """Take in what a queue wrote down of a call that has ended; tell whether the call's record is another now."""
    before = details.told_of(change.call)
    waiting.agent_completed(change, said)
    return details.is_another(change, before)
