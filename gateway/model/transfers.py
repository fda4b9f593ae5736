"""Handing a call over: transfers, parking, pick-up, and two calls that become one."""

from typing import Final

import msgspec

from gateway.model import talk
from gateway.model.calls import Call, Consultation, Transfer
from gateway.model.change import Change
from gateway.model.events import LegParked, LegTransferred, LegUnparked
from gateway.model.ids import LegId
from gateway.model.legs import Leg, PartyKind
from gateway.model.outcome import dialled_outcome
from gateway.model.terms import TransferKind

CTI = "cti"
"""Who transferred, where no party did but an application."""


def transferred(change: Change, event: LegTransferred) -> None:
    """A party handed the other one over, or an application moved him."""
    call = change.call
    if event.kind is not TransferKind.REDIRECT:
        forget_redirects(change, since=change.at - _AT_ONCE_S)
    by = None if event.by is None else call.legs.get(event.by)
    if event.kind is TransferKind.BLIND and _is_parking(change, event):
        return
    for leg_id in (event.by, event.consult):
        leg = None if leg_id is None else call.legs.get(leg_id)
        if leg is not None:
            change.set_leg(leg, transferred=True)
    moved = None if event.transferee is None else call.legs.get(event.transferee)
    if moved is not None and not moved.is_party:
        change.set_leg(moved, stands_for_caller=True)
    target = _target_of(call, event)
    kind = event.kind
    result = None
    if kind is TransferKind.ATTENDED:
        if target is not None and target.connected_at is not None:
            result = "completed"
        else:
            kind = TransferKind.BLONDE
    _add(
        change,
        Transfer(
            kind=kind,
            at=change.at,
            by=CTI if by is None else by.party,
            by_leg=event.by,
            to=_waiting_in(call, event.consult) or (target.party if target is not None else None) or event.to,
            target=None if target is None else target.id,
            result=result,
            consult_s=_consulted(call, event.consult) if kind is TransferKind.ATTENDED else None,
        ),
    )
    call.release = None
    if call.held_by_feature:
        call.unheld_at = None
        call.hold_is_talk = kind is TransferKind.ATTENDED
    elif call.held_since is not None and call.held_by == event.by:
        talk.end_hold(change)
    talk.update(change)


def _waiting_in(call: Call, consult: LegId | None) -> str | None:
    """Return the number of the queue that the transferring party's second leg called and still waits in."""
    leg = None if consult is None else call.legs.get(consult)
    waiting = bool(call.queues) and call.queues[-1].left_at is None and call.queues[-1].leg == consult
    return leg.dialled if waiting and leg is not None else None


def _is_parking(change: Change, event: LegTransferred) -> bool:
    """Tell whether this blind transfer is the REFER that put the party into the parking lot it is in."""
    last = change.call.transfers[-1] if change.call.transfers else None
    return (
        last is not None
        and last.kind is TransferKind.PARK
        and last.result is None
        and change.at - last.at < _AT_ONCE_S
        and (last.by_leg is None or last.by_leg == event.by)
    )


_AT_ONCE_S: Final = 2.0
"""Seconds between a parking and the blind transfer that Asterisk also reports for it, in either order."""


def _target_of(call: Call, event: LegTransferred) -> Leg | None:
    """Return the party that the other one was handed to; behind a helper leg it is who rings or talks at its far end."""
    target = None if event.target is None else call.legs.get(event.target)
    if target is not None:
        return target if target.is_party else _called_for(call, target.twin)
    if event.kind is not TransferKind.ATTENDED:
        return None
    own = (event.by, event.consult)
    if event.consult != event.by:
        return _called_for(call, event.consult)
    # By a feature code Asterisk names no target: it is who hears the other party now, or still rings for it.
    for leg in (*talk.connected_parties(call), *call.legs.values()):
        reached = leg.bridge is not None or leg.connected_at is None
        if leg.id not in own and leg.was_dialled and leg.is_party and leg.is_live and reached:
            return leg
    return None


def _called_for(call: Call, consult: LegId | None) -> Leg | None:
    """Return who is called on behalf of this leg."""
    return next((leg for leg in call.legs.values() if consult is not None and leg.dialled_by == consult and leg.is_live), None)


def _add(change: Change, transfer: Transfer) -> None:
    change.call.transfers += (transfer,)
    _tell(change, transfer)


def _tell(change: Change, transfer: Transfer) -> None:
    change.tell("call.transferred", kind=transfer.kind, by=transfer.by, to=transfer.to, result=transfer.result)


def _consulted(call: Call, consult: LegId | None) -> float | None:
    for folded in call.folded:
        if folded.caller_leg == consult:
            return folded.talk_s
    return None


def settle(change: Change, result: str, *, only_to: set[LegId] | None = None) -> None:
    """Give every transfer that has no result yet this one; ``only_to`` leaves those out whose own target is not among them."""
    call = change.call
    if all(transfer.result is not None for transfer in call.transfers):
        return
    settled = []
    for transfer in call.transfers:
        if transfer.result is None and (only_to is None or only_to - {transfer.by_leg}):
            target = next((call.legs[leg] for leg in only_to or () if leg != transfer.by_leg), None)
            reached = target.party if target is not None else None
            transfer = msgspec.structs.replace(transfer, result=result, to=transfer.to or reached)
            _tell(change, transfer)
        settled.append(transfer)
    call.transfers = tuple(settled)


