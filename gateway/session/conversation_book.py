"""What agents see and do of conversations of text."""

from typing import Final

from gateway.model import conversations as model
from gateway.model.conversations import (
    Author,
    ChatOwner,
    Closer,
    Conversation,
    ConversationId,
    ConversationOverError,
    ConversationState,
    ConversationTakenError,
    Message,
    Said,
    UnknownConversationError,
)
from gateway.model.handover import Destination
from gateway.model.principals import Principal, Role
from gateway.ports.conversations import ConversationPlace, ConversationQuery
from gateway.session.conversations import Conversations
from gateway.session.sights import Sights

_GIVEN: Final = frozenset({ConversationState.WAITING, ConversationState.HUMAN, ConversationState.CLOSED})


class ConversationBook:
    """One tenant's conversations, for agents and who looks after them.

    Whoever sees only his own sees what he has, and what waits for him: for a queue that his telephone serves, for his extension
    or login, or for nobody in particular.

    Args:
        conversations: Has them.
        sights: Knows who serves which queue.
    """

    def __init__(self, conversations: Conversations, sights: Sights) -> None:
        self._all = conversations
        self._sights = sights

    async def page(
        self,
        principal: Principal,
        *,
        states: frozenset[ConversationState],
        mine: bool,
        after: ConversationPlace | None,
        limit: int,
    ) -> list[Conversation]:
        """Return conversations that he sees, the newest first.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        query = ConversationQuery(states=states)
        if mine:
            query = ConversationQuery(states=states, owner=principal.id)
        elif principal.sees_own_only:
            query = ConversationQuery(
                states=states,
                queues=frozenset(self._sights.queues_of(principal)),
                agents=principal.addresses,
                owner=principal.id,
            )
        return await self._all.store.page(self._all.tenant, query, after=after, limit=limit)

    async def find(self, principal: Principal, conversation_id: ConversationId) -> Conversation:
        """Return one. Raises as :meth:`page`, and:

        Raises:
            UnknownConversationError: There is none that he sees.
        """
        found = await self._all.store.find(self._all.tenant, conversation_id)
        if found is None or not self._sees(principal, found):
            raise UnknownConversationError(f"there is no conversation {conversation_id} that {principal.name} may see")
        return found

    async def messages(self, principal: Principal, conversation_id: ConversationId, *, after: int, limit: int) -> list[Message]:
        """Return what was said in it after this message. Raises as :meth:`find`."""
        await self.find(principal, conversation_id)
        return await self._all.store.messages(self._all.tenant, conversation_id, after=after, limit=limit)

    async def take(self, principal: Principal, conversation_id: ConversationId) -> Conversation:
        """Take it on; a supervisor takes it from others and from an application. Raises as :meth:`find`, and:

        Raises:
            ConversationOverError: It is closed.
            ConversationTakenError: Somebody else has it.
        """
        await self.find(principal, conversation_id)
        owner = ChatOwner(id=principal.id, name=principal.name, extension=principal.extension, at=self._all.now())
        anyway = principal.role is not Role.AGENT
        after, _ = await self._all.change(conversation_id, lambda now: (model.taken(now, owner, anyway=anyway), ()))
        return after

    async def say(self, principal: Principal, conversation_id: ConversationId, said: Said, key: str | None) -> Message:
        """Write to the visitor; with the same key again it is said once. Raises as :meth:`take`."""
        await self.find(principal, conversation_id)
        # Agents' keys and the visitor's do not meet.
        own_key = None if key is None else f"{principal.id} {key}"

        def add(now: Conversation) -> tuple[Conversation, list[Message]]:
            _must_own(now, principal)
            after, message = model.added(now, Author.AGENT, said, self._all.now(), name=principal.name, key=own_key)
            return after, [message]

        _, messages = await self._all.change(conversation_id, add)
        known = messages[0] if messages else None
        if known is None and own_key is not None:
            known = await self._all.store.keyed(self._all.tenant, conversation_id, own_key)
        if known is None:
            raise ConversationOverError("the conversation is over")
        return known

    async def pass_on(self, principal: Principal, conversation_id: ConversationId, destination: Destination) -> Conversation:
        """Give it to others. Raises as :meth:`take`."""
        await self.find(principal, conversation_id)

        def give(now: Conversation) -> tuple[Conversation, tuple[()]]:
            _must_own(now, principal)
            return model.handed_over(now, destination, None, self._all.now()), ()

        after, _ = await self._all.change(conversation_id, give)
        return after

    async def close(
        self, principal: Principal, conversation_id: ConversationId, disposition: str | None, note: str | None
    ) -> Conversation:
        """End it, or file what its visitor has left; what was filed stays. Raises as :meth:`take`."""
        await self.find(principal, conversation_id)

        def end(now: Conversation) -> tuple[Conversation, tuple[()]]:
            _must_own(now, principal)
            return model.closed(now, Closer.AGENT, self._all.now(), disposition=disposition, note=note), ()

        after, _ = await self._all.change(conversation_id, end)
        return after

    def _sees(self, principal: Principal, conversation: Conversation) -> bool:
        if not principal.sees_own_only or (conversation.owner is not None and conversation.owner.id == principal.id):
            return True
        if conversation.state not in _GIVEN or (conversation.application is not None and conversation.handed_at is None):
            return False
        to = conversation.destination
        if to is None or (to.queue is None and to.agent is None):
            return True
        return to.queue in self._sights.queues_of(principal) if to.queue is not None else to.agent in principal.addresses


def _must_own(conversation: Conversation, principal: Principal) -> None:
    """Refuse who does not have it.

    Raises:
        ConversationTakenError: Somebody else has it, or nobody does.
    """
    owner = conversation.owner
    if owner is None:
        raise ConversationTakenError("nobody has this conversation: take it first")
    if owner.id != principal.id:
        raise ConversationTakenError(f"{owner.name} has this conversation")
