"""Tells who the customer of each call is, as soon as his number is known, beside the call's own events and never before them.

A call's events are told without waiting for this: it follows them as any listener does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from gateway.model.calls import Call
from gateway.model.claims import Identity, IdentityKind
from gateway.model.customers import Person, outside_number
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.site import Site
from gateway.ports.store import Told
from gateway.session.committer import Committer, Message
from gateway.session.engine import Engine
from gateway.session.hub import Hub, Listener, ListenerError
from gateway.session.people import People

IDENTIFIED: Final = "call.customer_identified"
ALERTING: Final = "call.alerting"
SHOWN_CANDIDATES: Final = 10
"""Persons named where there is a choice."""
RETRY_S: Final = 2.0
"""Seconds until a database that does not answer is asked again."""
_NUMBER_MAY_CHANGE: Final = frozenset({"call.started", "call.alerting", "call.answered", "call.transferred", "call.corrected"})

_log = structlog.get_logger()


class Callers:
    """Follows the calls of all PBXs.

    Args:
        engine: Has the calls.
        hub: Tells what happens to them.
        people: Knows who is behind a number.
        committer: Where the customer is told.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        people: People,
        committer: Committer,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._people = people
        self._committer = committer
        self._now = now
        self._sleep = sleep
        self._told: dict[CallId, tuple[PbxName, dict[str, Any]]] = {}

    async def run(self) -> None:
        """Follow the calls until cancelled; those that are live already are told first."""
        while True:
            listener = self._hub.listen(["call", "customer"])
            try:
                for state in self._engine.pbxs.values():
                    for call in state.live:
                        await self._look(state.pbx, call.call_id)
                await self._follow(listener)
            except ListenerError as error:
                _log.warning("callers_behind", reason=str(error))
            finally:
                listener.close()

    async def _follow(self, listener: Listener) -> None:
        while True:
            batch = await listener.next_batch()
            before = dict(self._told)
            for told in batch:
                await self._take(told)
            # Whose telephone rings only now did not hear it when it was told first; a group's telephones hear it at once.
            for told in {told.call_id: told for told in batch if told.type == ALERTING}.values():
                known = None if told.call_id is None else self._told.get(told.call_id)
                if told.call_id is not None and known is not None and before.get(told.call_id) is known and known[1]["matches"]:
                    self._say(known[0], told.call_id, told.tenant, known[1])

    async def _take(self, told: Told) -> None:
        if told.call_id is None:
            await self._look_again()
        elif told.type == "call.ended":
            self._told.pop(told.call_id, None)
        elif told.type == "call.merged":
            live = self._told.items()
            self._told = {call_id: (pbx, data) for call_id, (pbx, data) in live if self._engine.pbxs[pbx].find([call_id])}
        elif told.type in _NUMBER_MAY_CHANGE and told.pbx is not None:
            await self._look(told.pbx, told.call_id)

    async def _look_again(self) -> None:
        """Tell anew of live calls whose customer has changed."""
        for call_id, (pbx, data) in list(self._told.items()):
            if not self._people.remembers(_phone(data["number"])):
                await self._look(pbx, call_id)

    async def _look(self, pbx: PbxName, call_id: CallId) -> None:
        for call in self._engine.pbxs[pbx].find([call_id]):
            data = await self._data(call)
            _, known = self._told.get(call_id, (pbx, None))
            if data is None or data == known:
                continue
            self._told[call_id] = (pbx, data)
            self._say(pbx, call_id, call.tenant, data)

    def _say(self, pbx: PbxName, call_id: CallId, tenant: Tenant, data: dict[str, Any]) -> None:
        message = Message(id=None, type=IDENTIFIED, at=self._now(), tenant=tenant, pbx=pbx, call_id=call_id, data=data)
        self._committer.tell([message])

    async def _data(self, call: Call) -> dict[str, Any] | None:
        failing = False
        while True:
            try:
                return await customer_of(call, self._engine.pbxs[call.pbx].site, self._people)
            except StoreUnavailableError as error:
                if not failing:
                    _log.warning("callers_unknown", reason=str(error))
                failing = True
                await self._sleep(RETRY_S)


async def customer_of(call: Call, site: Site, people: People) -> dict[str, Any] | None:
    """Return who is on the customer's side of a call, as calls and their events tell it: he himself, or among whom to choose;
    None inside the house, or where his number is not known.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    number = outside_number(call, site)
    if number is None:
        return None
    match = await people.behind(_phone(number))
    return {
        "number": number,
        "matches": len(match.persons),
        "shared": match.shared,
        "customer": None if match.person is None else person_seen(match.person),
        "candidates": [] if match.person is not None else [person_seen(each) for each in match.persons[:SHOWN_CANDIDATES]],
    }


def person_seen(person: Person) -> dict[str, Any]:
    """Return a customer as calls and conversations show him."""
    return {
        "customer_id": person.id,
        "name": person.name,
        "company": person.company,
        "language": person.language,
        "vip": person.vip,
        "tags": person.tags,
    }


def _phone(number: str) -> Identity:
    return Identity(kind=IdentityKind.PHONE, value=number)
