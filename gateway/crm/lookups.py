"""Finds out from one CRM who has a number: asked once for all who want to know, remembered for a while, nobody as well.

What a CRM answers is compared in E.164: its own search finds what only resembles the number, or everybody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from gateway.crm.asking import asked
from gateway.crm.pace import urgently
from gateway.model.crm import CrmContact
from gateway.model.numbers import PhoneQuery, is_number_of, query_of
from gateway.ports.crm import CrmError, CrmUnavailableError, FindsContacts

REMEMBERED: Final = 20_000
"""Numbers, nobody's too; about 1 kB each."""
KNOWN_S: Final = 600.0
"""Seconds for which an answer is believed."""
UNKNOWN_S: Final = 60.0
"""Seconds for which it is believed that nobody has a number: an agent may be adding him just now."""
URGENT_S: Final = 10.0
"""Seconds after which nobody needs the answer any more who waits for it."""
LOOKUP_S: Final = 60.0
MAX_MATCHES: Final = 50
"""Of one number; more is a number that everybody has."""


class Lookups:
    """Asks one CRM.

    Args:
        crm: What the configuration calls it.
        adapter: It, where it finds anybody.
        region: In which numbers without a country are.
        now: Seconds of a clock that only goes forward.
    """

    def __init__(self, crm: str, adapter: FindsContacts | None, *, region: str, now: Callable[[], float]) -> None:
        self._crm = crm
        self._adapter = adapter
        self._region = region
        self._now = now
        self._known: OrderedDict[str, tuple[float, tuple[CrmContact, ...]]] = OrderedDict()
        self._asking: dict[str, asyncio.Future[tuple[CrmContact, ...]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked = 0
        """How often the CRM was asked."""
        self.at_hand = 0
        """How often the answer was there."""

    def remembered(self, number: str) -> tuple[CrmContact, ...] | None:
        """Return who has a number, as far as that is known now; None where it is not."""
        known = self._known.get(number)
        return None if known is None or known[0] <= self._now() else known[1]

    def forget(self, number: str) -> None:
        """Ask anew next time."""
        self._known.pop(number, None)

    async def find(self, number: str, *, urgent: bool) -> tuple[CrmContact, ...]:
        """Return everybody who has this number (E.164).

        Raises:
            CrmError: The CRM did not tell; who waited (``urgent``) waited 10 s at most.
        """
        if self._adapter is None:
            return ()
        known = self.remembered(number)
        if known is not None:
            self.at_hand += 1
            return known
        asking = self._asking.get(number)
        if asking is not None and not urgent:
            try:
                return await asyncio.shield(asking)
            except CrmUnavailableError:
                # Who asked before could not wait; we can.
                asking = self._asking.get(number)
        if asking is None or urgent:
            asking = self._ask(self._adapter, number, urgent=urgent)
        # Who gives up does not take the answer from the others.
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Ask for nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ask(self, adapter: FindsContacts, number: str, *, urgent: bool) -> asyncio.Future[tuple[CrmContact, ...]]:
        answer: asyncio.Future[tuple[CrmContact, ...]] = asyncio.get_running_loop().create_future()
        self._asking[number] = answer
        task = asyncio.create_task(self._settle(adapter, number, answer, urgent=urgent), name=f"crm.{self._crm}.find")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return answer

    async def _settle(
        self, adapter: FindsContacts, number: str, answer: asyncio.Future[tuple[CrmContact, ...]], *, urgent: bool
    ) -> None:
        try:
            found = await self._found(adapter, number, urgent=urgent)
        except CrmError as error:
            answer.set_exception(error)
            answer.exception()  # nobody may be waiting any more
        except BaseException:
            answer.cancel()
            raise
        else:
            self._remember(number, found)
            answer.set_result(found)
        finally:
            if self._asking.get(number) is answer:
                del self._asking[number]

    async def _found(self, adapter: FindsContacts, number: str, *, urgent: bool) -> tuple[CrmContact, ...]:
        self.asked += 1
        query = query_of(number, self._region)
        with urgently(urgent):
            return await asked(self._crm, "say who has a number", URGENT_S if urgent else LOOKUP_S, _having(adapter, query))

    def _remember(self, number: str, found: tuple[CrmContact, ...]) -> None:
        self._known[number] = (self._now() + (KNOWN_S if found else UNKNOWN_S), found)
        self._known.move_to_end(number)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


async def _having(adapter: FindsContacts, query: PhoneQuery) -> tuple[CrmContact, ...]:
    """Return those who have the number indeed, each once."""
    said = await adapter.find(query)
    once = {each.id: each for each in said if any(is_number_of(stored, query) for stored in each.numbers)}
    return tuple(once.values())[:MAX_MATCHES]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What one CRM knows of a call's customer."""

    crm: str
    number: str
    """E.164."""
    matches: tuple[CrmContact, ...] = ()
    contact: CrmContact | None = None
    """Whose call it is; None where it is nobody's or not clear."""
    problem: str | None = None
    """Why it is not known, for a person."""
