"""Vtiger as the gateway asks it; see :mod:`gateway.ports.crm`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from crm_adapters._kit.contacts import there_already
from crm_adapters._kit.memos import memo_of
from crm_adapters._kit.texts import marker_of
from crm_adapters.vtiger.client import VtigerClient
from crm_adapters.vtiger.mapping import (
    MODULES,
    Memo,
    call_of,
    comment_of,
    contact_of,
    name_fields,
    phones_of,
    place_of,
    quoted,
    search_of,
    select,
    user_of,
)
from crm_adapters.vtiger.settings import VtigerSettings
from gateway.model.crm import CallActivity, ContactKind, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmSurroundings

MAX_FOUND: Final = 40
PAGE: Final = 100
"""Records that Vtiger lists at once."""
MAX_USERS: Final = 2_000
NO_COMPANY: Final = "?"
"""Vtiger wants a company of each lead."""


def create(settings: VtigerSettings, around: CrmSurroundings) -> "Vtiger":
    """Make the adapter."""
    return Vtiger(settings, around)


class Vtiger:
    """One Vtiger."""

    def __init__(self, settings: VtigerSettings, around: CrmSurroundings) -> None:
        self._url = settings.url.rstrip("/")
        self._login = settings.login
        self._around = around
        self._client = VtigerClient(settings, around)
        self._fields: dict[str, Mapping[str, str]] = {}

    async def check(self) -> str:
        """Sign in."""
        session = await self._client.session()
        return f"Vtiger {session.version} as {self._login}"

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    async def find(self, query: PhoneQuery) -> list[CrmContact]:
        """Return contacts, leads and organisations that may have a number."""
        found = []
        seen = False
        for module in MODULES:
            fields = await self._known(module)
            phones = phones_of(fields)
            seen = seen or bool(fields)
            if phones:
                records = await self._client.query(search_of(module, fields, query, MAX_FOUND))
                found += [contact_of(module, record, phones, self._page(module, str(record["id"]))) for record in records]
        if not seen:
            nobody = f"Vtiger shows {self._login} neither contacts, leads nor organisations"
            raise CrmDeniedError(f"{self._around.name}: {nobody}: give his profile the right")
        return found

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        """Let Vtiger have one record of this call, and one comment with what was written of it."""
        known = None if memo is None else memo_of(memo, Memo, self._around.name)
        if known is None:
            there = await self.calls_of(activity.call_id)
            known = Memo(call=there[0], comment=await self._comment_there(activity.call_id)) if there else None
        owner = activity.owner.id if activity.owner is not None else (await self._client.session()).user
        if known is None:
            made = await self._client.create("PBXManager", call_of(activity, owner))
            known = Memo(call=made["id"])
        else:
            await self._client.revise(known.call, call_of(activity, owner))
        known = await self._commented(activity, known, owner)
        return msgspec.json.encode(known).decode()

    async def calls_of(self, call_id: CallId) -> list[str]:
        """Return the ids of a call's records."""
        terms = f"sourceuuid={quoted(call_id)}"
        found = await self._client.query(select(["id"], "PBXManager", terms, MAX_FOUND))
        return [str(each["id"]) for each in found]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        """Delete a call's record and comment."""
        known = memo_of(memo, Memo, self._around.name)
        for record in (known.comment, known.call):
            if record is not None:
                with suppress(CrmGoneError):
                    await self._client.delete(record)

    async def make_contact(self, new: NewContact) -> CrmContact:
        """Add a contact or a lead; who is there already with the number is returned as he is."""
        module = "Leads" if new.kind is ContactKind.LEAD else "Contacts"
        there = await there_already(self, new, self._around.region)
        if there is not None:
            return there
        owner = new.owner.id if new.owner is not None else (await self._client.session()).user
        values = {**name_fields(new.name), "phone": new.number, "email": new.email, "description": new.text}
        if module == "Leads":
            values["company"] = new.company or NO_COMPANY
        element = {name: value for name, value in values.items() if value} | {"assigned_user_id": owner}
        made = await self._client.create(module, element)
        return contact_of(module, made, phones_of(await self._known(module)), self._page(module, made["id"]))

    async def make_ticket(self, new: NewTicket) -> Made:
        """Make a ticket."""
        marker = "" if new.call_id is None else marker_of(new.call_id)
        if marker:
            terms = f"description LIKE {quoted(f'%{marker}%')}"
            for there in await self._client.query(select(["id"], "HelpDesk", terms, 1)):
                return Made(id=str(there["id"]), url=self._page("HelpDesk", str(there["id"])))
        owner = new.owner.id if new.owner is not None else (await self._client.session()).user
        element = {
            "ticket_title": new.title,
            "ticketstatus": "Open",
            "ticketpriorities": "Normal",
            "description": "\n".join(filter(None, (new.text, new.number, marker))),
            "assigned_user_id": owner,
        }
        place = None if new.contact is None else place_of(new.contact)
        if place is not None and place[0] != "Leads":
            element["contact_id" if place[0] == "Contacts" else "parent_id"] = place[1]
        made = await self._client.create("HelpDesk", element)
        return Made(id=made["id"], url=self._page("HelpDesk", made["id"]))

    async def users(self) -> Sequence[CrmUser]:
        """Return those who work with it."""
        fields = ("id", "user_name", "first_name", "last_name", "email1", "phone_crm_extension")
        found: list[CrmUser] = []
        while len(found) < MAX_USERS:
            page = await self._client.query(select(fields, "Users", None, PAGE, after=len(found)))
            found += [user_of(record) for record in page]
            if len(page) < PAGE:
                break
        return found

    async def _known(self, module: str) -> Mapping[str, str]:
        """Return the fields of a module with their types, remembered where we may see it."""
        if module not in self._fields:
            fields = await self._client.describe(module)
            if not fields:
                return fields
            self._fields[module] = fields
        return self._fields[module]

    async def _commented(self, activity: CallActivity, known: Memo, owner: str) -> Memo:
        """Let what was written stand with the contact, once."""
        text = comment_of(activity)
        place = None if activity.contact is None else place_of(activity.contact)
        if text is None or place is None:
            return known
        if known.comment is not None:
            await self._client.revise(known.comment, {"commentcontent": text})
            return known
        element = {"commentcontent": text, "related_to": place[1], "assigned_user_id": owner}
        there = await self._comment_there(activity.call_id)
        made = there or (await self._client.create("ModComments", element))["id"]
        return msgspec.structs.replace(known, comment=made)

    async def _comment_there(self, call_id: CallId) -> str | None:
        terms = f"commentcontent LIKE {quoted(f'%{marker_of(call_id)}%')}"
        found = await self._client.query(select(["id"], "ModComments", terms, 1))
        return str(found[0]["id"]) if found else None

    def _page(self, module: str, record: str) -> str:
        return f"{self._url}/index.php?module={module}&view=Detail&record={record.rpartition('x')[2]}"
