"""Calls, people and texts as Bitrix24 has them. Pure.

Sources: apidocs.bitrix24.com, "telephony.externalCall.register", "telephony.externalCall.finish",
"telephony.call.attachTranscription", "crm.contact.add", "crm.lead.add", "user.get".
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from crm_adapters._kit.texts import Fact, full_name, lines_of, marker_of, text_of, visible
from gateway.model.crm import CallActivity, ContactKind, CrmContact, CrmUser, NewContact, NewTicket

MAX_TEXT_CHARACTERS: Final = 60_000
"""Of a note; the column takes 65,535 bytes of most languages."""
MAX_TURNS: Final = 500
"""Lines of a transcript that are sent."""
MAX_TURN_CHARACTERS: Final = 2_000
"""Of one of them."""
MAX_REASON_CHARACTERS: Final = 200

OUTBOUND: Final = 1
INBOUND: Final = 2
CALLBACK: Final = 4
"""``TYPE`` of a call that a form on a page asked for."""

ENTITY_TYPES: Final[Mapping[str, int]] = {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4}
"""The numbers of CRM objects' types (``crm.enum.ownertype``)."""
KINDS: Final[Mapping[str, ContactKind]] = {
    "CONTACT": ContactKind.CONTACT,
    "LEAD": ContactKind.LEAD,
    "COMPANY": ContactKind.COMPANY,
}
_STATUS: Final[Mapping[str, str]] = {
    "answered": "200",
    "self_served": "200",
    "voicemail": "304",
    "abandoned": "304",
    "no_answer": "304",
    "busy": "486",
    "rejected": "603",
    "unreachable": "480",
    "failed": "503",
}
_TAG: Final = re.compile(r"[\[<](?=[\w/!?*])")


class Memo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a call."""

    call: str
    """``CALL_ID``."""
    done: bool = False
    """``finish`` was answered: it is in the portal's statistics and, of a known caller, on his card."""
    activity: int | None = None
    """``CRM_ACTIVITY_ID`` of it; None where the portal knows nobody with the number."""
    entity: str | None = None
    """Type and id of whose call it became, such as ``CONTACT/651``."""
    note: str | None = None
    """Digest of the note that the portal has."""
    transcript: str | None = None
    """Digest of the transcript that it has."""


class Clicked(msgspec.Struct, frozen=True, kw_only=True):
    """A call that somebody asked for in the portal."""

    number: str
    user: int
    at: float
    """Seconds since the epoch."""
    call: str | None = None
    """``CALL_ID`` that the portal gave it already; None: it is a form's callback, to be registered with :data:`CALLBACK`."""
    entity: str | None = None


def register_of(
    activity: CallActivity, *, user: int, create: bool, source: str | None, chat: bool, clicked: Clicked | None = None
) -> dict[str, Any]:
    """Return the parameters of ``telephony.externalCall.register``; ``activity.number`` is not None."""
    kind = INBOUND if activity.direction == "inbound" else OUTBOUND
    said: dict[str, Any] = user_of_call(activity, user) | {
        "PHONE_NUMBER": activity.number,
        "TYPE": kind if clicked is None else CALLBACK,
        "CALL_START_DATE": iso(activity.started_at),
        "CRM_CREATE": int(create),
        # The gateway shows cards to those whose telephones ring.
        "SHOW": 0,
        "ADD_TO_CHAT": int(chat),
        "EXTERNAL_CALL_ID": activity.call_id,
    }
    if create and source is not None:
        said["CRM_SOURCE"] = source
    if activity.our_number is not None:
        said["LINE_NUMBER"] = activity.our_number
    entity = activity.contact.id if activity.contact is not None else None if clicked is None else clicked.entity
    parted = None if entity is None else entity_of(entity)
    if parted is not None:
        said["CRM_ENTITY_TYPE"], said["CRM_ENTITY_ID"] = parted
    return said


def finish_of(activity: CallActivity, call: str, *, user: int, chat: bool) -> dict[str, Any]:
    """Return the parameters of ``telephony.externalCall.finish``."""
    outcome = activity.outcome or "unknown"
    status = _STATUS.get(outcome, "OTHER")
    said = user_of_call(activity, user) | {
        "CALL_ID": call,
        "DURATION": max(0, round(activity.talk_s or 0.0)),
        "STATUS_CODE": status,
        "ADD_TO_CHAT": int(chat),
    }
    if status != "200":
        said["FAILED_REASON"] = outcome.replace("_", " ")[:MAX_REASON_CHARACTERS]
    return said


def user_of_call(activity: CallActivity, unowned: int) -> dict[str, Any]:
    """Return whose call it is, as ``register`` and ``finish`` take it.

    The vendor marks both as required and says that one is enough. The user's number goes first; his extension stays empty where
    the portal has none.
    """
    owner = activity.owner
    if owner is None or not owner.id.isdecimal():
        return {"USER_ID": unowned, "USER_PHONE_INNER": ""}
    return {"USER_ID": int(owner.id), "USER_PHONE_INNER": owner.extension or ""}


def note_of(activity: CallActivity) -> str | None:
    """Return what people and the gateway say of a call beside its figures; None where they say nothing."""
    several = len(activity.agents) > 1
    if not (activity.disposition or activity.note or activity.recording or several):
        # A request for each call is too dear for what its card shows anyhow.
        return None
    # The transcript goes to the call itself, and one agent is whose call it is.
    told: set[Fact] = {"Queue", "Filed as", "Note", "Recording"}
    lines = lines_of(activity, told | {"Agent"} if several else told)
    return "\n".join(map(plain, lines))[:MAX_TEXT_CHARACTERS]


