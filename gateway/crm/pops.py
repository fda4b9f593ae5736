"""Finds out who calls, in all CRMs at once, as soon as a number is known: the card shows what is known here at once, and is
filled when a CRM answers. A call never waits for it.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

import msgspec
import structlog

from gateway.crm.lookups import Found
from gateway.crm.merging import calls_of
from gateway.crm.storing import STORE_RETRY_S
from gateway.model.calls import Call
from gateway.model.crm import CrmContact
from gateway.model.customers import outside_number
from gateway.model.errors import StoreError, StoreUnavailableError
from gateway.model.ids import CallId
from gateway.model.site import Site
from gateway.ports.crm import CrmError
from gateway.ports.store import Told
from gateway.session.committer import Committer, Message
from gateway.session.engine import Engine
from gateway.session.hub import Hub, ListenerError

MATCHED: Final = "call.crm_matched"
REMEMBERED: Final = 5_000
"""Calls whose matches are shown; about 2 kB each."""
AT_ONCE: Final = 200
"""Lookups under way in one CRM; while there are more, calls show what is known here."""
SHOWN_MATCHES: Final = 10
_NUMBER_MAY_CHANGE: Final = ("call.started", "call.alerting", "call.answered", "call.transferred")
_RINGS: Final = ("call.alerting", "call.ringing_stopped", "call.answered", "call.ended", "call.merged")

_log = structlog.get_logger()


class Knower(Protocol):
    """One CRM, as far as it is asked who calls."""

    @property
    def name(self) -> str: ...

    async def who(self, call: Call, site: Site, number: str) -> Found:
        """Return whom it knows with a call's number (E.164), urgently.

        Raises:
            CrmError: It does not say.
        """

    async def learn(self, contact: CrmContact, number: str) -> None:
        """Keep who this is, where that is wanted."""

    async def show(self, call: Call | None, call_id: CallId, site: Site) -> None:
        """Let the CRM's own pages follow which telephones ring; None of a call that is over."""


class Pops:
    """Follows the calls of all PBXs.

    Args:
        knowers: The CRMs.
        engine: Has the calls.
        hub: Tells what happens to them.
        committer: Where it is told who calls.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        knowers: Sequence[Knower],
        engine: Engine,
        hub: Hub,
        committer: Committer,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._knowers = tuple(knowers)
        self._engine = engine
        self._hub = hub
        self._committer = committer
        self._now = now
        self._sleep = sleep
        self._found: OrderedDict[CallId, dict[str, Found]] = OrderedDict()
        self._numbers: dict[CallId, str] = {}
        self._asking: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, call_id: CallId) -> list[Found]:
        """Return what the CRMs know of a call's customer, as far as they have answered."""
        return list(self._found.get(call_id, {}).values())

    async def run(self) -> None:
        """Follow the calls until cancelled; those that are live already first."""
        if not self._knowers:
            return
        try:
            while True:
                listener = self._hub.listen(["call"])
                try:
                    for state in self._engine.pbxs.values():
                        for call in state.live:
                            self._look(call, state.site)
                    while True:
                        for told in await listener.next_batch():
                            self._take(told)
                except ListenerError as error:
                    _log.warning("crm_pops_behind", reason=str(error))
                except StoreUnavailableError as error:
                    _log.warning("crm_pops_wait_for_store", reason=str(error))
                    await self._sleep(STORE_RETRY_S)
                finally:
                    listener.close()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, told: Told) -> None:
        if told.call_id is None or told.pbx is None:
            return
        state = self._engine.pbxs[told.pbx]
        if told.type in _NUMBER_MAY_CHANGE:
            for call in state.find([told.call_id]):
                self._look(call, state.site)
        if told.type in _RINGS:
            for call_id in calls_of(told):
                ringing = next(iter(state.find([call_id])), None)
                for knower in self._knowers:
                    self._begin(knower.name, knower.show(ringing, call_id, state.site))
                if ringing is None:
                    self._numbers.pop(call_id, None)

    def _look(self, call: Call, site: Site) -> None:
        number = outside_number(call, site)
        if number is None or self._numbers.get(call.call_id) == number:
            return
        self._numbers[call.call_id] = number
        for knower in self._knowers:
            # One that hangs takes the others nothing away.
            if self._asking[knower.name] >= AT_ONCE:
                _log.warning("crm_lookup_left_out", crm=knower.name, call_id=call.call_id, under_way=AT_ONCE)
                continue
            self._asking[knower.name] += 1
            self._begin(knower.name, self._ask(knower, call, site, number))

    def _begin(self, crm: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"crm.{crm}.pop")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, knower: Knower, call: Call, site: Site, number: str) -> None:
        try:
            found = await knower.who(call, site, number)
        except (CrmError, StoreError) as error:
            found = Found(crm=knower.name, number=number, problem=str(error))
            _log.info("crm_does_not_say_who_calls", crm=knower.name, call_id=call.call_id, reason=str(error))
        finally:
            self._asking[knower.name] -= 1
        self._found.setdefault(call.call_id, {})[knower.name] = found
        self._found.move_to_end(call.call_id)
        while len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        self.say(call, found)
        if found.contact is not None:
            await knower.learn(found.contact, number)

    def say(self, call: Call, found: Found) -> None:
        """Tell what a CRM knows of a call's customer, and show it with the call from now on."""
        if call.call_id in self._found:
            self._found[call.call_id][found.crm] = found
        message = Message(
            id=None,
            type=MATCHED,
            at=self._now(),
            tenant=call.tenant,
            pbx=call.pbx,
            call_id=call.call_id,
            data=view_of(found),
        )
        self._committer.tell([message])


def view_of(found: Found) -> dict[str, Any]:
    """Return what a CRM knows of a call's customer, as cards and events show it."""
    return {
        "crm": found.crm,
        "number": found.number,
        "contact": None if found.contact is None else contact_view(found.contact),
        "matches": [contact_view(each) for each in found.matches[:SHOWN_MATCHES]],
        "problem": found.problem,
    }


def contact_view(contact: CrmContact) -> dict[str, Any]:
    """Return somebody in a CRM as he is shown."""
    told: dict[str, Any] = msgspec.to_builtins(contact)
    return {field: told[field] for field in ("id", "kind", "name", "company", "email", "owner", "url")}
