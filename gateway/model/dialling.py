"""Reaching somebody: attempts, their ends, forwards."""

from gateway.model import transfers
from gateway.model.calls import Diversion
from gateway.model.change import Change
from gateway.model.events import (
    DialAttempted,
    DialEnded,
    DialOutRequested,
    DialPlanFailed,
    LegDialled,
    LegDiverted,
)
from gateway.model.legs import PartyKind
from gateway.model.outcome import leg_outcome
from gateway.model.terms import DialResult, DiversionReason


def dial_attempted(change: Change, event: DialAttempted) -> None:
    """The dial plan dials; nobody may be there to ring."""
    call = change.call
    # A blonde transfer shows the caller in the Dial that rings already.
    ringing = any(leg.is_ringing for leg in call.legs.values())
    if change.is_near(event.leg) and not ringing:
        call.attempted = event.device
        change.goes_on()


def leg_dialled(change: Change, event: LegDialled) -> None:
    """The PBX calls somebody: for an outside leg this is where its number is said."""
    call = change.call
    leg = change.leg(event.target)
    if leg is None:
        return
    party = leg.party
    if leg.kind is PartyKind.OUTSIDE and event.number is not None:
        party = event.number
        transfers.name_target(change, event.number)
    change.set_leg(leg, was_dialled=True, dialled_by=event.leg, party=party)
    call.attempted = None
    if event.target == call.caller_leg:
        return
    if not (call.queues and call.queues[-1].left_at is None):
        call.place = "ringing"
    change.goes_on()


def dial_ended(change: Change, event: DialEnded) -> None:
    """An attempt is over; the first result stands."""
    leg = change.call.legs.get(event.target)
    if leg is None or leg.result is not None:
        return
    if event.forwarded_to is not None:
        change.set_leg(leg, result=DialResult.DIVERTED, over_with=len(change.call.legs))
        if leg.party is not None:
            add_diversion(change, leg.party, event.forwarded_to, DiversionReason.DEFLECTED)
        return
    change.set_leg(leg, result=event.result, over_with=len(change.call.legs))


def add_diversion(change: Change, diverted_from: str, diverted_to: str, reason: DiversionReason) -> None:
    """Note that the call went on to another device; once is enough."""
    call = change.call
    diversion = Diversion(diverted_from=diverted_from, diverted_to=diverted_to, reason=reason)
    if diversion not in call.diversions:
        call.diversions += (diversion,)
        change.tell("call.diverted", **{"from": diverted_from, "to": diverted_to, "reason": reason})


def leg_diverted(change: Change, event: LegDiverted) -> None:
    """The call goes on to another device: because the first was busy, gave no answer, or at once."""
    reason = event.reason
    for leg in change.call.legs.values():
        if leg.party == event.diverted_from and leg.was_dialled:
            if leg.result is DialResult.DIVERTED:
                return
            reason = DiversionReason.BUSY if leg_outcome(leg) == "busy" else DiversionReason.NO_ANSWER
    add_diversion(change, event.diverted_from, change.site.without_prefix(event.diverted_to), reason)


def dial_plan_failed(change: Change, event: DialPlanFailed) -> None:
    """The dial plan itself refused the call."""
    if change.is_near(event.leg):
        change.call.dial_cause = event.cause or change.call.dial_cause or 0


def dial_out_requested(change: Change, event: DialOutRequested) -> None:
    """Whom a click-to-dial is to reach."""
    call = change.call
    if call.dial_target is None:
        call.dial_target = event.target
