"""A desk of visitors' conversations in memory, for what brings visitors; and what people and applications do at it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from gateway.model.conversations import (
    Author,
    ChatOwner,
    Closer,
    Conversation,
    ConversationId,
    ConversationState,
    Message,
    Said,
    TooManyConversationsError,
    UnknownConversationError,
    Visitor,
    added,
    closed,
    handed_over,
    taken,
)
from gateway.model.errors import StoreUnavailableError
from gateway.model.handover import Destination
from gateway.model.ids import DEFAULT_TENANT

IVY: Final = ChatOwner(id="ivy", name="Ivy Cheung", extension="1001", at=1.0)


class MemoryDesk:
    """See :class:`gateway.ports.conversations.VisitorDesk`.

    Args:
        clock: Seconds since the epoch.
        is_answered: Whether an application answers, or visitors wait for people from the start.
    """

    def __init__(self, clock: Callable[[], float], *, is_answered: bool = True) -> None:
        self._clock = clock
        self._is_answered = is_answered
        self._changed = asyncio.Condition()
        self.conversations: dict[ConversationId, Conversation] = {}
        self.said: dict[ConversationId, list[Message]] = {}
        self.followers = 0
        """Who follows a conversation now."""
        self.is_full = False
        """Whether as many conversations last as may."""
        self.is_down = False
        """Whether the database answers."""

    async def begin(self, visitor: Visitor) -> Conversation:
        self._must_answer()
        for conversation in self.conversations.values():
            if conversation.visitor.id == visitor.id and not conversation.is_over:
                return conversation
        if self.is_full:
            raise TooManyConversationsError("as the test says")
        now = self._clock()
        conversation = Conversation(
            id=ConversationId(f"conversation-{len(self.conversations) + 1}"),
            tenant=DEFAULT_TENANT,
            channel="webchat",
            state=ConversationState.BOT if self._is_answered else ConversationState.WAITING,
            visitor=visitor,
            started_at=now,
            changed_at=now,
            application="itr" if self._is_answered else None,
        )
        self.said[conversation.id] = []
        await self._keep(conversation)
        return conversation

    async def find(self, conversation: ConversationId) -> Conversation | None:
        self._must_answer()
        return self.conversations.get(conversation)

    async def write(self, conversation: ConversationId, said: Said, key: str) -> Message:
        self._must_answer()
        for message in self.said[conversation]:
            if message.key == key:
                return message
        return await self._add(conversation, Author.VISITOR, said, key=key)

    async def messages(self, conversation: ConversationId, after: int) -> list[Message]:
        self._must_answer()
        return self.said[conversation][after:]

    async def follow(self, conversation: ConversationId) -> AsyncIterator[Conversation]:
        self.followers += 1
        try:
            version = 0
            while True:
                now = self.conversations[conversation]
                if now.version == version:
                    async with self._changed:
                        await self._changed.wait_for(lambda: self.conversations[conversation].version != version)  # noqa: B023  # it is awaited here
                    continue
                version = now.version
                yield now
                if now.is_over:
                    return
        finally:
            self.followers -= 1

    async def leave(self, conversation: ConversationId) -> None:
        self._must_answer()
        if conversation not in self.conversations:
            raise UnknownConversationError(conversation)
        await self.close(conversation, Closer.VISITOR)

    async def answer(self, conversation: ConversationId, said: Said) -> Message:
        """Have the application say something."""
        return await self._add(conversation, Author.APPLICATION, said)

    async def hand_over(self, conversation: ConversationId) -> None:
        """Have the visitor wait for people."""
        await self._keep(handed_over(self.conversations[conversation], Destination(), None, self._clock()))

    async def take(self, conversation: ConversationId, owner: ChatOwner = IVY) -> None:
        """Have an agent take the conversation."""
        await self._keep(taken(self.conversations[conversation], owner))

    async def say(self, conversation: ConversationId, text: str, owner: ChatOwner = IVY) -> Message:
        """Have the agent say something."""
        return await self._add(conversation, Author.AGENT, Said(text=text), name=owner.name)

    async def close(self, conversation: ConversationId, closer: Closer = Closer.AGENT) -> None:
        """Close the conversation."""
        await self._keep(closed(self.conversations[conversation], closer, self._clock()))

    def texts(self, conversation: ConversationId) -> list[str]:
        """Return all that was said."""
        return [message.said.text for message in self.said[conversation]]

    async def _add(
        self, id_: ConversationId, author: Author, said: Said, *, name: str | None = None, key: str | None = None
    ) -> Message:
        conversation, message = added(self.conversations[id_], author, said, self._clock(), name=name, key=key)
        self.said[id_].append(message)
        await self._keep(conversation)
        return message

    async def _keep(self, conversation: Conversation) -> None:
        self.conversations[conversation.id] = conversation
        async with self._changed:
            self._changed.notify_all()

    def _must_answer(self) -> None:
        if self.is_down:
            raise StoreUnavailableError("the database does not answer")