def messages_of(transcript: str) -> list[dict[str, Any]]:
    """Return the turns of a transcript as ``telephony.call.attachTranscription`` takes them.

    A line that begins with ``>`` is the caller's. Nothing says when each was spoken: their seconds only keep the order.
    """
    turns = [line.strip() for line in transcript.splitlines() if line.strip()][:MAX_TURNS]
    said = []
    for second, line in enumerate(turns):
        words = plain(line.removeprefix(">").removeprefix("<").strip())[:MAX_TURN_CHARACTERS] or "…"
        side = "Client" if line.startswith(">") else "User"
        said.append({"SIDE": side, "START_TIME": second, "STOP_TIME": second + 1, "MESSAGE": words})
    return said


def plain(text: str) -> str:
    """Return a text in which neither BBCode nor HTML begins: their brackets become wide ones where a tag could follow."""
    return _TAG.sub(lambda found: "［" if found[0] == "[" else "＜", visible(text))


def entity_of(text: str) -> tuple[str, int] | None:
    """Return type and id of ``CONTACT/651``; None of what is no contact, lead or company."""
    kind, _, number = text.partition("/")
    return (kind, int(number)) if kind in KINDS and number.isascii() and number.isdecimal() and len(number) < 16 else None


def entity_named(row: Mapping[str, Any]) -> str | None:
    """Return ``CRM_ENTITY_TYPE`` and ``CRM_ENTITY_ID`` of an answer as one text."""
    parted = entity_of(f"{row.get('CRM_ENTITY_TYPE')}/{row.get('CRM_ENTITY_ID')}")
    return None if parted is None else f"{parted[0]}/{parted[1]}"


def number_in(value: Any) -> int | None:
    """Return an id that comes as a number or as text; None of 0 and of what is none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) < 16 else None


def contact_of(kind: str, row: Mapping[str, Any], portal: str, companies: Mapping[str, str]) -> CrmContact | None:
    """Return a row of ``crm.contact.list``, ``crm.lead.list`` or ``crm.company.list``; None of one without an id."""
    number = number_in(row.get("ID"))
    if number is None:
        return None
    title = text_of(row.get("TITLE"))
    company = text_of(row.get("COMPANY_TITLE")) or companies.get(str(row.get("COMPANY_ID") or ""))
    owner = number_in(row.get("ASSIGNED_BY_ID"))
    return CrmContact(
        id=f"{kind}/{number}",
        kind=KINDS[kind],
        name=full_name(row.get("NAME"), row.get("SECOND_NAME"), row.get("LAST_NAME")) or title,
        company=title if kind == "COMPANY" else company,
        numbers=tuple(_values(row.get("PHONE"))),
        email=next(iter(_values(row.get("EMAIL"))), None),
        owner=None if owner is None else str(owner),
        url=url_of(portal, kind, number),
    )


def url_of(portal: str, kind: str, number: int) -> str:
    """Return the page of a contact, lead or company."""
    return f"{portal}/crm/{kind.lower()}/details/{number}/"


def user_of(row: Mapping[str, Any]) -> CrmUser | None:
    """Return a row of ``user.get``; None of who is no active employee."""
    number = number_in(row.get("ID"))
    if number is None or row.get("ACTIVE") not in (True, "Y", "true", "1") or row.get("USER_TYPE", "employee") != "employee":
        return None
    email = text_of(row.get("EMAIL"))
    return CrmUser(
        id=str(number),
        login=email,
        name=full_name(row.get("NAME"), row.get("LAST_NAME")),
        email=email,
        extension=str(row.get("UF_PHONE_INNER") or "").strip() or None,
    )


def fields_of(new: NewContact) -> dict[str, Any]:
    """Return the ``fields`` of ``crm.contact.add`` or ``crm.lead.add``."""
    fields: dict[str, Any] = {"NAME": plain(new.name)}
    text = [plain(new.text)] if new.text else []
    if new.kind is ContactKind.LEAD:
        fields["TITLE"] = plain(new.name)
        if new.company is not None:
            fields["COMPANY_TITLE"] = plain(new.company)
    elif new.company is not None:
        # A contact's company is a row of its own, and not ours to make.
        text.insert(0, plain(new.company))
    if new.number is not None:
        fields["PHONE"] = [{"VALUE": new.number, "VALUE_TYPE": "WORK"}]
    if new.email is not None:
        fields["EMAIL"] = [{"VALUE": plain(new.email), "VALUE_TYPE": "WORK"}]
    if new.owner is not None and new.owner.id.isdecimal():
        fields["ASSIGNED_BY_ID"] = int(new.owner.id)
    if text:
        fields["COMMENTS"] = "\n".join(text)[:MAX_TEXT_CHARACTERS]
    return fields


def todo_of(new: NewTicket, entity: tuple[str, int], due_at: float) -> dict[str, Any]:
    """Return the parameters of ``crm.activity.todo.add``; the last line of its text is what it is found again by."""
    lines = [plain(new.text)[:MAX_TEXT_CHARACTERS]] if new.text else []
    if new.number is not None:
        lines.append(plain(new.number))
    if new.call_id is not None:
        lines.append(marker_of(new.call_id))
    said: dict[str, Any] = {
        "ownerTypeId": ENTITY_TYPES[entity[0]],
        "ownerId": entity[1],
        "deadline": iso(due_at),
        "title": plain(new.title),
        "description": "\n".join(lines),
    }
    if new.owner is not None and new.owner.id.isdecimal():
        said["responsibleId"] = int(new.owner.id)
    return said


def iso(at: float) -> str:
    """Return a time as ``2026-03-07T10:20:30+00:00``, for the vendor documents an offset and no ``Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _values(rows: Any) -> list[str]:
    """Return what stands in a field of many values."""
    found = rows if isinstance(rows, list) else []
    return [str(each["VALUE"]).strip() for each in found if isinstance(each, dict) and each.get("VALUE")]
