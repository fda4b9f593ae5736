"""The conversations of text that last: channels bring what visitors write, applications answer, agents take over.

Each change is kept by the store first and told then, one after the other within a conversation. What lasts when the gateway
stops is taken up again when it is back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import structlog

from gateway.model.conversation_rules import ConversationRules
from gateway.model.conversations import (
    Author,
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
)
from gateway.model.errors import StoreUnavailableError, TielineError
from gateway.model.handover import Destination, Handover
from gateway.model.ids import TAIL_BYTES, Tenant, ulid
from gateway.ports.conversations import ConversationStore, TextApplication
from gateway.session import committer
from gateway.session.committer import Committer
from gateway.session.conversations_shown import subjects_of, told
from gateway.session.talk import Talk

STARTED: Final = "conversation.started"
MESSAGE_ADDED: Final = "conversation.message_added"
HANDED_OVER: Final = "conversation.handed_over"
TAKEN: Final = "conversation.taken"
CLOSED: Final = "conversation.closed"
RETRY_S: Final = 5.0
"""Seconds after which a database that failed is tried again."""
LOOKS: Final = 30
"""How often within the time of silence it is looked for conversations in which nobody writes."""
MESSAGES_AT_ONCE: Final = 500

T = TypeVar("T")
Change = Callable[[Conversation], tuple[Conversation, Sequence[Message]]]

_log = structlog.get_logger()


class _Live:
    """A conversation that is not over, or of which somebody still has to hear that it is."""

    __slots__ = ("conversation", "followers", "lock", "talk")

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.followers: set[asyncio.Event] = set()
        self.lock = asyncio.Lock()
        self.talk: Talk | None = None


class Conversations:
    """One tenant's conversations of text.

    Args:
        store: Keeps them; nobody else writes to it.
        committer: Tells what happens.
        tenant: Whose they are.
        rules: When silence ends one, and how many last.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        store: ConversationStore,
        committer: Committer,
        *,
        tenant: Tenant,
        rules: ConversationRules,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.store = store
        self.tenant = tenant
        self.now = now
        self._committer = committer
        self._rules = rules
        self._random_bytes = random_bytes
        self._sleep = sleep
        self._answering: dict[str, tuple[str, TextApplication] | None] = {}
        self._live: dict[ConversationId, _Live] = {}
        self._arriving: dict[tuple[str, str], asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()
        self._is_full = False
        """It was said that no more may begin."""

    def desk(self, channel: str, answering: tuple[str, TextApplication] | None) -> "ChannelDesk":
        """Return what serves a channel; ``answering`` is the application with its name, None where agents answer."""
        self._answering[channel] = answering
        return ChannelDesk(self, channel)

    async def run(self) -> None:
        """Take up what lasts, and serve until cancelled."""
        try:
            for each in await self._patiently(lambda: self.store.lasting(self.tenant, list(self._answering))):
                live = self._live[each.id] = _Live(each)
                if each.state is ConversationState.BOT:
                    await self._patiently(partial(self._talk_on, live))
            self._ready.set()
            while True:
                await self._sleep(min(self._rules.idle_s, self._rules.waiting_s) / LOOKS)
                await self._close_silent()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def begin(self, channel: str, visitor: Visitor) -> Conversation:
        """See :meth:`gateway.ports.conversations.VisitorDesk.begin`."""
        await self._ready.wait()
        arriving = self._arriving.setdefault((channel, visitor.id), asyncio.Lock())
        try:
            async with arriving:  # from two windows at once he gets one
                lasting = await self.store.of_visitor(self.tenant, channel, visitor.id)
                return lasting if lasting is not None and not lasting.is_over else await self._begin(channel, visitor)
        finally:
            if not arriving.locked():
                self._arriving.pop((channel, visitor.id), None)

    async def _begin(self, channel: str, visitor: Visitor) -> Conversation:
        if len(self._live) >= self._rules.most:
            if not self._is_full:
                _log.warning("conversations_full", most=self._rules.most, cure="close what waits, or raise conversations.most")
            self._is_full = True
            raise TooManyConversationsError(f"{self._rules.most} conversations last already")
        self._is_full = False
        at, answering = self.now(), self._answering[channel]
        conversation = Conversation(
            id=ConversationId(ulid(at, self._random_bytes(TAIL_BYTES))),
            tenant=self.tenant,
            channel=channel,
            state=ConversationState.WAITING if answering is None else ConversationState.BOT,
            visitor=visitor,
            started_at=at,
            changed_at=at,
            application=None if answering is None else answering[0],
        )
        await self.store.put(conversation)
        live = self._live[conversation.id] = _Live(conversation)
        self._tell(STARTED, conversation, at)
        if answering is not None:
            self._start(live, answering[1], before=())
        return conversation

    async def change(self, conversation: ConversationId, change: Change) -> tuple[Conversation, Sequence[Message]]:
        """Change one as the model says, keep it, and tell of it.

        Returns the conversation after it and the messages that are new; of a message that was said already none is.

        Raises:
            UnknownConversationError: There is none.
            StoreUnavailableError: It could not be kept; nothing was told.
        """
        await self._ready.wait()
        return await self._change(conversation, change)

    async def _change(self, conversation: ConversationId, change: Change) -> tuple[Conversation, Sequence[Message]]:
        live = self._live.get(conversation) or _Live(await self._found(conversation))
        async with live.lock:
            seen: list[tuple[Conversation, Sequence[Message]]] = []

            def watched(before: Conversation) -> tuple[Conversation, Sequence[Message]]:
                after, messages = change(before)
                seen.append((before, messages))
                return after, messages

            after = await self.store.change(self.tenant, conversation, watched)
            if after is None:
                raise UnknownConversationError(f"there is no conversation {conversation}")
            before, messages = seen[-1]
            if after.version == before.version:
                return after, ()
            self._happened(live, before, after, messages)
        return after, messages

    def _happened(self, live: _Live, before: Conversation, after: Conversation, messages: Sequence[Message]) -> None:
        live.conversation = after
        for message in messages:
            self._tell(MESSAGE_ADDED, after, message.at, message=message, before=before)
        if after.waits_since is not None and (before.waits_since is None or after.handed_at != before.handed_at):
            self._tell(HANDED_OVER, after, after.changed_at, before=before)
        if after.owner is not None and after.owner != before.owner:
            self._tell(TAKEN, after, after.changed_at, before=before)
        if after.is_over:
            self._tell(CLOSED, after, after.changed_at, before=before)
            self._live.pop(after.id, None)
        if live.talk is not None:
            for message in messages:
                if message.author is Author.VISITOR:
                    live.talk.bring(message.said)
            if after.state is not ConversationState.BOT:
                live.talk.over()
        for follower in live.followers:
            follower.set()

    def _tell(
        self,
        kind: str,
        conversation: Conversation,
        at: float,
        *,
        message: Message | None = None,
        before: Conversation | None = None,
    ) -> None:
        self._committer.tell([
            committer.Message(
                id=None,
                type=kind,
                at=at,
                tenant=conversation.tenant,
                pbx=None,
                call_id=None,
                data=told(conversation, message),
                subjects=subjects_of(conversation, before),
            )
        ])  # fmt: skip

    async def follow(self, conversation: ConversationId) -> AsyncIterator[Conversation]:
        """See :meth:`gateway.ports.conversations.VisitorDesk.follow`."""
        await self._ready.wait()
        live = self._live.get(conversation)
        if live is None:
            found = await self.store.find(self.tenant, conversation)
            if found is not None:
                yield found
            return
        changed = asyncio.Event()
        live.followers.add(changed)
        try:
            while True:
                changed.clear()
                now = live.conversation
                yield now
                if now.is_over:
                    return
                if live.conversation.version == now.version:
                    await changed.wait()
        finally:
            live.followers.discard(changed)

    async def _found(self, conversation: ConversationId) -> Conversation:
        found = await self.store.find(self.tenant, conversation)
        if found is None:
            raise UnknownConversationError(f"there is no conversation {conversation}")
        return found

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it, again and again while the database does not answer."""
        while True:
            try:
                return await act()
            except StoreUnavailableError as error:
                _log.warning("conversations_wait_for_store", reason=str(error))
                await self._sleep(RETRY_S)

    async def _talk_on(self, live: _Live) -> None:
        answering = self._answering[live.conversation.channel]
        if answering is None:  # the channel had one, and has none any more
            await self.give_to_people(live.conversation.id, Destination(), None)
            return
        said = await self._all_said(live.conversation.id)
        answered = max((message.seq for message in said if message.author is Author.APPLICATION), default=0)
        talk = self._start(live, answering[1], before=[each for each in said if each.seq <= answered])
        for each in said:
            if each.seq > answered and each.author is Author.VISITOR:
                talk.bring(each.said)

    async def _all_said(self, conversation: ConversationId) -> list[Message]:
        said: list[Message] = []
        while True:
            after = said[-1].seq if said else 0
            part = await self.store.messages(self.tenant, conversation, after=after, limit=MESSAGES_AT_ONCE)
            said += part
            if len(part) < MESSAGES_AT_ONCE:
                return said

    def _start(self, live: _Live, application: TextApplication, before: Sequence[Message]) -> Talk:
        talk = live.talk = Talk(self, live.conversation.id, live.conversation.visitor)
        task = asyncio.create_task(self._answer(live, talk, application, before), name=f"conversation.{talk.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return talk

    async def _answer(self, live: _Live, talk: Talk, application: TextApplication, before: Sequence[Message]) -> None:
        """Let the application answer; whatever becomes of it, the visitor is with somebody afterwards."""
        try:
            await application.run(talk, before)
        except Exception as error:  # noqa: BLE001  # a plugin's fault costs its own conversation
            _log.exception("conversation_application_failed", conversation=talk.id, error=str(error))
        if live.conversation.state is ConversationState.BOT:
            await self._patiently(partial(self.give_to_people, talk.id, Destination(), None))

    async def say(self, conversation: ConversationId, said: Said) -> None:
        """Let the application say something, as long as it answers."""
        await self._as_application(conversation, lambda now: _with_message(added(now, Author.APPLICATION, said, self.now())))

    async def give_to_people(self, conversation: ConversationId, destination: Destination, handover: Handover | None) -> None:
        """Have the visitor wait for an agent, where the application answers."""
        await self._as_application(conversation, lambda now: (handed_over(now, destination, handover, self.now()), ()))

    async def end(self, conversation: ConversationId) -> None:
        """Close it for the application, where it answers."""
        await self._as_application(conversation, lambda now: (closed(now, Closer.APPLICATION, self.now()), ()))

    async def _as_application(self, conversation: ConversationId, change: Change) -> None:
        # While others are taken up again too.
        await self._change(conversation, lambda now: change(now) if now.state is ConversationState.BOT else (now, ()))

    async def _close_silent(self) -> None:
        now = self.now()
        for live in list(self._live.values()):
            waits = live.conversation.state is ConversationState.WAITING
            silent_s = self._rules.waiting_s if waits else self._rules.idle_s
            if live.conversation.changed_at + silent_s <= now:

                def end(current: Conversation, silent_s: float = silent_s) -> tuple[Conversation, Sequence[Message]]:
                    if current.changed_at + silent_s > now:
                        return current, ()
                    return closed(current, Closer.SILENCE, now), ()

                with suppress(StoreUnavailableError, UnknownConversationError):  # it is tried again
                    await self.change(live.conversation.id, end)


def _with_message(made: tuple[Conversation, Message]) -> tuple[Conversation, Sequence[Message]]:
    return made[0], (made[1],)


class ChannelDesk:
    """See :class:`gateway.ports.conversations.VisitorDesk`: one channel's."""

    def __init__(self, conversations: Conversations, channel: str) -> None:
        self._all = conversations
        self._channel = channel

    async def begin(self, visitor: Visitor) -> Conversation:
        """Return the visitor's conversation that lasts, or a new one."""
        return await self._all.begin(self._channel, visitor)

    async def find(self, conversation: ConversationId) -> Conversation | None:
        """Return one of this channel's."""
        found = await self._all.store.find(self._all.tenant, conversation)
        return found if found is not None and found.channel == self._channel else None

    async def write(self, conversation: ConversationId, said: Said, key: str) -> Message:
        """Take what the visitor wrote."""
        _, messages = await self._all.change(
            conversation, lambda now: _with_message(added(now, Author.VISITOR, said, self._all.now(), key=key))
        )
        if messages:
            return messages[0]
        known = await self._all.store.keyed(self._all.tenant, conversation, key)
        if known is None:
            raise TielineError(f"what was written in {conversation} is neither new nor known")
        return known

    async def messages(self, conversation: ConversationId, after: int) -> list[Message]:
        """Return what was said after this message."""
        return await self._all.store.messages(self._all.tenant, conversation, after=after)

    def follow(self, conversation: ConversationId) -> AsyncIterator[Conversation]:
        """Yield the conversation now and whenever it has changed."""
        return self._all.follow(conversation)

    async def leave(self, conversation: ConversationId) -> None:
        """Close it for the visitor."""
        await self._all.change(conversation, lambda now: (closed(now, Closer.VISITOR, self._all.now()), ()))
