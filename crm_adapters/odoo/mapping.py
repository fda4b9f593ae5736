"""Between our words and Odoo's. Pure.

Odoo keeps a call as an activity of type "Call" on the customer while it lasts, planned for the agent; when it has ended the
activity is done, and stands in the customer's history with what there is to say.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import msgspec

from crm_adapters._kit.texts import lines_of, marker_of, text_of
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser
from gateway.model.numbers import PhoneQuery

PARTNER: Final = "res.partner"
LEAD: Final = "crm.lead"
_NUMBERS: Final = ("phone", "mobile", "phone_sanitized")


class Memo(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a call."""

    model: str
    """Of the record that has it."""
    record: int
    activity: int | None = None
    """While it is planned."""
    message: int | None = None
    """Once it is done."""
    nothing: bool = False
    """Nothing is kept of it, as configured."""


def domain_of(query: PhoneQuery, fields: Iterable[str]) -> list[Any]:
    """Return a domain that finds who may have a number, by those of these fields that have numbers.

    ``phone_sanitized`` has one number a record, in E.164 where Odoo knew the country; the others what people wrote.
    """
    known = frozenset(fields)
    wanted: list[Any] = [[name, "ilike", query.wildcard()] for name in ("phone", "mobile") if name in known]
    if "phone_sanitized" in known:
        wanted.append(["phone_sanitized", "=", query.e164])
    return [*["|"] * (len(wanted) - 1), *wanted]


def contact_fields(model: str, fields: Iterable[str]) -> list[str]:
    """Return which fields of a model say who somebody is."""
    wanted = ("name", "contact_name", "partner_name", *_NUMBERS, "email", "email_from", "lang", "user_id", "is_company")
    own = ("commercial_company_name",) if model == PARTNER else ()
    known = frozenset(fields)
    return [name for name in (*wanted, *own) if name in known]


def contact_of(model: str, record: Mapping[str, Any], url: str) -> CrmContact:
    """Return who a record is. Odoo says False where a field is empty."""
    is_lead = model == LEAD
    company = text_of(record.get("partner_name" if is_lead else "commercial_company_name"))
    name = (text_of(record.get("contact_name")) if is_lead else None) or text_of(record.get("name"))
    kind = ContactKind.LEAD if is_lead else ContactKind.COMPANY if record.get("is_company") else ContactKind.CONTACT
    owner = record.get("user_id")
    return CrmContact(
        id=f"{model}/{record['id']}",
        kind=kind,
        name=name,
        company=company,
        numbers=tuple(number for number in (text_of(record.get(field)) for field in _NUMBERS) if number is not None),
        email=text_of(record.get("email")) or text_of(record.get("email_from")),
        language=text_of(record.get("lang")),
        owner=str(owner[0]) if isinstance(owner, list) and owner else None,
        url=url,
    )


def place_of(contact: CrmContact) -> tuple[str, int] | None:
    """Return the model and the record that a contact is; None where its id is none of ours."""
    model, _, record = contact.id.rpartition("/")
    return (model, int(record)) if model in (PARTNER, LEAD) and record.isascii() and record.isdigit() else None


def user_of(record: Mapping[str, Any]) -> CrmUser:
    """Return who a user is; his extension is in a field of OCA's ``base_phone``."""
    extension = text_of(record.get("internal_number"))
    return CrmUser(
        id=str(record["id"]),
        login=text_of(record.get("login")),
        name=text_of(record.get("name")),
        email=text_of(record.get("email")),
        extension=extension,
    )


def owner_of(activity: CallActivity) -> dict[str, int]:
    """Return whose activity it is, as a value to write; nothing where Odoo knows nobody."""
    owner = activity.owner
    return {"user_id": int(owner.id)} if owner is not None and owner.id.isascii() and owner.id.isdigit() else {}


def day_of(activity: CallActivity) -> str:
    """Return the day that an activity is planned for."""
    return datetime.fromtimestamp(activity.started_at, UTC).strftime("%Y-%m-%d")


def told(activity: CallActivity) -> list[str]:
    """Return all that there is to say of a call, a line each, as plain text."""
    return [activity.subject, *lines_of(activity)]


def html_of(activity: CallActivity) -> str:
    """Return the same as HTML, with the marker."""
    link = None if activity.recording is None else escape(activity.recording.url)
    lines = [escape(line) for line in told(activity)]
    shown = [
        line.replace(link, f'<a href="{link}">{link}</a>') if link and line.startswith("Recording: ") else line for line in lines
    ]
    return f"<p>{'<br/>'.join(shown)}</p><p>{escape(marker_of(activity.call_id))}</p>"


def paragraphs(text: str) -> str:
    """Return plain text as HTML."""
    return f"<p>{escape(text).replace(chr(10), '<br/>')}</p>"


def is_over(activity: CallActivity) -> bool:
    """Tell whether the call has ended."""
    return activity.stage is CallStage.ENDED
