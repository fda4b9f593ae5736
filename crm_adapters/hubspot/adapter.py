"""A HubSpot account as a CRM of the gateway's."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from crm_adapters._kit.contacts import has_number
from crm_adapters._kit.memos import memo_of
from crm_adapters._kit.texts import marker_of
from crm_adapters.hubspot import mapping
from crm_adapters.hubspot.client import HubSpot, Record
from crm_adapters.hubspot.mapping import COMPANIES, CONTACTS, Memo
from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.model.crm import CallActivity, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery, query_of
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmRefusedError, CrmSurroundings, CrmUnavailableError

INDEX_LAG_S: Final = 30.0
"""Seconds after which HubSpot's search knows what was made; usually it is a few."""
MAX_OWNER_PAGES: Final = 50
"""A hundred owners each."""
_EXISTING: Final = re.compile(r"Existing ID:\s*(\d{1,20})")


def create(settings: HubSpotSettings, around: CrmSurroundings) -> "HubSpotAdapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`)."""
    return HubSpotAdapter(settings, around)


class HubSpotAdapter:
    """One account; see :mod:`gateway.ports.crm` for what is asked of it."""

    def __init__(self, settings: HubSpotSettings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._hubspot = HubSpot(around, settings)

    async def check(self) -> str:
        account = await self._hubspot.account()
        for kind in (CONTACTS, COMPANIES, "calls", "tickets"):
            # Of a right that is missing, this tells before the first call does.
            await self._hubspot.search(kind, mapping.nobody(), ())
        await self._hubspot.owners(None)
        unique = self._settings.call_id_property
        if unique is not None:
            await self._check_unique("calls", unique)
            await self._check_unique("tickets", unique)
        return f"HubSpot account {account.portal} at {account.pages}"

    async def close(self) -> None:
        await self._hubspot.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        search = partial(self._hubspot.search, patient=False)
        people = await search(CONTACTS, mapping.contact_groups(query), mapping.CONTACT_PROPERTIES)
        companies = await search(COMPANIES, mapping.company_groups(query), mapping.COMPANY_PROPERTIES)
        found = [await self._contact(row, CONTACTS) for row in people]
        return found + [await self._contact(row, COMPANIES) for row in companies]

    async def users(self) -> Sequence[CrmUser]:
        found: list[CrmUser] = []
        after: str | None = None
        for _ in range(MAX_OWNER_PAGES):
            rows, after = await self._hubspot.owners(after)
            found += [user for user in map(mapping.user_of, rows) if user is not None]
            if after is None:
                break
        return found

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        properties = mapping.call_of(activity, self._settings.dispositions)
        if memo is not None:
            return self._said(await self._change(memo_of(memo, Memo, self._around.name), activity, properties))
        for known in await self.calls_of(activity.call_id):
            try:
                return self._said(await self._change(Memo(call=known), activity, properties))
            except CrmGoneError:
                # The search has not noticed yet that it was deleted.
                continue
        try:
            return self._said(await self._create(activity, properties))
        except CrmRefusedError:
            # Somebody else may have made it meanwhile: no two may have one value of the property.
            there = await self.calls_of(activity.call_id) if self._settings.call_id_property is not None else ()
            if not there:
                raise
            return self._said(await self._change(Memo(call=there[0]), activity, properties))

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        unique = self._settings.call_id_property
        if unique is not None:
            row = await self._hubspot.read("calls", call_id, (unique,), by=unique)
            return [] if row is None else [row["id"]]
        rows = await self._hubspot.search("calls", mapping.call_filter(call_id), (mapping.EXTERNAL_ID,))
        # Only those of which the record itself says so.
        return [row["id"] for row in rows if row["properties"].get(mapping.EXTERNAL_ID) == call_id]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        await self._hubspot.delete("calls", memo_of(memo, Memo, self._around.name).call)

    async def make_contact(self, new: NewContact) -> CrmContact:
        if new.number is not None:
            query = query_of(new.number, self._around.region)
            for row in await self._hubspot.search(CONTACTS, mapping.contact_groups(query), mapping.CONTACT_PROPERTIES):
                there = await self._contact(row, CONTACTS)
                if has_number(there, query):
                    return there
        try:
            row = await self._hubspot.create(CONTACTS, mapping.contact_properties(new))
        except CrmRefusedError as error:
            # HubSpot lets no two contacts have one address, and says whose it is.
            existing = _EXISTING.search(str(error))
            known = None if existing is None else await self._hubspot.read(CONTACTS, existing[1], mapping.CONTACT_PROPERTIES)
            if known is None:
                raise
            return await self._contact(known, CONTACTS)
        row["properties"] = mapping.contact_properties(new) | row["properties"]
        return await self._contact(row, CONTACTS)

    async def make_ticket(self, new: NewTicket) -> Made:
        account = await self._hubspot.account()
        row = None if new.call_id is None else await self._ticket_of(new.call_id)
        if row is None:
            properties = mapping.ticket_properties(new, self._settings.pipeline, self._settings.stage)
            if self._settings.call_id_property is not None and new.call_id is not None:
                properties[self._settings.call_id_property] = new.call_id
            entity = mapping.entity_of(new.contact)
            to = [] if entity is None else [(entity[1], mapping.TICKET_TO[entity[0]])]
            row = await self._made("tickets", properties, to)
        return Made(id=row["id"], url=mapping.page_of(account.pages, account.portal, "tickets", row["id"]))

    async def _check_unique(self, kind: str, name: str) -> None:
        found = await self._hubspot.property_of(kind, name)
        if found is None or found.get("hasUniqueValue") is not True:
            raise CrmDeniedError(
                f"{self._around.name}: HubSpot has no property {name} of {kind} whose values must be unique: make it there, or "
                "take call_id_property out of the configuration"
            )

    async def _ticket_of(self, call_id: CallId) -> Record | None:
        unique = self._settings.call_id_property
        if unique is not None:
            return await self._hubspot.read("tickets", call_id, (unique,), by=unique)
        rows = await self._hubspot.search("tickets", mapping.ticket_filter(call_id), ("content",))
        return next((row for row in rows if str(row["properties"].get("content") or "").endswith(marker_of(call_id))), None)

    async def _contact(self, row: Record, kind: str) -> CrmContact:
        account = await self._hubspot.account()
        return mapping.contact_of(row, kind, account.pages, account.portal)

    async def _create(self, activity: CallActivity, properties: dict[str, str]) -> Memo:
        if self._settings.call_id_property is not None:
            properties = properties | {self._settings.call_id_property: activity.call_id}
        entity = mapping.entity_of(activity.contact)
        to = [] if entity is None else [(entity[1], mapping.CALL_TO[entity[0]])]
        row = await self._made("calls", properties, to)
        return Memo(call=row["id"], on=None if entity is None else "/".join(entity))

    async def _made(self, kind: str, properties: dict[str, str], to: Sequence[tuple[str, int]]) -> Record:
        """Make a call or a ticket; when HubSpot refuses it, without the owner, and then without those whom it is about: they may
        be there no more, and it is kept all the same."""
        rest = mapping.unowned(properties)
        tries: list[tuple[dict[str, str], Sequence[tuple[str, int]]]] = [(properties, to), (rest, to), (rest, [])]
        refused: CrmRefusedError | None = None
        for position, (said, others) in enumerate(tries):
            if tries[position] in tries[:position]:
                continue
            try:
                return await self._hubspot.create(kind, said, others)
            except CrmRefusedError as error:
                refused = refused or error
            except CrmUnavailableError as error:
                raise self._later(error) from error
        raise refused or CrmRefusedError(f"{self._around.name}: HubSpot makes no {kind}")

    async def _change(self, memo: Memo, activity: CallActivity, properties: dict[str, str]) -> Memo:
        try:
            await self._hubspot.change("calls", memo.call, properties)
        except CrmGoneError:
            raise
        except CrmRefusedError:
            rest = mapping.unowned(properties)
            if rest == properties:
                raise
            await self._hubspot.change("calls", memo.call, rest)
        entity = mapping.entity_of(activity.contact)
        if entity is None or "/".join(entity) == memo.on:
            return memo
        try:
            await self._hubspot.associate("calls", memo.call, *entity)
        except CrmGoneError:
            # Whoever it is about was deleted meanwhile.
            return memo
        return msgspec.structs.replace(memo, on="/".join(entity))

    def _later(self, error: CrmUnavailableError) -> CrmUnavailableError:
        """Return an error of a record that may have been made after all: asked again when the search knows it."""
        if self._settings.call_id_property is not None:
            return error
        return CrmUnavailableError(str(error), retry_after_s=max(INDEX_LAG_S, error.retry_after_s or 0.0))

    @staticmethod
    def _said(memo: Memo) -> str:
        return msgspec.json.encode(memo).decode()
