"""Calls, people and tickets as Zendesk has them. Pure.

Sources: developer.zendesk.com, "Talk Partner Edition API: Basics" (``via_id``, ``voice_comment``), "Users", "Tickets",
"Search reference"; support.zendesk.com, "Placeholders".
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

import msgspec

from crm_adapters._kit.texts import FACTS, html_of, iso_of, lines_of, text_of, visible
from crm_adapters.zendesk.settings import TicketsOf
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.numbers import PhoneQuery

MAX_TEXT_CHARACTERS: Final = 30_000
"""Of a comment, with its marks; Zendesk takes 64 kB."""
MAX_SUBJECT_CHARACTERS: Final = 150
VOICEMAIL: Final = 44
INBOUND: Final = 45
OUTBOUND: Final = 46
_PLACEHOLDER: Final = re.compile(r"\{(?=[{%])")
"""Zendesk fills in ``{{…}}`` and ``{%…%}`` in what agents write, such as ``{{ticket.requester.email}}``."""
_TAG: Final = re.compile(r"<[^>]*>")
_TOLD: Final = FACTS - {"Started", "Answered", "Ended", "Number called", "Recording"}
"""A recording becomes a comment of its own, which shows the others too."""


class Memo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a call."""

    ticket: int | None = None
    """None: the call has not ended yet, or becomes no ticket."""
    told: str | None = None
    """Digest of the text that its comments have."""
    sound: str | None = None
    """The recording that its voice comment has."""


def queries_of(query: PhoneQuery) -> list[str]:
    """Return what is searched for, in Zendesk's syntax: a property that is named twice may have either value."""
    significant = f"{query.country_code}-{query.significant}"
    forms = dict.fromkeys((*query.forms, f"+{significant}", f"00{significant}", significant))
    written = " ".join(f'phone:"{form}"' for form in forms)
    return [f"role:end-user phone:*{query.significant}", f"role:end-user {written}"]


def address_query(email: str) -> str:
    """Return the search for a user by his address."""
    return f'role:end-user email:"{re.sub(chr(34), "", visible(email))}"'


def contact_of(row: Mapping[str, Any], url: str, organizations: Mapping[int, str]) -> CrmContact | None:
    """Return a user of Zendesk's as ``users/35436``; None of one without an id, and of one who was suspended."""
    number = row.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or row.get("suspended") is True or row.get("active") is False:
        return None
    organization = row.get("organization_id")
    return CrmContact(
        id=f"users/{number}",
        name=text_of(row.get("name")),
        company=organizations.get(organization) if isinstance(organization, int) else None,
        numbers=() if (phone := text_of(row.get("phone"))) is None else (phone,),
        email=text_of(row.get("email")),
        language=text_of(row.get("locale")),
        url=f"{url}/agent/users/{number}",
    )


def user_of(row: Mapping[str, Any]) -> CrmUser | None:
    """Return an agent; None of one who was suspended."""
    number = row.get("id")
    if not isinstance(number, int) or row.get("suspended") is True or row.get("active") is False:
        return None
    email = text_of(row.get("email"))
    return CrmUser(id=str(number), login=email, name=text_of(row.get("name")), email=email)


def number_of(contact: CrmContact | None) -> int | None:
    """Return the user's number of ``users/35436``; None of what is no user of Zendesk's."""
    kind, _, number = ("" if contact is None else contact.id).partition("/")
    return _number(number) if kind == "users" else None


def agent_of(user: CrmUser | None) -> int | None:
    """Return an agent's number."""
    return None if user is None else _number(user.id)


def is_wanted(activity: CallActivity, tickets_of: TicketsOf) -> bool:
    """Tell whether a call becomes a ticket now."""
    if activity.stage is not CallStage.ENDED:
        return False
    match tickets_of:
        case TicketsOf.ALL:
            return True
        case TicketsOf.ANSWERED:
            return activity.outcome == "answered"
        case TicketsOf.MISSED:
            return activity.direction == "inbound" and activity.outcome not in ("answered", "self_served")


def voice_ticket_of(activity: CallActivity) -> dict[str, Any]:
    """Return the ticket of an ended call: with its sound where there is one, else with its text. Never with both, for Zendesk
    takes one comment a time."""
    ticket: dict[str, Any] = {
        "via_id": via_of(activity),
        "subject": subject_of(activity),
        "external_id": activity.call_id,
    } | people_of(activity.contact, activity.owner, activity.number)
    if activity.recording is None:
        return ticket | {"comment": comment_of(told(activity))}
    return ticket | {"description": subject_of(activity), "voice_comment": voice_comment_of(activity)}


