"""One visitor's conversation as the application has it that answers him."""

import asyncio
from collections import deque
from typing import Protocol

from gateway.model.conversations import ConversationId, Said, Visitor
from gateway.model.handover import Destination, Handover


class Answered(Protocol):
    """What is done with a conversation for its application; nothing, once it is not the application's any more."""

    async def say(self, conversation: ConversationId, said: Said) -> None: ...

    async def give_to_people(self, conversation: ConversationId, destination: Destination, handover: Handover | None) -> None: ...

    async def end(self, conversation: ConversationId) -> None: ...


class Talk:
    """See :class:`gateway.ports.conversations.TextConversation`."""

    def __init__(self, conversations: Answered, id_: ConversationId, visitor: Visitor) -> None:
        self._conversations = conversations
        self._waiting: deque[Said] = deque()
        self._is_over = False
        self._news = asyncio.Event()
        self.id = id_
        self.visitor = visitor

    def bring(self, said: Said) -> None:
        """Let the application hear it."""
        self._waiting.append(said)
        self._news.set()

    def over(self) -> None:
        """Let the application know that its part is over."""
        self._is_over = True
        self._waiting.clear()
        self._news.set()

    async def heard(self) -> Said | None:
        """Wait for what the visitor says next; None when the application's part is over."""
        while not self._waiting:
            if self._is_over:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    async def say(self, said: Said) -> None:
        """Say it."""
        if not self._is_over:
            await self._conversations.say(self.id, said)

    async def hand_over(self, destination: Destination, handover: Handover) -> None:
        """Give the visitor to people."""
        if not self._is_over:
            await self._conversations.give_to_people(self.id, destination, handover)

    async def end(self) -> None:
        """Close the conversation."""
        if not self._is_over:
            await self._conversations.end(self.id)
