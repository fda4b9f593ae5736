"""``/api/v1/customers/{customer_id}/conversations``: what was written before, from any of his browsers."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.conversations import ConversationList
from gateway.api.cursors import cursor_of, place_of
from gateway.api.customer_problems import plainly
from gateway.api.operations import Asked, Operation, answer
from gateway.model.claims import CustomerId
from gateway.model.customers import Person
from gateway.model.principals import Scope
from gateway.ports.conversations import ConversationPlace, ConversationStore
from gateway.session.conversations_shown import brief, shown
from gateway.session.customers import CustomerBook
from gateway.session.visitors import LAST_CONVERSATIONS, written_by


class CustomerConversationsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many conversations."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Meta(description="The `next` of the page before.")] = None


class CustomerConversations:
    """Shows a customer's conversations on channels of text.

    Args:
        book: Knows his browsers, and which are used by several people.
        store: Has the conversations.
    """

    def __init__(self, book: CustomerBook, store: ConversationStore) -> None:
        self._book = book
        self._store = store

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/customers/{customer_id}/conversations",
                handler=self._list,
                summary="List a customer's conversations, the one that began last first",
                tag="customers",
                scope=Scope.CALLS_READ,
                query=CustomerConversationsQuery,
                answers={200: ConversationList},
                problems=(404, 503),
            )
        ]

    async def last(self, person: Person) -> list[dict[str, Any]]:
        """Return his last conversations in short; see :class:`gateway.api.conversation_views.ConversationBrief`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        return list(map(brief, await written_by(person, self._book, self._store, limit=LAST_CONVERSATIONS)))

    @plainly
    async def _list(self, asked: Asked[CustomerConversationsQuery, None]) -> web.Response:
        person = await self._book.people.person(CustomerId(asked.path("customer_id")))
        limit, after = asked.query.limit, place_of(asked.query.cursor, ConversationPlace)
        found = await written_by(person, self._book, self._store, after=after, limit=limit + 1)
        page = found[:limit]
        last = ConversationPlace(page[-1].started_at, page[-1].id) if len(found) > limit else None
        return answer({"conversations": list(map(shown, page)), "next": cursor_of(last)})
