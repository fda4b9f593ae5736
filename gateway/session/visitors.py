"""Finds out which customer a visitor of a channel of text is: by his browser, which is claimed to be somebody's once he told a
number or an address of his.

What a visitor types anybody can type. So it says whose browser this may be, and makes a customer of somebody who was unknown;
never does it add a number to a customer whom there was: callers with that number would be taken for him.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from gateway.model.claims import Evidence, Identity, IdentityKind
from gateway.model.conversations import Conversation, ConversationId, ConversationState
from gateway.model.customers import Person
from gateway.model.errors import IdentityError, StoreUnavailableError, TielineError
from gateway.model.visitors import browser_of, evidence_of, told_in
from gateway.ports.conversations import ConversationPlace, ConversationQuery, ConversationStore
from gateway.ports.store import Told
from gateway.session.callers import RETRY_S, SHOWN_CANDIDATES, person_seen
from gateway.session.customers import CustomerBook, CustomerFields, NewIdentity
from gateway.session.hub import Hub, ListenerError
from gateway.session.people import People

HANDED_OVER: Final = "conversation.handed_over"
MAX_BROWSERS: Final = 500
"""Of one customer, the best founded first."""
LAST_CONVERSATIONS: Final = 10
"""Conversations shown with a customer."""
AT_ONCE: Final = 100
"""Conversations read at once where all that last are gone through."""

_log = structlog.get_logger()


class _Visitor(msgspec.Struct, frozen=True):
    id: str


class _Conversation(msgspec.Struct, frozen=True):
    visitor: _Visitor


class _Data(msgspec.Struct, frozen=True):
    conversation_id: ConversationId
    conversation: _Conversation


class _Event(msgspec.Struct, frozen=True):
    data: _Data


_decoder: Final = msgspec.json.Decoder(_Event)


class Visitors:
    """Follows the conversations that are given to people.

    Args:
        store: Has the conversations.
        hub: Tells which are given to people.
        book: Has the customers.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        store: ConversationStore,
        hub: Hub,
        book: CustomerBook,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._hub = hub
        self._book = book
        self._sleep = sleep

    async def run(self) -> None:
        """Follow them until cancelled; those that people have or wait for already first."""
        while True:
            listener = self._hub.listen([HANDED_OVER], tenant=self._book.tenant)
            try:
                await self._patiently(self._look_at_all)
                while True:
                    for told in await listener.next_batch():
                        name = _decoder.decode(told.json).data.conversation_id
                        await self._patiently(lambda name=name: self._look_at(name))  # type: ignore[misc]
            except ListenerError as error:
                _log.warning("visitors_behind", reason=str(error))
            finally:
                listener.close()

    async def _patiently(self, look: Callable[[], Awaitable[None]]) -> None:
        failing = False
        while True:
            try:
                return await look()
            except StoreUnavailableError as error:
                if not failing:
                    _log.warning("visitors_unknown", reason=str(error))
                failing = True
                await self._sleep(RETRY_S)
            except TielineError as error:  # the customer was erased meanwhile
                _log.warning("visitor_unknown", reason=str(error))
                return None

    async def _look_at_all(self) -> None:
        with_people = ConversationQuery(states=frozenset({ConversationState.WAITING, ConversationState.HUMAN}))
        after: ConversationPlace | None = None
        while page := await self._store.page(self._book.tenant, with_people, after=after, limit=AT_ONCE):
            for conversation in page:
                await self._bind(conversation)
            after = ConversationPlace(page[-1].started_at, page[-1].id)

    async def _look_at(self, name: ConversationId) -> None:
        conversation = await self._store.find(self._book.tenant, name)
        if conversation is not None:
            await self._bind(conversation)

    async def _bind(self, conversation: Conversation) -> None:
        """Claim that the visitor's browser is the customer's whose number or address he told."""
        identities: dict[Identity, NewIdentity] = {}
        for kind, written in told_in(conversation):
            try:
                identities[self._book.identity(kind, written)] = NewIdentity(kind=kind, written=written)
            except IdentityError as error:
                _log.info("visitor_told_nonsense", conversation=conversation.id, reason=str(error))
        people, browser = self._book.people, browser_of(conversation)
        if not identities or (await people.behind(browser)).persons:
            return
        matches = [await people.behind(identity) for identity in identities]
        persons = {person.id: person for match in matches for person in match.persons}
        if any(match.shared for match in matches) or len(persons) > 1:
            return
        by = f"conversation:{conversation.id}"
        claim = NewIdentity(kind=browser.kind, written=browser.value, evidence=Evidence.TYPED)
        if not persons:
            fields = CustomerFields(name=conversation.visitor.name)
            await self._book.create(fields, [*identities.values(), claim], by=by)
            return
        (person,) = persons.values()
        if not await self._was_revoked(person, browser):
            await self._book.identify(person.id, claim, by=by)

    async def _was_revoked(self, person: Person, browser: Identity) -> bool:
        """Tell whether somebody said that this browser isn't his: then what is typed there says no more."""
        claims = await self._book.store.claims_of(self._book.tenant, person.customers)
        return any(claim.identity == browser and not claim.stands for claim in claims)


def browser_in(told: Told) -> Identity:
    """Return whose browser an event about a conversation is of."""
    return Identity(kind=IdentityKind.WEB, value=_decoder.decode(told.json).data.conversation.visitor.id)


async def written_by(
    person: Person, book: CustomerBook, store: ConversationStore, *, after: ConversationPlace | None = None, limit: int
) -> list[Conversation]:
    """Return a customer's conversations, the one that began last first: those of his browsers, without what is declared to be
    used by several, for who wrote there is not known.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    known = dict.fromkeys(claim.identity for claim in person.claims if claim.identity.kind is IdentityKind.WEB)
    his = list(known)[:MAX_BROWSERS]
    if not his:
        return []
    shared = {each.identity for each in await book.store.shared(book.tenant, his)}
    query = ConversationQuery(visitors=frozenset(each.value for each in his if each not in shared))
    return await store.page(book.tenant, query, after=after, limit=limit)


async def visitor_seen(conversation: Conversation, people: People) -> dict[str, Any] | None:
    """Return which customer a visitor may be, as one conversation is shown; None where his browser is nobody's.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    match = await people.behind(browser_of(conversation))
    if not match.persons:
        return None
    return {
        "matches": len(match.persons),
        "evidence": evidence_of(match),
        "customer": None if match.person is None else person_seen(match.person),
        "candidates": [] if match.person is not None else [person_seen(each) for each in match.persons[:SHOWN_CANDIDATES]],
    }
