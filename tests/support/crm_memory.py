"""A CRM's adapter without a CRM, which can be made to break rules."""

from collections.abc import Sequence

from support.crm import NOW

from gateway.crm_conformance.bench import Bench
from gateway.model.crm import (
    CallActivity,
    CrmAbility,
    CrmContact,
    CrmUser,
    Made,
    NewContact,
    NewTicket,
)
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery, is_number_of
from gateway.ports.crm import CrmAdapter, CrmDeniedError, CrmRefusedError, CrmUnavailableError, Recording


class MemoryCrm:
    """What it has is shared by its adapters."""

    def __init__(self) -> None:
        self.calls: list[tuple[CallId, CallActivity]] = []
        self.contacts: list[CrmContact] = []
        self.tickets: list[NewTicket] = []
        self.sounds: list[CallId] = []
        self.cards: list[str] = []


class MemoryAdapter:
    """Keeps all rules but ``breaks``."""

    def __init__(self, crm: MemoryCrm, breaks: str = "", how: str = "same") -> None:
        self._crm = crm
        self._breaks = breaks
        self._how = how
        self.is_closed = False

    async def check(self) -> str:
        if self._breaks == "check":
            return ""
        if self._how == "wrong key" and self._breaks != "wrong_key":
            raise CrmDeniedError("memory: wrong key")
        if self._how == "unreachable":
            if self._breaks == "unreachable":
                raise CrmDeniedError("memory: nobody there")
            raise CrmUnavailableError("memory: nobody there")
        return "Memory 1"

    async def close(self) -> None:
        self.is_closed = True

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        if self._breaks == "unknown":
            raise KeyError("none")
        if self._breaks == "no_false_match" and self._crm.contacts:
            return [CrmContact(id=self._crm.contacts[0].id, numbers=(query.e164,))]
        if self._breaks == "find":
            return []
        return [each for each in self._crm.contacts if any(is_number_of(number, query) for number in each.numbers)]

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        if self._breaks == "hard_texts" and "😀" in (activity.note or ""):
            raise ValueError("no text")
        if self._breaks == "withheld" and activity.number is None:
            raise CrmRefusedError("memory: no call without a number")
        there = [each for each, _ in self._crm.calls if each == activity.call_id]
        if not there or (memo is None and self._breaks == "lost_answer"):
            self._crm.calls.append((activity.call_id, activity))
        return activity.call_id

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        return [str(index) for index, (each, _) in enumerate(self._crm.calls) if each == call_id]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        if self._breaks != "withdrawn":
            self._crm.calls = [each for each in self._crm.calls if each[0] != activity.call_id]

    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        sound = b"".join([piece async for piece in recording.read()])
        assert len(sound) == recording.size
        self._crm.sounds.append(activity.call_id)
        return f"{memo}+sound" if self._breaks == "recording" or "sound" not in memo else memo

    async def make_contact(self, new: NewContact) -> CrmContact:
        for each in self._crm.contacts:
            if new.number in each.numbers and self._breaks != "contact_once":
                return each
        made = CrmContact(id=str(len(self._crm.contacts)), name=new.name, numbers=(new.number or "",))
        self._crm.contacts.append(made)
        return made

    async def make_ticket(self, new: NewTicket) -> Made:
        for index, each in enumerate(self._crm.tickets):
            if each.call_id == new.call_id and self._breaks != "ticket":
                return Made(id=str(index))
        self._crm.tickets.append(new)
        return Made(id=str(len(self._crm.tickets) - 1))

    async def users(self) -> Sequence[CrmUser]:
        return [CrmUser(id="1", extension="1001"), CrmUser(id="1" if self._breaks == "users" else "2")]

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        self._crm.cards.append(user.id)
        return None

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        self._crm.cards.remove(user.id)


def bench_of(crm: MemoryCrm, breaks: str = "", *, keep: bool = False) -> Bench:
    """Return what the rules are tried with."""

    def make(how: str) -> CrmAdapter:
        return MemoryAdapter(crm, breaks, how)

    abilities = frozenset(CrmAbility) - {CrmAbility.CALLBACKS}
    return Bench(adapter=make("same"), abilities=abilities, make=make, region="CN", now=NOW, keep=keep)
