"""EspoCRM as the gateway asks it; see :mod:`gateway.ports.crm`."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from crm_adapters._kit.contacts import has_number, there_already
from crm_adapters._kit.http import Answer, CrmHttp, printable, usual_reason
from crm_adapters._kit.memos import memo_of
from crm_adapters._kit.texts import marker_of
from crm_adapters.espocrm.mapping import (
    KINDS,
    call_of,
    contact_of,
    name_fields,
    place_of,
    user_of,
    where,
    without_marks,
)
from crm_adapters.espocrm.settings import EspoSettings
from gateway.model.crm import CallActivity, ContactKind, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmDeniedError, CrmRefusedError, CrmSurroundings, Recording

MAX_FOUND: Final = 20
PAGE: Final = 200
MAX_USERS: Final = 5_000
MAX_RECORDING_BYTES: Final = 48 * 1024 * 1024

_SHOWN: Final = "name,phoneNumber,emailAddress,assignedUserId"


class Memo(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a call."""

    call: str
    note: str | None = None
    """Of the note that has the recording."""


def create(settings: EspoSettings, around: CrmSurroundings) -> "EspoCrm":
    """Make the adapter."""
    return EspoCrm(settings, around)


class EspoCrm:
    """One EspoCRM."""

    def __init__(self, settings: EspoSettings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._url = settings.url.rstrip("/")
        headers = {"X-Api-Key": settings.key.reveal()}
        self._http = CrmHttp(around, f"{self._url}/api/v1", headers=headers, reason_of=reason_of)
        self._me: CrmUser | None = None
        self._owner: str | None = None

    async def check(self) -> str:
        """Sign in and look round."""
        me = await self._self()
        users = await self._listed_users()
        blind = "" if users else "; it may not see users: give its role `User: read: all`, or calls are all its own"
        return f"EspoCRM as {me.login}{blind}"

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    async def find(self, query: PhoneQuery) -> list[CrmContact]:
        """Return contacts, leads and accounts that may have a number. EspoCRM keeps numbers in E.164, and finds secondary ones
        too; a list shows the first one only, so that the others are read with the record."""
        found = []
        for entity in KINDS:
            asked = {"type": "equals", "attribute": "phoneNumber", "value": query.e164}
            select = _SHOWN + (",accountName" if entity == "Contact" else "")
            for record in await self._list(entity, where(asked), select, MAX_FOUND):
                contact = contact_of(entity, record, self._page(entity, record["id"]))
                if not has_number(contact, query):
                    whole = await self._http.call("GET", f"/{entity}/{record['id']}")
                    contact = contact_of(entity, self._record(whole), str(contact.url))
                found.append(contact)
        return found

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        """Let EspoCRM have one call."""
        known = None if memo is None else memo_of(memo, Memo, self._around.name)
        if known is None:
            there = await self.calls_of(activity.call_id)
            known = Memo(call=there[0]) if there else None
        values = call_of(activity, await self._owner_of(activity.owner))
        if known is None:
            made = self._record(await self._http.call("POST", "/Call", json=values))
            known = Memo(call=made["id"])
        else:
            await self._http.call("PUT", f"/Call/{known.call}", json=values)
        return msgspec.json.encode(known).decode()

    async def calls_of(self, call_id: CallId) -> list[str]:
        """Return the ids of a call's records."""
        asked = {"type": "contains", "attribute": "description", "value": marker_of(call_id)}
        return [str(each["id"]) for each in await self._list("Call", where(asked), "name", MAX_FOUND)]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        """Delete a call; where that is not allowed say on it what became of it."""
        known = memo_of(memo, Memo, self._around.name)
        answer = await self._http.send("DELETE", f"/Call/{known.call}")
        if answer.status == 403:
            values = {"status": "Not Held", "name": f"{activity.subject} (part of another call)"}
            await self._http.call("PUT", f"/Call/{known.call}", json=values)
        elif not answer.ok and answer.status != 404:
            raise self._http.error_of(answer)

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        """Put a call's sound on the stream of whom it was with."""
        known = memo_of(memo, Memo, self._around.name)
        place = None if activity.contact is None else place_of(activity.contact)
        if known.note is not None or place is None:
            # A call has no stream of its own there: of a caller whom nobody knows the link in the description must do.
            return memo
        if recording.size > MAX_RECORDING_BYTES:
            raise CrmRefusedError(f"{self._around.name}: a recording of {recording.size} bytes is too long for EspoCRM")
        entity, id_ = place
        marker = marker_of(activity.call_id)
        stream = await self._http.call("GET", f"/{entity}/{id_}/stream", params={"maxSize": str(MAX_FOUND)})
        listed = stream.get("list") if isinstance(stream, dict) else None
        there = [each for each in listed or () if isinstance(each, dict) and marker in str(each.get("post"))]
        if there:
            return msgspec.json.encode(Memo(call=known.call, note=str(there[0]["id"]))).decode()
        data = b"".join([piece async for piece in recording.read()])
        upload = {
            "name": recording.file_name,
            "type": recording.content_type,
            "role": "Attachment",
            "parentType": "Note",
            "field": "attachments",
            "file": f"data:{recording.content_type};base64,{b64encode(data).decode()}",
        }
        attachment = self._record(await self._http.call("POST", "/Attachment", json=upload))
        post = {"type": "Post", "parentType": entity, "parentId": id_, "post": f"{activity.subject}\n{marker}"}
        note = self._record(await self._http.call("POST", "/Note", json=post | {"attachmentsIds": [attachment["id"]]}))
        return msgspec.json.encode(Memo(call=known.call, note=note["id"])).decode()

    async def make_contact(self, new: NewContact) -> CrmContact:
        """Add a contact or a lead; who is there already with the number is returned as he is."""
        entity = "Lead" if new.kind is ContactKind.LEAD else "Contact"
        there = await there_already(self, new, self._around.region)
        if there is not None:
            return there
        values: dict[str, Any] = name_fields(new.name)
        values |= {"phoneNumber": new.number, "emailAddress": new.email, "description": new.text}
        if entity == "Lead":
            values |= {"source": "Call", "accountName": without_marks(new.company) if new.company else None}
        if new.owner is not None:
            values["assignedUserId"] = new.owner.id
        sent = {name: value for name, value in values.items() if value}
        answer = await self._http.send("POST", f"/{entity}", json=sent)
        if answer.status == 409:
            # Somebody of the same name, without the number: he is another as far as anybody knows.
            answer = await self._http.send("POST", f"/{entity}", json=sent, headers={"X-Skip-Duplicate-Check": "true"})
        if not answer.ok:
            raise self._http.error_of(answer)
        record = self._record(_json(answer))
        return contact_of(entity, record, self._page(entity, record["id"]))

    async def make_ticket(self, new: NewTicket) -> Made:
        """Make a case."""
        marker = "" if new.call_id is None else marker_of(new.call_id)
        if marker:
            asked = {"type": "contains", "attribute": "description", "value": marker}
            for there in await self._list("Case", where(asked), "name", 1):
                return Made(id=str(there["id"]), url=self._page("Case", there["id"]))
        text = "\n".join(filter(None, (new.text, new.number, marker)))
        values: dict[str, Any] = {"name": without_marks(new.title), "status": "New", "priority": "Normal", "description": text}
        place = None if new.contact is None else place_of(new.contact)
        if place is not None and place[0] == "Contact":
            values |= {"contactId": place[1], "contactsIds": [place[1]]}
        elif place is not None:
            values[f"{place[0].lower()}Id"] = place[1]
        if new.owner is not None:
            values["assignedUserId"] = new.owner.id
        made = self._record(await self._http.call("POST", "/Case", json=values))
        return Made(id=made["id"], url=self._page("Case", made["id"]))

    async def users(self) -> Sequence[CrmUser]:
        """Return active users; without the right to see them the API user alone, who is certainly there."""
        return await self._listed_users() or [await self._self()]

    async def _listed_users(self) -> list[CrmUser]:
        field = self._settings.extension_field
        select = "userName,name,emailAddress" + (f",{field}" if field else "")
        active = where({"type": "isTrue", "attribute": "isActive"})
        return [user_of(each, field) for each in await self._list("User", active, select, MAX_USERS)]

    async def _self(self) -> CrmUser:
        """Return who we are, remembered."""
        if self._me is None:
            told = await self._http.call("GET", "/App/user")
            user = told.get("user") if isinstance(told, dict) else None
            self._me = user_of(self._record(user), None)
        return self._me

    async def _owner_of(self, owner: CrmUser | None) -> str:
        if owner is not None:
            return owner.id
        if self._owner is None:
            wanted = self._settings.owner
            if wanted is None:
                self._owner = (await self._self()).id
            else:
                known = [user for user in await self.users() if wanted in (user.id, user.login)]
                if not known:
                    raise CrmDeniedError(
                        f"{self._around.name}: EspoCRM shows us no user {wanted}: change owner of {self._around.name}"
                    )
                self._owner = known[0].id
        return self._owner

    async def _list(self, entity: str, asked: Mapping[str, str], select: str, most: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) < most:
            size = min(PAGE, most - len(found))
            page = {"select": select, "maxSize": str(size), "offset": str(len(found))}
            told = await self._http.call("GET", f"/{entity}", params={**asked, **page})
            listed = told.get("list") if isinstance(told, dict) else None
            if not isinstance(listed, list):
                raise CrmRefusedError(f"{self._around.name}: EspoCRM listed {entity} as nothing that can be read")
            found += [self._record(each) for each in listed]
            if len(listed) < size:
                break
        return found

    def _record(self, told: Any) -> dict[str, Any]:
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise CrmRefusedError(f"{self._around.name}: EspoCRM answered no record")
        return told

    def _page(self, entity: str, id_: str) -> str:
        return f"{self._url}/#{entity}/view/{id_}"


def reason_of(answer: Answer) -> str:
    """Return why EspoCRM would not: it says so in a header."""
    return printable(answer.headers.get("x-status-reason", "")[:300]) or usual_reason(answer)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
