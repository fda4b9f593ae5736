"""``/api/v1/crms``: how each CRM stands, what it was not told, whom it knows, and what is made in it for an agent."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, not_found
from gateway.api.records import Time
from gateway.model.crm import ContactKind, CrmContact, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.limits import Rate
from gateway.model.principals import Scope
from gateway.model.times import rfc3339
from gateway.ports.crm import CrmError, CrmRefusedError
from gateway.ports.crm_log import CrmCall
from gateway.ports.crms import CrmAbilityError, Crms, CrmStanding, UnknownCrmError

MAX_LISTED: Final = 1_000
_PHONE: Final = r"^\+[1-9][0-9]{4,14}$"

_Number = Annotated[str, Meta(pattern=_PHONE, description="E.164, such as `+8613800138000`.")]
_Line = Annotated[str, Meta(min_length=1, max_length=200)]
_Text = Annotated[str, Meta(max_length=10_000)]


class CrmView(msgspec.Struct, frozen=True, kw_only=True):
    """How one CRM stands."""

    name: Annotated[str, Meta(description="As configured.")]
    adapter: str
    abilities: list[str]
    quota: Annotated[Rate | None, Meta(description="Requests that we send at most.")]
    waiting: Annotated[int, Meta(description="Calls that there is something to tell of.")]
    dead: Annotated[int, Meta(description="Calls that it is not told of any more: look at them.")]
    told: Annotated[int, Meta(description="Activities that it took since the gateway started.")]
    failed: int
    away_since: Annotated[Time | None, Meta(description="Since when it does not do what it is asked.")]
    why: Annotated[str | None, Meta(description="What went wrong last, while it goes wrong.")]
    lookups: Annotated[int, Meta(description="How often it was asked who has a number.")]
    lookups_at_hand: Annotated[int, Meta(description="How often that was known still.")]


class CrmList(msgspec.Struct, frozen=True, kw_only=True):
    """All CRMs."""

    crms: list[CrmView]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of signing in."""

    ok: bool
    detail: Annotated[str, Meta(description="What it is; or what went wrong, and what to change where.")]


