"""What placeholders find of our own: a call, a number, somebody new, as plain data."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.model.crm import CallActivity, NewContact, NewTicket
from gateway.model.numbers import PhoneQuery

MAX_TEXT_CHARACTERS = 30_000
"""Of ``{{call.text}}``; many CRMs take 32,000 to 65,535 bytes of a note."""


def of_number(query: PhoneQuery, form: str) -> dict[str, str]:
    """Return ``{{number.…}}``."""
    return {
        "e164": query.e164,
        "form": form,
        "digits": query.significant,
        "country_code": query.country_code,
        "wildcard": query.wildcard(),
    }


def of_call(activity: CallActivity) -> dict[str, Any]:
    """Return ``{{call.…}}``: all fields of :class:`gateway.model.crm.CallActivity`, ``id``, ``subject`` and ``text``."""
    said: dict[str, Any] = msgspec.to_builtins(activity)
    ended_at = activity.ended_at if activity.ended_at is not None else activity.answered_at
    return said | {
        "id": activity.call_id,
        "subject": activity.subject,
        "text": text_of_call(activity),
        "until": ended_at if ended_at is not None else activity.started_at,
    }


def of_new(new: NewContact | NewTicket) -> dict[str, Any]:
    """Return ``{{new.…}}``; of a contact with ``first_name`` and ``last_name``, which is never empty."""
    said: dict[str, Any] = msgspec.to_builtins(new)
    if isinstance(new, NewContact):
        first, _, last = new.name.strip().rpartition(" ")
        said |= {"first_name": first or None, "last_name": last or new.name}
    return said


def text_of_call(activity: CallActivity) -> str:
    """Return a call as people read it, a line for each thing that is known; its last line is the call's id, to search for."""
    lines = [activity.subject, f"Began: {_moment(activity.started_at)}"]
    for label, value in (
        ("Our number", activity.our_number),
        ("Queue", activity.queue),
        ("Talked with", ", ".join(activity.agents) or activity.extension),
        ("Talked", None if activity.talk_s is None else f"{round(activity.talk_s)} s"),
        ("Outcome", activity.outcome),
        ("Disposition", activity.disposition),
        ("Note", activity.note),
        ("Recording", None if activity.recording is None else activity.recording.url),
        ("Transcript", activity.transcript),
    ):
        if value:
            lines.append(f"{label}: {value}")
    text = "\n".join(lines)
    return f"{text[:MAX_TEXT_CHARACTERS]}\nCall: {activity.call_id}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
