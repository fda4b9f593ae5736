"""What rules try an adapter with: calls, numbers and sounds of their own, which no customer has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
import phonenumbers

from gateway.model.crm import CallActivity, CallStage, CrmAbility, CrmContact, CrmUser, NewContact
from gateway.model.ids import CallId, PbxName
from gateway.model.limits import Rate
from gateway.model.numbers import PhoneQuery, query_of
from gateway.ports.crm import CountsCalls, CrmAdapter, KeepsCalls, ListsUsers, MakesContacts

NAME: Final = "Tieline Test"
"""Whoever finds it in the CRM knows where it is from."""


class BrokenError(Exception):
    """A rule is broken; the text says how."""


class SkippedError(Exception):
    """A rule cannot be tried here; the text says why."""


class Sound:
    """A second of silence."""

    file_name = "tieline-test.wav"
    content_type = "audio/wav"

    def __init__(self) -> None:
        samples = bytes(16_000)
        head = b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data" + len(samples).to_bytes(4, "little")
        self._bytes = b"RIFF" + (4 + len(head) + len(samples)).to_bytes(4, "little") + b"WAVE" + head + samples

    @property
    def size(self) -> int:
        return len(self._bytes)

    async def read(self) -> AsyncIterator[bytes]:
        yield self._bytes[:100]
        yield self._bytes[100:]


class SteadyPace:
    """Keeps a vendor's quota by even steps."""

    def __init__(self, quota: Rate | None) -> None:
        self._step_s = 0.0 if quota is None else 1.0 / quota.per_second
        self._free_at = 0.0

    async def turn(self) -> None:
        """Wait until a request may be sent."""
        now = asyncio.get_running_loop().time()
        wait_s = max(self._free_at - now, 0.0)
        self._free_at = now + wait_s + self._step_s
        if wait_s:
            await asyncio.sleep(wait_s)

    def put_off(self, seconds: float) -> None:
        """The CRM wants to be left alone for so long."""
        self._free_at = max(self._free_at, asyncio.get_running_loop().time() + seconds)


class Bench(msgspec.Struct, kw_only=True):
    """An adapter that is tried, and what was made with it."""

    adapter: CrmAdapter
    abilities: frozenset[CrmAbility]
    make: Callable[[str], CrmAdapter | None]
    """Makes another: with a ``wrong key`` or of an ``unreachable`` CRM; None where its settings have nothing to change."""
    region: str
    now: float
    """When the run began, in seconds since the epoch; its calls and numbers follow from it."""
    numbers: Sequence[str] = ()
    """Of contacts who are in the CRM already, as they are written there."""
    keep: bool = False
    """Take nothing away."""
    calls: dict[CallId, tuple[CallActivity, str]] = {}
    """What was told, and the memo."""
    left: list[str] = []
    """What stays in the CRM."""

    def needs(self, ability: CrmAbility, kind: type) -> Any:
        """Return the adapter.

        Raises:
            SkippedError: It does not claim this ability.
            BrokenError: It claims it and has not its methods.
        """
        if ability not in self.abilities:
            raise SkippedError(f"the adapter does not claim {ability}")
        if not isinstance(self.adapter, kind):
            raise BrokenError(f"it claims {ability} and is no {kind.__name__}: add the method, or take it out of the manifest")
        return self.adapter

    def call(self, index: int, **changes: Any) -> CallActivity:
        """Return the run's call of this number."""
        whole: dict[str, Any] = {
            "call_id": CallId(f"01TEST{int(self.now):012d}{index:08d}"),
            "pbx": PbxName("test"),
            "stage": CallStage.ENDED,
            "direction": "inbound",
            "number": self.number(0),
            "our_number": "1000",
            "extension": "1001",
            "rang": ("1001",),
            "started_at": self.now - 60.0 + index,
            "answered_at": self.now - 50.0 + index,
            "ended_at": self.now - 10.0 + index,
            "talk_s": 40.0,
            "outcome": "answered",
        }
        if changes.get("stage") in (CallStage.RINGING, CallStage.ANSWERED):
            whole |= {"ended_at": None, "talk_s": None, "outcome": None}
        if changes.get("stage") is CallStage.RINGING:
            whole["answered_at"] = None
        return CallActivity(**(whole | changes))

    def number(self, index: int) -> str:
        """Return a number of the run's region, in E.164."""
        example = phonenumbers.example_number_for_type(self.region, phonenumbers.PhoneNumberType.MOBILE)
        if example is None:
            return f"+1202555{(int(self.now) + index) % 10_000:04d}"
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        return f"{text[:-4]}{(int(self.now) + index) % 10_000:04d}"

    def query(self, number: str) -> PhoneQuery:
        """Return what to look for."""
        return query_of(number, self.region)

    async def put(self, activity: CallActivity, memo: str | None) -> str:
        """Let the CRM have a call."""
        adapter: KeepsCalls = self.needs(CrmAbility.CALLS, KeepsCalls)
        told: Any = await adapter.put_call(activity, memo)
        if not isinstance(told, str) or not told or len(told) > 4_000:
            raise BrokenError(f"put_call returned {type(told).__name__} of {len(str(told))} characters: a memo has 1 to 4,000")
        self.calls[activity.call_id] = (activity, told)
        return told

    async def expect(self, activity: CallActivity, count: int) -> None:
        """Look how many activities a call has, where the adapter can tell.

        Raises:
            BrokenError: Another number.
        """
        if CrmAbility.COUNT_CALLS not in self.abilities:
            return
        adapter: CountsCalls = self.needs(CrmAbility.COUNT_CALLS, CountsCalls)
        ids = await adapter.calls_of(activity.call_id)
        if len(ids) != count:
            raise BrokenError(f"calls_of says {len(ids)} activities ({', '.join(ids)[:200]}), and {count} is right")

    async def user(self) -> CrmUser:
        """Return somebody who works with the CRM.

        Raises:
            SkippedError: Nobody is known.
        """
        adapter: ListsUsers = self.needs(CrmAbility.USERS, ListsUsers)
        users = await adapter.users()
        if not users:
            raise SkippedError("the CRM lists no user")
        return next((user for user in users if user.extension), users[0])

    async def contact(self) -> CrmContact:
        """Return the run's contact, made when first asked for."""
        adapter: MakesContacts = self.needs(CrmAbility.CONTACTS, MakesContacts)
        made = await adapter.make_contact(NewContact(name=f"{NAME} {int(self.now)}", number=self.number(0)))
        if f"contact {made.id}" not in self.left:
            self.left.append(f"contact {made.id}")
        return made
