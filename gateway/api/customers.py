"""``/api/v1/customers``: who is behind a number, what is known of him, and what somebody wrote down."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api.customer_bodies import (
    CHANNEL_KINDS,
    MAX_CUSTOMERS,
    CustomerPatch,
    CustomersQuery,
    IdentityBody,
    MergeBody,
    NewCustomer,
    SharedBody,
)
from gateway.api.customer_calls import CustomerCalls
from gateway.api.customer_conversations import CustomerConversations
from gateway.api.customer_problems import plainly
from gateway.api.customer_views import (
    CustomerList,
    CustomerView,
    Persons,
    SharedList,
    SharedView,
    note_view,
    person_view,
    shared_view,
)
from gateway.api.operations import Asked, Media, Nothing, Operation, answer
from gateway.api.problems import bad_parameter, not_found
from gateway.model.claims import ClaimId, CustomerId, Identity, IdentityKind
from gateway.model.contacts import EXPORTED, exported_row
from gateway.model.customers import Person
from gateway.model.errors import IdentityError
from gateway.model.principals import Scope
from gateway.session.customers import CustomerBook, CustomerFields, NewIdentity

SHOWN_NOTES: Final = 50
"""Notes shown with a customer, the youngest first; the rest is listed by pages."""


class Customers:
    """Shows and changes customers."""

    def __init__(self, book: CustomerBook, calls: CustomerCalls, conversations: CustomerConversations | None = None) -> None:
        self._book = book
        self._calls = calls
        self._conversations = conversations

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one = "/api/v1/customers/{customer_id}"
        read, write = Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE

        def operation(method: str, path: str, handler: Any, summary: str, scope: Scope, **more: Any) -> Operation:
            return Operation(method=method, path=path, handler=handler, summary=summary, scope=scope, tag="customers", **more)

        return [
            operation(
                "GET",
                "/api/v1/customers",
                self._list,
                "Find customers by number or words, or list all",
                read,
                query=CustomersQuery,
                answers={200: CustomerList},
                problems=(503,),
            ),
            operation(
                "GET",
                "/api/v1/customers.csv",
                self._export,
                "Export all customers; `tieline contacts import` reads it",
                read,
                answers={200: Media(("text/csv",))},
                problems=(503,),
            ),
            operation(
                "POST",
                "/api/v1/customers",
                self._create,
                "Add a customer",
                write,
                body=NewCustomer,
                examples={"somebody who has called": {"name": "王芳", "numbers": ["+8613800138000"], "tags": ["gold"]}},
                answers={201: CustomerView},
                problems=(409, 422, 503),
            ),
            operation("GET", one, self._show, "Show a customer", read, answers={200: CustomerView}, problems=(404, 503)),
            operation(
                "PATCH",
                one,
                self._change,
                "Change what is said of a customer",
                write,
                body=CustomerPatch,
                examples={"a new name": {"name": "王芳", "vip": True}},
                answers={200: CustomerView},
                problems=(404, 409, 503),
            ),
            operation(
                "DELETE",
                one,
                self._erase,
                "Erase a person: name, identities and notes, for good",
                write,
                answers={204: None},
                problems=(404, 503),
            ),
            operation(
                "POST",
                f"{one}/identities",
                self._identify,
                "Claim that a number or account is this customer's",
                write,
                body=IdentityBody,
                examples={"a number": {"kind": "phone", "value": "+8613800138000", "evidence": "typed", "label": "mobile"}},
                answers={200: CustomerView},
                problems=(404, 409, 503),
            ),
            operation(
                "DELETE",
                f"{one}/identities/{{claim_id}}",
                self._revoke,
                "Revoke a claim on an identity",
                write,
                answers={200: CustomerView},
                problems=(404, 503),
            ),
            operation(
                "POST",
                f"{one}/merge",
                self._merge,
                "Say that another customer is the same person",
                write,
                body=MergeBody,
                answers={200: CustomerView},
                problems=(404, 409, 503),
            ),
            operation(
                "POST",
                f"{one}/merge/{{claim_id}}/undo",
                self._part,
                "Undo a merge; the answer is who they are now",
                write,
                answers={200: Persons},
                problems=(404, 503),
            ),
            operation(
                "GET",
                "/api/v1/shared-identities",
                self._shared,
                "List numbers and accounts that several people use",
                read,
                answers={200: SharedList},
                problems=(503,),
            ),
            operation(
                "POST",
                "/api/v1/shared-identities",
                self._declare,
                "Say that several people use a number: nobody is known by it",
                write,
                body=SharedBody,
                examples={"a switchboard": {"kind": "phone", "value": "+861085671000"}},
                answers={200: SharedView},
                problems=(503,),
            ),
            operation(
                "DELETE",
                "/api/v1/shared-identities/{kind}/{value}",
                self._forget,
                "Take that back",
                write,
                answers={204: None},
                problems=(404, 503),
            ),
        ]

    async def _list(self, asked: Asked[CustomersQuery, None]) -> web.Response:
        """With `number` or `identity`: whom it may be; `matches` is their number, and a shared one is nobody's."""
        wanted = asked.query
        if sum(each is not None for each in (wanted.number, wanted.identity, wanted.q)) > 1:
            raise bad_parameter("number", "of number, identity and q give one")
        identity = self._asked_for(wanted)
        if identity is not None:
            match = await self._book.people.behind(identity)
            persons = [person_view(person) for person in match.persons[: wanted.limit]]
            return answer({"customers": persons, "next": None, "matches": len(match.persons), "shared": match.shared})
        after = None if wanted.cursor is None else CustomerId(wanted.cursor)
        found, last = await self._book.people.page(words=wanted.q, after=after, limit=wanted.limit)
        return answer({"customers": [person_view(person) for person in found], "next": last})

    async def _export(self, asked: Asked[Nothing, None]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="customers.csv"'})
        response.content_type, response.charset = "text/csv", "utf-8"
        page, after = await self._book.people.page(words=None, after=None, limit=MAX_CUSTOMERS)
        await response.prepare(asked.request)
        # The mark tells Excel that it is UTF-8.
        await response.write(b"\xef\xbb\xbf" + _csv([EXPORTED]))
        while True:
            await response.write(_csv(map(exported_row, page)))
            if after is None:
                break
            page, after = await self._book.people.page(words=None, after=after, limit=MAX_CUSTOMERS)
        await response.write_eof()
        return response

    def _asked_for(self, wanted: CustomersQuery) -> Identity | None:
        if wanted.number is not None:
            # In an address a plus is a space, unless it is written as %2B.
            number = wanted.number.replace(" ", "+", 1) if wanted.number.startswith(" ") else wanted.number
            return self._identity("number", IdentityKind.PHONE, number)
        if wanted.identity is None:
            return None
        kind, colon, value = wanted.identity.partition(":")
        if not colon or kind not in CHANNEL_KINDS:
            raise bad_parameter("identity", f"write KIND:VALUE, KIND one of {', '.join(CHANNEL_KINDS)}")
        return self._identity("identity", IdentityKind(kind), value)

    def _identity(self, parameter: str, kind: IdentityKind, value: str) -> Identity:
        try:
            return self._book.identity(kind, value)
        except IdentityError as error:
            raise bad_parameter(parameter, str(error)) from error

    @plainly
    async def _create(self, asked: Asked[Nothing, NewCustomer]) -> web.Response:
        body = asked.body
        fields = CustomerFields(
            name=body.name,
            company=body.company,
            language=body.language,
            vip=body.vip,
            tags=body.tags,
            external_id=body.external_id,
        )
        identities = [NewIdentity(kind=IdentityKind.PHONE, written=each) for each in body.numbers]
        identities += map(_new_identity, body.identities)
        person = await self._book.create(fields, identities, by=asked.principal.id)
        response = answer(await self._view(person), 201)
        response.headers["Location"] = f"/api/v1/customers/{person.id}"
        return response

    @plainly
    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        person = await self._book.people.person(_customer(asked))
        before: dict[str, Any] = {}
        if asked.principal.may(Scope.CALLS_READ):
            before["calls"] = await self._calls.last(person)
            if self._conversations is not None:
                before["conversations"] = await self._conversations.last(person)
        return answer(await self._view(person) | before)

    @plainly
    async def _change(self, asked: Asked[Nothing, CustomerPatch]) -> web.Response:
        fields = CustomerFields(**msgspec.structs.asdict(asked.body))
        return answer(await self._view(await self._book.change(_customer(asked), fields, by=asked.principal.id)))

    @plainly
    async def _erase(self, asked: Asked[Nothing, None]) -> web.Response:
        await self._book.erase(_customer(asked), by=asked.principal.id)
        return web.Response(status=204)

    @plainly
    async def _identify(self, asked: Asked[Nothing, IdentityBody]) -> web.Response:
        person, _ = await self._book.identify(_customer(asked), _new_identity(asked.body), by=asked.principal.id)
        return answer(await self._view(person))

    @plainly
    async def _revoke(self, asked: Asked[Nothing, None]) -> web.Response:
        claim = ClaimId(asked.path("claim_id"))
        return answer(await self._view(await self._book.revoke(_customer(asked), claim, by=asked.principal.id)))

    @plainly
    async def _merge(self, asked: Asked[Nothing, MergeBody]) -> web.Response:
        other = CustomerId(asked.body.customer_id)
        return answer(await self._view(await self._book.merge(_customer(asked), other, by=asked.principal.id)))

    @plainly
    async def _part(self, asked: Asked[Nothing, None]) -> web.Response:
        persons = await self._book.part(_customer(asked), ClaimId(asked.path("claim_id")), by=asked.principal.id)
        return answer({"customers": [person_view(person) for person in persons]})

    async def _shared(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"identities": list(map(shared_view, await self._book.store.shared(self._book.tenant)))})

    @plainly
    async def _declare(self, asked: Asked[Nothing, SharedBody]) -> web.Response:
        identity = self._book.identity(IdentityKind(asked.body.kind), asked.body.value)
        return answer(shared_view(await self._book.declare_shared(identity, by=asked.principal.id)))

    @plainly
    async def _forget(self, asked: Asked[Nothing, None]) -> web.Response:
        kind = asked.path("kind")
        if kind not in CHANNEL_KINDS:
            raise not_found(f"There is no kind of identity {kind!r}.")
        await self._book.forget_shared(self._book.identity(IdentityKind(kind), asked.path("value")))
        return web.Response(status=204)

    async def _view(self, person: Person) -> dict[str, Any]:
        notes = await self._book.store.notes(self._book.tenant, person.customers, after=None, limit=SHOWN_NOTES)
        return person_view(person) | {"notes": list(map(note_view, notes))}


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _customer(asked: Asked[Any, Any]) -> CustomerId:
    return CustomerId(asked.path("customer_id"))


def _new_identity(body: IdentityBody) -> NewIdentity:
    return NewIdentity(kind=IdentityKind(body.kind), written=body.value, evidence=body.evidence, label=body.label)
