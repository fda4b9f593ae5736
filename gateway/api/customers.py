"""``/api/v1/customers``: who is behind a number, what is known of him, and what somebody wrote down."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api.customer_bodies import (
    CHANNEL_KINDS,
    CustomerPatch,
    CustomersQuery,
    IdentityBody,
    MergeBody,
    NewCustomer,
    NewNote,
    NotesQuery,
    NoteText,
    SharedBody,
)
from gateway.api.customer_views import (
    CustomerList,
    CustomerView,
    NoteList,
    NoteView,
    Persons,
    SharedList,
    SharedView,
    note_view,
    person_view,
    shared_view,
)
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, bad_parameter, not_found
from gateway.model.claims import ClaimId, CustomerId, Identity, IdentityKind
from gateway.model.customers import NoteId, Person
from gateway.model.errors import CustomerConflictError, IdentityError, StoreTakenError, UnknownCustomerError
from gateway.model.ids import CallId
from gateway.model.principals import Scope
from gateway.session.customers import CustomerBook, CustomerFields, NewIdentity

SHOWN_NOTES: Final = 50
"""Notes shown with a customer, the youngest first; the rest is listed by pages."""

_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


def _plainly(handler: _Handler) -> _Handler:
    """Say what cannot be done as a problem."""

    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownCustomerError as error:
            raise not_found(_sentence(error)) from error
        except IdentityError as error:
            raise ApiError(422, "bad-identity", "An identity cannot be read", _sentence(error)) from error
        except (CustomerConflictError, StoreTakenError) as error:
            raise ApiError(409, "customer-conflict", "It contradicts what is there", _sentence(error)) from error

    return handle


class Customers:
    """Shows and changes customers."""

    def __init__(self, book: CustomerBook) -> None:
        self._book = book

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
                f"{one}/notes",
                self._notes,
                "List a customer's notes, the youngest first",
                read,
                query=NotesQuery,
                answers={200: NoteList},
                problems=(404, 503),
            ),
            operation(
                "POST",
                f"{one}/notes",
                self._note,
                "Write down a note",
                write,
                body=NewNote,
                examples={"after a call": {"text": "Wants the blue one, calls back on Friday"}},
                answers={201: NoteView},
                problems=(404, 503),
            ),
            operation(
                "GET",
                f"{one}/notes/{{note_id}}",
                self._versions,
                "Show all versions of a note, the first one first",
                read,
                answers={200: NoteList},
                problems=(404, 503),
            ),
            operation(
                "PUT",
                f"{one}/notes/{{note_id}}",
                self._edit,
                "Write another version of a note; the former ones stay",
                write,
                body=NoteText,
                answers={200: NoteView},
                problems=(404, 409, 503),
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

    def _asked_for(self, wanted: CustomersQuery) -> Identity | None:
        if wanted.number is not None:
            return self._identity("number", IdentityKind.PHONE, wanted.number)
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

    @_plainly
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

    @_plainly
    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer(await self._view(await self._book.people.person(_customer(asked))))

    @_plainly
    async def _change(self, asked: Asked[Nothing, CustomerPatch]) -> web.Response:
        fields = CustomerFields(**msgspec.structs.asdict(asked.body))
        return answer(await self._view(await self._book.change(_customer(asked), fields, by=asked.principal.id)))

    @_plainly
    async def _erase(self, asked: Asked[Nothing, None]) -> web.Response:
        await self._book.erase(_customer(asked), by=asked.principal.id)
        return web.Response(status=204)

    @_plainly
    async def _identify(self, asked: Asked[Nothing, IdentityBody]) -> web.Response:
        person, _ = await self._book.identify(_customer(asked), _new_identity(asked.body), by=asked.principal.id)
        return answer(await self._view(person))

    @_plainly
    async def _revoke(self, asked: Asked[Nothing, None]) -> web.Response:
        claim = ClaimId(asked.path("claim_id"))
        return answer(await self._view(await self._book.revoke(_customer(asked), claim, by=asked.principal.id)))

    @_plainly
    async def _merge(self, asked: Asked[Nothing, MergeBody]) -> web.Response:
        other = CustomerId(asked.body.customer_id)
        return answer(await self._view(await self._book.merge(_customer(asked), other, by=asked.principal.id)))

    @_plainly
    async def _part(self, asked: Asked[Nothing, None]) -> web.Response:
        persons = await self._book.part(_customer(asked), ClaimId(asked.path("claim_id")), by=asked.principal.id)
        return answer({"customers": [person_view(person) for person in persons]})

    @_plainly
    async def _notes(self, asked: Asked[NotesQuery, None]) -> web.Response:
        person = await self._book.people.person(_customer(asked))
        after = None if asked.query.cursor is None else NoteId(asked.query.cursor)
        limit = asked.query.limit
        found = await self._book.store.notes(self._book.tenant, person.customers, after=after, limit=limit + 1)
        page = found[:limit]
        return answer({"notes": list(map(note_view, page)), "next": page[-1].id if len(found) > limit else None})

    @_plainly
    async def _note(self, asked: Asked[Nothing, NewNote]) -> web.Response:
        call_id = None if asked.body.call_id is None else CallId(asked.body.call_id)
        note = await self._book.note(_customer(asked), asked.body.text, call_id, author=asked.principal.name)
        return answer(note_view(note), 201)

    @_plainly
    async def _versions(self, asked: Asked[Nothing, None]) -> web.Response:
        versions = await self._book.versions(_customer(asked), NoteId(asked.path("note_id")))
        return answer({"notes": list(map(note_view, versions)), "next": None})

    @_plainly
    async def _edit(self, asked: Asked[Nothing, NoteText]) -> web.Response:
        note = NoteId(asked.path("note_id"))
        return answer(note_view(await self._book.edit(_customer(asked), note, asked.body.text, author=asked.principal.name)))

    async def _shared(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"identities": list(map(shared_view, await self._book.store.shared(self._book.tenant)))})

    @_plainly
    async def _declare(self, asked: Asked[Nothing, SharedBody]) -> web.Response:
        identity = self._book.identity(IdentityKind(asked.body.kind), asked.body.value)
        return answer(shared_view(await self._book.declare_shared(identity, by=asked.principal.id)))

    @_plainly
    async def _forget(self, asked: Asked[Nothing, None]) -> web.Response:
        kind = asked.path("kind")
        if kind not in CHANNEL_KINDS:
            raise not_found(f"There is no kind of identity {kind!r}.")
        await self._book.forget_shared(self._book.identity(IdentityKind(kind), asked.path("value")))
        return web.Response(status=204)

    async def _view(self, person: Person) -> dict[str, Any]:
        notes = await self._book.store.notes(self._book.tenant, person.customers, after=None, limit=SHOWN_NOTES)
        return person_view(person) | {"notes": list(map(note_view, notes))}


def _customer(asked: Asked[Any, Any]) -> CustomerId:
    return CustomerId(asked.path("customer_id"))


def _new_identity(body: IdentityBody) -> NewIdentity:
    return NewIdentity(kind=IdentityKind(body.kind), written=body.value, evidence=body.evidence, label=body.label)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
