"""Our calls and contacts, and those of Acme CRM."""

from html import escape
from typing import Any

from gateway.model.crm import CallActivity, CrmContact

MAX_NOTE_CHARACTERS = 20_000
"""Of Acme's field `note`."""


def call_of(activity: CallActivity) -> dict[str, Any]:
    """Return the row of a call. Its note is HTML there: what people wrote is escaped."""
    note = "\n".join(text for text in (activity.disposition, activity.note, activity.transcript) if text)
    return {
        "external_id": activity.call_id,
        "subject": activity.subject,
        "state": activity.stage.value,
        "began": round(activity.started_at),
        "seconds": None if activity.talk_s is None else round(activity.talk_s),
        "contact_id": None if activity.contact is None else activity.contact.id,
        "note": escape(note[:MAX_NOTE_CHARACTERS]),
    }


def contact_of(row: dict[str, Any], url: str) -> CrmContact:
    """Return a contact, with its numbers as Acme keeps them: the gateway compares them itself."""
    numbers = tuple(number for number in (row.get("phone"), row.get("mobile")) if number)
    return CrmContact(id=str(row["id"]), name=row.get("name"), numbers=numbers, url=f"{url}/contacts/{row['id']}")
