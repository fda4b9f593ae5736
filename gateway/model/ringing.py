"""What is told when a telephone rings: enough to know who calls and what he wants before anybody answers. Pure."""

from typing import Any, Final

from gateway.model.calls import Call
from gateway.model.legs import Leg, is_withheld
from gateway.model.numbers import e164
from gateway.model.record import called_of, direction_of
from gateway.model.site import Site
from gateway.model.terms import LegRole
from gateway.model.times import rfc3339

TOGETHER_S: Final = 2.0
"""Seconds within which a PBX stops the other telephones of a group when one is answered."""


def who_rings(call: Call, site: Site) -> dict[str, Any]:
    """Return who calls, as the call record names it, and what he has done in the call until now."""
    caller = call.caller
    direction = direction_of(call, site)
    number = None if caller is None else caller.party
    name = None if caller is None or is_withheld(caller.display) else caller.display
    stay = call.queues[-1] if call.queues else None
    joined_at = None if stay is None else stay.joined_at
    return {
        "direction": direction,
        "caller": number,
        "caller_name": name,
        "caller_e164": e164(number, site),
        "called": called_of(call, site, direction),
        "queue": None if stay is None else stay.queue,
        "queued_since": None if joined_at is None or call.changed_at <= 0.0 else rfc3339(joined_at),
        "ivr_path": list(call.menus),
        "digits": call.digits,
    }


def rang_in_vain(call: Call, leg: Leg) -> bool:
    """Tell whether it is told that a telephone stops ringing: not when the caller gave up, for then the call ends at once."""
    if leg.alerting_at is None or leg.connected_at is not None or not leg.is_party or leg.role is not LegRole.TERMINATING:
        return False
    caller = call.caller
    gave_up = call.release is not None and call.release.by == "caller" and caller is not None and not caller.transferred
    return not gave_up


def answered_instead(call: Call, rang: Leg) -> str | None:
    """Return who answered on another telephone while this one rang, or just when it stopped; None where nobody did."""
    for leg in reversed(call.legs.values()):
        if leg.id == rang.id or leg.connected_at is None or not leg.is_party or leg.id == call.caller_leg:
            continue
        over_at = rang.cleared_at
        in_time = leg.connected_at >= rang.created_at and (over_at is None or leg.connected_at <= over_at + TOGETHER_S)
        if in_time and (leg.was_dialled or leg.picked_up or leg.role is LegRole.TERMINATING) and leg.party != rang.party:
            return leg.party
    return None
