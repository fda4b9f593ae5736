"""Calls, people and tickets as HubSpot has them. Pure.

Sources: developers.hubspot.com, "Calls", "Contacts", "Tickets", "Search the CRM" (phone numbers), "Associations" (type ids).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from crm_adapters._kit.texts import FACTS, full_name, html_of, iso_of, lines_of, marker_of, names_of, text_of, visible
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.numbers import PhoneQuery

EXTERNAL_ID: Final = "hs_call_external_id"
"""The property of a call that holds our call id."""
MAX_BODY_CHARACTERS: Final = 60_000
"""Of a call's text, with its marks; HubSpot takes 65,536."""
_TOLD: Final = FACTS - {"Started", "Answered", "Ended", "Talked", "Number called"}
"""HubSpot has properties for the others."""

CONTACTS: Final = "contacts"
COMPANIES: Final = "companies"
CALL_TO: Final[Mapping[str, int]] = {CONTACTS: 194, COMPANIES: 182}
"""Type of the association from a call, by what it leads to."""
TICKET_TO: Final[Mapping[str, int]] = {CONTACTS: 16, COMPANIES: 339}
_OBJECT_TYPES: Final[Mapping[str, str]] = {CONTACTS: "0-1", COMPANIES: "0-2", "tickets": "0-5"}
"""As in the addresses of pages."""

CONTACT_PROPERTIES: Final = (
    "firstname",
    "lastname",
    "email",
    "phone",
    "mobilephone",
    "company",
    "hs_language",
    "hubspot_owner_id",
    "lifecyclestage",
    "notes_last_contacted",
)
COMPANY_PROPERTIES: Final = ("name", "phone", "hubspot_owner_id", "notes_last_contacted")

_STATUS: Final[Mapping[str, str]] = {
    "answered": "COMPLETED",
    "self_served": "COMPLETED",
    "voicemail": "COMPLETED",
    "abandoned": "MISSED",
    "no_answer": "NO_ANSWER",
    "busy": "BUSY",
    "rejected": "NO_ANSWER",
    "unreachable": "FAILED",
    "failed": "FAILED",
}
_LEAD_STAGES: Final = frozenset({"lead", "subscriber", "marketingqualifiedlead", "salesqualifiedlead"})


def contact_groups(query: PhoneQuery) -> list[list[dict[str, Any]]]:
    """Return the filters that find a contact, one group each: HubSpot takes five.

    The ``hs_searchable_calculated_*`` properties hold the digits behind the country code, which HubSpot reads out of what people
    wrote. Where it read them otherwise, what they wrote is compared too.
    """
    return [
        [_is("hs_searchable_calculated_phone_number", query.significant)],
        [_is("hs_searchable_calculated_mobile_number", query.significant)],
        [_ends("hs_searchable_calculated_phone_number", query.significant)],
        [_one_of("phone", query.forms)],
        [_one_of("mobilephone", query.forms)],
    ]


def company_groups(query: PhoneQuery) -> list[list[dict[str, Any]]]:
    """Return the filters that find a company."""
    return [[_one_of("phone", query.forms)], [_ends("phone", query.significant)]]


