"""Between our words and Vtiger's. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from crm_adapters._kit.texts import WRITTEN, full_name, lines_of, marker_of, names_of, text_of, time_of
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser
from gateway.model.numbers import PhoneQuery

MODULES: Final = ("Contacts", "Leads", "Accounts")
"""Those of whom numbers are kept."""
_FAX: Final = re.compile(r"fax", re.IGNORECASE)
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "Contacts": ("firstname", "lastname"),
    "Leads": ("firstname", "lastname", "company"),
    "Accounts": ("accountname",),
}
_MAIL: Final = {"Contacts": "email", "Leads": "email", "Accounts": "email1"}
_KINDS: Final = {"Contacts": ContactKind.CONTACT, "Leads": ContactKind.LEAD, "Accounts": ContactKind.COMPANY}
MAX_COMMENT_CHARACTERS: Final = 20_000
WITHHELD: Final = "withheld"
"""Vtiger wants a number of each call."""


class Memo(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a call."""

    call: str
    comment: str | None = None
    """With what agents wrote, at the contact."""


def quoted(text: str) -> str:
    """Return a value as it stands in a query, so that nothing in it ends it."""
    return "'" + text.replace("\\", "").replace("'", "''") + "'"


def select(fields: Iterable[str], module: str, terms: str | None, limit: int, *, after: int = 0) -> str:
    """Return a query; ``terms`` holds values that are :func:`quoted` already."""
    condition = "" if terms is None else f" WHERE {terms}"
    return f"SELECT {','.join(fields)} FROM {module}{condition} LIMIT {after}, {limit}"  # noqa: S608  # see quoted


def phones_of(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of a module's fields have numbers that people call from, its own and those that a site added."""
    return tuple(name for name, kind in fields.items() if kind == "phone" and _FAX.search(name) is None)


def search_of(module: str, fields: Mapping[str, str], query: PhoneQuery, limit: int) -> str:
    """Return the query for those of a module who may have a number; Vtiger keeps numbers as they were written.

    Args:
        module: One of :data:`MODULES`.
        fields: What it has, with types: a field that is not there or that we may not see would cost us the whole query.
        query: The number.
        limit: How many at most.
    """
    phones = phones_of(fields)
    wanted = [name for name in (*_NAMES[module], _MAIL[module], "assigned_user_id") if name in fields]
    pattern = quoted(query.wildcard())
    terms = " OR ".join(f"{name} LIKE {pattern}" for name in phones)
    return select(("id", *wanted, *phones), module, terms, limit)


def contact_of(module: str, record: Mapping[str, Any], phones: Iterable[str], url: str) -> CrmContact:
    """Return who a record is; what is empty is an empty text."""
    return CrmContact(
        id=f"{module}/{record['id']}",
        kind=_KINDS[module],
        name=full_name(*(record.get(name) for name in _NAMES[module] if name != "company")),
        company=text_of(record.get("company")),
        numbers=tuple(number for number in (text_of(record.get(field)) for field in phones) if number),
        email=text_of(record.get(_MAIL[module])),
        owner=text_of(record.get("assigned_user_id")),
        url=url,
    )


def place_of(contact: CrmContact) -> tuple[str, str] | None:
    """Return the module and the record that a contact is; None where its id is none of ours."""
    module, _, record = contact.id.partition("/")
    first, _, second = record.partition("x")
    return (module, record) if module in MODULES and first.isdigit() and second.isdigit() else None


def user_of(record: Mapping[str, Any]) -> CrmUser:
    """Return who a user is."""
    return CrmUser(
        id=str(record.get("id")),
        login=text_of(record.get("user_name")),
        name=full_name(record.get("first_name"), record.get("last_name")),
        email=text_of(record.get("email1")),
        extension=text_of(record.get("phone_crm_extension")),
    )


def call_of(activity: CallActivity, owner: str) -> dict[str, str]:
    """Return the fields of a call; ``owner`` is a user's id."""
    place = None if activity.contact is None else place_of(activity.contact)
    values = {
        "direction": "inbound" if activity.direction == "inbound" else "outbound",
        "callstatus": status_of(activity),
        "starttime": time_of(activity.started_at),
        "sourceuuid": activity.call_id,
        "gateway": "Tieline",
        "customernumber": activity.number or WITHHELD,
        "user": owner,
        "assigned_user_id": owner,
    }
    if place is not None:
        values |= {"customer": place[1], "customertype": place[0]}
    if activity.ended_at is not None:
        values |= {
            "endtime": time_of(activity.ended_at),
            "totalduration": str(round(max(activity.ended_at - activity.started_at, 0.0))),
            "billduration": str(round(activity.talk_s or 0.0)),
        }
    if activity.recording is not None:
        values["recordingurl"] = activity.recording.url
    return values


def status_of(activity: CallActivity) -> str:
    """Return what Vtiger calls the state of a call."""
    if activity.stage is not CallStage.ENDED:
        return "ringing" if activity.stage is CallStage.RINGING else "in-progress"
    return {"answered": "completed", "busy": "busy"}.get(activity.outcome or "", "no-answer")


def comment_of(activity: CallActivity) -> str | None:
    """Return what agents wrote of a call, with the marker; None where they wrote nothing."""
    lines = lines_of(activity, WRITTEN)
    if not lines:
        return None
    text = "\n".join([activity.subject, *lines])[:MAX_COMMENT_CHARACTERS]
    return f"{text}\n{marker_of(activity.call_id)}"


def name_fields(name: str) -> dict[str, str]:
    """Return a name as Vtiger has it: a last name there must be."""
    first, last = names_of(name)
    return {"firstname": first, "lastname": last}
