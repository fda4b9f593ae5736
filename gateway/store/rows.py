"""From calls and events to rows: what can be searched for is a column, the whole is a snapshot beside it."""

from typing import Any

import msgspec

from gateway.model.calls import Call
from gateway.model.numbers import e164
from gateway.model.outcome import outcome_of
from gateway.model.record import called_of, direction_of
from gateway.model.search import terms_of
from gateway.ports.store import ChangedCall, Heard, Learnt, Told
from gateway.store.snapshots import SNAPSHOT_VERSION, encode_call, encode_gaps


def call_row(changed: ChangedCall) -> dict[str, Any]:
    """Return the row of a call."""
    call, site = changed.call, changed.site
    direction = direction_of(call, site)
    called = called_of(call, site, direction)
    caller = call.caller
    return {
        "tenant": call.tenant,
        "call_id": call.call_id,
        "pbx": call.pbx,
        "state": "merged" if call.merged_into is not None else call.state,
        "sorted_at": sorted_at(call),
        "started_at": call.began_at,
        "ended_at": call.ended_at,
        "changed_at": call.changed_at,
        "complete": call.complete,
        "direction": direction,
        "caller_e164": None if caller is None else e164(caller.party, site),
        "called": _text(called),
        "called_e164": e164(called, site),
        "queue": _text(call.queues[-1].queue) if call.queues else None,
        "outcome": outcome_of(call).outcome if call.ended and call.merged_into is None else None,
        "merged_into": call.merged_into,
        "record_version": call.version,
        "snapshot_version": SNAPSHOT_VERSION,
        "snapshot": encode_call(call),
    }


def term_rows(changed: ChangedCall) -> list[dict[str, Any]]:
    """Return the rows by which a call is found, once it has ended; a live one is searched for in memory."""
    call = changed.call
    if not call.ended or call.merged_into is not None:
        return []
    return [{"tenant": call.tenant, "call_id": call.call_id, "term": _text(term)} for term in terms_of(call, changed.site)]


def sorted_at(call: Call) -> float:
    """Return where a call stands among others of its state: ended ones by their end, live ones by their beginning."""
    return call.ended_at if call.ended and call.ended_at is not None else call.began_at


def event_row(told: Told) -> dict[str, Any]:
    """Return the row of an event."""
    return {
        "position": told.position,
        "tenant": told.tenant,
        "event_id": told.id,
        "type": told.type,
        "at": told.at,
        "pbx": told.pbx,
        "call_id": told.call_id,
        "envelope": told.json,
        "subjects": msgspec.json.encode(told.subjects).decode() if told.subjects else None,
    }


def heard_row(heard: Heard) -> dict[str, Any]:
    """Return the row of a PBX."""
    return {"tenant": heard.tenant, "pbx": heard.pbx, "heard_at": heard.at, "gaps": encode_gaps(heard.gaps)}


def habit_row(learnt: Learnt) -> dict[str, Any]:
    """Return the row of something learnt."""
    habit = learnt.habit
    return {
        "tenant": learnt.tenant,
        "pbx": learnt.pbx,
        "kind": habit.kind,
        "device": _text(habit.device),
        "what": _text(habit.what),
    }


def _text(text: str | None) -> str | None:
    """Return text that every database takes; PostgreSQL refuses NUL, which a PBX may send. The snapshot keeps it."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
