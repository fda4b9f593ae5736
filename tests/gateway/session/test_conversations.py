import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs
from support.chatting import ANNA, chats, quiet
from support.memory_conversations import MemoryConversations
from support.virtual_time import in_virtual_time

from gateway.model.conversation_rules import ConversationRules
from gateway.model.conversations import (
    ChatOwner,
    Closer,
    ConversationId,
    ConversationOverError,
    ConversationState,
    Message,
    Said,
    TooManyConversationsError,
    UnknownConversationError,
    Visitor,
    taken,
)
from gateway.model.errors import StoreUnavailableError
from gateway.model.handover import Destination, Handover
from gateway.model.ids import DEFAULT_TENANT, QueueName, Tenant
from gateway.ports.conversations import TextConversation
from gateway.session.conversations import RETRY_S

SUPPORT = Destination(queue=QueueName("support"))
HANDOVER = Handover(summary="Asks where the parcel is.", language="en")


async def hands_over(conversation: TextConversation, before: Sequence[Message]) -> None:
    await conversation.heard()
    await conversation.hand_over(SUPPORT, HANDOVER)
    assert await conversation.heard() is None
    await conversation.say(Said(text="too late"))


@in_virtual_time
async def test_an_application_answers_and_everything_is_kept_and_told_in_order() -> None:
    async with chats() as world:
        conversation = await world.desk.begin(ANNA)
        await quiet()
        await world.desk.write(conversation.id, Said(text="one"), "k1")
        await world.desk.write(conversation.id, Said(text="two"), "k2")
        await quiet()
        assert await world.said(conversation.id) == ["a hello", "v one", "v two", "a you said one", "a you said two"]
        told = await world.told()
    assert [each["type"] for each in told] == ["conversation.started", *["conversation.message_added"] * 5]
    assert [each["data"]["message"]["seq"] for each in told[1:]] == [1, 2, 3, 4, 5]


@in_virtual_time
async def test_what_is_sent_again_counts_once() -> None:
    async with chats(answer=None) as world:
        conversation = await world.desk.begin(ANNA)
        first = await world.desk.write(conversation.id, Said(text="one"), "k1")
        assert await world.desk.write(conversation.id, Said(text="one"), "k1") == first
        assert await world.said(conversation.id) == ["v one"]


@in_virtual_time
async def test_a_visitor_has_one_conversation_from_two_windows_and_another_after_its_end() -> None:
    async with chats() as world:
        first, second = await asyncio.gather(world.desk.begin(ANNA), world.desk.begin(ANNA))
        assert first.id == second.id
        await world.desk.leave(first.id)
        with pytest.raises(ConversationOverError):
            await world.desk.write(first.id, Said(text="still there?"), "k1")
        assert (await world.desk.begin(ANNA)).id != first.id
        assert (await world.desk.begin(Visitor(id="ben"))).id != first.id


@in_virtual_time
async def test_the_application_gives_the_visitor_to_people_and_has_no_more_part() -> None:
    async with chats(hands_over) as world:
        conversation = await world.desk.begin(ANNA)
        await world.desk.write(conversation.id, Said(text="a human"), "k1")
        await quiet()
        waiting = await world.desk.find(conversation.id)
        told = [each for each in await world.told() if each["type"] == "conversation.handed_over"]
        assert await world.said(conversation.id) == ["v a human"]
    assert waiting is not None
    assert (waiting.state, waiting.destination, waiting.handover) == (ConversationState.WAITING, SUPPORT, HANDOVER)
    (event,) = told
    assert (event["data"]["queue"], event["data"]["conversation"]["handover"]["summary"]) == ("support", HANDOVER.summary)


@in_virtual_time
async def test_whose_application_fails_or_gives_up_is_with_people() -> None:
    async def fails(conversation: TextConversation, before: Sequence[Message]) -> None:
        await conversation.heard()
        raise RuntimeError("as the test says")

    async def gives_up(conversation: TextConversation, before: Sequence[Message]) -> None:
        await conversation.heard()

    for answer in (fails, gives_up):
        async with chats(answer) as world:
            conversation = await world.desk.begin(ANNA)
            await world.desk.write(conversation.id, Said(text="hm"), "k1")
            await quiet()
            found = await world.desk.find(conversation.id)
            assert found is not None
            assert found.state is ConversationState.WAITING


@in_virtual_time
async def test_a_database_that_fails_while_an_application_gives_up_is_asked_again() -> None:
    store = MemoryConversations()

    async def gives_up(conversation: TextConversation, before: Sequence[Message]) -> None:
        await conversation.heard()
        store.fault = "as the test says"

    async with chats(gives_up, store=store) as world:
        conversation = await world.desk.begin(ANNA)
        await world.desk.write(conversation.id, Said(text="hm"), "k1")
        await quiet()
        with pytest.raises(StoreUnavailableError):
            await world.desk.find(conversation.id)
        store.fault = None
        await asyncio.sleep(RETRY_S + 1)
        found = await world.desk.find(conversation.id)
        assert found is not None
        assert found.state is ConversationState.WAITING


