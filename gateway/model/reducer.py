"""The reducer: a call and an event in, the call as it is then and what is to be told of it out. No I/O, no clock, no chance.

What comes late, twice or for a leg that is gone changes nothing and raises nothing. Which calls an event touches, and when two
of them become one, is decided by :mod:`gateway.model.board`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.model import details, dialling, menus, talk, transfers, waiting
from gateway.model.calls import Call, Release
from gateway.model.causes import attempt_outcome
from gateway.model.change import NOTHING, Change, Step
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    BridgesMerged,
    ConferenceJoined,
    DialAttempted,
    DialEnded,
    DialOutRequested,
    DialPlanFailed,
    DigitPressed,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegCutOff,
    LegDialled,
    LegDiverted,
    LegHeld,
    LegParked,
    LegPickedUp,
    LegRenumbered,
    LegRetrieved,
    LegsTwinned,
    LegTransferred,
    LegUnbridged,
    LegUnparked,
    MenuEntered,
    MenuExpired,
    MenuLeft,
    PbxEvent,
    QueueJoined,
    QueueLeft,
    RecordingChanged,
    RecordingStarted,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.legs import Leg, leg_of, party_of
from gateway.model.outcome import outcome_of
from gateway.model.ringing import answered_instead, rang_in_vain, who_rings
from gateway.model.site import Site
from gateway.model.terms import LegRole, QueueResult, RecordingState


def apply(call: Call, event: PbxEvent, site: Site) -> Step:
    """Return what ``event`` makes of ``call``; the call given stays as it was."""
    handler = _HANDLERS.get(type(event))
    if handler is None:
        return NOTHING
    change = Change(call, site, event.at)
    handler(change, event)
    return change.step()


def apply_to(change: Change, event: PbxEvent) -> None:
    """Let ``event`` work on a change that is under way."""
    handler = _HANDLERS.get(type(event))
    if handler is not None:
        handler(change, event)


def _leg_created(change: Change, event: LegCreated) -> None:
    if event.leg not in change.call.legs:
        add_leg(change, leg_of(event, change.site, change.at))


def add_leg(change: Change, leg: Leg) -> None:
    """Put a new leg into the call; the first party's leg is the caller's."""
    call = change.call
    call.legs[leg.id] = leg
    if not leg.is_party:
        return
    if call.caller_leg is None:
        call.caller_leg = leg.id
        call.click_to_dial = leg.role is LegRole.TERMINATING
    if not call.published:
        call.published = True
        change.tell("call.started", caller=leg.party, called=leg.dialled, leg=leg.id)


def start_consultation(change: Change, leg: Leg, to: str | None) -> None:
    """Make this call of helper legs the consultation of ``leg``'s party, who has no second leg for it."""
    copy = msgspec.structs.replace(
        leg,
        role=LegRole.ORIGINATING,
        dialled=to,
        created_at=change.at,
        alerting_at=None,
        connected_at=change.at,
        bridge=None,
        dialled_by=None,
        was_dialled=False,
        result=None,
    )
    add_leg(change, copy)


def leave_consultation(change: Change, leg_id: LegId) -> None:
    """Who consulted is back with the caller."""
    clear_leg(change, leg_id, 0, 0)


def _legs_twinned(change: Change, event: LegsTwinned) -> None:
    for one, other in ((event.leg, event.twin), (event.twin, event.leg)):
        leg = change.leg(one)
        if leg is not None and leg.twin != other:
            change.set_leg(leg, twin=other)


def _leg_renumbered(change: Change, event: LegRenumbered) -> None:
    leg = change.leg(event.leg)
    if leg is not None and leg.number is None:
        kind, party = party_of(leg.device, leg.role, event.number, change.site)
        change.set_leg(leg, number=event.number, display=leg.display or event.display, kind=kind, party=leg.party or party)


def _leg_alerting(change: Change, event: LegAlerting) -> None:
    leg = change.leg(event.leg)
    if leg is not None and leg.alerting_at is None and leg.connected_at is None:
        change.set_leg(leg, alerting_at=change.at)
        if leg.is_party and leg.role is LegRole.TERMINATING:
            change.tell("call.alerting", leg=leg.id, party=leg.party, **who_rings(change.call, change.site))


