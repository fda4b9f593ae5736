"""A CRM that a template describes, as a CRM of the gateway's."""

from collections.abc import Sequence
from typing import Any

import msgspec

from crm_adapters._kit.http import printable
from crm_adapters.rest_template.calls import Calls, existing, kept_of
from crm_adapters.rest_template.client import Client
from crm_adapters.rest_template.facts import of_new, of_number
from crm_adapters.rest_template.plan import Asking, Making, Plan, load
from crm_adapters.rest_template.settings import RestTemplateSettings
from crm_adapters.rest_template.text import written
from gateway.model.crm import CallActivity, ContactKind, CrmAbility, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.errors import ConfigurationError
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery, is_number_of, query_of
from gateway.ports.crm import CrmRefusedError, CrmSurroundings, Recording


def create(settings: RestTemplateSettings, around: CrmSurroundings) -> "RestTemplateAdapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`).

    Raises:
        ConfigurationError: The template is wrong, or a value that it wants is missing.
    """
    plan = load(settings.file, settings.template)
    values = settings.values | {name: secret.reveal() for name, secret in settings.secrets.items()}
    for name, what in plan.template.values.items():
        if not values.get(name):
            raise ConfigurationError(f"crm {around.name}: add {name} to its values or secrets: {what}")
    for name in values:
        if name not in plan.template.values:
            there = ", ".join(plan.template.values)
            raise ConfigurationError(f"crm {around.name}: its template has no value {name}; it has: {there}")
    return RestTemplateAdapter(plan, values, around)


class RestTemplateAdapter:
    """One CRM; see :mod:`gateway.ports.crm` for what is asked of it. What its template lacks is refused."""

    def __init__(self, plan: Plan, values: dict[str, str], around: CrmSurroundings) -> None:
        self._plan = plan
        self._around = around
        self._client = Client(plan, values, around)
        self._calls = Calls(plan, self._client)

    @property
    def abilities(self) -> frozenset[CrmAbility]:
        """What this template can do, of what the manifest promises."""
        calls = self._plan.template.calls
        has: dict[CrmAbility, object] = {
            CrmAbility.FIND: self._plan.find,
            CrmAbility.CALLS: calls,
            CrmAbility.COUNT_CALLS: self._plan.known,
            CrmAbility.WITHDRAW_CALLS: self._plan.withdraw,
            CrmAbility.RECORDINGS: self._plan.recording,
            CrmAbility.CONTACTS: self._plan.contacts,
            CrmAbility.TICKETS: self._plan.tickets,
            CrmAbility.USERS: self._plan.users,
        }
        return frozenset(ability for ability, part in has.items() if part)

    async def check(self) -> str:
        answer = await self._client.ask(self._plan.check, self._client.known())
        return printable(written(self._plan.says(self._client.known(answer=answer)))[:200])

    async def close(self) -> None:
        await self._client.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        self._able(CrmAbility.FIND)
        found: dict[str, CrmContact] = {}
        for asking in self._plan.find:
            for form in query.forms[: asking.forms] if asking.forms else (query.e164,):
                for row in await self._client.rows(asking.request, self._client.known(number=of_number(query, form))):
                    contact = self._contact(asking, row)
                    if contact is not None:
                        # A CRM may have a row for each number.
                        before = found[contact.id].numbers if contact.id in found else ()
                        numbers = tuple(dict.fromkeys((*before, *contact.numbers)))
                        found[contact.id] = msgspec.structs.replace(contact, numbers=numbers)
        return [each for each in found.values() if any(is_number_of(number, query) for number in each.numbers)]

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        self._able(CrmAbility.CALLS)
        return await self._calls.put(activity, memo)

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        self._able(CrmAbility.COUNT_CALLS)
        return await self._calls.of(call_id)

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        self._able(CrmAbility.WITHDRAW_CALLS)
        await self._calls.withdraw(activity, memo)

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        self._able(CrmAbility.RECORDINGS)
        return await self._calls.record(activity, memo, recording)

    async def make_contact(self, new: NewContact) -> CrmContact:
        making = self._making(CrmAbility.CONTACTS, self._plan.contacts)
        if new.number is not None and self._plan.find:
            there = await self.find(query_of(new.number, self._around.region))
            if there:
                return there[0]
        made = await self._make(making, new)
        return CrmContact(
            id=written(made["id"]),
            kind=ContactKind(new.kind),
            name=new.name,
            company=new.company,
            numbers=() if new.number is None else (new.number,),
            email=new.email,
            url=self._url(making, made),
        )

    async def make_ticket(self, new: NewTicket) -> Made:
        making = self._making(CrmAbility.TICKETS, self._plan.tickets)
        if making.find is not None and new.call_id is not None:
            for there in await existing(self._client, making.find, {"new": of_new(new)}, new.call_id):
                return Made(id=written(there.get("id")), url=self._url(making, there))
        made = await self._make(making, new)
        return Made(id=written(made["id"]), url=self._url(making, made))

    async def users(self) -> Sequence[CrmUser]:
        self._able(CrmAbility.USERS)
        assert self._plan.users is not None
        users = []
        for row in await self._client.rows(self._plan.users, self._client.known()):
            said = {name: written(text(self._client.known(row=row))) or None for name, text in self._plan.user.items()}
            if said.get("id"):
                users.append(msgspec.convert(said, CrmUser))
        return users

    def _able(self, ability: CrmAbility) -> None:
        if ability not in self.abilities:
            raise CrmRefusedError(f"{self._around.name}: its template says nothing of {ability}: it can {self._can()}")

    def _making(self, ability: CrmAbility, making: Making | None) -> Making:
        self._able(ability)
        assert making is not None
        return making

    def _can(self) -> str:
        return ", ".join(sorted(self.abilities)) or "nothing"

    async def _make(self, making: Making, new: NewContact | NewTicket) -> dict[str, str]:
        made: dict[str, str] = {}
        for doing in making.steps:
            known = self._client.known(new=of_new(new), made=made)
            if doing.only_if is not None and doing.only_if(known) in (None, "", False):
                continue
            answer = await self._client.ask(doing.request, known)
            made |= kept_of(self._around.name, doing, {**known, "answer": answer})
        if "id" not in made:
            raise CrmRefusedError(f"{self._around.name}: no step of its template brought an id")
        return made

    def _url(self, making: Making, made: dict[str, str]) -> str | None:
        return None if making.url is None else written(making.url(self._client.known(made=made))) or None

    def _contact(self, asking: Asking, row: Any) -> CrmContact | None:
        known = self._client.known(row=row)
        said = {name: written(text(known))[:1_000] or None for name, text in asking.contact.items()}
        numbers = tuple(number for number in (written(text(known))[:200] for text in asking.numbers) if number)
        if said["id"] is None:
            return None
        return msgspec.convert(said | {"kind": asking.kind, "numbers": numbers}, CrmContact)