def via_of(activity: CallActivity) -> int:
    """Return by which way it came; a voicemail is one with its sound."""
    if activity.direction != "inbound":
        return OUTBOUND
    return VOICEMAIL if activity.outcome == "voicemail" and activity.recording is not None else INBOUND


def voice_comment_of(activity: CallActivity) -> dict[str, Any]:
    """Return how Zendesk shows a call and plays its recording; ``activity.recording`` is not None."""
    inbound = activity.direction == "inbound"
    customer, ours = activity.number or "anonymous", activity.our_number or activity.extension or "unknown"
    said: dict[str, Any] = {
        "from": customer if inbound else ours,
        "to": ours if inbound else customer,
        "recording_url": "" if activity.recording is None else activity.recording.url,
        "started_at": iso_of(activity.started_at),
        "call_duration": max(0, round(activity.talk_s or 0.0)),
    }
    agent = agent_of(activity.owner)
    if agent is not None and activity.answered_at is not None:
        said["answered_by_id"] = agent
    if activity.transcript:
        said["transcription_text"] = harmless(activity.transcript)[:MAX_TEXT_CHARACTERS]
    return said


def people_of(contact: CrmContact | None, owner: CrmUser | None, number: str | None) -> dict[str, Any]:
    """Return whose ticket it is; who is not known yet becomes a user with his number."""
    said: dict[str, Any] = {}
    requester, agent = number_of(contact), agent_of(owner)
    if requester is not None:
        said["requester_id"] = requester
    elif number is not None and number.startswith("+"):
        said["requester"] = {"name": f"Caller {number}", "phone": number}
    if agent is not None:
        said["assignee_id"] = agent
    return said


def retreats_of(ticket: Mapping[str, Any], number: str | None) -> list[dict[str, Any]]:
    """Return a ticket, and how it is tried when Zendesk refuses it: without those who may be there no more, then of nobody."""
    rest = {key: said for key, said in ticket.items() if key not in ("requester_id", "requester", "assignee_id")}
    found = [dict(ticket)]
    for each in (rest | people_of(None, None, number), rest):
        if each not in found:
            found.append(each)
    return found


def told(activity: CallActivity) -> str:
    """Return what is said of a call, in HTML; what people wrote is text in it."""
    return _html([subject_of(activity), *lines_of(activity, _TOLD)])


def comment_of(text: str) -> dict[str, Any]:
    """Return a note that the customer is not sent."""
    return {"html_body": text, "public": False}


def has_text(comment: Mapping[str, Any], text: str) -> bool:
    """Tell whether a comment says the same, whatever Zendesk made of its marks."""
    shown = comment.get("html_body")
    return isinstance(shown, str) and _words(shown) == _words(text)


def has_sound(comment: Mapping[str, Any], url: str) -> bool:
    """Tell whether a comment is the voice comment of a recording."""
    data = comment.get("data")
    return isinstance(data, dict) and data.get("recording_url") == url


def user_fields(new: NewContact) -> dict[str, Any]:
    """Return a new user; Zendesk has no leads, so one has a tag."""
    said: dict[str, Any] = {"name": visible(new.name), "role": "end-user", "skip_verify_email": True}
    if new.number is not None:
        said["phone"] = new.number
    if new.email is not None:
        said["email"] = visible(new.email)
    notes = [visible(text) for text in (new.company, new.text) if text]
    if notes:
        said["notes"] = "\n".join(notes)[:MAX_TEXT_CHARACTERS]
    if new.kind is ContactKind.LEAD:
        said["tags"] = ["lead"]
    return said


def ticket_of(new: NewTicket) -> dict[str, Any]:
    """Return a new ticket."""
    said: dict[str, Any] = {"subject": harmless(new.title)[:MAX_SUBJECT_CHARACTERS], "comment": comment_of(text_of_ticket(new))}
    if new.call_id is not None:
        said["external_id"] = new.call_id
    return said | people_of(new.contact, new.owner, new.number)


def text_of_ticket(new: NewTicket) -> str:
    """Return a ticket's text in HTML."""
    return _html([new.title, *new.text.splitlines(), new.number or ""])


def subject_of(activity: CallActivity) -> str:
    """Return a call's title."""
    return harmless(activity.subject)[:MAX_SUBJECT_CHARACTERS]


def harmless(text: str) -> str:
    """Return a text in which Zendesk fills nothing in, without the characters that nobody sees."""
    return _PLACEHOLDER.sub("{ ", visible(text))


def _html(lines: list[str]) -> str:
    return html_of(map(harmless, lines), MAX_TEXT_CHARACTERS)


def _words(html: str) -> list[str]:
    return unescape(_TAG.sub(" ", html)).split()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
