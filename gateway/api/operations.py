"""What the API can do, declared: the route, who may, what comes in and goes out. The OpenAPI document is made of it.

A handler gets its query and body decoded and checked, and who asks; what cannot be used was refused before it runs.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from aiohttp import web

from gateway.api.problems import ApiError, bad_body, bad_parameter, forbidden
from gateway.model.principals import Principal, Scope

_Query = TypeVar("_Query")
_Body = TypeVar("_Body")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Asked(Generic[_Query, _Body]):
    """One request, checked."""

    __slots__ = ("body", "principal", "query", "request")

    def __init__(self, request: web.Request, principal: Principal, query: _Query, body: _Body) -> None:
        self.request = request
        self.principal = principal
        self.query = query
        self.body = body

    def path(self, name: str) -> str:
        """Return a part of the path, such as ``call_id``."""
        return self.request.match_info[name]


Handler = Callable[[Asked[Any, Any]], Awaitable[web.StreamResponse]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the API does."""

    method: str
    path: str
    """With ``{name}`` for what varies."""
    handler: Handler
    summary: str
    """One line for the reader of the API's description; the handler's docstring may say more."""
    tag: str
    """Under which it is listed: ``calls``."""
    scope: Scope | None
    """What the one who asks must be allowed; None is for everybody."""
    query: type[msgspec.Struct] = Nothing
    """A field a parameter; a tuple is written with commas between its items."""
    body: type | None = None
    """None where there is no body."""
    answers: Mapping[int, Any] = {}
    """The type of the answer by status; None for one without a body."""
    problems: tuple[int, ...] = ()
    """Statuses of problems beside those that every operation may have."""


class Authenticator(Protocol):
    """Finds out who asks."""

    async def principal(self, request: web.Request) -> Principal:
        """Return who made the request.

        Raises:
            ApiError: 401: nobody that we know.
        """


def routes_of(operations: list[Operation], authenticator: Authenticator) -> list[web.AbstractRouteDef]:
    """Return the routes that do these."""
    return [web.route(each.method, each.path, _checked(each, authenticator)) for each in operations]


def _checked(operation: Operation, authenticator: Authenticator) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    decoder: msgspec.json.Decoder[Any] | None = None if operation.body is None else msgspec.json.Decoder(operation.body)

    async def handle(request: web.Request) -> web.StreamResponse:
        principal = await authenticator.principal(request)
        if operation.scope is not None and not principal.may(operation.scope):
            raise forbidden(operation.scope, principal.name)
        query = _query(request, operation.query)
        body = None if decoder is None else await _body(request, decoder)
        return await operation.handler(Asked(request, principal, query, body))

    return handle


def _query(request: web.Request, wanted: type[msgspec.Struct]) -> msgspec.Struct:
    lists = {field.encode_name for field in msgspec.structs.fields(wanted) if "tuple[" in str(field.type)}
    known = {field.encode_name for field in msgspec.structs.fields(wanted)}
    given: dict[str, Any] = {}
    for name, text in request.query.items():
        if name not in known:
            raise bad_parameter(name, "there is no such parameter")
        if name in given:
            raise bad_parameter(name, "it is given twice")
        given[name] = [word for word in text.split(",") if word] if name in lists else text
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise bad_parameter(where.rstrip("`") or "query", what) from error


async def _body(request: web.Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    if request.content_type != "application/json":
        raise ApiError(415, "not-json", "Not JSON", "The body must be JSON: send `Content-Type: application/json`.")
    try:
        return decoder.decode(await request.read())
    except msgspec.MsgspecError as error:
        raise bad_body(str(error)) from error


def answer(data: Any, status: int = 200) -> web.Response:
    """Return data as JSON."""
    return web.Response(body=msgspec.json.encode(data), content_type="application/json", status=status)
