"""Calls and people as Zammad has them. Pure.

Sources: docs.zammad.org, "Generic CTI": New Call, Call Answered, Call Hangup.
"""

from collections.abc import Mapping
from typing import Any, Final

from crm_adapters._kit.texts import full_name, text_of, visible
from gateway.model.crm import CallActivity, CallStage, CrmContact

NEW: Final = "newCall"
ANSWER: Final = "answer"
HANGUP: Final = "hangup"
MAX_NAME_CHARACTERS: Final = 200
"""Of an agent; the column takes 250."""

_CAUSE: Final[Mapping[str, str]] = {
    "answered": "normalClearing",
    # Zammad marks as missed what nobody answered, unless it was forwarded: nobody must call back who got what he wanted.
    "self_served": "forwarded",
    "abandoned": "cancel",
    "busy": "busy",
    "no_answer": "noAnswer",
    "rejected": "noAnswer",
    "voicemail": "noAnswer",
    "unreachable": "notFound",
    "failed": "congestion",
}


def events_of(activity: CallActivity, sent: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what Zammad must be told of a call yet, in order: it takes no ``answer`` or ``hangup`` without a ``newCall``."""
    wanted = [NEW]
    ended = activity.stage is CallStage.ENDED
    if activity.answered_at is not None or activity.stage is CallStage.ANSWERED or (ended and activity.outcome == "answered"):
        wanted.append(ANSWER)
    if ended:
        wanted.append(HANGUP)
    return [_event(activity, event) for event in wanted if event not in sent]


def _event(activity: CallActivity, event: str) -> dict[str, Any]:
    inbound = activity.direction == "inbound"
    customer = bare(activity.number) or "anonymous"
    ours = bare(activity.our_number) or activity.extension or "unknown"
    said: dict[str, Any] = {
        "event": event,
        "callId": activity.call_id,
        "direction": "in" if inbound else "out",
        "from": customer if inbound else ours,
        "to": ours if inbound else customer,
    }
    agent = agent_of(activity)
    if agent is not None and event == NEW:
        said["user"] = [agent]
    if agent is not None and event == ANSWER and inbound:
        # Of an outbound call it would replace the customer's name. Some versions take no list here.
        said["user"] = agent
    if event in (ANSWER, HANGUP) and inbound and activity.extension is not None:
        said["answeringNumber"] = _known_as(activity)
    if event == HANGUP:
        said["cause"] = _CAUSE.get(activity.outcome or "", "normalClearing")
    return said


def agent_of(activity: CallActivity) -> str | None:
    """Return the name under which Zammad shows the agent."""
    name = activity.owner.name if activity.owner is not None else None
    name = name or (activity.agents[-1] if activity.agents else activity.extension)
    return visible(name or "", keep="").strip()[:MAX_NAME_CHARACTERS] or None


def bare(number: str | None) -> str | None:
    """Return a number as Zammad compares it: E.164 without its ``+``."""
    return None if number is None else number.strip().removeprefix("+") or None


def contact_of(row: Mapping[str, Any], url: str) -> CrmContact | None:
    """Return a user of Zammad's search; None of one without an id."""
    number = row.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return CrmContact(
        id=str(number),
        name=full_name(row.get("firstname"), row.get("lastname")),
        company=text_of(row.get("organization")),
        numbers=tuple(filter(None, map(text_of, (row.get("phone"), row.get("mobile"))))),
        email=text_of(row.get("email")),
        url=f"{url}/#user/profile/{number}",
    )


def _known_as(activity: CallActivity) -> str | None:
    """Return by what Zammad finds the agent to whom it shows a ticket: his telephone as it has it, else his login."""
    owner = activity.owner
    if owner is not None and owner.extension is None and owner.login is not None:
        return owner.login
    return activity.extension
