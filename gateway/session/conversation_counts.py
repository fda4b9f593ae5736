"""Counts what becomes of conversations, as they are kept: for those who watch the gateway."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from gateway.model.conversations import Author, Closer, Conversation, ConversationId, ConversationState, Message
from gateway.model.ids import Tenant
from gateway.ports.conversations import ConversationPlace, ConversationQuery, ConversationStore


class CountedConversations:
    """A :class:`gateway.ports.conversations.ConversationStore`, see there, that counts what it is given to keep.

    Args:
        store: Keeps it; nobody else writes to it. Those that last from before are known once they were asked for.
    """

    def __init__(self, store: ConversationStore) -> None:
        self._store = store
        self.standing: dict[ConversationId, Conversation] = {}
        """Those that last."""
        self.started: Counter[str] = Counter()
        """By channel."""
        self.handed_over: Counter[str] = Counter()
        """To people, also from one to others, by channel."""
        self.passed_on: Counter[str] = Counter()
        """By an agent to others, by channel: where an application answers, whom it gave to the wrong people."""
        self.said: Counter[tuple[str, Author]] = Counter()
        """Messages, by channel and who wrote."""
        self.closed: Counter[tuple[str, Closer]] = Counter()
        """By channel and who ended it."""

    async def put(self, conversation: Conversation) -> None:
        """Keep a new one."""
        await self._store.put(conversation)
        self.started[conversation.channel] += 1
        self._note(conversation)

    async def change(
        self,
        tenant: Tenant,
        conversation: ConversationId,
        change: Callable[[Conversation], tuple[Conversation, Sequence[Message]]],
    ) -> Conversation | None:
        """Change one as it is now."""
        seen: list[tuple[Conversation, Sequence[Message]]] = []

        def watched(before: Conversation) -> tuple[Conversation, Sequence[Message]]:
            after, messages = change(before)
            seen.append((before, messages))
            return after, messages

        after = await self._store.change(tenant, conversation, watched)
        if after is not None:
            before, messages = seen[-1]
            if after.version != before.version:  # else it was so already, or said already
                self._count(before, after, messages)
            self._note(after)
        return after

    async def find(self, tenant: Tenant, conversation: ConversationId) -> Conversation | None:
        """Return one."""
        return await self._store.find(tenant, conversation)

    async def messages(self, tenant: Tenant, conversation: ConversationId, *, after: int = 0, limit: int = 500) -> list[Message]:
        """Return what was said after this message."""
        return await self._store.messages(tenant, conversation, after=after, limit=limit)

    async def keyed(self, tenant: Tenant, conversation: ConversationId, key: str) -> Message | None:
        """Return the message of this key."""
        return await self._store.keyed(tenant, conversation, key)

    async def lasting(self, tenant: Tenant, channels: Collection[str]) -> list[Conversation]:
        """Return all of these channels that are not closed, the oldest first."""
        found = await self._store.lasting(tenant, channels)
        for each in found:
            self._note(each)
        return found

    async def of_visitor(self, tenant: Tenant, channel: str, visitor: str) -> Conversation | None:
        """Return the newest of this visitor's."""
        return await self._store.of_visitor(tenant, channel, visitor)

    async def page(
        self, tenant: Tenant, query: ConversationQuery, *, after: ConversationPlace | None, limit: int
    ) -> list[Conversation]:
        """Return conversations, the newest first."""
        return await self._store.page(tenant, query, after=after, limit=limit)

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete those that were closed before this time."""
        return await self._store.prune(tenant, before=before)

    def _note(self, conversation: Conversation) -> None:
        known = self.standing.get(conversation.id)
        if known is not None and known.version > conversation.version:
            return  # read before that change
        if conversation.is_over:
            self.standing.pop(conversation.id, None)
        else:
            self.standing[conversation.id] = conversation

    def _count(self, before: Conversation, after: Conversation, messages: Sequence[Message]) -> None:
        for message in messages:
            self.said[after.channel, message.author] += 1
        if after.state is ConversationState.WAITING and after.handed_at != before.handed_at:
            self.handed_over[after.channel] += 1
            self.passed_on[after.channel] += before.owner is not None
        if after.closer is not None and before.closer is None:
            self.closed[after.channel, after.closer] += 1
