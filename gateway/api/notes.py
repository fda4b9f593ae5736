"""``/api/v1/customers/{customer_id}/notes``: what people wrote down about a customer; nothing written is lost."""

from typing import Any

from aiohttp import web

from gateway.api.customer_bodies import NewNote, NotesQuery, NoteText
from gateway.api.customer_problems import plainly
from gateway.api.customer_views import NoteList, NoteView, note_view
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.model.claims import CustomerId
from gateway.model.customers import NoteId
from gateway.model.ids import CallId
from gateway.model.principals import Scope
from gateway.session.customers import CustomerBook


class Notes:
    """Shows and takes notes."""

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
        ]

    @plainly
    async def _notes(self, asked: Asked[NotesQuery, None]) -> web.Response:
        person = await self._book.people.person(_customer(asked))
        after = None if asked.query.cursor is None else NoteId(asked.query.cursor)
        limit = asked.query.limit
        found = await self._book.store.notes(self._book.tenant, person.customers, after=after, limit=limit + 1)
        page = found[:limit]
        return answer({"notes": list(map(note_view, page)), "next": page[-1].id if len(found) > limit else None})

    @plainly
    async def _note(self, asked: Asked[Nothing, NewNote]) -> web.Response:
        call_id = None if asked.body.call_id is None else CallId(asked.body.call_id)
        note = await self._book.note(_customer(asked), asked.body.text, call_id, author=asked.principal.name)
        return answer(note_view(note), 201)

    @plainly
    async def _versions(self, asked: Asked[Nothing, None]) -> web.Response:
        versions = await self._book.versions(_customer(asked), NoteId(asked.path("note_id")))
        return answer({"notes": list(map(note_view, versions)), "next": None})

    @plainly
    async def _edit(self, asked: Asked[Nothing, NoteText]) -> web.Response:
        note = NoteId(asked.path("note_id"))
        return answer(note_view(await self._book.edit(_customer(asked), note, asked.body.text, author=asked.principal.name)))


def _customer(asked: Asked[Any, Any]) -> CustomerId:
    return CustomerId(asked.path("customer_id"))
