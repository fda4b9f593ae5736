"""Calls as messages, and answers as contacts.

A message is ``{"id", "type", "time", "call_id", "pbx", "data"}``: ``type`` is ``call.ringing``, ``call.answered``, ``call.ended``
or ``call.withdrawn``, and ``data`` has the fields of :class:`gateway.model.crm.CallActivity`. Each message says all that is
known.
"""

from hashlib import sha256
from typing import Any, Final

import msgspec

from gateway.model.crm import CallActivity, ContactKind, CrmContact
from gateway.model.templates import Template

MAX_CONTACTS: Final = 100
"""Of one answer; more is no match."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One contact of an answer; keys that are not here are passed over."""

    id: str | int
    numbers: list[str]
    kind: ContactKind = ContactKind.CONTACT
    name: str | None = None
    company: str | None = None
    email: str | None = None
    language: str | None = None
    owner: str | int | None = None
    url: str | None = None


def message_of(activity: CallActivity, template: Template | None, *, withdrawn: bool = False) -> tuple[str, bytes]:
    """Return a message's id and its body. The same is said under the same id: whoever had it can drop it."""
    what = "withdrawn" if withdrawn else activity.stage.value
    data = msgspec.to_builtins(activity)
    told_at = activity.ended_at or activity.answered_at or activity.started_at
    said: dict[str, Any] = {
        "type": f"call.{what}",
        "time": told_at,
        "call_id": activity.call_id,
        "pbx": activity.pbx,
        "data": data | {"subject": activity.subject},
    }
    content = sha256(msgspec.json.encode(said)).hexdigest()[:24]
    said["id"] = f"{activity.call_id}_{what}_{content}"
    body = said if template is None else template(said)
    return said["id"], msgspec.json.encode(body)


def contacts_of(said: Any) -> list[CrmContact]:
    """Return whom an answer names: a list of contacts, or an object with such a list as ``contacts``.

    Raises:
        ValueError: It is something else; the text says where.
    """
    if said is None:
        return []
    if isinstance(said, dict):
        said = said.get("contacts")
    rows = msgspec.convert(said, list[Found])
    return [
        CrmContact(
            id=str(row.id),
            kind=row.kind,
            name=row.name,
            company=row.company,
            numbers=tuple(row.numbers),
            email=row.email,
            language=row.language,
            owner=None if row.owner is None else str(row.owner),
            url=row.url if row.url is not None and row.url.startswith(("https://", "http://")) else None,
        )
        for row in rows[:MAX_CONTACTS]
    ]
