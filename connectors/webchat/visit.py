"""One connection of a visitor: both directions at once, until he goes, the conversation is over, or he asks too much."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

import msgspec
import structlog
from aiohttp import WSMessage, WSMsgType, web

from connectors.webchat.protocol import (
    FromUs,
    FromVisitor,
    Hello,
    Leave,
    Refused,
    State,
    Welcome,
    Why,
    Write,
    WrongMessageError,
    language_in,
    new_token,
    page_in,
    read,
    said_in,
    shown,
    state_of,
    visitor_of,
    written,
)
from gateway.model.conversations import (
    Conversation,
    ConversationId,
    ConversationOverError,
    Message,
    TooManyConversationsError,
    UnknownConversationError,
    Visitor,
)
from gateway.model.errors import StoreUnavailableError, TielineError
from gateway.model.limits import Buckets, Rate
from gateway.ports.conversations import VisitorDesk

MAX_FRAME_BYTES: Final = 48 * 1024
"""The longest message with each character escaped, and room for the rest."""
HELLO_TIMEOUT_S: Final = 10.0
"""Seconds for the first message; who says nothing wants nothing."""
SEND_TIMEOUT_S: Final = 15.0
"""Seconds in which a browser must take what we send; one that does not is cut off, and comes back for the rest."""
AGAIN_S: Final = 3.0
"""Seconds after which a browser tries again what could not be kept."""
MAX_WELCOMING: Final = 100
"""Messages within a welcome; what there is more comes after it, one by one."""
FRAMES: Final = Rate(per_second=10.0, burst=60)
"""How many messages of any kind a connection may send; our own widget sends far fewer."""

_log = structlog.get_logger(__name__)


class GoneError(TielineError):
    """The connection ends with a word of ours. Nobody must act: it is told to the browser."""

    def __init__(self, status: int, refused: Refused) -> None:
        super().__init__(refused.why)
        self.status = status
        """Of HTTP, which would fit."""
        self.refused = refused


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What all visits are counted by."""

    arrivals: Buckets
    """By address."""
    messages: Buckets
    """By visitor."""
    messages_per_address: Buckets


class _Welcomed(NamedTuple):
    """What a browser knows after the welcome."""

    conversation: ConversationId
    visitor: str
    told: int
    state: State


