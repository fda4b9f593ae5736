"""``/api/v1/customers/{customer_id}/calls``: what was talked before; his former calls under any of his numbers."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.calls import told
from gateway.api.cursors import cursor_of, place_of
from gateway.api.customer_problems import plainly
from gateway.api.customer_views import CallBrief
from gateway.api.operations import Asked, Operation, answer
from gateway.api.records import Shown
from gateway.model.calls import Call
from gateway.model.claims import CustomerId
from gateway.model.customers import Person
from gateway.model.ids import PbxName
from gateway.model.principals import Scope
from gateway.model.search import CallSearch, number_term
from gateway.model.site import Site
from gateway.ports.store import Cursor, Store
from gateway.session.customers import CustomerBook

LAST_CALLS: Final = 10
"""Calls shown with a customer."""
_NO_SITE: Final = Site()
"""Of a PBX that is no longer configured."""


class CustomerCallsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many calls."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Meta(description="The `next` of the page before.")] = None


class CustomerCallList(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's calls that have ended, the last one first."""

    calls: list[Shown]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]


class CustomerCalls:
    """Shows a customer's former calls.

    Args:
        book: Knows his numbers.
        store: Has the calls.
        sites: What the PBXs' numbers mean.
    """

    def __init__(self, book: CustomerBook, store: Store, sites: Mapping[PbxName, Site]) -> None:
        self._book = book
        self._store = store
        self._sites = sites

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/customers/{customer_id}/calls",
                handler=self._calls,
                summary="List a customer's former calls, the last one first",
                tag="customers",
                scope=Scope.CALLS_READ,
                query=CustomerCallsQuery,
                answers={200: CustomerCallList},
                problems=(404, 503),
            )
        ]

    async def last(self, person: Person) -> list[dict[str, Any]]:
        """Return his last calls in short; see :class:`gateway.api.customer_views.CallBrief`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        return self.briefs([call for _, call in await self._ended(person, None, LAST_CALLS)])

    def briefs(self, calls: Iterable[Call]) -> list[dict[str, Any]]:
        """Return calls that have ended in short; see :class:`gateway.api.customer_views.CallBrief`."""
        records = (told(call, self._sites.get(call.pbx, _NO_SITE)) for call in calls)
        return [{field: record[field] for field in CallBrief.__struct_fields__} for record in records]

    @plainly
    async def _calls(self, asked: Asked[CustomerCallsQuery, None]) -> web.Response:
        person = await self._book.people.person(CustomerId(asked.path("customer_id")))
        limit = asked.query.limit
        found = await self._ended(person, place_of(asked.query.cursor, Cursor), limit + 1)
        page = found[:limit]
        calls = [told(call, self._sites.get(call.pbx, _NO_SITE)) for _, call in page]
        return answer({"calls": calls, "next": cursor_of(page[-1][0]) if len(found) > limit else None})

    async def _ended(self, person: Person, after: Cursor | None, limit: int) -> list[tuple[Cursor, Call]]:
        if not person.numbers:
            return []
        search = CallSearch(terms=(frozenset(map(number_term, person.numbers)),))
        return await self._store.ended(self._book.tenant, pbxs=None, after=after, limit=limit, search=search)