def _is(name: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": "EQ", "value": value}


def _ends(name: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": "CONTAINS_TOKEN", "value": "*" + value}


def _one_of(name: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"propertyName": name, "operator": "IN", "values": list(values)}


def call_filter(call_id: str) -> list[list[dict[str, Any]]]:
    """Return the filter that finds a call by our id."""
    return [[_is(EXTERNAL_ID, call_id)]]


def nobody() -> list[list[dict[str, Any]]]:
    """Return a filter that finds nothing."""
    return [[_is("hs_object_id", "0")]]


def ticket_filter(call_id: str) -> list[list[dict[str, Any]]]:
    """Return the filter that finds a call's ticket by the last line of its text."""
    return [[{"propertyName": "content", "operator": "CONTAINS_TOKEN", "value": call_id}]]


def contact_of(row: Mapping[str, Any], kind: str, pages: str, portal: str) -> CrmContact:
    """Return a record of the type ``contacts`` or ``companies``; its id is such as ``contacts/512``."""
    said: Mapping[str, Any] = row["properties"]
    company = text_of(said.get("name")) if kind == COMPANIES else text_of(said.get("company"))
    lead = (text_of(said.get("lifecyclestage")) or "") in _LEAD_STAGES
    return CrmContact(
        id=f"{kind}/{row['id']}",
        kind=ContactKind.COMPANY if kind == COMPANIES else ContactKind.LEAD if lead else ContactKind.CONTACT,
        name=company if kind == COMPANIES else full_name(said.get("firstname"), said.get("lastname")),
        company=company,
        numbers=tuple(number for number in (text_of(said.get("phone")), text_of(said.get("mobilephone"))) if number),
        email=text_of(said.get("email")),
        language=text_of(said.get("hs_language")),
        owner=text_of(said.get("hubspot_owner_id")),
        url=page_of(pages, portal, kind, row["id"]),
        last_contact_at=_time(text_of(said.get("notes_last_contacted"))),
    )


def page_of(pages: str, portal: str, kind: str, key: str) -> str:
    """Return a record's page."""
    return f"{pages}/contacts/{portal}/record/{_OBJECT_TYPES[kind]}/{key}"


def entity_of(contact: CrmContact | None) -> tuple[str, str] | None:
    """Return type and id of ``contacts/512``; None of what is no contact or company of HubSpot's."""
    kind, _, key = ("" if contact is None else contact.id).partition("/")
    return (kind, key) if kind in CALL_TO and key.isascii() and key.isdecimal() and len(key) <= 20 else None


def user_of(row: Mapping[str, Any]) -> CrmUser | None:
    """Return an owner; None of a queue and of who was taken away."""
    key = row.get("id")
    if not isinstance(key, str) or not key.isdecimal() or row.get("archived") is True or row.get("type", "PERSON") != "PERSON":
        return None
    email = text_of(row.get("email"))
    return CrmUser(id=key, login=email, name=full_name(row.get("firstName"), row.get("lastName")), email=email)


def call_of(activity: CallActivity, dispositions: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of a call that are known; what is not is left as it is there, for people may have written it."""
    inbound = activity.direction == "inbound"
    ours = activity.our_number or activity.extension or ""
    link = None if activity.recording is None else activity.recording.url
    playable = link if link is not None and link.startswith("https://") else ""
    said = {
        "hs_timestamp": iso_of(activity.started_at, "milliseconds"),
        "hs_call_title": visible(activity.subject),
        "hs_call_direction": "INBOUND" if inbound else "OUTBOUND",
        "hs_call_status": status_of(activity),
        "hs_call_duration": str(max(0, round((activity.talk_s or 0.0) * 1000))),
        "hs_call_from_number": (activity.number or "") if inbound else ours,
        "hs_call_to_number": ours if inbound else (activity.number or ""),
        "hs_call_body": body_of(activity, linked=not playable),
        "hs_call_disposition": dispositions.get(activity.disposition or "", ""),
        "hs_call_recording_url": playable,
        "hubspot_owner_id": activity.owner.id if activity.owner is not None else "",
        EXTERNAL_ID: activity.call_id,
    }
    return {name: value for name, value in said.items() if value}


def unowned(properties: Mapping[str, str]) -> dict[str, str]:
    """Return properties without what may be there no more: the owner, and an outcome of the account's own."""
    return {name: value for name, value in properties.items() if name not in ("hubspot_owner_id", "hs_call_disposition")}


def status_of(activity: CallActivity) -> str:
    """Return ``hs_call_status``."""
    if activity.stage is CallStage.RINGING:
        return "RINGING"
    if activity.stage is CallStage.ANSWERED:
        return "IN_PROGRESS"
    return _STATUS.get(activity.outcome or "", "COMPLETED")


def body_of(activity: CallActivity, *, linked: bool) -> str:
    """Return what is said of a call, in HTML, with the recording's link or without. What people wrote is text in it."""
    return html_of(lines_of(activity, _TOLD if linked else _TOLD - {"Recording"}), MAX_BODY_CHARACTERS)


def contact_properties(new: NewContact) -> dict[str, str]:
    """Return the properties of a new contact; a lead is one of the stage ``lead``."""
    first, last = names_of(new.name)
    said = {"firstname": visible(first), "lastname": visible(last)} if first else {"lastname": visible(last)}
    if new.number is not None:
        said["phone"] = new.number
    if new.email is not None:
        said["email"] = visible(new.email)
    if new.company is not None:
        said["company"] = visible(new.company)
    if new.owner is not None:
        said["hubspot_owner_id"] = new.owner.id
    if new.text:
        said["message"] = visible(new.text)[:MAX_BODY_CHARACTERS]
    if new.kind is ContactKind.LEAD:
        said["lifecyclestage"] = "lead"
    return said


def ticket_properties(new: NewTicket, pipeline: str, stage: str) -> dict[str, str]:
    """Return the properties of a new ticket; the last line of its text is what it is found again by."""
    lines = [new.text, new.number or "", "" if new.call_id is None else marker_of(new.call_id)]
    said = {
        "subject": visible(new.title),
        "content": "\n".join(visible(line)[:MAX_BODY_CHARACTERS] for line in lines if line),
        "hs_pipeline": pipeline,
        "hs_pipeline_stage": stage,
    }
    if new.owner is not None:
        said["hubspot_owner_id"] = new.owner.id
    return said


def _time(text: str | None) -> float | None:
    """Return a time that comes in ISO 8601, or in milliseconds."""
    try:
        if text is None:
            return None
        return int(text) / 1000 if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


class Memo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a call."""

    call: str
    """The id of HubSpot's record."""
    on: str | None = None
    """On whose timeline it is, such as ``contacts/512``."""