class Visit:
    """One connection.

    Args:
        origin: The page, as the browser says.
        address: What the visitor's address is counted by.
        title: What stands above the chat, by language.
        clock: Seconds on a clock that never goes back.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        desk: VisitorDesk,
        limits: Limits,
        *,
        origin: str,
        address: str,
        title: dict[str, str],
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._socket = socket
        self._desk = desk
        self._limits = limits
        self._origin = origin
        self._address = address
        self._title = title
        self._clock = clock
        self._random_bytes = random_bytes
        self._frames = Buckets(FRAMES, most=1)

    async def run(self) -> None:
        """Serve until one of both has gone.

        Cancelling is safe: what was taken is kept, and what was not told is told to the browser's next connection.

        Raises:
            ConnectionError: The browser has gone.
            TimeoutError: It takes nothing.
            GoneError: It is to be told this, and the connection to be closed.
        """
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                hello = await self._receive()
        except TimeoutError as error:
            raise _not_understood(408, f"no hello came within {HELLO_TIMEOUT_S:.0f} s") from error
        if hello is None:
            return
        if not isinstance(hello, Hello):
            raise _not_understood(400, "the first message must be a hello")
        try:
            welcomed = await self._welcome(hello)
            await self._both_ways(welcomed)
        except StoreUnavailableError as error:
            raise GoneError(503, Refused(why=Why.UNAVAILABLE, wait_s=AGAIN_S)) from error
        except TooManyConversationsError as error:
            raise GoneError(503, Refused(why=Why.TOO_MANY, wait_s=10 * AGAIN_S)) from error
        except UnknownConversationError as error:  # it was deleted, as its visitor may wish
            raise GoneError(410, Refused(why=Why.OVER, wait_s=AGAIN_S)) from error

    async def _welcome(self, hello: Hello) -> "_Welcomed":
        wait_s = self._limits.arrivals.take(self._address, self._clock())
        if wait_s > 0:
            raise GoneError(429, Refused(why=Why.TOO_MANY, wait_s=wait_s))
        token = hello.token or new_token(self._random_bytes)
        visitor = Visitor(id=visitor_of(token), language=language_in(hello), page=page_in(hello, self._origin))
        conversation = await self._goes_on(hello, visitor.id)
        after = 0 if conversation is None else min(hello.after, conversation.messages)
        if conversation is None:
            conversation = await self._desk.begin(visitor)
        messages = (await self._desk.messages(conversation.id, after))[:MAX_WELCOMING]
        state = state_of(conversation)
        welcome = Welcome(
            token=token,
            conversation=conversation.id,
            after=after,
            messages=[shown(each) for each in messages],
            state=state,
            title=self._title,
        )
        await self._send(welcome)
        return _Welcomed(conversation.id, visitor.id, messages[-1].seq if messages else after, state)

    async def _goes_on(self, hello: Hello, visitor: str) -> Conversation | None:
        if hello.conversation is None or hello.token is None:
            return None
        found = await self._desk.find(ConversationId(hello.conversation))
        return found if found is not None and found.visitor.id == visitor else None

    async def _both_ways(self, welcomed: "_Welcomed") -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._tell(welcomed), name="webchat.tell")
                hearing = tasks.create_task(self._hear(welcomed.conversation, welcomed.visitor), name="webchat.hear")
                # Whichever side ends first ends the other.
                telling.add_done_callback(lambda _: hearing.cancel())
                hearing.add_done_callback(lambda _: telling.cancel())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _tell(self, welcomed: "_Welcomed") -> None:
        changes = self._desk.follow(welcomed.conversation)
        told, state = welcomed.told, welcomed.state
        async with AsyncExitStack() as stack:
            if isinstance(changes, AsyncGenerator):
                stack.push_async_callback(changes.aclose)
            async for conversation in changes:
                for message in await self._said(conversation, told):
                    await self._send(shown(message))
                    told = message.seq
                if state != state_of(conversation):
                    state = state_of(conversation)
                    await self._send(state)

    async def _said(self, conversation: Conversation, after: int) -> list[Message]:
        """Return what was said after this message: the desk may give it in parts."""
        found: list[Message] = []
        while after < conversation.messages and (part := await self._desk.messages(conversation.id, after)):
            found += part
            after = part[-1].seq
        return found

    async def _hear(self, conversation: ConversationId, visitor: str) -> None:
        while (message := await self._receive()) is not None:
            match message:
                case Hello():
                    raise _not_understood(400, "a connection has one hello: open another for another conversation")
                case Write():
                    await self._take(conversation, visitor, message)
                case Leave():
                    await self._desk.leave(conversation)

    async def _take(self, conversation: ConversationId, visitor: str, message: Write) -> None:
        said = said_in(message)
        if said is None:
            await self._send(Refused(why=Why.EMPTY, key=message.key))
            return
        now = self._clock()
        limits = self._limits
        wait_s = limits.messages.take(visitor, now) or limits.messages_per_address.take(self._address, now)
        if wait_s > 0:
            await self._send(Refused(why=Why.TOO_FAST, key=message.key, wait_s=wait_s))
            return
        try:
            await self._desk.write(conversation, said, message.key)
        except ConversationOverError:
            await self._send(Refused(why=Why.OVER, key=message.key))
        except StoreUnavailableError:
            await self._send(Refused(why=Why.UNAVAILABLE, key=message.key, wait_s=AGAIN_S))

    async def _receive(self) -> FromVisitor | None:
        """Wait for the browser's next message; None when it has gone."""
        frame: WSMessage = await self._socket.receive()
        if frame.type is WSMsgType.BINARY:
            raise _not_understood(400, "messages are text")
        if frame.type is not WSMsgType.TEXT:
            return None
        wait_s = self._frames.take("", self._clock())
        if wait_s > 0:
            raise GoneError(429, Refused(why=Why.TOO_FAST, wait_s=wait_s))
        try:
            return read(frame.data)
        except WrongMessageError as error:
            raise _not_understood(400, str(error)) from error

    async def _send(self, message: FromUs) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._socket.send_frame(written(message), WSMsgType.TEXT)


async def goodbye(request: web.Request, socket: web.WebSocketResponse, gone: GoneError) -> None:
    """Tell a browser why, and close."""
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await socket.send_frame(written(gone.refused), WSMsgType.TEXT)
            await socket.close(code=4000 + gone.status, message=gone.refused.why.encode())
    except TimeoutError:
        cut_off(request)
    except ConnectionError:
        pass  # it has gone already


def cut_off(request: web.Request) -> None:
    """End a connection that takes nothing, not even a word."""
    _log.info("visitor_stuck", timeout_s=SEND_TIMEOUT_S)
    if request.transport is not None:
        request.transport.abort()


def _not_understood(status: int, detail: str) -> GoneError:
    return GoneError(status, Refused(why=Why.NOT_UNDERSTOOD, detail=detail))
