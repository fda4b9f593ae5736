from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from support.chatting import ANNA, Answer, Chats, chats, quiet
from support.gateways import served
from support.replaying import CAPTURES, PBX
from support.seated import seated
from support.virtual_time import in_virtual_time

from gateway.model.conversations import (
    Conversation,
    ConversationOverError,
    ConversationState,
    ConversationTakenError,
    Message,
    Said,
    UnknownConversationError,
)
from gateway.model.handover import Destination, Handover
from gateway.model.ids import QueueName
from gateway.model.principals import Principal, Role
from gateway.ports.conversations import TextConversation
from gateway.session.conversation_book import ConversationBook
from gateway.session.sights import Sights

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
ALICE = seated(Role.AGENT, "1001", PBX)
BEN = msgspec.structs.replace(seated(Role.AGENT, "1099", PBX), id="user:ben")
SUE = seated(Role.SUPERVISOR, "1003", PBX)
ALL = frozenset(ConversationState)


def to(destination: Destination) -> Answer:
    async def answer(conversation: TextConversation, before: Sequence[Message]) -> None:
        await conversation.heard()
        await conversation.hand_over(destination, Handover(summary="As the test says", language="en"))

    return answer


@asynccontextmanager
async def booked(destination: Destination) -> AsyncIterator[tuple[Chats, ConversationBook, Conversation]]:
    """One conversation that was handed over; 1001 serves the queue ``support``."""
    async with served(QUEUE) as one, chats(to(destination)) as world:
        await one.play()
        book = ConversationBook(world.conversations, Sights(one.engine))
        conversation = await world.desk.begin(ANNA)
        await world.desk.write(conversation.id, Said(text="a human"), "k1")
        await quiet()
        yield world, book, conversation


async def seen(book: ConversationBook, who: Principal, mine: bool = False) -> int:
    return len(await book.page(who, states=ALL, mine=mine, after=None, limit=10))


@in_virtual_time
async def test_an_agent_without_a_telephone_is_given_it_by_his_login() -> None:
    writes_only = msgspec.structs.replace(BEN, extension=None, login="ben")
    async with booked(Destination(agent="ben")) as (_, book, conversation):
        assert (await seen(book, writes_only), await seen(book, BEN)) == (1, 0)
        taken = await book.take(writes_only, conversation.id)
        assert taken.owner is not None
        assert (taken.owner.id, taken.owner.extension) == ("user:ben", None)
        with pytest.raises(UnknownConversationError):
            await book.find(ALICE, conversation.id)


@in_virtual_time
async def test_who_serves_the_queue_sees_what_waits_for_it() -> None:
    async with booked(Destination(queue=QueueName("support"))) as (_, book, conversation):
        assert [await seen(book, who) for who in (ALICE, BEN, SUE)] == [1, 0, 1]
        assert (await book.find(ALICE, conversation.id)).state is ConversationState.WAITING
        with pytest.raises(UnknownConversationError):
            await book.find(BEN, conversation.id)


@in_virtual_time
async def test_what_waits_for_one_agent_others_do_not_see_and_for_nobody_everybody_does() -> None:
    async with booked(Destination(agent="1099")) as (_, book, _conversation):
        assert [await seen(book, who) for who in (ALICE, BEN, SUE)] == [0, 1, 1]
    async with booked(Destination()) as (_, book, conversation):
        assert [await seen(book, who) for who in (ALICE, BEN, SUE)] == [1, 1, 1]
        assert (await book.find(BEN, conversation.id)).id == conversation.id


@in_virtual_time
async def test_an_agent_takes_it_writes_passes_it_on_and_the_next_one_closes_it() -> None:
    async with booked(Destination()) as (world, book, conversation):
        with pytest.raises(ConversationTakenError, match="take it first"):
            await book.say(ALICE, conversation.id, Said(text="hello"), "k")
        await book.take(ALICE, conversation.id)
        first = await book.say(ALICE, conversation.id, Said(text="hello"), "k")
        assert await book.say(ALICE, conversation.id, Said(text="hello"), "k") == first
        with pytest.raises(ConversationTakenError):
            await book.take(BEN, conversation.id)
        assert [await seen(book, who, mine=True) for who in (ALICE, BEN)] == [1, 0]
        await book.pass_on(ALICE, conversation.id, Destination(agent="1099"))
        await book.take(BEN, conversation.id)
        over = await book.close(BEN, conversation.id, "solved", "On its way.")
        assert (over.state, over.disposition) == (ConversationState.CLOSED, "solved")
        with pytest.raises(ConversationOverError):
            await book.say(BEN, conversation.id, Said(text="one more"), None)
        assert [message.said.text for message in await book.messages(BEN, conversation.id, after=1, limit=10)] == ["hello"]
        told = [each["type"] for each in await world.told()]
    assert told[-5:] == [
        "conversation.taken",
        "conversation.message_added",
        "conversation.handed_over",
        "conversation.taken",
        "conversation.closed",
    ]


@in_virtual_time
async def test_a_supervisor_takes_it_from_an_agent_and_the_agent_hears_of_it() -> None:
    async with served(QUEUE) as one, booked(Destination()) as (world, book, conversation):
        await book.take(ALICE, conversation.id)
        assert (await book.take(SUE, conversation.id)).owner is not None
        await world.parts.committer.settled()
        last = (await world.parts.store.told_after(0, 100))[-1]
        hears = Sights(one.engine).hearing(ALICE)
        assert hears is not None
        assert hears(last)
        assert f"principal:{ALICE.id}" in last.subjects
