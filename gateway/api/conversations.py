"""``/api/v1/conversations``: what visitors write on channels of text, and what agents answer."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.command_answers import IDEMPOTENT, key_asked
from gateway.api.conversation_views import ChatMessageView, ConversationView
from gateway.api.cursors import cursor_of, place_of
from gateway.api.dispositions import filed_as
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, bad_body, not_found
from gateway.model.conversations import (
    MAX_TEXT,
    Conversation,
    ConversationId,
    ConversationOverError,
    ConversationState,
    ConversationTakenError,
    Said,
    UnknownConversationError,
)
from gateway.model.errors import StoreUnavailableError
from gateway.model.handover import Destination
from gateway.model.ids import QueueName
from gateway.model.principals import Principal, Scope
from gateway.ports.conversations import ConversationPlace
from gateway.session.conversation_book import ConversationBook
from gateway.session.conversations_shown import message_shown, shown
from gateway.session.desk import DeskBook
from gateway.session.people import People
from gateway.session.visitors import visitor_seen

MAX_NOTE: Final = 10_000
"""Characters, as of a customer's note."""

_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


class ConversationList(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations, the one that began last first."""

    conversations: list[ConversationView]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]


class ChatMessageList(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, in its order."""

    messages: list[ChatMessageView]
    more: Annotated[bool, Meta(description="Whether more was said: ask again with the last one's `seq` as `after`.")]


class ConversationsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which conversations."""

    state: Annotated[tuple[ConversationState, ...], Meta(description="Those in one of these states.")] = (
        ConversationState.BOT,
        ConversationState.WAITING,
        ConversationState.HUMAN,
    )
    mine: Annotated[bool, Meta(description="Only those that the one who asks has.")] = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before, with the same filters.")] = None


class ChatMessagesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages."""

    after: Annotated[int, Meta(ge=0, description="The `seq` of the last one that is known.")] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 500


class Saying(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the visitor shall read."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]


class PassingOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who shall have it next: the agents of a queue, or one agent; whoever is there, when neither is said."""

    queue: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    agent: Annotated[str, Meta(min_length=1, max_length=128, description="His extension or his login.")] | None = None


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it."""

    disposition: Annotated[str | None, Meta(description="The id of one, as calls are filed.")] = None
    note: Annotated[str, Meta(max_length=MAX_NOTE)] | None = None


def _plainly(handler: _Handler) -> _Handler:
    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownConversationError as error:
            raise not_found(_sentence(error)) from error
        except ConversationOverError as error:
            raise ApiError(409, "conversation-over", "It is over", _sentence(error)) from error
        except ConversationTakenError as error:
            raise ApiError(409, "conversation-taken", "Not yours", _sentence(error)) from error

    return handle


class Conversations:
    """Shows them, and lets agents answer.

    Args:
        book: Has them, and what may be done.
        desk: Has the list by which they are filed.
        people: Knows which customers visitors may be.
    """

    def __init__(self, book: ConversationBook, desk: DeskBook, people: People | None = None) -> None:
        self._book = book
        self._desk = desk
        self._people = people

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one = "/api/v1/conversations/{conversation_id}"

        def reading(path: str, handler: Any, summary: str, answers: type, query: type[msgspec.Struct] = Nothing) -> Operation:
            return Operation(
                method="GET",
                path=path,
                handler=handler,
                summary=summary,
                tag="conversations",
                scope=Scope.CALLS_READ,
                query=query,
                answers={200: answers},
                problems=(503,) if path.endswith("conversations") else (404, 503),
            )

        def doing(what: str, handler: Any, summary: str, body: type | None = None, **more: Any) -> Operation:
            fields: dict[str, Any] = {"answers": {200: ConversationView}, "problems": (404, 409, 503)} | more
            return Operation(
                method="POST",
                path=f"{one}/{what}",
                handler=handler,
                summary=summary,
                tag="conversations",
                scope=Scope.CALLS_CONTROL,
                body=body,
                **fields,
            )

        return [
            reading(
                "/api/v1/conversations",
                self._list,
                "List conversations, the one that began last first",
                ConversationList,
                ConversationsQuery,
            ),
            reading(one, self._one, "Show one conversation", ConversationView),
            reading(f"{one}/messages", self._messages, "List what was said in it", ChatMessageList, ChatMessagesQuery),
            doing("take", self._take, "Take it on, where nobody else has; a supervisor takes it from others as well"),
            doing(
                "say",
                self._say,
                "Write to the visitor, where it is yours",
                Saying,
                headers=IDEMPOTENT,
                examples={"an answer": {"text": "I look at your order now."}},
                answers={200: ChatMessageView},
                problems=(404, 409, 422, 503),
            ),
            doing(
                "pass",
                self._pass,
                "Give it to others",
                PassingOn,
                examples={"to a queue": {"queue": "support"}},
                problems=(404, 409, 422, 503),
            ),
            doing(
                "close",
                self._close,
                "End it, and file it as calls are filed",
                Closing,
                examples={"done": {"disposition": "solved", "note": "Sent the invoice again"}},
                problems=(404, 409, 422, 503),
            ),
        ]

    async def _list(self, asked: Asked[ConversationsQuery, None]) -> web.Response:
        query = asked.query
        found = await self._book.page(
            asked.principal,
            states=frozenset(query.state),
            mine=query.mine,
            after=place_of(query.cursor, ConversationPlace),
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        last = ConversationPlace(page[-1].started_at, page[-1].id) if len(found) > query.limit else None
        return answer({"conversations": list(map(shown, page)), "next": cursor_of(last)})

    @_plainly
    async def _one(self, asked: Asked[Nothing, None]) -> web.Response:
        conversation = await self._book.find(asked.principal, _id(asked))
        return answer(shown(conversation) | await self._customer(conversation, asked.principal))

    @_plainly
    async def _messages(self, asked: Asked[ChatMessagesQuery, None]) -> web.Response:
        query = asked.query
        found = await self._book.messages(asked.principal, _id(asked), after=query.after, limit=query.limit + 1)
        return answer({"messages": list(map(message_shown, found[: query.limit])), "more": len(found) > query.limit})

    @_plainly
    async def _take(self, asked: Asked[Nothing, None]) -> web.Response:
        """Of two who ask at the same time one gets it, the other a problem that names him."""
        return answer(shown(await self._book.take(asked.principal, _id(asked))))

    @_plainly
    async def _say(self, asked: Asked[Nothing, Saying]) -> web.Response:
        """It is kept for good when it is answered; with the same key again it is said once."""
        text = asked.body.text.strip()
        if not text:
            raise bad_body("the text has nothing but blanks - at `$.text`")
        return answer(message_shown(await self._book.say(asked.principal, _id(asked), Said(text=text), key_asked(asked))))

    @_plainly
    async def _pass(self, asked: Asked[Nothing, PassingOn]) -> web.Response:
        """It waits then, as it did before somebody took it."""
        to = asked.body
        if to.queue is not None and to.agent is not None:
            raise bad_body("say a queue or an agent, not both")
        destination = Destination(queue=None if to.queue is None else QueueName(to.queue), agent=to.agent)
        return answer(shown(await self._book.pass_on(asked.principal, _id(asked), destination)))

    @_plainly
    async def _close(self, asked: Asked[Nothing, Closing]) -> web.Response:
        """What is over stays as it was filed."""
        body = asked.body
        await filed_as(self._desk, body.disposition, body.note)
        return answer(shown(await self._book.close(asked.principal, _id(asked), body.disposition, body.note)))

    async def _customer(self, conversation: Conversation, principal: Principal) -> dict[str, Any]:
        """Return which customer the visitor may be, for those who may know; one that lasts is shown without a database too."""
        if self._people is None or not principal.may(Scope.CUSTOMERS_READ):
            return {}
        try:
            customer = await visitor_seen(conversation, self._people)
        except StoreUnavailableError:
            return {}
        return {} if customer is None else {"customer": customer}


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _id(asked: Asked[Any, Any]) -> ConversationId:
    return ConversationId(asked.path("conversation_id"))
