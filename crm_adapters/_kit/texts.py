"""Texts and times as CRMs want them. Pure."""

from collections.abc import Container, Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, Literal, get_args

from gateway.model.crm import CallActivity
from gateway.model.ids import CallId

Fact = Literal[
    "Outcome",
    "Agent",
    "Queue",
    "Started",
    "Answered",
    "Ended",
    "Talked",
    "Number called",
    "Filed as",
    "Note",
    "Recording",
    "Said to the menu",
]
"""What there may be to say of a call, as people read it."""
FACTS: Final[frozenset[Fact]] = frozenset(get_args(Fact))
WRITTEN: Final[frozenset[Fact]] = frozenset(("Filed as", "Note", "Said to the menu"))
"""Those that are people's own words; the others are figures."""


def marker_of(call_id: CallId) -> str:
    """Return the words by which what belongs to a call is found again."""
    return f"Tieline call {call_id}"


def lines_of(activity: CallActivity, wanted: Container[Fact] = FACTS) -> list[str]:
    """Return what is known of a call, a line each such as ``Queue: sales``, always in the same order; plain text.

    ``wanted`` leaves out what a CRM shows in a field of its own.
    """
    agent = activity.owner.name if activity.owner is not None else None
    facts: list[tuple[Fact, str | None]] = [
        ("Outcome", activity.outcome and activity.outcome.replace("_", " ")),
        ("Agent", ", ".join(dict.fromkeys(activity.agents)) or agent or activity.extension),
        ("Queue", activity.queue),
        ("Started", _utc(activity.started_at)),
        ("Answered", _utc(activity.answered_at)),
        ("Ended", _utc(activity.ended_at)),
        ("Talked", None if activity.talk_s is None else f"{activity.talk_s:.0f} s"),
        ("Number called", activity.our_number),
        ("Filed as", activity.disposition),
        ("Note", activity.note),
        ("Recording", None if activity.recording is None else activity.recording.url),
        ("Said to the menu", activity.transcript),
    ]
    return [line for name, value in facts if value and name in wanted for line in f"{name}: {value}".splitlines()]


def html_of(lines: Iterable[str], limit: int) -> str:
    """Return lines as paragraphs of HTML, as many as ``limit`` characters hold; nothing in them becomes markup."""
    body = ""
    for line in lines:
        paragraph = f"<p>{escape(visible(line))}</p>" if line.strip() else ""
        if len(body) + len(paragraph) > limit:
            return body + "<p>…</p>"
        body += paragraph
    return body


def text_of(value: Any) -> str | None:
    """Return a field's text without space around it; None where it is empty, or no text at all."""
    return value.strip() or None if isinstance(value, str) else None


def visible(text: str, *, keep: str = "\n\t") -> str:
    """Return a text without the characters that nobody sees; by default its lines stay."""
    return "".join(character for character in text if character.isprintable() or character in keep)


def full_name(*parts: Any) -> str | None:
    """Return the fields of a name as one; None where all are empty."""
    return " ".join(filter(None, map(text_of, parts))) or None


def names_of(name: str) -> tuple[str, str]:
    """Return first and last name. A single word is the last name, for CRMs take nobody without one."""
    first, _, last = name.strip().rpartition(" ")
    return first, last


def time_of(at: float) -> str:
    """Return a time in UTC as ``2026-11-22 11:26:02``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso_of(at: float, timespec: Literal["seconds", "milliseconds"] = "seconds") -> str:
    """Return a time as ``2026-11-22T11:26:02Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _utc(at: float | None) -> str | None:
    return None if at is None else f"{time_of(at)} UTC"
