"""Conversations of text at work in virtual time: a store in memory, a hub that a test reads, and applications that it writes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec
from support.gateways import Parts, at_work
from support.memory_conversations import MemoryConversations
from support.virtual_time import clock

from gateway.model.conversation_rules import ConversationRules
from gateway.model.conversations import ConversationId, Message, Said, Visitor
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.conversations import TextConversation
from gateway.session.conversations import ChannelDesk, Conversations

Answer = Callable[[TextConversation, Sequence[Message]], Coroutine[Any, Any, None]]


class Answering:
    """An application whose manner a test says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        await self._answer(conversation, before)

    async def serve(self) -> None:
        await asyncio.get_running_loop().create_future()

    def counts(self) -> Mapping[tuple[str, str], int]:
        return {}


async def echo(conversation: TextConversation, before: Sequence[Message]) -> None:
    """Say everything again until it is over."""
    if not before:
        await conversation.say(Said(text="hello"))
    while (said := await conversation.heard()) is not None:
        await conversation.say(Said(text=f"you said {said.text}"))


class Chats:
    """What a test looks at."""

    def __init__(self, store: MemoryConversations, parts: Parts, rules: ConversationRules) -> None:
        self.store = store
        self.parts = parts
        self.conversations = Conversations(
            store, parts.committer, tenant=DEFAULT_TENANT, rules=rules, now=clock, random_bytes=Random(1).randbytes
        )
        self.desk: ChannelDesk

    async def said(self, conversation: ConversationId) -> list[str]:
        """Return what was said, each with its author's first letter."""
        messages = await self.store.messages(DEFAULT_TENANT, conversation)
        return [f"{message.author[0]} {message.said.text}" for message in messages]

    async def told(self) -> list[dict[str, Any]]:
        """Return all events."""
        await self.parts.committer.settled()
        return [msgspec.json.decode(each.json) for each in await self.parts.store.told_after(0, 1_000)]


@asynccontextmanager
async def chats(
    answer: Answer | None = echo, *, store: MemoryConversations | None = None, rules: ConversationRules | None = None
) -> AsyncIterator[Chats]:
    """Run conversations of the channel ``webchat``, which this application answers, or agents."""
    made = Chats(store or MemoryConversations(), Parts(), rules or ConversationRules())
    made.desk = made.conversations.desk("webchat", None if answer is None else ("itr", Answering(answer)))
    async with at_work(made.parts.committer, made.conversations):
        yield made


async def quiet() -> None:
    """Let everything go on that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


ANNA = Visitor(id="anna", name="Anna", language="en")