def forget_redirects(change: Change, since: float) -> None:
    """What looked like another application's doing since then turned out to be something else."""
    call = change.call
    call.transfers = tuple(
        transfer
        for transfer in call.transfers
        if transfer.kind is not TransferKind.REDIRECT or transfer.result is not None or transfer.at < since
    )


def name_target(change: Change, number: str) -> None:
    """A pending transfer's target was dialled outside: its number is the one that was sent out."""
    call = change.call
    if call.transfers and call.transfers[-1].result is None:
        last = call.transfers[-1]
        if last.to is not None and last.to != number and last.to.endswith(number):
            call.transfers = (*call.transfers[:-1], msgspec.structs.replace(last, to=number))


def parked(change: Change, event: LegParked) -> None:
    """A party was put into a parking lot; the blind transfer that a REFER to the lot looks like was no transfer of its own."""
    call = change.call
    if change.leg(event.leg) is None:
        return
    by_leg = by = None
    for leg in call.legs.values():
        if event.by is not None and leg.device == event.by and leg.is_party:
            by_leg, by = leg.id, leg.party
            change.set_leg(leg, transferred=True)
    if call.transfers and call.transfers[-1].result is None and call.transfers[-1].kind is TransferKind.BLIND:
        last = call.transfers[-1]
        by_leg, by = last.by_leg, last.by
        call.transfers = call.transfers[:-1]
    call.release = None
    if call.transfers and call.transfers[-1].kind is TransferKind.PARK and call.transfers[-1].result is None:
        return
    _add(change, Transfer(kind=TransferKind.PARK, at=change.at, by=by, by_leg=by_leg, to=None, slot=event.slot))
    change.tell("call.parked", slot=event.slot, by=by)
    if call.held_since is not None:
        talk.end_hold(change)


def unparked(change: Change, event: LegUnparked) -> None:
    """The parked party is out again: picked up, timed out, or gone."""
    call = change.call
    if not (call.transfers and call.transfers[-1].kind is TransferKind.PARK and call.transfers[-1].result is None):
        return
    last = call.transfers[-1]
    if event.timed_out:
        call.transfers = (*call.transfers[:-1], msgspec.structs.replace(last, result="no_answer"))
        _tell(change, call.transfers[-1])
        return
    by = None if event.by is None else call.legs.get(event.by)
    if by is not None:
        change.set_leg(by, picked_up=True)
        call.transfers = (*call.transfers[:-1], msgspec.structs.replace(last, to=by.party, result="completed"))
        _tell(change, call.transfers[-1])


def fold(into: Change, other: Call) -> Call:
    """Make one call of two that talk with each other; return the folded one, which only points to the first."""
    folded = Change(other, into.site, into.at)
    gone, call = folded.call, into.call
    talk.stop(folded)
    for leg in gone.legs.values():
        call.legs.setdefault(leg.id, leg)
    call.folded += (
        Consultation(call_id=gone.call_id, caller_leg=gone.caller_leg, talk_s=gone.talk_s),
        *gone.folded,
    )
    if call.caller_leg is None:
        call.caller_leg = gone.caller_leg
    call.conference = call.conference or gone.conference
    call.parties = tuple(sorted({*call.parties, *gone.parties}))
    call.diversions += gone.diversions
    if gone.queues and gone.queues[-1].left_at is None:
        call.queues += gone.queues[-1:]
        call.place = "queue"
    if call.recording is None:
        call.recording, call.recording_state = gone.recording, gone.recording_state
    call.complete = call.complete and gone.complete
    gone.merged_into = call.call_id
    gone.ended = True
    gone.ended_at = into.at
    if gone.published:
        if not call.published:
            call.published = True
            into.tell("call.started", caller=None)
        into.tell("call.merged", **{"from": gone.call_id, "into": call.call_id})
    talk.update(into)
    return gone


def outranks(one: Call, other: Call) -> bool:
    """Tell whether, of two calls that become one, the first is the customer's and the second is folded into it."""
    outside = _has_outside_party(one), _has_outside_party(other)
    if outside[0] != outside[1]:
        return outside[0]
    return (one.began_at, one.call_id) <= (other.began_at, other.call_id)


def _has_outside_party(call: Call) -> bool:
    caller = call.caller
    return (caller is not None and caller.kind is PartyKind.OUTSIDE) or any(
        leg.kind is PartyKind.OUTSIDE and leg.connected_at is not None for leg in call.legs.values()
    )


def failed_transfer(call: Call) -> str:
    """Return how a transfer came out whose target nobody reached: ``abandoned busy no_answer failed``."""
    if call.release is not None and call.release.by == "caller":
        return "abandoned"
    outcome = dialled_outcome(call) or ("no_answer" if call.place == "queue" else "failed")
    return outcome if outcome in ("busy", "no_answer") else "failed"
