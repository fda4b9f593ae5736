"""A Zendesk as a CRM of the gateway's: one ticket a call, by the external id that is the call's."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from crm_adapters._kit.contacts import has_number, there_already
from crm_adapters._kit.memos import memo_of
from crm_adapters.zendesk import mapping
from crm_adapters.zendesk.client import Row, SameKeyError, Zendesk
from crm_adapters.zendesk.mapping import Memo
from crm_adapters.zendesk.settings import ZendeskSettings
from gateway.model.crm import CallActivity, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmRefusedError, CrmSurroundings


def digest_of(text: str) -> str:
    """Return what stands for a text in a memo."""
    return sha256(text.encode()).hexdigest()[:16]


MAX_LOOKED_THROUGH: Final = 5
"""Users found whose first number is another one, and whose others are read: somebody waits for it."""


def create(settings: ZendeskSettings, around: CrmSurroundings) -> "ZendeskAdapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`)."""
    return ZendeskAdapter(settings, around)


class ZendeskAdapter:
    """One Zendesk; see :mod:`gateway.ports.crm` for what is asked of it. A memo names no ticket until the call has one."""

    def __init__(self, settings: ZendeskSettings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._zendesk = Zendesk(around, settings)

    async def check(self) -> str:
        me = await self._zendesk.me()
        return f"Zendesk at {self._zendesk.url} as {me.get('email')} ({me.get('role')})"

    async def close(self) -> None:
        await self._zendesk.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        rows: dict[Any, Row] = {}
        for asked in mapping.queries_of(query):
            rows |= {row.get("id"): row for row in await self._zendesk.search_users(asked)}
        found = await self._contacts(rows.values())
        others = [contact for contact in found if not has_number(contact, query)]
        return [contact for contact in found if contact not in others] + [
            # The number that was found is another one of his.
            msgspec.structs.replace(contact, numbers=(*contact.numbers, *await self._zendesk.numbers_of(number)))
            for contact in others[:MAX_LOOKED_THROUGH]
            if (number := mapping.number_of(contact)) is not None
        ]

    async def users(self) -> Sequence[CrmUser]:
        found = [mapping.user_of(row) for row in await self._zendesk.agents()]
        return [user for user in found if user is not None]

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        there = self._read_memo(memo)
        if there.ticket is None and mapping.is_wanted(activity, self._settings.tickets_of):
            # Also where there is a memo: it may be of the time before the ticket, and the answer to that lost.
            there = await self._found_or_made(activity)
        if there.ticket is not None:
            there = await self._complete(there, there.ticket, activity)
        return msgspec.json.encode(there).decode()

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        return [str(row["id"]) for row in await self._zendesk.tickets_of(call_id)]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        ticket = self._read_memo(memo).ticket
        if ticket is not None:
            await self._zendesk.delete_ticket(ticket)

    async def make_contact(self, new: NewContact) -> CrmContact:
        known = await there_already(self, new, self._around.region)
        if known is not None:
            return known
        try:
            row = await self._zendesk.make_user(mapping.user_fields(new))
        except CrmRefusedError as error:
            if new.email is None or "DuplicateValue" not in str(error):
                raise
            there = await self._contacts(await self._zendesk.search_users(mapping.address_query(new.email)))
            same = [each for each in there if each.email is not None and each.email.lower() == new.email.lower()]
            if not same:
                raise
            return same[0]
        made = await self._contacts([row])
        if not made:
            raise CrmRefusedError(f"{self._around.name}: Zendesk made a user whom it has suspended")
        return made[0]

    async def make_ticket(self, new: NewTicket) -> Made:
        known = [] if new.call_id is None else await self._zendesk.tickets_of(new.call_id)
        if known:
            number: int = known[0]["id"]
            # The ticket was made of the call: what it says beside that is not there yet.
            await self._tell(number, mapping.text_of_ticket(new))
        elif new.call_id is None:
            row, _ = await self._zendesk.make_ticket(mapping.ticket_of(new), None)
            number = row["id"]
        else:
            number, _ = await self._make(new.call_id, mapping.ticket_of(new), new.number, voice=False)
        return Made(id=str(number), url=f"{self._zendesk.url}/agent/tickets/{number}")

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        agent, caller, ticket = mapping.agent_of(user), mapping.number_of(activity.contact), self._read_memo(memo).ticket
        if agent is not None and caller is not None:
            await self._zendesk.display(agent, "users", caller)
        elif agent is not None and ticket is not None:
            await self._zendesk.display(agent, "tickets", ticket)
        return None

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        """Nothing: Zendesk closes no page that it opened."""

    async def _make(self, call_id: CallId, ticket: dict[str, Any], number: str | None, *, voice: bool) -> tuple[int, bool]:
        """Make a call's ticket, of which there is none, and return its number; also whether it says what ``ticket`` says.

        Zendesk remembers the key for two hours, the external id for good.
        """
        make = self._zendesk.make_voice_ticket if voice else self._zendesk.make_ticket
        refused: CrmRefusedError | None = None
        for key, each in zip((call_id, f"{call_id}-2", f"{call_id}-3"), mapping.retreats_of(ticket, number), strict=False):
            try:
                row, again = await make(each, key)
                if not again:
                    return int(row["id"]), True
                if await self._zendesk.is_there(row["id"]):
                    return int(row["id"]), False
                break
            except SameKeyError:
                known = await self._zendesk.tickets_of(call_id)
                if known:
                    return int(known[0]["id"]), False
                break
            except CrmRefusedError as error:
                # Whoever it is about may have been deleted; the call is kept all the same.
                refused = refused or error
        else:
            raise refused or CrmRefusedError(f"{self._around.name}: Zendesk makes no ticket")
        # What the key made before was deleted since.
        row, _ = await make(each, None)
        return int(row["id"]), True

    async def _found_or_made(self, activity: CallActivity) -> Memo:
        known = await self._zendesk.tickets_of(activity.call_id)
        if known:
            return Memo(ticket=known[0]["id"])
        number, made = await self._make(activity.call_id, mapping.voice_ticket_of(activity), activity.number, voice=True)
        if not made:
            return Memo(ticket=number)
        if activity.recording is not None:
            return Memo(ticket=number, sound=activity.recording.url)
        return Memo(ticket=number, told=digest_of(mapping.told(activity)))

    async def _complete(self, memo: Memo, ticket: int, activity: CallActivity) -> Memo:
        """Give a call's ticket what it has not yet: its text, and its recording."""
        text = mapping.told(activity)
        digest = digest_of(text)
        if memo.told != digest:
            await self._tell(ticket, text)
            memo = msgspec.structs.replace(memo, told=digest)
        sound = None if activity.recording is None else activity.recording.url
        if sound is not None and memo.sound != sound:
            if not any(mapping.has_sound(comment, sound) for comment in await self._zendesk.comments(ticket)):
                await self._zendesk.change_ticket(ticket, {"voice_comment": mapping.voice_comment_of(activity)})
            memo = msgspec.structs.replace(memo, sound=sound)
        return memo

    async def _tell(self, number: int, text: str) -> None:
        """Add a comment that is not there yet: the answer to it may have been lost."""
        if not any(mapping.has_text(comment, text) for comment in await self._zendesk.comments(number)):
            await self._zendesk.change_ticket(number, {"comment": mapping.comment_of(text)})

    async def _contacts(self, rows: Any) -> list[CrmContact]:
        listed = list(rows)
        wanted = {row["organization_id"] for row in listed if isinstance(row.get("organization_id"), int)}
        there = await self._zendesk.organizations(sorted(wanted)[:100])
        names = {row["id"]: str(row.get("name") or "") for row in there}
        found = [mapping.contact_of(row, self._zendesk.url, names) for row in listed]
        return [contact for contact in found if contact is not None]

    def _read_memo(self, memo: str | None) -> Memo:
        return Memo() if memo is None else memo_of(memo, Memo, self._around.name)
