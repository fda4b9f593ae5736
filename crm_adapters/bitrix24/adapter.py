"""A Bitrix24 portal as a CRM of the gateway's."""

from collections.abc import Mapping, Sequence

from crm_adapters._kit.texts import marker_of
from crm_adapters.bitrix24 import mapping
from crm_adapters.bitrix24.calls import Calls
from crm_adapters.bitrix24.client import Bitrix24
from crm_adapters.bitrix24.events import ClickedCalls, clicked_of, entity_in, form_of, is_from_portal
from crm_adapters.bitrix24.people import People
from crm_adapters.bitrix24.settings import Bitrix24Settings
from gateway.model.crm import CallActivity, ClickToCall, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CallbackAnswer, CrmError, CrmRefusedError, CrmSurroundings, Recording


def create(settings: Bitrix24Settings, around: CrmSurroundings) -> "Bitrix24Adapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`)."""
    return Bitrix24Adapter(settings, around)


class Bitrix24Adapter:
    """One portal; see :mod:`gateway.ports.crm` for what is asked of it."""

    def __init__(self, settings: Bitrix24Settings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._portal = Bitrix24(around, settings.url)
        self._unowned = settings.unowned or self._portal.user
        self._clicked = ClickedCalls(around.region)
        self._people = People(self._portal)
        self._calls = Calls(self._portal, settings, around, self._unowned, self._clicked)

    async def check(self) -> str:
        said = await self._portal.batch(
            {
                "users": ("user.get", {"select": ["ID"]}),
                "people": ("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["+10000000000"]}),
                "calls": ("voximplant.statistic.get", {"FILTER": {"EXTERNAL_CALL_ID": "none"}}),
                "lines": ("telephony.externalLine.get", {}),
            }
        )
        return f"Bitrix24 at {self._portal.portal} as user {self._portal.user}, {said.total('users')} users"

    async def close(self) -> None:
        await self._portal.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        return await self._people.find(query)

    async def users(self) -> Sequence[CrmUser]:
        return await self._people.users()

    async def make_contact(self, new: NewContact) -> CrmContact:
        return await self._people.add(new, region=self._around.region, source=self._settings.source)

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        return await self._calls.put(activity, memo)

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        return await self._calls.of(call_id)

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        await self._calls.withdraw(activity, memo)

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        return await self._calls.attach(activity, memo, recording)

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        return await self._calls.pop(activity, user, memo)

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        await self._calls.unpop(activity, user, memo)

    async def make_ticket(self, new: NewTicket) -> Made:
        entity = None if new.contact is None else mapping.entity_of(new.contact.id)
        if entity is None:
            raise CrmRefusedError(
                f"{self._around.name}: a ticket is a to-do on a card in Bitrix24: add the caller as a contact or lead first"
            )
        url = mapping.url_of(self._portal.portal, *entity)
        owner = {"OWNER_TYPE_ID": mapping.ENTITY_TYPES[entity[0]], "OWNER_ID": entity[1]}
        if new.call_id is not None:
            said = {"filter": owner, "select": ["ID", "DESCRIPTION"], "order": {"ID": "DESC"}}
            rows = await self._portal.call("crm.activity.list", said)
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict) and marker_of(new.call_id) in str(row.get("DESCRIPTION")).splitlines():
                    return Made(id=str(row.get("ID")), url=url)
        due_at = self._around.now() + self._settings.ticket_due_h * 3_600.0
        answer = await self._portal.call("crm.activity.todo.add", mapping.todo_of(new, entity, due_at))
        made = mapping.number_in(answer.get("id") if isinstance(answer, dict) else None)
        if made is None:
            raise CrmRefusedError(f"{self._around.name}: crm.activity.todo.add answered no id")
        return Made(id=str(made), url=url)

    async def called_back(self, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        try:
            form = form_of(body)
        except ValueError:
            return CallbackAnswer(status=400)
        if not is_from_portal(form, self._settings.application_token):
            return CallbackAnswer(status=401)
        event = form.get("event", "").upper()
        if event not in ("ONEXTERNALCALLSTART", "ONEXTERNALCALLBACKSTART"):
            return CallbackAnswer()
        user = None
        if event == "ONEXTERNALCALLBACKSTART":
            user = await self._responsible(entity_in(form))
        clicked = clicked_of(form, user=user, at=self._around.now())
        if clicked is None:
            return CallbackAnswer(status=400)
        self._clicked.keep(clicked)
        return CallbackAnswer(dial=ClickToCall(number=clicked.number, user=str(clicked.user)))

    async def _responsible(self, entity: str | None) -> int:
        """Return whose telephone rings for a visitor who asked for a call; he waits, so that any is better than none."""
        try:
            return await self._people.responsible(entity) or self._unowned
        except CrmError:
            return self._unowned
