"""Where conversations are kept, without a database: for tests in virtual time."""

from collections.abc import Callable, Collection, Sequence

from gateway.model.conversations import Conversation, ConversationId, Message
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.ports.conversations import ConversationPlace, ConversationQuery

Key = tuple[Tenant, ConversationId]


class MemoryConversations:
    """See :class:`gateway.ports.conversations.ConversationStore`; with a ``fault`` it does not answer."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self._conversations: dict[Key, Conversation] = {}
        self._messages: dict[Key, list[Message]] = {}

    async def put(self, conversation: Conversation) -> None:
        self._check()
        key = (conversation.tenant, conversation.id)
        self._conversations.setdefault(key, conversation)
        self._messages.setdefault(key, [])

    async def change(
        self,
        tenant: Tenant,
        conversation: ConversationId,
        change: Callable[[Conversation], tuple[Conversation, Sequence[Message]]],
    ) -> Conversation | None:
        self._check()
        key = (tenant, conversation)
        if key not in self._conversations:
            return None
        changed, messages = change(self._conversations[key])
        known = {message.key for message in self._messages[key]} - {None}
        if any(message.key in known for message in messages):
            return self._conversations[key]
        self._conversations[key] = changed
        self._messages[key] += messages
        return changed

    async def find(self, tenant: Tenant, conversation: ConversationId) -> Conversation | None:
        self._check()
        return self._conversations.get((tenant, conversation))

    async def messages(self, tenant: Tenant, conversation: ConversationId, *, after: int = 0, limit: int = 500) -> list[Message]:
        self._check()
        said = self._messages.get((tenant, conversation), [])
        return [message for message in said if message.seq > after][:limit]

    async def keyed(self, tenant: Tenant, conversation: ConversationId, key: str) -> Message | None:
        self._check()
        return next((message for message in self._messages.get((tenant, conversation), []) if message.key == key), None)

    async def lasting(self, tenant: Tenant, channels: Collection[str]) -> list[Conversation]:
        newest = self._newest_first(tenant)
        return [each for each in reversed(newest) if each.channel in channels and not each.is_over]

    async def of_visitor(self, tenant: Tenant, channel: str, visitor: str) -> Conversation | None:
        known = self._newest_first(tenant)
        return next((each for each in known if (each.channel, each.visitor.id) == (channel, visitor)), None)

    async def page(
        self, tenant: Tenant, query: ConversationQuery, *, after: ConversationPlace | None, limit: int
    ) -> list[Conversation]:
        found = [each for each in self._newest_first(tenant) if _is_wanted(query, each)]
        if after is not None:
            found = [each for each in found if (each.started_at, each.id) < (after.started_at, after.id)]
        return found[:limit]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        known = self._newest_first(tenant)
        old = [each for each in known if each.is_over and each.ended_at is not None and each.ended_at < before]
        for each in old:
            del self._conversations[tenant, each.id], self._messages[tenant, each.id]
        return len(old)

    def _newest_first(self, tenant: Tenant) -> list[Conversation]:
        self._check()
        known = [each for (owner, _), each in self._conversations.items() if owner == tenant]
        return sorted(known, key=lambda each: (each.started_at, each.id), reverse=True)

    def _check(self) -> None:
        if self.fault is not None:
            raise StoreUnavailableError(self.fault)


def _is_wanted(query: ConversationQuery, conversation: Conversation) -> bool:
    owner = None if conversation.owner is None else conversation.owner.id
    if query.states is not None and conversation.state not in query.states:
        return False
    if query.visitors is not None and conversation.visitor.id not in query.visitors:
        return False
    if query.queues is None:
        return query.owner in (None, owner)
    if query.owner is not None and query.owner == owner:
        return True
    to = conversation.destination
    if to is None:
        return conversation.application is None
    return to.queue in query.queues or to.agent in query.agents or (to.queue is None and to.agent is None)
