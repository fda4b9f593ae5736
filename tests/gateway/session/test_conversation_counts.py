import asyncio
from collections.abc import Callable, Sequence

import pytest
from support.memory_conversations import MemoryConversations
from support.virtual_time import in_virtual_time

from gateway.model.conversations import (
    Author,
    ChatOwner,
    Closer,
    Conversation,
    ConversationId,
    ConversationOverError,
    ConversationState,
    Message,
    Said,
    Visitor,
    added,
    closed,
    handed_over,
    taken,
)
from gateway.model.errors import StoreUnavailableError
from gateway.model.handover import Destination
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.conversations import ConversationQuery
from gateway.session.conversation_counts import CountedConversations

ONE = ConversationId("one")
LI = ChatOwner(id="li", name="Li", extension="8001", at=9.0)

Change = Callable[[Conversation], tuple[Conversation, Sequence[Message]]]


def conversation(name: str = "one") -> Conversation:
    return Conversation(
        id=ConversationId(name),
        tenant=DEFAULT_TENANT,
        channel="webchat",
        state=ConversationState.BOT,
        visitor=Visitor(id=name),
        started_at=1.0,
        changed_at=1.0,
        application="itr",
    )


def says(author: Author, key: str | None = None) -> Change:
    def change(now: Conversation) -> tuple[Conversation, Sequence[Message]]:
        after, message = added(now, author, Said(text="x"), 2.0, key=key)
        return after, [message]

    return change


def goes(how: Callable[[Conversation], Conversation]) -> Change:
    return lambda now: (how(now), ())


GIVEN = goes(lambda now: handed_over(now, Destination(), None, 5.0))
OVER = goes(lambda now: closed(now, Closer.AGENT, 20.0))


@in_virtual_time
async def test_what_happens_is_counted_once_and_those_that_last_are_known() -> None:
    store = CountedConversations(MemoryConversations())
    await store.put(conversation())
    for change in (says(Author.APPLICATION), says(Author.VISITOR, "k"), says(Author.VISITOR, "k"), GIVEN):
        await store.change(DEFAULT_TENANT, ONE, change)
    assert await store.change(DEFAULT_TENANT, ConversationId("x"), GIVEN) is None
    assert store.standing == {ONE: await store.find(DEFAULT_TENANT, ONE)}
    for change in (goes(lambda now: taken(now, LI)), goes(lambda now: taken(now, LI)), OVER, OVER):
        await store.change(DEFAULT_TENANT, ONE, change)
    with pytest.raises(ConversationOverError):
        await store.change(DEFAULT_TENANT, ONE, says(Author.AGENT))

    assert store.standing == {}
    assert (store.started, store.handed_over) == ({"webchat": 1}, {"webchat": 1})
    assert store.said == {("webchat", Author.APPLICATION): 1, ("webchat", Author.VISITOR): 1}
    assert store.closed == {("webchat", Closer.AGENT): 1}


@in_virtual_time
async def test_what_could_not_be_kept_is_not_counted() -> None:
    kept = MemoryConversations()
    store = CountedConversations(kept)
    await store.put(conversation())
    kept.fault = "the database does not answer"
    with pytest.raises(StoreUnavailableError):
        await store.put(conversation("two"))
    with pytest.raises(StoreUnavailableError):
        await store.change(DEFAULT_TENANT, ONE, says(Author.VISITOR))

    assert (list(store.standing), store.started, store.said) == ([ONE], {"webchat": 1}, {})


@in_virtual_time
async def test_after_a_restart_those_that_last_are_known_as_they_are() -> None:
    kept = MemoryConversations()
    before = CountedConversations(kept)
    await before.put(conversation())
    await before.put(conversation("two"))
    await before.change(DEFAULT_TENANT, ConversationId("two"), OVER)

    store = CountedConversations(kept)
    await asyncio.gather(store.lasting(DEFAULT_TENANT, ["webchat"]), store.change(DEFAULT_TENANT, ONE, GIVEN))
    assert {id_: each.state for id_, each in store.standing.items()} == {ONE: ConversationState.WAITING}
    assert not store.started


@in_virtual_time
async def test_what_was_read_before_a_change_does_not_undo_it() -> None:
    store = CountedConversations(LateReader())
    await store.put(conversation())
    await asyncio.gather(store.lasting(DEFAULT_TENANT, ["webchat"]), store.change(DEFAULT_TENANT, ONE, GIVEN))
    assert store.standing[ONE].state is ConversationState.WAITING


@in_virtual_time
async def test_it_answers_as_the_store_does() -> None:
    kept = MemoryConversations()
    store = CountedConversations(kept)
    await store.put(conversation())
    await store.change(DEFAULT_TENANT, ONE, says(Author.VISITOR, "k"))
    now = await kept.find(DEFAULT_TENANT, ONE)
    (message,) = await kept.messages(DEFAULT_TENANT, ONE)

    assert await store.messages(DEFAULT_TENANT, ONE) == [message]
    assert await store.keyed(DEFAULT_TENANT, ONE, "k") == message
    assert await store.of_visitor(DEFAULT_TENANT, "webchat", "one") == now
    assert await store.page(DEFAULT_TENANT, ConversationQuery(), after=None, limit=1) == [now]
    await store.change(DEFAULT_TENANT, ONE, OVER)
    assert await store.prune(DEFAULT_TENANT, before=21.0) == 1


class LateReader(MemoryConversations):
    """Answers late what it read early."""

    async def lasting(self, *asked: object) -> list[Conversation]:
        found = await super().lasting(*asked)  # type: ignore[arg-type]
        await asyncio.sleep(1.0)
        return found