@in_virtual_time
async def test_after_a_restart_the_application_goes_on_with_what_was_not_answered() -> None:
    store, heard = MemoryConversations(), list[str]()

    async def listens(conversation: TextConversation, before: Sequence[Message]) -> None:
        heard.append(" ".join(message.said.text for message in before))
        while (said := await conversation.heard()) is not None:
            heard.append(said.text)

    async with chats(store=store) as world:
        conversation = await world.desk.begin(ANNA)
        await quiet()
        await world.desk.write(conversation.id, Said(text="one"), "k1")
        await quiet()
    # The gateway goes down before the next is answered.
    async with chats(listens, store=store) as world:
        await quiet()
        await world.desk.write(conversation.id, Said(text="two"), "k2")
        await quiet()
    async with chats(listens, store=store):
        await quiet()
    assert heard == ["hello one you said one", "two", "hello one you said one", "two"]


@in_virtual_time
async def test_a_database_that_is_away_when_the_gateway_comes_back_is_waited_for() -> None:
    class Fails(MemoryConversations):
        """Knows which conversations last, and not yet what was said in them."""

        asked = 3

        async def messages(
            self, tenant: Tenant, conversation: ConversationId, *, after: int = 0, limit: int = 500
        ) -> list[Message]:
            self.asked += 1
            if self.asked < 3:
                raise StoreUnavailableError("as the test says")
            return await super().messages(tenant, conversation, after=after, limit=limit)

    store = Fails()
    async with chats(store=store) as world:
        conversation = await world.desk.begin(ANNA)
        await quiet()
    store.asked = 0
    async with chats(store=store) as world:
        # What is written meanwhile is heard by the application that goes on.
        await world.desk.write(conversation.id, Said(text="one"), "k1")
        await quiet()
        assert await world.said(conversation.id) == ["a hello", "v one", "a you said one"]


@in_virtual_time
async def test_a_channel_that_lost_its_application_gives_its_visitors_to_people() -> None:
    store = MemoryConversations()
    async with chats(store=store) as world:
        conversation = await world.desk.begin(ANNA)
    async with chats(answer=None, store=store) as world:
        await quiet()
        found = await world.desk.find(conversation.id)
        assert found is not None
        assert found.state is ConversationState.WAITING


@in_virtual_time
async def test_silence_ends_it_but_not_for_who_waits_for_an_agent() -> None:
    rules = ConversationRules(idle_s=600.0, waiting_s=7_200.0)
    async with chats(hands_over, rules=rules) as world:
        silent = await world.desk.begin(ANNA)
        waiting = await world.desk.begin(Visitor(id="ben"))
        await world.desk.write(waiting.id, Said(text="a human"), "k1")
        await asyncio.sleep(700)
        over, still = await world.desk.find(silent.id), await world.desk.find(waiting.id)
        assert over is not None
        assert still is not None
        assert (over.state, over.closer, still.state) == (ConversationState.CLOSED, Closer.SILENCE, ConversationState.WAITING)
        await asyncio.sleep(7_200)
        gone = await world.desk.find(waiting.id)
        assert gone is not None
        assert gone.closer is Closer.SILENCE


@in_virtual_time
async def test_who_follows_is_told_the_newest_state_and_the_end() -> None:
    async with chats() as world:
        conversation = await world.desk.begin(ANNA)
        await quiet()
        changes = world.desk.follow(conversation.id)
        assert (await anext(changes)).messages == 1
        for number in range(3):
            await world.desk.write(conversation.id, Said(text=str(number)), f"k{number}")
        await quiet()
        assert (await anext(changes)).messages == 7
        await world.desk.leave(conversation.id)
        assert [each.state async for each in changes] == [ConversationState.CLOSED]
        assert [each.state async for each in world.desk.follow(conversation.id)] == [ConversationState.CLOSED]


@in_virtual_time
async def test_no_more_begin_than_may_last() -> None:
    async with chats(rules=ConversationRules(most=2)) as world:
        first = await world.desk.begin(ANNA)
        await world.desk.begin(Visitor(id="ben"))
        with capture_logs() as logs:
            for _ in range(2):
                with pytest.raises(TooManyConversationsError):
                    await world.desk.begin(Visitor(id="cleo"))
        assert [each["event"] for each in logs] == ["conversations_full"]
        assert (await world.desk.begin(ANNA)).id == first.id
        await world.desk.leave(first.id)
        assert (await world.desk.begin(Visitor(id="cleo"))).visitor.id == "cleo"


@in_virtual_time
async def test_another_channel_does_not_find_it_and_nobody_changes_what_is_not_there() -> None:
    async with chats() as world:
        conversation = await world.desk.begin(ANNA)
        other = world.conversations.desk("wechat", None)
        assert await other.find(conversation.id) is None
        with pytest.raises(UnknownConversationError):
            await world.desk.leave(ConversationId("none"))


@in_virtual_time
async def test_an_agent_who_takes_it_from_the_application_ends_its_part() -> None:
    async with chats() as world:
        conversation = await world.desk.begin(ANNA)
        await quiet()
        owner = ChatOwner(id="user:sue", name="Sue", extension="1003", at=1.0)
        await world.conversations.change(conversation.id, lambda now: (taken(now, owner, anyway=True), ()))
        await world.desk.write(conversation.id, Said(text="hm"), "k1")
        await quiet()
        assert await world.said(conversation.id) == ["a hello", "v hm"]
        assert (await world.store.lasting(DEFAULT_TENANT, ["webchat"]))[0].owner == owner
