"""Who calls, with his notes and former calls, at hand before a telephone rings: read when the call begins, remembered while it
lasts, and read anew when something of it has changed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from gateway.model.call_work import CallWork
from gateway.model.calls import Call
from gateway.model.claims import Identity, IdentityKind
from gateway.model.conversations import Conversation
from gateway.model.customers import Match, Note, outside_number
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId
from gateway.model.search import CallSearch, number_term
from gateway.model.site import Site
from gateway.ports.conversations import ConversationStore
from gateway.ports.store import Store, Told
from gateway.session.callers import IDENTIFIED
from gateway.session.customers import CustomerBook
from gateway.session.desk import NOTED, DeskBook
from gateway.session.engine import Engine
from gateway.session.hub import Hub, Listener, ListenerError
from gateway.session.visitors import HANDED_OVER, LAST_CONVERSATIONS, browser_in, written_by

SHOWN_NOTES: Final = 10
"""Notes that are shown of a customer, the youngest."""
LAST_CALLS: Final = 10
"""Calls that are."""
REMEMBERED: Final = 2_000
"""Numbers, about 20 kB each with ten calls."""
BELIEVED_S: Final = 120.0
"""Seconds for which what was read is believed, for another program may change it."""
_FOLLOWED: Final = (IDENTIFIED, "call.ended", NOTED, "conversation.started", HANDED_OVER, "conversation.closed")

_log = structlog.get_logger()


class Acquaintance(msgspec.Struct, frozen=True, kw_only=True):
    """Who is behind a number, and where that is one what is known of him."""

    match: Match
    notes: tuple[Note, ...] = ()
    """The youngest first."""
    calls: tuple[Call, ...] = ()
    """Those that ended, the last one first."""
    conversations: tuple[Conversation, ...] = ()
    """What he wrote on channels of text, the last one first."""
    drafts: tuple[CallWork, ...] = ()
    """What was written about those and does not stand among his notes."""


class _Kept(msgspec.Struct, frozen=True):
    until: float
    version: tuple[int, int]
    known: Acquaintance


class Acquaintances:
    """One tenant's customers, as they call.

    Args:
        engine: Has the live calls.
        hub: Tells what happens to them.
        calls: Has the former ones.
        conversations: Has what was written.
        customers: Knows who they are.
        desk: Has what agents wrote.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        calls: Store,
        conversations: ConversationStore,
        customers: CustomerBook,
        desk: DeskBook,
        *,
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._calls = calls
        self._conversations = conversations
        self._customers = customers
        self._desk = desk
        self._now = now
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: dict[str, asyncio.Event] = {}
        self._numbers: OrderedDict[CallId, str] = OrderedDict()
        """Of the calls that were asked about last."""

    async def of(self, call: Call, site: Site) -> Acquaintance | None:
        """Return who is on the customer's side of a call; None inside the house, or where his number is not known.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        number = outside_number(call, site)
        if number is None:
            return None
        self._numbers[call.call_id] = number
        if len(self._numbers) > REMEMBERED:
            self._numbers.popitem(last=False)
        while (other := self._reading.get(number)) is not None:
            await other.wait()
        kept = self._kept.get(number)
        if kept is not None and kept.until > self._now() and kept.version == self._version(kept.known.match):
            return kept.known
        done = self._reading[number] = asyncio.Event()
        try:
            return await self._read(number)
        finally:
            del self._reading[number]
            done.set()

    async def run(self) -> None:
        """Have at hand who calls, until cancelled."""
        while True:
            listener = self._hub.listen(_FOLLOWED)
            try:
                await self._follow(listener)
            except ListenerError as error:
                _log.warning("acquaintances_behind", reason=str(error))
            finally:
                listener.close()

    async def _follow(self, listener: Listener) -> None:
        while True:
            for told in await listener.next_batch():
                try:
                    await self._take(told)
                except StoreUnavailableError as error:
                    # Who asks reads it himself.
                    _log.debug("acquaintance_not_read", reason=str(error))

    async def _take(self, told: Told) -> None:
        if told.call_id is None:
            self._forget_writer(told)
            return
        if told.type != IDENTIFIED:
            number = self._numbers.get(told.call_id)
            if number is not None:
                self._kept.pop(number, None)
            return
        for state in self._engine.pbxs.values():
            for call in state.find([told.call_id]):
                await self.of(call, state.site)
                await self._desk.work(call)

    def _forget_writer(self, told: Told) -> None:
        """Read him anew who has just written."""
        browser = browser_in(told)
        for number, kept in list(self._kept.items()):
            person = kept.known.match.person
            if person is not None and any(claim.identity == browser for claim in person.claims):
                del self._kept[number]

    async def _read(self, number: str) -> Acquaintance:
        people = self._customers.people
        match = await people.behind(Identity(kind=IdentityKind.PHONE, value=number))
        version = self._version(match)
        known = Acquaintance(match=match)
        person = match.person
        if person is not None:
            tenant = self._customers.tenant
            search = CallSearch(terms=(frozenset(map(number_term, person.numbers)),))
            notes = await self._customers.store.notes(tenant, person.customers, after=None, limit=SHOWN_NOTES)
            found = await self._calls.ended(tenant, pbxs=None, after=None, limit=LAST_CALLS, search=search)
            calls = tuple(call for _, call in found)
            work = await self._desk.store.work(tenant, [call.call_id for call in calls]) if calls else []
            drafts = tuple(each for each in work if each.note is not None and each.kept_version == 0)
            wrote = await written_by(person, self._customers, self._conversations, limit=LAST_CONVERSATIONS)
            known = Acquaintance(match=match, notes=tuple(notes), calls=calls, conversations=tuple(wrote), drafts=drafts)
        self._kept[number] = _Kept(self._now() + BELIEVED_S, version, known)
        self._kept.move_to_end(number)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return known

    def _version(self, match: Match) -> tuple[int, int]:
        return self._customers.people.version(None if match.person is None else match.person.id)