class DeadCallView(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a CRM is not told of any more."""

    position: int
    call_id: str
    attempts: int
    why: str | None
    at: Time


class DeadCallList(msgspec.Struct, frozen=True, kw_only=True):
    """Dead calls, the oldest first."""

    dead: list[DeadCallView]
    next: Annotated[int | None, Meta(description="The `after` of the next page; null on the last one.")]


class DeadCallQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead calls."""

    after: Annotated[int, Meta(ge=0, description="The `next` of the page before.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 100


class TellAgainBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead calls; without any all."""

    calls: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=MAX_LISTED)] | None = None


class ToldAgain(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls are told again."""

    count: int


class CrmContactView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a CRM."""

    id: str
    kind: ContactKind
    name: str | None
    company: str | None
    email: str | None
    owner: Annotated[str | None, Meta(description="The CRM's id of who looks after him.")]
    url: Annotated[str | None, Meta(description="His page in the CRM, for a browser.")]


class CrmContactList(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody whom a CRM knows with a number."""

    contacts: list[CrmContactView]


class ContactQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With which number."""

    number: _Number


class NewContactBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to add."""

    kind: Literal["contact", "lead"] = "contact"
    name: _Line
    number: _Number | None = None
    email: _Line | None = None
    company: _Line | None = None
    text: _Text | None = None
    call_id: Annotated[str, Meta(max_length=64, description="The call becomes his.")] | None = None


class NewTicketBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ticket to make; of a call and of a CRM that can tell there is one only."""

    title: _Line
    text: _Text = ""
    call_id: Annotated[str, Meta(max_length=64)] | None = None


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that was made."""

    id: str
    url: str | None


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """What one CRM knows of a call's customer."""

    crm: str
    number: str
    contact: Annotated[CrmContactView | None, Meta(description="Whose call it is; null where that is not clear.")]
    matches: list[CrmContactView]
    problem: Annotated[str | None, Meta(description="Why it is not known.")]


class MatchList(msgspec.Struct, frozen=True, kw_only=True):
    """What all CRMs know, as far as they have answered."""

    crms: list[MatchView]


class ChoiceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose call it is."""

    contact: Annotated[str, Meta(min_length=1, max_length=200, description="The CRM's id of one of the matches.")]


_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


def _plainly(handler: _Handler) -> _Handler:
    """Say what cannot be done as a problem."""

    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownCrmError as error:
            raise not_found(f"{error}.") from error
        except CrmAbilityError as error:
            raise ApiError(409, "crm-cannot", "The CRM's adapter cannot do that", f"{error}.") from error
        except CrmRefusedError as error:
            raise ApiError(422, "crm-refused", "The CRM will not take it", f"{error}.") from error
        except CrmError as error:
            raise ApiError(502, "crm-unavailable", "The CRM does not do it now", f"{error}.") from error
        except TimeoutError as error:
            raise ApiError(502, "crm-unavailable", "The CRM does not do it now", "It said nothing in time.") from error

    return handle


class CrmsApi:
    """Shows and uses CRMs."""

    def __init__(self, crms: Crms) -> None:
        self._crms = crms

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one, call = "/api/v1/crms/{crm}", "/api/v1/calls/{call_id}/crms"

        def operation(
            method: str, path: str, handler: Any, summary: str, scope: Scope, answers: Any, *problems: int, **more: Any
        ) -> Operation:
            return Operation(
                method=method,
                path=path,
                handler=handler,
                summary=summary,
                scope=scope,
                tag="crms",
                answers=answers,
                problems=(*problems, 503),
                **more,
            )

        manage, read, write = Scope.CRMS_MANAGE, Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE
        asked = (404, 409, 422, 502)
        return [
            operation("GET", "/api/v1/crms", self._list, "List the CRMs, and how each stands", manage, {200: CrmList}),
            operation("POST", f"{one}/check", self._check, "Sign in there now", manage, {200: Checked}, 404),
            operation(
                "GET",
                f"{one}/dead",
                self._dead,
                "List calls that it is not told of any more",
                manage,
                {200: DeadCallList},
                404,
                query=DeadCallQuery,
            ),
            operation(
                "POST",
                f"{one}/replay",
                self._replay,
                "Tell it of dead calls again: some, or all",
                manage,
                {202: ToldAgain},
                404,
                body=TellAgainBody,
            ),
            operation(
                "GET",
                f"{one}/contacts",
                self._find,
                "Find out whom it knows with a number",
                read,
                {200: CrmContactList},
                *asked,
                query=ContactQuery,
            ),
            operation(
                "POST",
                f"{one}/contacts",
                self._make_contact,
                "Add a contact or a lead there",
                write,
                {201: CrmContactView},
                *asked,
                body=NewContactBody,
            ),
            operation(
                "POST",
                f"{one}/tickets",
                self._make_ticket,
                "Make a ticket there",
                write,
                {201: TicketView},
                *asked,
                body=NewTicketBody,
            ),
            operation("GET", call, self._matched, "Show what the CRMs know of a live call's customer", read, {200: MatchList}),
            operation(
                "PUT",
                f"{call}/{{crm}}",
                self._choose,
                "Say whose call it is, of those whom the CRM knows with its number",
                write,
                {200: CrmContactView},
                *asked,
                body=ChoiceBody,
            ),
        ]

    @_plainly
    async def _list(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"crms": [_view(standing) for standing in await self._crms.all()]})

    @_plainly
    async def _check(self, asked: Asked[Nothing, None]) -> web.Response:
        try:
            detail = await self._crms.check(asked.path("crm"))
        except CrmError as error:
            return answer({"ok": False, "detail": str(error)})
        return answer({"ok": True, "detail": detail})

    @_plainly
    async def _dead(self, asked: Asked[DeadCallQuery, None]) -> web.Response:
        limit = asked.query.limit
        found = await self._crms.dead(asked.path("crm"), after=asked.query.after, limit=limit + 1)
        page = found[:limit]
        return answer({"dead": list(map(_dead, page)), "next": page[-1].position if len(found) > limit else None})

    @_plainly
    async def _replay(self, asked: Asked[Nothing, TellAgainBody]) -> web.Response:
        calls = None if asked.body.calls is None else list(map(CallId, asked.body.calls))
        return answer({"count": await self._crms.replay(asked.path("crm"), calls)}, 202)

    @_plainly
    async def _find(self, asked: Asked[ContactQuery, None]) -> web.Response:
        found = await self._crms.find(asked.path("crm"), asked.query.number)
        return answer({"contacts": list(map(_contact, found))})

    @_plainly
    async def _make_contact(self, asked: Asked[Nothing, NewContactBody]) -> web.Response:
        body = asked.body
        kind: Any = ContactKind(body.kind)
        new = NewContact(kind=kind, name=body.name, number=body.number, email=body.email, company=body.company, text=body.text)
        call_id = None if body.call_id is None else CallId(body.call_id)
        return answer(_contact(await self._crms.make_contact(asked.path("crm"), new, call_id, asked.principal)), 201)

    @_plainly
    async def _make_ticket(self, asked: Asked[Nothing, NewTicketBody]) -> web.Response:
        body = asked.body
        call_id = None if body.call_id is None else CallId(body.call_id)
        new = NewTicket(title=body.title, text=body.text, call_id=call_id)
        made = await self._crms.make_ticket(asked.path("crm"), new, asked.principal)
        return answer({"id": made.id, "url": made.url}, 201)

    @_plainly
    async def _matched(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer({"crms": await self._crms.matched(CallId(asked.path("call_id")))})

    @_plainly
    async def _choose(self, asked: Asked[Nothing, ChoiceBody]) -> web.Response:
        call_id = CallId(asked.path("call_id"))
        return answer(_contact(await self._crms.choose(asked.path("crm"), call_id, asked.body.contact)))


def _view(standing: CrmStanding) -> dict[str, Any]:
    away = standing.away_since
    told: dict[str, Any] = msgspec.to_builtins(standing)
    return told | {"abilities": sorted(standing.abilities), "away_since": None if away is None else rfc3339(away)}


def _dead(call: CrmCall) -> dict[str, Any]:
    return {
        "position": call.position,
        "call_id": call.call_id,
        "attempts": call.attempts,
        "why": call.why,
        "at": rfc3339(call.changed_at),
    }


def _contact(contact: CrmContact) -> dict[str, Any]:
    return {field: getattr(contact, field) for field in CrmContactView.__struct_fields__}