def _leg_connected(change: Change, event: LegConnected) -> None:
    leg = change.leg(event.leg)
    if leg is not None and leg.connected_at is None:
        change.set_leg(leg, connected_at=change.at)


def _leg_bridged(change: Change, event: LegBridged) -> None:
    leg = change.leg(event.leg)
    if leg is None:
        return
    connected_at = leg.connected_at if leg.connected_at is not None else change.at
    change.set_leg(leg, bridge=event.bridge, bridged_at=change.at, bridge_kind=event.kind, connected_at=connected_at)
    update(change)


def _leg_unbridged(change: Change, event: LegUnbridged) -> None:
    leg = change.leg(event.leg)
    if leg is not None and leg.bridge == event.bridge:
        change.set_leg(leg, bridge=None)
        update(change)


def _bridges_merged(change: Change, event: BridgesMerged) -> None:
    for leg in tuple(change.call.legs.values()):
        if leg.bridge == event.bridge:
            # Who is hanging up does not go along; that he left may be said later.
            change.set_leg(leg, bridge=event.into if leg.refused is None else None)
    update(change)


def update(change: Change) -> None:
    """Bring up to date what follows from who is bridged with whom."""
    talk.update(change)
    if change.call.transfers:
        reached = {leg.id for leg in talk.connected_parties(change.call)}
        if reached:
            transfers.settle(change, "completed", only_to=reached)


def _conference_joined(change: Change, event: ConferenceJoined) -> None:
    call = change.call
    leg = change.leg(event.leg)
    if leg is None:
        return
    call.conference = event.room
    if leg.party is not None and leg.party not in call.parties:
        call.parties = tuple(sorted((*call.parties, leg.party)))
        # Moving a talking caller into a room is CSTA Conferenced, no transfer.
        transfers.forget_redirects(change, since=0.0)
        change.tell("call.conference_joined", room=event.room, party=leg.party)


def _recording_started(change: Change, event: RecordingStarted) -> None:
    call = change.call
    if event.file is not None and call.recording != event.file:
        call.recording, call.recording_state = event.file, RecordingState.RUNNING
        change.tell("call.recording_started", file=event.file)


def _recording_changed(change: Change, event: RecordingChanged) -> None:
    """A recording that nobody heard begin, and one that is over, are of no interest."""
    call = change.call
    now = RecordingState.STOPPED if event.stopped else RecordingState.PAUSED if event.paused else RecordingState.RUNNING
    if call.recording_state in (None, RecordingState.STOPPED, now):
        return
    call.recording_state = now
    match now:
        case RecordingState.STOPPED:
            change.tell("call.recording_stopped")
        case RecordingState.PAUSED:
            change.tell("call.recording_paused")
        case RecordingState.RUNNING:
            change.tell("call.recording_resumed")


def _release_requested(change: Change, event: ReleaseRequested) -> None:
    call = change.call
    leg = change.leg(event.leg)
    if leg is None or not leg.is_party:
        return
    if leg.role is LegRole.ORIGINATING and leg.connected_at is None and _is_answer_to_caller(call, event):
        return
    if event.by_party and leg.refused is None:
        leg = change.set_leg(leg, refused=(event.cause, event.sip))
    if leg.transferred or (call.release is not None and call.release.by != "called"):
        return
    if not event.by_party:
        call.release = Release(by="cti", leg=leg.id, at=change.at)
    elif change.is_near(leg.id) and leg.id == call.caller_leg:
        if call.release is None or change.at - call.release.at > _AT_ONCE_S:
            call.release = Release(by="caller", leg=leg.id, at=change.at)
    elif call.release is None and any(party.id == leg.id for party in talk.connected_parties(call)):
        call.release = Release(by="called", leg=leg.id, at=change.at)


_REQUEST_TERMINATED: Final = 487


def _is_answer_to_caller(call: Call, event: ReleaseRequested) -> bool:
    """Tell whether this is what the PBX answered the caller: he himself cannot refuse, only give up."""
    if call.dial_cause is not None:
        return True
    if event.sip == _REQUEST_TERMINATED or attempt_outcome(event.cause, event.sip) is None:
        return False
    return not any(leg.is_ringing for leg in call.legs.values())


_AT_ONCE_S: Final = 0.5
"""Seconds within which the caller's own goodbye answers the other side's."""


def _leg_cut_off(change: Change, event: LegCutOff) -> None:
    call = change.call
    if event.leg == call.caller_leg and call.release is None:
        call.cut_off = True


