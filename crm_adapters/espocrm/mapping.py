"""Between our words and EspoCRM's. Pure.

Source: docs.espocrm.com, "API Overview", "Search Parameters"; capture ``espocrm842``.
"""

from collections.abc import Mapping
from typing import Any, Final

from crm_adapters._kit.texts import FACTS, lines_of, marker_of, names_of, text_of, time_of
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser

KINDS: Final = {"Contact": ContactKind.CONTACT, "Lead": ContactKind.LEAD, "Account": ContactKind.COMPANY}
"""Entities that have numbers."""
LEAST_S: Final = 60.0
"""How long a call lasts in the calendar while it is not over."""
_MARKS: Final = str.maketrans("<>=", "   ")
MAX_DESCRIPTION_CHARACTERS: Final = 20_000
_DESCRIBED: Final = FACTS - {"Started", "Ended"}
"""EspoCRM has fields for the others."""


def where(*terms: Mapping[str, str]) -> dict[str, str]:
    """Return search parameters as a query has them: ``where[0][type]=equals``. Values cannot be read as more than values."""
    return {f"where[{place}][{name}]": value for place, term in enumerate(terms) for name, value in term.items()}


def contact_of(entity: str, record: Mapping[str, Any], url: str) -> CrmContact:
    """Return who a record is."""
    data = record.get("phoneNumberData")
    listed = [each.get("phoneNumber") for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    numbers = [record.get("phoneNumber"), *listed]
    return CrmContact(
        id=f"{entity}/{record['id']}",
        kind=KINDS[entity],
        name=text_of(record.get("name")),
        company=text_of(record.get("accountName")),
        numbers=tuple(dict.fromkeys(number for number in numbers if isinstance(number, str) and number)),
        email=text_of(record.get("emailAddress")),
        owner=text_of(record.get("assignedUserId")),
        url=url,
    )


def user_of(record: Mapping[str, Any], extension_field: str | None) -> CrmUser:
    """Return who a user is."""
    extension = None if extension_field is None else record.get(extension_field)
    return CrmUser(
        id=str(record["id"]),
        login=text_of(record.get("userName")),
        name=text_of(record.get("name")),
        email=text_of(record.get("emailAddress")),
        extension=None if extension in (None, "") else str(extension),
    )


def call_of(activity: CallActivity, owner: str) -> dict[str, Any]:
    """Return the values of a call; ``owner`` is a user's id."""
    over = activity.stage is CallStage.ENDED
    ended_at = activity.ended_at or max(activity.answered_at or 0.0, activity.started_at) + LEAST_S
    values: dict[str, Any] = {
        "name": without_marks(activity.subject),
        "status": "Planned" if not over else "Held" if activity.outcome == "answered" else "Not Held",
        "direction": "Inbound" if activity.direction == "inbound" else "Outbound",
        "dateStart": time_of(activity.started_at),
        "dateEnd": time_of(max(ended_at, activity.started_at)),
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
    text = "\n".join(lines_of(activity, _DESCRIBED))
    return f"{text[:MAX_DESCRIPTION_CHARACTERS]}\n{marker_of(activity.call_id)}".lstrip()


def place_of(contact: CrmContact) -> tuple[str, str] | None:
    """Return the entity and the id that a contact is; None where its id is none of ours."""
    entity, _, id_ = contact.id.partition("/")
    return (entity, id_) if entity in KINDS and id_.isalnum() else None


def without_marks(name: str) -> str:
    """Return a name without what EspoCRM takes in none: ``<``, ``>`` and ``=`` (its pattern ``noBadCharacters``)."""
    return " ".join(name.translate(_MARKS).split()) or "-"


def name_fields(name: str) -> dict[str, str]:
    """Return a name as EspoCRM has it: a last name there must be."""
    first, last = names_of(without_marks(name))
    return {"firstName": first, "lastName": last} if first else {"lastName": last}
