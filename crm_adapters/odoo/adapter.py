"""Odoo as the gateway asks it; see :mod:`gateway.ports.crm`."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from crm_adapters._kit.contacts import there_already
from crm_adapters._kit.memos import memo_of
from crm_adapters._kit.texts import marker_of
from crm_adapters.odoo.client import OdooClient
from crm_adapters.odoo.mapping import (
    LEAD,
    PARTNER,
    Memo,
    contact_fields,
    contact_of,
    day_of,
    domain_of,
    html_of,
    is_over,
    owner_of,
    paragraphs,
    place_of,
    told,
    user_of,
)
from crm_adapters.odoo.settings import OdooSettings
from gateway.model.crm import CallActivity, ContactKind, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.errors import ConfigurationError
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmRefusedError, CrmSurroundings, Recording

MAX_FOUND: Final = 40
"""Records with one number that are looked at."""
MAX_USERS: Final = 5_000
MAX_RECORDING_BYTES: Final = 64 * 1024 * 1024
"""What Odoo takes in one request; a longer one stays with us, and its link in Odoo."""
ACTIVITY: Final = "mail.activity"
MESSAGE: Final = "mail.message"


def create(settings: OdooSettings, around: CrmSurroundings) -> "Odoo":
    """Make the adapter.

    Raises:
        ConfigurationError: There is no login for JSON-RPC.
    """
    if settings.api == "jsonrpc" and not settings.login:
        raise ConfigurationError(f"{around.name}: login is missing: JSON-RPC needs it; or write `api: json2` for Odoo 19")
    return Odoo(settings, around)


class Odoo:
    """One database of an Odoo."""

    def __init__(self, settings: OdooSettings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._client = OdooClient(settings, around)
        self._fields: dict[str, Mapping[str, str]] = {}
        self._type: int | None = None
        self._models: dict[str, int] = {}

    async def check(self) -> str:
        """Sign in and look round."""
        version = await self._client.version()
        await self._client.sign_in()
        who = f" as {self._settings.login}" if self._settings.login else ""
        return f"Odoo {version}, database {self._settings.database}{who}"

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    async def find(self, query: PhoneQuery) -> list[CrmContact]:
        """Return contacts, companies and leads that may have a number."""
        found = []
        for model in (PARTNER, LEAD):
            known = await self._known(model)
            domain = domain_of(query, known)
            if domain:
                records = await self._client.read(model, domain, contact_fields(model, known), limit=MAX_FOUND)
                found += [contact_of(model, record, self._url(model, record["id"])) for record in records]
        return found

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        """Let Odoo have one activity of this call."""
        known = await self._recovered(activity.call_id) if memo is None else memo_of(memo, Memo, self._around.name)
        if known is None:
            place = await self._place(activity)
            known = Memo(model="", record=0, nothing=True) if place is None else await self._planned(activity, *place)
        elif not known.nothing:
            known = await self._moved(activity, known)
        if not known.nothing:
            known = await self._brought_up_to_date(activity, known)
        return msgspec.json.encode(known).decode()

    async def calls_of(self, call_id: CallId) -> list[str]:
        """Return the ids of a call's activities, planned and done."""
        marker = marker_of(call_id)
        planned = await self._client.read(ACTIVITY, [["note", "ilike", marker]], ["res_id"], limit=MAX_FOUND)
        done = await self._client.read(MESSAGE, _message_domain(marker), ["res_id"], limit=MAX_FOUND)
        return [*(f"{ACTIVITY}/{each['id']}" for each in planned), *(f"{MESSAGE}/{each['id']}" for each in done)]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        """Delete a call's activity."""
        known = memo_of(memo, Memo, self._around.name)
        for model, record in ((ACTIVITY, known.activity), (MESSAGE, known.message)):
            if record is not None:
                with suppress(CrmGoneError):
                    await self._client.unlink(model, record)

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        """Put a call's sound beside its activity."""
        known = memo_of(memo, Memo, self._around.name)
        if known.nothing:
            return memo
        if recording.size > MAX_RECORDING_BYTES:
            raise CrmRefusedError(f"{self._around.name}: a recording of {recording.size} bytes is too long for Odoo")
        marker = marker_of(activity.call_id)
        there = await self._client.read("ir.attachment", [["description", "=", marker]], ["name"], limit=1)
        if not there:
            data = b"".join([piece async for piece in recording.read()])
            values: dict[str, Any] = {
                "name": recording.file_name,
                "description": marker,
                "mimetype": recording.content_type,
                "datas": b64encode(data).decode(),
                "res_model": known.model,
                "res_id": known.record,
            }
            attachment = await self._client.create("ir.attachment", values)
            if known.message is not None:
                await self._client.write(MESSAGE, known.message, {"attachment_ids": [[4, attachment]]})
        return memo

    async def make_contact(self, new: NewContact) -> CrmContact:
        """Add a contact or a lead, unless there is one with the number."""
        model = LEAD if new.kind is ContactKind.LEAD and await self._known(LEAD) else PARTNER
        known = await self._known(model)
        there = await there_already(self, new, self._around.region)
        if there is not None:
            return there
        owner = {} if new.owner is None or not new.owner.id.isdigit() else {"user_id": int(new.owner.id)}
        values: dict[str, Any] = {"name": new.name, "phone": new.number, **owner}
        if model == LEAD:
            values |= {"type": "lead", "contact_name": new.name, "partner_name": new.company, "email_from": new.email}
            values["description"] = _text_for(known, "description", new.text)
        else:
            values |= {"email": new.email, "comment": _text_for(known, "comment", new.text)}
        record = await self._client.create(model, {name: value for name, value in values.items() if value is not None})
        return await self._contact(model, record)

    async def make_ticket(self, new: NewTicket) -> Made:
        """Make a ticket in the helpdesk, else a task."""
        model = "helpdesk.ticket" if await self._known("helpdesk.ticket") else "project.task"
        if not await self._known(model):
            raise CrmRefusedError(f"{self._around.name}: Odoo has neither a helpdesk nor projects: install one of them")
        marker = "" if new.call_id is None else marker_of(new.call_id)
        if marker:
            there = await self._client.read(model, [["description", "ilike", marker]], ["name"], limit=1)
            if there:
                return Made(id=str(there[0]["id"]), url=self._url(model, there[0]["id"]))
        number = f"<p>{new.number}</p>" if new.number else ""
        values: dict[str, Any] = {
            "name": new.title,
            "description": paragraphs(new.text) + number + (f"<p>{marker}</p>" if marker else ""),
        }
        place = None if new.contact is None else place_of(new.contact)
        if place is not None and place[0] == PARTNER:
            values["partner_id"] = place[1]
        if model == "project.task":
            values["project_id"] = await self._project()
        if new.owner is not None and new.owner.id.isdigit():
            # A task has had several since 15.
            known = await self._known(model)
            owner = int(new.owner.id)
            values |= {"user_ids": [[6, 0, [owner]]]} if "user_ids" in known else {"user_id": owner} if "user_id" in known else {}
        record = await self._client.create(model, values)
        return Made(id=str(record), url=self._url(model, record))

    async def users(self) -> Sequence[CrmUser]:
        """Return Odoo's own users, not customers with a sign-in to the portal."""
        known = await self._known("res.users")
        fields = [name for name in ("name", "login", "email", "internal_number") if name in known]
        domain = [["share", "=", False]] if "share" in known else []
        return [user_of(record) for record in await self._client.read("res.users", domain, fields, limit=MAX_USERS)]

    async def _recovered(self, call_id: CallId) -> Memo | None:
        """Return what Odoo has of a call of which nothing is remembered."""
        marker = marker_of(call_id)
        fields = ["res_model", "res_id"]
        for each in await self._client.read(ACTIVITY, [["note", "ilike", marker]], fields, limit=1):
            return Memo(model=str(each.get("res_model")), record=int(each.get("res_id") or 0), activity=each["id"])
        for each in await self._client.read(MESSAGE, _message_domain(marker), ["model", "res_id"], limit=1):
            return Memo(model=str(each.get("model")), record=int(each.get("res_id") or 0), message=each["id"])
        return None

    async def _place(self, activity: CallActivity) -> tuple[str, int] | None:
        """Return the record that a call is kept on; None where nothing is to be kept of it."""
        place = None if activity.contact is None else place_of(activity.contact)
        if place is not None:
            return place
        if self._settings.unknown == "none":
            return None
        kind: Any = ContactKind.LEAD if self._settings.unknown == "lead" else ContactKind.CONTACT
        name = activity.subject if activity.number is None or kind is ContactKind.LEAD else activity.number
        number = activity.number if activity.number is not None and activity.number.startswith("+") else None
        return place_of(await self.make_contact(NewContact(kind=kind, name=name, number=number, owner=activity.owner)))

    async def _planned(self, activity: CallActivity, model: str, record: int) -> Memo:
        values = {
            "activity_type_id": await self._call_type(),
            "res_model_id": await self._model(model),
            "res_id": record,
            "summary": activity.subject,
            "note": f"<p>{marker_of(activity.call_id)}</p>",
            "date_deadline": day_of(activity),
            **owner_of(activity),
        }
        return Memo(model=model, record=record, activity=await self._client.create(ACTIVITY, values))

    async def _moved(self, activity: CallActivity, known: Memo) -> Memo:
        """Let the activity stand with another contact, where the agent chose him meanwhile."""
        place = None if activity.contact is None else place_of(activity.contact)
        if place is None or place == (known.model, known.record):
            return known
        model, record = place
        if known.message is not None:
            return await self._reposted(activity.call_id, known, model, record)
        if known.activity is not None:
            values = {"res_model_id": await self._model(model), "res_id": record}
            await self._client.write(ACTIVITY, known.activity, values)
        return msgspec.structs.replace(known, model=model, record=record)

    async def _reposted(self, call_id: CallId, known: Memo, model: str, record: int) -> Memo:
        """Let the message stand with another record. Since 17 only administrators may move one: others post it anew there."""
        assert known.message is not None
        message = known.message
        try:
            await self._client.write(MESSAGE, message, {"model": model, "res_id": record})
        except CrmDeniedError:
            marker = marker_of(call_id)
            there = [["body", "ilike", marker], ["model", "=", model], ["res_id", "=", record]]
            found = await self._client.read(MESSAGE, there, ["res_id"], limit=1)
            how = {"body": marker, "message_type": "comment", "subtype_xmlid": "mail.mt_note"}
            posted = found[0]["id"] if found else await self._client.method(model, "message_post", record, **how)
            posted = posted[0] if isinstance(posted, list) and posted else posted
            if not isinstance(posted, int) or isinstance(posted, bool):
                raise CrmRefusedError(f"{self._around.name}: Odoo did not say where the message stands") from None
            with suppress(CrmGoneError):
                await self._client.unlink(MESSAGE, message)
            message = posted
        return msgspec.structs.replace(known, model=model, record=record, message=message)

    async def _brought_up_to_date(self, activity: CallActivity, known: Memo) -> Memo:
        if known.message is not None:
            await self._client.write(MESSAGE, known.message, {"body": html_of(activity)})
        elif known.activity is not None:
            values = {"summary": activity.subject, **owner_of(activity)}
            await self._client.write(ACTIVITY, known.activity, values)
            if is_over(activity):
                lines = "\n".join((*told(activity), marker_of(activity.call_id)))
                message = await self._client.method(ACTIVITY, "action_feedback", known.activity, feedback=lines)
                if not isinstance(message, int) or isinstance(message, bool):
                    raise CrmRefusedError(f"{self._around.name}: Odoo did not say where the finished activity stands")
                return msgspec.structs.replace(known, activity=None, message=message)
        return known

    async def _contact(self, model: str, record: int) -> CrmContact:
        fields = contact_fields(model, await self._known(model))
        for each in await self._client.read(model, [["id", "=", record]], fields, limit=1):
            return contact_of(model, each, self._url(model, record))
        raise CrmRefusedError(f"{self._around.name}: Odoo made {model} {record}, and does not show it to us")

    async def _known(self, model: str) -> Mapping[str, str]:
        """Return the fields of a model with their types, remembered; none where Odoo does not have it."""
        if model not in self._fields:
            self._fields[model] = await self._client.fields(model)
        return self._fields[model]

    async def _call_type(self) -> int:
        if self._type is None:
            types = await self._client.read("mail.activity.type", [["icon", "=", "fa-phone"]], ["name"], limit=1)
            types = types or await self._client.read("mail.activity.type", [], ["name"], limit=1)
            if not types:
                raise CrmRefusedError(f"{self._around.name}: Odoo has no type of activity: add one called Call")
            self._type = types[0]["id"]
        return self._type

    async def _model(self, model: str) -> int:
        if model not in self._models:
            try:
                found = await self._client.read("ir.model", [["model", "=", model]], ["model"], limit=1)
                id_ = found[0]["id"] if found else None
            except CrmDeniedError:
                # Some let only administrators read models; what is about to be planned knows its own.
                id_ = await self._client.default(ACTIVITY, "res_model_id", {"default_res_model": model})
            if not isinstance(id_, int) or isinstance(id_, bool):
                raise CrmRefusedError(f"{self._around.name}: Odoo has no model {model}")
            self._models[model] = id_
        return self._models[model]

    async def _project(self) -> int:
        name = self._settings.project
        for each in await self._client.read("project.project", [["name", "=", name]], ["name"], limit=1):
            return int(each["id"])
        return await self._client.create("project.project", {"name": name})

    def _url(self, model: str, record: int) -> str:
        base = self._settings.url.rstrip("/")
        if self._settings.api == "json2":
            return f"{base}/odoo/{model}/{record}"
        return f"{base}/web#id={record}&model={model}&view_type=form"


def _text_for(fields: Mapping[str, str], field: str, text: str | None) -> str | None:
    """Return a text as a field takes it: what was plain in 14 is HTML since 15."""
    return None if text is None else paragraphs(text) if fields.get(field) == "html" else text


def _message_domain(marker: str) -> list[Any]:
    # Odoo also tells an agent of his activity by a message, which is none of the customer's history.
    told_to_somebody = ["message_type", "!=", "user_notification"]
    return [["body", "ilike", marker], ["model", "in", [PARTNER, LEAD]], told_to_somebody]
