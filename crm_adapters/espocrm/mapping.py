"""Between our words and EspoCRM's. Pure.

Source: docs.espocrm.com, "API Overview", "Search Parameters"; capture ``espocrm842``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser
from gateway.model.ids import CallId

KINDS: Final = {"Contact": ContactKind.CONTACT, "Lead": ContactKind.LEAD, "Account": ContactKind.COMPANY}
"""Entities that have numbers."""
LEAST_S: Final = 60.0
"""How long a call lasts in the calendar while it is not over."""
MAX_DESCRIPTION_CHARACTERS: Final = 20_000


def where(*terms: Mapping[str, str]) -> dict[str, str]:
    """Return search parameters as a query has them: ``where[0][type]=equals``. Values cannot be read as more than values."""
    return {f"where[{place}][{name}]": value for place, term in enumerate(terms) for name, value in term.items()}


def marker_of(call_id: CallId) -> str:
    """Return the words by which a call is found again."""
    return f"Tieline call {call_id}"


def contact_of(entity: str, record: Mapping[str, Any], url: str) -> CrmContact:
    """Return who a record is."""
    data = record.get("phoneNumberData")
    listed = [each.get("phoneNumber") for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    numbers = [record.get("phoneNumber"), *listed]
    return CrmContact(
        id=f"{entity}/{record['id']}",
        kind=KINDS[entity],
        name=_text(record.get("name")),
        company=_text(record.get("accountName")),
        numbers=tuple(dict.fromkeys(number for number in numbers if isinstance(number, str) and number)),
        email=_text(record.get("emailAddress")),
        owner=_text(record.get("assignedUserId")),
        url=url,
    )


def user_of(record: Mapping[str, Any], extension_field: str | None) -> CrmUser:
    """Return who a user is."""
    extension = None if extension_field is None else record.get(extension_field)
    return CrmUser(
        id=str(record["id"]),
        login=_text(record.get("userName")),
        name=_text(record.get("name")),
        email=_text(record.get("emailAddress")),
        extension=None if extension in (None, "") else str(extension),
    )


def call_of(activity: CallActivity, owner: str) -> dict[str, Any]:
    """Return the values of a call; ``owner`` is a user's id."""
    over = activity.stage is CallStage.ENDED
    ended_at = activity.ended_at or max(activity.answered_at or 0.0, activity.started_at) + LEAST_S
    values: dict[str, Any] = {
        "name": activity.subject,
        "status": "Planned" if not over else "Held" if activity.outcome == "answered" else "Not Held",
        "direction": "Inbound" if activity.direction == "inbound" else "Outbound",
        "dateStart": _time(activity.started_at),
        "dateEnd": _time(max(ended_at, activity.started_at)),
        "description": description_of(activity),
        "assignedUserId": owner,
    }
    place = None if activity.contact is None else place_of(activity.contact)
    if place is not None:
        entity, id_ = place
        if entity == "Account":
            values |= {"parentType": entity, "parentId": id_}
        else:
            values[f"{entity.lower()}sIds"] = [id_]
    return values


def description_of(activity: CallActivity) -> str:
    """Return all that there is to say of a call, and the marker; plain text, as EspoCRM shows it."""
    facts = [
        ("Outcome", activity.outcome.replace("_", " ") if activity.outcome else None),
        ("Agent", ", ".join(dict.fromkeys(activity.agents)) or activity.extension),
        ("Queue", activity.queue),
        ("Answered", None if activity.answered_at is None else f"{_time(activity.answered_at)} UTC"),
        ("Talked", None if activity.talk_s is None else f"{activity.talk_s:.0f} s"),
        ("Number called", activity.our_number),
        ("Filed as", activity.disposition),
        ("Recording", None if activity.recording is None else activity.recording.url),
        ("Note", activity.note),
        ("Said to the menu", activity.transcript),
    ]
    text = "\n".join(f"{name}: {value}" for name, value in facts if value)
    return f"{text[:MAX_DESCRIPTION_CHARACTERS]}\n{marker_of(activity.call_id)}".lstrip()


def place_of(contact: CrmContact) -> tuple[str, str] | None:
    """Return the entity and the id that a contact is; None where its id is none of ours."""
    entity, _, id_ = contact.id.partition("/")
    return (entity, id_) if entity in KINDS and id_.isalnum() else None


def names_of(name: str) -> dict[str, str]:
    """Return a name as EspoCRM has it: a last name there must be."""
    first, _, last = name.strip().rpartition(" ")
    return {"firstName": first, "lastName": last} if first else {"lastName": last}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
