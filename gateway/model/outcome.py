"""How a call came out, where it ended and who ended it: read from what is known of it, at any time."""

import msgspec

from gateway.model.calls import Call
from gateway.model.causes import attempt_outcome
from gateway.model.details import outcome_told
from gateway.model.legs import Leg
from gateway.model.terms import DialResult, LegRole, Service

_BY_RESULT = {
    DialResult.BUSY: "busy",
    DialResult.UNREACHABLE: "unreachable",
    DialResult.FAILED: "failed",
}
_GIVEN_UP = frozenset({DialResult.NO_ANSWER, DialResult.CANCELLED})
_USER_BUSY = 17
_ENDED_BY_CALLED = frozenset({"busy", "rejected"})
_SERVED = frozenset({Service.MAILBOX, Service.MONITOR, Service.MEDIA})


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    outcome: str
    stage: str | None
    ended_by: str | None
    """None where nobody heard it."""


def outcome_of(call: Call) -> Outcome:
    """Return how an ended call came out (ARCHITECTURE, "Call record": ``outcome``, ``stage``, ``ended_by``)."""
    released_by = None if call.release is None else call.release.by
    if released_by is None and call.caller is not None and call.caller.fate_untold:
        return _untold(call)
    unheard = _ended_unheard(call) and released_by is None
    if call.answered_at is not None or call.answered_by:
        return Outcome(outcome="answered", stage=None, ended_by=None if unheard else released_by or "pbx")
    if call.service is Service.VOICEMAIL:
        return Outcome(outcome="voicemail", stage=None, ended_by=None if unheard else released_by or "pbx")
    if unheard:
        return _as_told(call)
    stage = _stage(call)
    if stage == "route" and not call.complete:
        # What went before may have been in the gap.
        stage = _as_told(call).stage or stage
    if released_by == "caller" and not _agent_leg_failed(call) and not _had_failed(call, stage):
        served = call.service in _SERVED
        return Outcome(outcome="self_served" if served else "abandoned", stage=None if served else stage, ended_by="caller")
    if released_by is None and call.place == "route" and not call.complete and call.details:
        return _as_told(call)
    outcome = _without_answer(call, stage)
    if outcome == "self_served":
        return Outcome(outcome=outcome, stage=None, ended_by="cti" if released_by == "cti" else "pbx")
    if released_by == "cti":
        return Outcome(outcome=outcome, stage=stage, ended_by="cti")
    return Outcome(outcome=outcome, stage=stage, ended_by="called" if outcome in _ENDED_BY_CALLED else "pbx")


def _untold(call: Call) -> Outcome:
    """Say of a call no more than that it was answered, or rang in vain."""
    if call.answered_at is not None or call.answered_by:
        return Outcome(outcome="answered", stage=None, ended_by=None)
    outcome = dialled_outcome(call)
    return Outcome(outcome=outcome or "unknown", stage=None if outcome is None else call.place, ended_by=None)


def _as_told(call: Call) -> Outcome:
    """Go by the PBX's own record of a call whose end, or all before it, was not heard."""
    outcome, stage = outcome_told(call) or ("unknown", None)
    return Outcome(outcome=outcome, stage=stage, ended_by=_ENDED_BY.get(outcome))


_ENDED_BY = {
    "abandoned": "caller",
    "busy": "called",
    "rejected": "called",
    "no_answer": "pbx",
    "failed": "pbx",
    "unreachable": "pbx",
    "self_served": "pbx",
}
"""Who ends a call that comes out so, as a rule."""


def _ended_unheard(call: Call) -> bool:
    caller = call.caller
    return caller is not None and caller.cleared_unheard


def _had_failed(call: Call, stage: str) -> bool:
    """Tell whether the call had failed already when the caller hung up: all he heard was a tone that said so."""
    if call.release is None or stage not in ("ringing", "route"):
        return False
    if call.attempted is not None:
        return True
    dialled = [leg for leg in call.legs.values() if leg.was_dialled and leg.is_party and leg.id != call.caller_leg]
    over = all(leg.result is not None or (leg.cleared_at or call.release.at) < call.release.at for leg in dialled)
    return bool(dialled) and over and dialled_outcome(call) in ("busy", "rejected", "unreachable", "failed")


def _agent_leg_failed(call: Call) -> bool:
    caller = call.caller
    return call.click_to_dial and caller is not None and caller.connected_at is None


def _stage(call: Call) -> str:
    return "agent_leg" if _agent_leg_failed(call) else call.place


def _without_answer(call: Call, stage: str) -> str:
    caller = call.caller
    if caller is None:
        return "unknown"
    if call.cut_off:
        return "failed"
    if stage == "agent_leg":
        return leg_outcome(caller)
    if stage == "queue":
        return "no_answer"
    if stage == "ringing":
        return dialled_outcome(call) or "no_answer"
    if call.attempted is not None:
        # The dial plan dialled and no leg came of it: there was no telephone to ring.
        return "busy" if caller.cause == _USER_BUSY and call.dial_cause is None else "unreachable"
    if stage == "ivr":
        return "abandoned" if call.menu_expired else "self_served"
    if call.service in _SERVED:
        return "self_served"
    return attempt_outcome(call.dial_cause or 0, 0) or attempt_outcome(caller.cause, caller.sip) or "no_answer"


def dialled_outcome(call: Call) -> str | None:
    """Return how the last attempt to reach somebody came out; of several at once, the one that was nearest to an answer."""
    attempts = [
        (place, leg)
        for place, leg in enumerate(call.legs.values())
        if leg.was_dialled and leg.is_party and leg.id != call.caller_leg and leg.connected_at is None
    ]
    if call.attempted is not None:
        return "unreachable"
    if not attempts:
        return None
    last = attempts[-1][0]
    together = {leg_outcome(leg) for _, leg in attempts if leg.over_with is None or leg.over_with > last}
    for outcome in ("no_answer", "busy", "rejected", "unreachable", "failed"):
        if outcome in together:
            return outcome
    return None


def leg_outcome(leg: Leg) -> str:
    """Return how the attempt to reach this leg's party came out, had nobody answered it."""
    if leg.refused is not None:
        refusal = attempt_outcome(*leg.refused)
        if refusal is not None:
            return refusal
    if leg.result in _GIVEN_UP:
        return "no_answer"
    return attempt_outcome(leg.cause, leg.sip) or _BY_RESULT.get(leg.result or DialResult.NO_ANSWER, "no_answer")


def rang(call: Call) -> list[str]:
    """Return the extensions whose telephones rang, sorted."""
    return sorted({leg.party for leg in call.legs.values() if leg.party is not None and _has_rung(call, leg)})


def _has_rung(call: Call, leg: Leg) -> bool:
    return (
        leg.kind == "extension"
        and leg.role is LegRole.TERMINATING
        and leg.alerting_at is not None
        and leg.id != call.caller_leg
        and not leg.picked_up
        and leg.result is not DialResult.DIVERTED
        and not (leg.connected_at is None and leg_outcome(leg) == "busy")
    )
