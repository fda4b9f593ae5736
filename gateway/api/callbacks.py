"""``/api/v1/callbacks``: the calls to return, each with one owner."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.command_answers import PLACING, CommandTold, commanded
from gateway.api.command_answers import PROBLEMS as COMMAND_PROBLEMS
from gateway.api.cursors import cursor_of, place_of
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, not_found
from gateway.api.records import Seconds, Time
from gateway.api.surroundings import client_of
from gateway.model.callbacks import CallbackId, CallbackState
from gateway.model.commands import PlaceCall
from gateway.model.errors import CallbackTakenError, NobodyThereError, UnknownCallbackError
from gateway.model.principals import Role, Scope
from gateway.ports.callbacks import CallbackPlace
from gateway.session.callbacks import CallbackBook, shown
from gateway.session.dispatcher import Dispatcher

MAX_NOTE: Final = 10_000
"""Characters, as of a customer's note."""
RING_S: Final = 30.0
"""Seconds for which the owner's telephone rings."""

_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


class OwnerView(msgspec.Struct, frozen=True, kw_only=True):
    """Who has taken it on."""

    id: str
    name: str
    extension: str | None
    at: Time
    by: Annotated[str | None, Meta(description="Who gave it to him; null where he took it himself.")]


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """One caller who talked with nobody, or whom somebody promised a call."""

    callback_id: str
    pbx: str
    number: Annotated[str, Meta(description="E.164, else as the PBX sent it.")]
    caller_name: str | None
    queue: Annotated[str | None, Meta(description="Where he waited; null where he called an extension.")]
    extension: str | None
    count: Annotated[int, Meta(ge=0, description="How often he called in vain since.")]
    calls: Annotated[tuple[str, ...], Meta(description="Those calls, the first one first.")]
    first_at: Time
    last_at: Time
    waited_s: Annotated[Seconds | None, Meta(description="In the last of them.")]
    outcome: Annotated[str, Meta(description="Of the last one: `abandoned`, `no_answer`; `promised` where an agent said so.")]
    stage: Annotated[str | None, Meta(description="Where he was then: `queue` or `ringing`.")]
    state: CallbackState
    owner: OwnerView | None
    note: str | None
    closed_at: Time | None
    closed_by: Annotated[str | None, Meta(description="Who closed it, or talked with him.")]
    version: int


class CallbackList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, the one that called last first."""

    callbacks: list[CallbackView]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]


class CallbacksQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entries."""

    state: Annotated[tuple[CallbackState, ...], Meta(description="Those in one of these states.")] = (
        CallbackState.OPEN,
        CallbackState.CLAIMED,
    )
    queue: Annotated[str | None, Meta(description="Who waited in this queue.")] = None
    mine: Annotated[bool, Meta(description="Only those that the one who asks has taken on.")] = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before, with the same filters.")] = None


class CallbackDone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it."""

    note: Annotated[str, Meta(max_length=MAX_NOTE)] | None = None


class CallbackAssigned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who shall call."""

    extension: Annotated[str, Meta(min_length=1, max_length=32, description="His telephone, at the PBX of the entry.")]


def _plainly(handler: _Handler) -> _Handler:
    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownCallbackError as error:
            raise not_found(f"{str(error).capitalize()}.") from error
        except CallbackTakenError as error:
            raise ApiError(409, "callback-taken", "Somebody else has it", _sentence(error)) from error
        except NobodyThereError as error:
            detail = f"{_sentence(error)} Give a user that extension first."
            raise ApiError(409, "nobody-there", "Nobody sits there", detail) from error

    return handle


class Callbacks:
    """Shows the list, and lets people work it off."""

    def __init__(self, book: CallbackBook, dispatcher: Dispatcher) -> None:
        self._book = book
        self._dispatcher = dispatcher

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one = "/api/v1/callbacks/{callback_id}"

        def changing(what: str, handler: Any, summary: str, body: type | None = None, more: tuple[int, ...] = ()) -> Operation:
            return Operation(
                method="POST",
                path=f"{one}/{what}",
                handler=handler,
                summary=summary,
                tag="callbacks",
                scope=Scope.CALLS_CONTROL,
                body=body,
                answers={200: CallbackView},
                problems=(*more, 404, 409, 503),
            )

        return [
            Operation(
                method="GET",
                path="/api/v1/callbacks",
                handler=self._list,
                summary="List callers who are to be called, the one that called last first",
                tag="callbacks",
                scope=Scope.CALLS_READ,
                query=CallbacksQuery,
                answers={200: CallbackList},
                problems=(503,),
            ),
            changing("claim", self._claim, "Take it on, where nobody else has"),
            changing("assign", self._assign, "Give it to somebody, whoever had it before", body=CallbackAssigned, more=(403,)),
            changing("release", self._release, "Give it back to all"),
            changing("done", self._done, "Say that it is done", body=CallbackDone),
            Operation(
                method="POST",
                path=f"{one}/call",
                handler=self._call,
                summary="Take it on, and call the number from the telephone of the one who asks",
                tag="callbacks",
                scope=Scope.CALLS_PLACE,
                headers=PLACING,
                answers={202: CommandTold},
                problems=tuple(sorted({*COMMAND_PROBLEMS, 404, 409, 503})),
            ),
        ]

    async def _list(self, asked: Asked[CallbacksQuery, None]) -> web.Response:
        query = asked.query
        found = await self._book.page(
            asked.principal,
            states=frozenset(query.state),
            queue=query.queue,
            mine=query.mine,
            after=place_of(query.cursor, CallbackPlace),
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        last = CallbackPlace(page[-1].last_at, page[-1].id) if len(found) > query.limit else None
        return answer({"callbacks": list(map(shown, page)), "next": cursor_of(last)})

    @_plainly
    async def _claim(self, asked: Asked[Nothing, None]) -> web.Response:
        """Of two who ask at the same time one gets it, the other a problem that names him."""
        return answer(shown(await self._book.claim(_id(asked), asked.principal)))

    @_plainly
    async def _assign(self, asked: Asked[Nothing, CallbackAssigned]) -> web.Response:
        """For supervisors; the audit of who came in and who gave work has it too."""
        principal = asked.principal
        if principal.role is Role.AGENT:
            detail = f"{principal.name} is an agent, who takes on and gives back his own: a supervisor gives it to somebody else."
            raise ApiError(403, "supervisor-needed", "Not allowed", detail)
        address = client_of(asked.request)
        return answer(shown(await self._book.assign(_id(asked), principal, asked.body.extension, address=address)))

    @_plainly
    async def _release(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer(shown(await self._book.release(_id(asked), asked.principal)))

    @_plainly
    async def _done(self, asked: Asked[Nothing, CallbackDone]) -> web.Response:
        return answer(shown(await self._book.done(_id(asked), asked.principal, asked.body.note)))

    @_plainly
    async def _call(self, asked: Asked[Nothing, None]) -> web.Response:
        """The entry closes by itself once the caller is reached."""
        entry = await self._book.claim(_id(asked), asked.principal)
        fields = {"extension": None, "number": entry.number, "caller_number": None, "ring_s": RING_S}
        told = await commanded(self._dispatcher, asked, PlaceCall, fields, pbx=entry.pbx, needs_key=True)
        return answer(told, 202)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _id(asked: Asked[Any, Any]) -> CallbackId:
    return CallbackId(asked.path("callback_id"))