def _leg_cleared(change: Change, event: LegCleared) -> None:
    if event.fate_untold and (leg := change.leg(event.leg)) is not None:
        change.set_leg(leg, fate_untold=True)
    clear_leg(change, event.leg, event.cause, event.sip)


def clear_leg(change: Change, leg_id: LegId, cause: int, sip: int, *, unheard: bool = False) -> None:
    """The leg is gone; the call ends with the last of them."""
    call, at = change.call, change.at
    leg = change.leg(leg_id)
    if leg is None:
        return
    change.set_leg(
        leg,
        cleared_at=at,
        cause=cause or leg.cause,
        sip=sip or leg.sip,
        bridge=None,
        cleared_unheard=unheard,
        over_with=leg.over_with or len(call.legs),
    )
    if leg.bridge is not None:
        update(change)
    if rang_in_vain(call, leg):
        change.tell("call.ringing_stopped", leg=leg.id, party=leg.party, answered_by=answered_instead(call, leg))
    if call.held_by == leg_id and not call.held_by_feature:
        talk.end_hold(change)
    if all(other.cleared_at is not None for other in call.legs.values()):
        finish(change)


def finish(change: Change) -> None:
    """All legs are gone: close what is open, and say how it came out."""
    call = change.call
    if call.ended:
        return
    unheard = details.ends_unheard(call)
    if unheard or outcome_of(call).outcome == "unknown":
        call.talk_known = False
    talk.stop(change)
    talk.end_hold(change)
    if not unheard:
        _close(change)
    call.ended = True
    ends = [leg.cleared_at for leg in call.legs.values() if leg.is_party and leg.cleared_at is not None]
    call.ended_at = None if unheard else max(ends, default=None)
    if call.details:
        # The PBX may write its record before it tells the end.
        details.tell(call, change.site)
    result = outcome_of(call)
    if call.transfers and not unheard:
        transfers.settle(change, transfers.failed_transfer(call))
    change.tell(
        "call.ended",
        outcome=result.outcome,
        stage=result.stage,
        ended_by=result.ended_by,
        talk_s=call.known_talk_s,
    )


def _close(change: Change) -> None:
    """Close the menu and the queue that the caller was in when he went."""
    call = change.call
    menus.leave_menu(change)
    if call.queues and call.queues[-1].left_at is None:
        gave_up = call.release is not None and call.release.by == "caller"
        waiting.end_stay(change, QueueResult.ABANDONED if gave_up else QueueResult.LEFT)


def _unused(change: Change, event: Any) -> None:
    """Events that decide which calls belong together work in the board; the call itself needs nothing more of them."""


_HANDLERS: Final[dict[type, Callable[[Change, Any], None]]] = {
    LegCreated: _leg_created,
    LegsTwinned: _legs_twinned,
    LegRenumbered: _leg_renumbered,
    DialAttempted: dialling.dial_attempted,
    LegDialled: dialling.leg_dialled,
    LegAlerting: _leg_alerting,
    LegConnected: _leg_connected,
    DialEnded: dialling.dial_ended,
    LegDiverted: dialling.leg_diverted,
    LegBridged: _leg_bridged,
    LegUnbridged: _leg_unbridged,
    BridgesMerged: _bridges_merged,
    LegHeld: talk.held,
    LegRetrieved: talk.retrieved,
    DigitPressed: menus.digit_pressed,
    MenuEntered: menus.menu_entered,
    MenuLeft: menus.menu_left,
    MenuExpired: menus.menu_expired,
    ServiceStarted: menus.service_started,
    DialPlanFailed: dialling.dial_plan_failed,
    QueueJoined: waiting.queue_joined,
    QueueLeft: waiting.queue_left,
    AgentConnected: waiting.agent_connected,
    AgentCompleted: waiting.agent_completed,
    LegTransferred: transfers.transferred,
    LegParked: transfers.parked,
    LegUnparked: transfers.unparked,
    LegPickedUp: _unused,
    ConferenceJoined: _conference_joined,
    RecordingStarted: _recording_started,
    RecordingChanged: _recording_changed,
    ReleaseRequested: _release_requested,
    LegCutOff: _leg_cut_off,
    LegCleared: _leg_cleared,
    DialOutRequested: dialling.dial_out_requested,
}
