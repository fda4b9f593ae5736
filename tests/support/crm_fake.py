"""A CRM in memory that can do everything, and does not whenever a test says so."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.model.crm import (
    CallActivity,
    ClickToCall,
    ContactKind,
    CrmAbility,
    CrmContact,
    CrmUser,
    Made,
    NewContact,
    NewTicket,
)
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CallbackAnswer, CrmGoneError, CrmRefusedError, CrmSurroundings, Recording

EVERYTHING = frozenset(CrmAbility)


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """The CRM does it, and its answer does not arrive."""

    error: BaseException


class FakeCrm:
    """What the CRM has outlives the gateway; :meth:`made` gives an adapter to each process of it.

    ``faults`` are taken one by one by what is asked of it, whatever it is: an error is raised, :class:`Lost` after it was done,
    a number of seconds is waited, None does nothing.
    """

    def __init__(self) -> None:
        self.contacts: list[CrmContact] = []
        self.crm_users: list[CrmUser] = []
        self.records: dict[str, CallActivity] = {}
        """Activities by their ids."""
        self.history: list[CallActivity] = []
        """All that was put, in order."""
        self.memos: list[str | None] = []
        """What was remembered of each of them."""
        self.searchable = True
        """Whether a call's activity is found by its id."""
        self.able = EVERYTHING
        """What it does; all else is refused."""
        self.sounds: dict[str, bytes] = {}
        self.tickets: list[NewTicket] = []
        self.popped: list[tuple[str, str]] = []
        """``pop`` or ``unpop``, and whom."""
        self.faults: list[Any] = []
        self.asked = 0
        self.closed = 0

    def made(self, around: CrmSurroundings) -> "FakeAdapter":
        return FakeAdapter(self, around)


class FakeAdapter:
    def __init__(self, crm: FakeCrm, around: CrmSurroundings) -> None:
        self.crm = crm
        self._around = around

    async def _asked(self, ability: CrmAbility) -> Lost | None:
        if ability not in self.crm.able:
            raise CrmRefusedError(f"crm: it cannot {ability}")
        await self._around.pace.turn()
        self.crm.asked += 1
        fault = self.crm.faults.pop(0) if self.crm.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if isinstance(fault, Lost):
            return fault
        if fault is not None:
            await asyncio.sleep(fault)
        return None

    async def check(self) -> str:
        return "Fake CRM 1.0"

    async def close(self) -> None:
        self.crm.closed += 1

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        await self._asked(CrmAbility.FIND)
        return [each for each in self.crm.contacts if any(query.significant[-4:] in number for number in each.numbers)]

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        lost = await self._asked(CrmAbility.CALLS)
        same = (id_ for id_, each in self.crm.records.items() if each.call_id == activity.call_id and self.crm.searchable)
        found = memo or next(same, None)
        if memo is not None and memo not in self.crm.records:
            raise CrmGoneError(f"there is no activity {memo}")
        found = found or f"activity-{len(self.crm.history) + 1}"
        self.crm.records[found] = activity
        self.crm.history.append(activity)
        self.crm.memos.append(memo)
        if lost is not None:
            raise lost.error
        return found

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        await self._asked(CrmAbility.COUNT_CALLS)
        return [id_ for id_, each in self.crm.records.items() if each.call_id == call_id]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        await self._asked(CrmAbility.WITHDRAW_CALLS)
        self.crm.records.pop(memo, None)

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        await self._asked(CrmAbility.RECORDINGS)
        self.crm.sounds[memo] = b"".join([piece async for piece in recording.read()])
        return memo

    async def make_contact(self, new: NewContact) -> CrmContact:
        await self._asked(CrmAbility.CONTACTS)
        owner = None if new.owner is None else new.owner.id
        numbers = () if new.number is None else (new.number,)
        contact = CrmContact(
            id=f"contact-{len(self.crm.contacts) + 1}", kind=ContactKind(new.kind), name=new.name, numbers=numbers, owner=owner
        )
        self.crm.contacts.append(contact)
        return contact

    async def make_ticket(self, new: NewTicket) -> Made:
        await self._asked(CrmAbility.TICKETS)
        self.crm.tickets.append(new)
        return Made(id=str(len(self.crm.tickets)), url=f"https://crm.example/tickets/{len(self.crm.tickets)}")

    async def users(self) -> Sequence[CrmUser]:
        await self._asked(CrmAbility.USERS)
        return self.crm.crm_users

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        self.crm.popped.append(("pop", user.id))
        return None

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        self.crm.popped.append(("unpop", user.id))

    async def called_back(self, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        if headers.get("x-key") != "right":
            return CallbackAnswer(status=401)
        return CallbackAnswer(dial=msgspec.json.decode(body, type=ClickToCall))
