"""``/api/v1/dispositions``: the list by which calls are filed."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, bad_body
from gateway.model.dispositions import MAX_DISPOSITIONS, STANDARD, Disposition, fault_of, offered
from gateway.model.principals import Scope
from gateway.session.desk import DeskBook


class DispositionsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of them."""

    queue: Annotated[str | None, Meta(description="Only those that are offered for calls of this queue.")] = None


class DispositionList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All ways to file a call, in the order in which they are offered."""

    dispositions: Annotated[tuple[Disposition, ...], Meta(max_length=MAX_DISPOSITIONS)]


class Dispositions:
    """Shows and changes the list."""

    def __init__(self, desk: DeskBook) -> None:
        self._desk = desk

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/dispositions",
                handler=self._list,
                summary="List the ways to file a call",
                tag="desk",
                scope=Scope.CALLS_READ,
                query=DispositionsQuery,
                answers={200: DispositionList},
                problems=(503,),
            ),
            Operation(
                method="PUT",
                path="/api/v1/dispositions",
                handler=self._put,
                summary="Make another list of them; one that calls were filed by is retired, not left out",
                tag="desk",
                scope=Scope.DESK_MANAGE,
                body=DispositionList,
                examples={"one only": {"dispositions": [msgspec.to_builtins(STANDARD[0])]}},
                answers={200: DispositionList},
                problems=(503,),
            ),
        ]

    async def _list(self, asked: Asked[DispositionsQuery, None]) -> web.Response:
        """Retired ones are in the whole list, and in none that is asked for by queue."""
        listed = await self._desk.dispositions()
        return answer({"dispositions": listed if asked.query.queue is None else offered(listed, asked.query.queue)})

    async def _put(self, asked: Asked[Nothing, DispositionList]) -> web.Response:
        wanted = asked.body.dispositions
        fault = fault_of(wanted)
        if fault is not None:
            raise bad_body(fault)
        await self._desk.put_dispositions(wanted, by=asked.principal.name)
        return answer({"dispositions": wanted})


async def filed_as(desk: DeskBook, disposition: str | None, note: str | None, *, done: bool = True) -> Disposition | None:
    """Return the disposition of this id, by which a call or a conversation is filed; None of none.

    Args:
        done: Whether the note is all that will be said: then one that needs a note has it.

    Raises:
        ApiError: 422: there is no such disposition, or it needs a note.
    """
    if disposition is None:
        return None
    listed = await desk.dispositions()
    chosen = next((each for each in listed if each.id == disposition), None)
    if chosen is None:
        there = ", ".join(each.id for each in listed if not each.retired)
        detail = f"No disposition has the id {disposition!r}; there is: {there}."
        raise ApiError(422, "no-such-disposition", "No such disposition", detail)
    if done and chosen.note_required and not (note or "").strip():
        raise ApiError(422, "note-missing", "A note is needed", f"What is filed as {chosen.label.en!r} is done only with a note.")
    return chosen
