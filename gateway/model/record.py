"""The call record: one JSON object a call, as the replay prints it, the API returns it and CRMs log it."""

from typing import Any

from gateway.model.calls import Call
from gateway.model.legs import Leg, PartyKind, is_withheld
from gateway.model.numbers import e164
from gateway.model.outcome import outcome_of, rang
from gateway.model.site import Site
from gateway.model.terms import LegRole
from gateway.model.times import rfc3339


def record_of(call: Call, site: Site) -> dict[str, Any]:
    """Return the call's record: times are RFC 3339 in UTC, seconds are floats, what is not known is None."""
    caller = call.caller
    direction = direction_of(call, site)
    called = called_of(call, site, direction)
    caller_number = _caller_number(caller)
    record: dict[str, Any] = {
        "call_id": call.call_id,
        "pbx": call.pbx,
        "pbx_ids": list(call.legs),
        "tenant": call.tenant,
        "state": call.state,
        "version": call.version,
        "complete": call.complete,
        "started_at": _time(call.began_at),
        "answered_at": _time(call.answered_at),
        "ended_at": _time(call.ended_at),
        "direction": direction,
        "caller": caller_number,
        "caller_name": caller_name_of(caller),
        "caller_e164": e164(caller_number, site),
        "called": called,
        "called_e164": e164(called, site),
        "digits": call.digits,
        "ivr_path": list(call.menus),
        "ivr_s": _ivr_s(call),
        "queue": call.queues[-1].queue if call.queues else None,
        "queues": [
            {
                "queue": stay.queue,
                "joined_at": _time(stay.joined_at),
                "left_at": _time(stay.left_at),
                "wait_s": _between(stay.joined_at, stay.left_at),
                "result": stay.result,
            }
            for stay in call.queues
        ],
        "wait_s": _between(call.queues[-1].joined_at, call.queues[-1].left_at) if call.queues else None,
        "rang": rang(call),
        "answered_by": list(call.answered_by),
        "agents": [
            {"agent": agent.agent, "extension": agent.extension, "talk_s": round(agent.talk_s, 3)} for agent in call.agents
        ],
        "transfers": [
            {
                "kind": transfer.kind,
                "by": transfer.by,
                "to": transfer.to,
                "result": transfer.result,
                **({} if transfer.consult_s is None else {"consult_s": round(transfer.consult_s, 3)}),
                **({} if transfer.slot is None else {"slot": transfer.slot}),
            }
            for transfer in call.transfers
        ],
        "diversions": [
            {"from": diversion.diverted_from, "to": diversion.diverted_to, "reason": diversion.reason}
            for diversion in call.diversions
        ],
        "talk_s": call.known_talk_s,
        "hold_s": round(call.hold_s, 3) if call.talk_known else None,
        "conference": call.conference,
        "parties": list(call.parties),
        "recording": call.recording,
        "legs": [_leg(leg) for leg in call.legs.values() if leg.is_party],
    }
    if call.merged_into is not None:
        record["merged_into"] = call.merged_into
    if call.changed_at <= 0.0:
        record |= _untimed(record)
    if call.answered_at is not None or call.answered_by:
        record["outcome"] = "answered"
    if call.ended:
        result = outcome_of(call)
        record |= {"outcome": result.outcome, "stage": result.stage, "ended_by": result.ended_by}
        if not call.complete and call.ended_at is None:
            record["ended_by"] = None
    return record


def _untimed(record: dict[str, Any]) -> dict[str, Any]:
    """Return what is not known of a call in a recording without times: everything that is measured."""
    return {
        "started_at": None,
        "answered_at": None,
        "ended_at": None,
        "ivr_s": None,
        "wait_s": None,
        "talk_s": None if record["answered_by"] else 0.0,
        "hold_s": None,
        "queues": [stay | {"joined_at": None, "left_at": None, "wait_s": None} for stay in record["queues"]],
        "agents": [agent | {"talk_s": None} for agent in record["agents"]],
        "transfers": [transfer | ({"consult_s": None} if "consult_s" in transfer else {}) for transfer in record["transfers"]],
        "legs": [leg | {"state_times": {}} for leg in record["legs"]],
    }


def direction_of(call: Call, site: Site) -> str | None:
    """Return ``inbound outbound internal`` by the site's extension pattern and trunks."""
    caller = call.caller
    if caller is None:
        return None
    if caller.kind is PartyKind.OUTSIDE:
        return "inbound" if caller.role is LegRole.ORIGINATING else "outbound"
    dialled = call.dial_target or caller.dialled
    if site.is_extension(dialled) or call.queues:
        return "internal"
    far = _first_far(call)
    if far is not None:
        return "outbound" if far.kind is PartyKind.OUTSIDE else "internal"
    if call.attempted is not None:
        return "outbound" if site.is_outside(call.attempted, None) else "internal"
    return "outbound" if call.click_to_dial and dialled is not None and site.leads_outside(dialled) else "internal"


def called_of(call: Call, site: Site, direction: str | None) -> str | None:
    """Return whom the caller wanted (ARCHITECTURE, "Call record": ``called``)."""
    caller = call.caller
    if caller is None:
        return None
    if direction == "inbound":
        return caller.dialled
    far = _first_far(call)
    if direction == "outbound":
        return None if far is None else far.party
    dialled = call.dial_target or caller.dialled
    if call.click_to_dial and far is None and not call.queues:
        return None
    if dialled is None:
        return None if far is None else far.party
    if dialled.startswith(("*", "#")):
        for leg in call.legs.values():
            if leg.was_dialled and leg.kind is PartyKind.EXTENSION and leg.party and dialled.endswith(leg.party):
                return leg.party
    return dialled


def _first_far(call: Call) -> Leg | None:
    return next((leg for leg in call.legs.values() if leg.was_dialled and leg.is_party and leg.id != call.caller_leg), None)


def _caller_number(caller: Leg | None) -> str | None:
    return None if caller is None else caller.party


def caller_name_of(caller: Leg | None) -> str | None:
    """Return the name that a caller's leg shows; None where it shows none or hides it."""
    if caller is None or caller.display is None or is_withheld(caller.display):
        return None
    return caller.display


def _ivr_s(call: Call) -> float | None:
    return _between(call.menus_began_at, call.menus_left_at)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(max(end - start, 0.0), 3)


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)


def _leg(leg: Leg) -> dict[str, Any]:
    times = {
        "alerting": _time(leg.alerting_at),
        "connected": _time(leg.connected_at),
        "cleared": None if leg.cleared_unheard else _time(leg.cleared_at),
    }
    return {
        "id": leg.id,
        "name": leg.name,
        "device": leg.device,
        "number": leg.number,
        "state_times": {"initiated": _time(leg.created_at)} | {state: at for state, at in times.items() if at is not None},
        "cause": leg.cause,
    }
