"""Who is who in a Bitrix24 portal: contacts, leads and companies by number, and the users.

Sources: apidocs.bitrix24.com, "crm.duplicate.findbycomm", "telephony.externalCall.searchCrmEntities", "user.get".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crm_adapters.bitrix24 import mapping
from crm_adapters.bitrix24.client import MAX_COMMANDS, PAGE, Bitrix24
from gateway.model.crm import CrmContact, CrmUser, NewContact
from gateway.model.numbers import PhoneQuery, is_number_of, query_of
from gateway.ports.crm import CrmDeniedError, CrmRefusedError

MAX_FORMS: Final = 20
"""Of a number in ``crm.duplicate.findbycomm``, by the vendor."""
MAX_FOUND: Final = 50
"""Of each kind that are read: one page."""
MAX_USERS: Final = 5_000
"""That are read."""
_USER_FIELDS: Final = ["ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL", "USER_TYPE", "UF_PHONE_INNER"]
_CONTACT_FIELDS: Final[Mapping[str, list[str]]] = {
    "CONTACT": ["ID", "NAME", "SECOND_NAME", "LAST_NAME", "COMPANY_ID", "ASSIGNED_BY_ID", "PHONE", "EMAIL"],
    "LEAD": ["ID", "TITLE", "NAME", "SECOND_NAME", "LAST_NAME", "COMPANY_TITLE", "ASSIGNED_BY_ID", "PHONE", "EMAIL"],
    "COMPANY": ["ID", "TITLE", "ASSIGNED_BY_ID", "PHONE", "EMAIL"],
}


class People:
    """The people of one portal."""

    def __init__(self, portal: Bitrix24) -> None:
        self._portal = portal

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        """Return who may have a number, as the portal matches it and by each of its forms."""
        found = await self._portal.batch(
            {
                "forms": ("crm.duplicate.findbycomm", {"type": "PHONE", "values": list(query.forms[:MAX_FORMS])}),
                "number": ("telephony.externalCall.searchCrmEntities", {"PHONE_NUMBER": query.e164}),
            }
        )
        ids = {kind: _ids(found.named("forms").get(kind)) for kind in _CONTACT_FIELDS}
        for row in found.rows("number"):
            parted = mapping.entity_of(mapping.entity_named(row) or "")
            if parted is not None and parted[1] not in ids[parted[0]]:
                ids[parted[0]].append(parted[1])
        return await self._read({kind: numbers[:MAX_FOUND] for kind, numbers in ids.items()})

    async def add(self, new: NewContact, *, region: str, source: str | None) -> CrmContact:
        """Add somebody, who is not there with his number yet."""
        if new.number is not None:
            query = query_of(new.number, region)
            for each in await self.find(query):
                if any(is_number_of(number, query) for number in each.numbers):
                    return each
        fields = mapping.fields_of(new)
        if source is not None:
            fields["SOURCE_ID"] = source
        kind = new.kind.value.upper()
        made = mapping.number_in(await self._portal.call(f"crm.{new.kind.value}.add", {"fields": fields}))
        if made is None:
            raise CrmRefusedError(f"{self._portal.name}: crm.{new.kind.value}.add answered no id")
        return CrmContact(
            id=f"{kind}/{made}",
            kind=new.kind,
            name=new.name,
            company=new.company,
            numbers=() if new.number is None else (new.number,),
            email=new.email,
            owner=None if new.owner is None else new.owner.id,
            url=mapping.url_of(self._portal.portal, kind, made),
        )

    async def users(self) -> Sequence[CrmUser]:
        """Return all active employees.

        Raises:
            CrmDeniedError: There are none, so that we may not see them: the webhook's own user is one.
        """
        asked = {"sort": "ID", "order": "ASC", "select": _USER_FIELDS}
        first = await self._portal.batch({"0": ("user.get", {**asked, "start": 0})})
        rows = first.rows("0")
        starts = list(range(PAGE, min(first.total("0"), MAX_USERS), PAGE))
        while starts:
            some, starts = starts[:MAX_COMMANDS], starts[MAX_COMMANDS:]
            page = await self._portal.batch({str(start): ("user.get", {**asked, "start": start}) for start in some})
            rows += [row for start in some for row in page.rows(str(start))]
        if not rows:
            raise CrmDeniedError(f"{self._portal.name}: it shows no users. Tick user in the inbound webhook")
        return [user for user in map(mapping.user_of, rows) if user is not None]

    async def responsible(self, entity: str | None) -> int | None:
        """Return who looks after a contact, lead or company: his telephone rings first when a form asks for a call."""
        parted = None if entity is None else mapping.entity_of(entity)
        if parted is None:
            return None
        row = await self._portal.call(f"crm.{parted[0].lower()}.get", {"id": parted[1]})
        return mapping.number_in(row.get("ASSIGNED_BY_ID") if isinstance(row, dict) else None)

    async def _read(self, ids: Mapping[str, list[int]]) -> list[CrmContact]:
        wanted = {
            kind: (f"crm.{kind.lower()}.list", {"filter": {"@ID": numbers}, "select": _CONTACT_FIELDS[kind]})
            for kind, numbers in ids.items()
            if numbers
        }
        if not wanted:
            return []
        said = await self._portal.batch(wanted)
        works_for = [mapping.number_in(row.get("COMPANY_ID")) for row in said.rows("CONTACT")]
        employers = sorted({each for each in works_for if each is not None})[:MAX_FOUND]
        companies: dict[str, str] = {}
        if employers:
            asked = {"filter": {"@ID": employers}, "select": ["ID", "TITLE"]}
            rows = (await self._portal.batch({"COMPANY": ("crm.company.list", asked)})).rows("COMPANY")
            companies = {str(row.get("ID")): str(row.get("TITLE") or "") for row in rows}
        found = [mapping.contact_of(kind, row, self._portal.portal, companies) for kind in wanted for row in said.rows(kind)]
        return [each for each in found if each is not None]


def _ids(found: Any) -> list[int]:
    return [number for number in map(mapping.number_in, found if isinstance(found, list) else []) if number is not None]
