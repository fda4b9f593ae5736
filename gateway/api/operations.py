"""What the API can do, declared: the route, who may, what comes in and goes out. The OpenAPI document is made of it.

A handler gets its query and body decoded and checked, and who asks; what cannot be used was refused before it runs.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from aiohttp import web

from gateway.api.problems import ApiError, bad_body, bad_header, bad_parameter, forbidden
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


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A header that means something to one operation; the handler reads it from the request."""

    name: str
    description: str
    required: bool = False


class Media(msgspec.Struct, frozen=True):
    """An answer that is not JSON."""

    types: tuple[str, ...]
    """``text/csv``."""


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
    """What the one who asks must be allowed; None is for everybody who says who he is."""
    open: bool = False
    """Whether it is answered to those as well who do not say who they are: they are
    :data:`~gateway.model.principals.NOBODY` then."""
    query: type[msgspec.Struct] = Nothing
    """A field a parameter; a tuple is written with commas between its items."""
    headers: tuple[Header, ...] = ()
    body: type | None = None
    """None where there is no body."""
    examples: Mapping[str, Any] = {}
    """Bodies that somebody may send, by what they show: ``call back a customer``."""
    answers: Mapping[int, Any] = {}
    """The type of the answer by status, or :class:`Media`; None for one without a body."""
    example: Any = None
    """An answer, as it is sent."""
    problems: tuple[int, ...] = ()
    """Statuses of problems beside those that every operation may have: 404 where something may not be there."""


class Group(Protocol):
    """Operations about one subject, as ``gateway/api/calls.py`` has them."""

    def operations(self) -> list[Operation]:
        """Return what it does."""


class Authenticator(Protocol):
    """Finds out who asks."""

    async def principal(self, request: web.Request) -> Principal:
        """Return who made the request.

        Raises:
            ApiError: 401: nobody that we know, or 429: too often.
        """

    async def anybody(self, request: web.Request) -> Principal:
        """Return who made the request, and :data:`~gateway.model.principals.NOBODY` when it does not say.

        Raises:
            ApiError: 401: it says so falsely.
        """

    async def shown(self, request: web.Request, token: str | None) -> Principal:
        """Return who opened a connection, whose first message showed this token or left that to the request.

        Raises:
            ApiError: 401: nobody that we know, or 429: too often.
        """

    async def still(self, principal: Principal) -> None:
        """Look again whether somebody whose connection has lasted may go on.

        Raises:
            ApiError: 401: not any more.
        """


def operations_of(groups: Iterable[Group]) -> list[Operation]:
    """Return all that these groups do."""
    return [operation for group in groups for operation in group.operations()]


def routes_of(operations: Sequence[Operation], authenticator: Authenticator) -> list[web.AbstractRouteDef]:
    """Return the routes that do these."""
    return [web.route(each.method, each.path, _checked(each, authenticator)) for each in operations]


def _checked(operation: Operation, authenticator: Authenticator) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    decoder: msgspec.json.Decoder[Any] | None = None if operation.body is None else msgspec.json.Decoder(operation.body)
    left_out = operation.body is not None and may_be_left_out(operation.body)

    async def handle(request: web.Request) -> web.StreamResponse:
        principal = await (authenticator.anybody(request) if operation.open else authenticator.principal(request))
        if operation.scope is not None and not principal.may(operation.scope):
            raise forbidden(operation.scope, principal.name)
        for header in operation.headers:
            if header.required and not request.headers.get(header.name):
                raise bad_header(header.name, "it is missing")
        for name, text in request.match_info.items():
            # No database has a name with it, and PostgreSQL takes no such text.
            if "\0" in text:
                raise bad_parameter(name, "it has a NUL character")
        query = _query(request, operation.query)
        body = None if decoder is None else await _body(request, decoder, left_out)
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
        if "\0" in text:
            raise bad_parameter(name, "it has a NUL character")
        given[name] = _words(name, text) if name in lists else text
    try:
        query = msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise bad_parameter(where.rstrip("`") or "query", what) from error
    for field in msgspec.structs.fields(wanted):
        # The word `null` is none of the values; who wants no filter leaves it out.
        if field.encode_name in given and getattr(query, field.name) is None:
            raise bad_parameter(field.encode_name, f"{given[field.encode_name]!r} is none of its values")
    return query


def may_be_left_out(body: type) -> bool:
    """Tell whether a request without a body means the same as one whose body is empty braces."""
    try:
        msgspec.convert({}, body)
    except msgspec.ValidationError:
        return False
    return True


def _words(name: str, text: str) -> list[str]:
    words = text.split(",")
    if "" in words:
        raise bad_parameter(name, "a word in it is empty")
    return words


async def _body(request: web.Request, decoder: msgspec.json.Decoder[Any], left_out: bool) -> Any:
    if left_out and not await request.read():
        return decoder.decode(b"{}")
    if request.content_type != "application/json":
        raise ApiError(415, "not-json", "Not JSON", "The body must be JSON: send `Content-Type: application/json`.")
    data = await request.read()
    try:
        body = decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad_body(str(error)) from error
    if b"\\u0000" in data and _has_nul(msgspec.json.decode(data)):
        raise bad_body("a text has a NUL character")
    return body


def _has_nul(data: Any) -> bool:
    match data:
        case str():
            return "\0" in data
        case list():
            return any(map(_has_nul, data))
        case dict():
            return any(map(_has_nul, (*data, *data.values())))
        case _:
            return False


def answer(data: Any, status: int = 200) -> web.Response:
    """Return data as JSON."""
    return web.Response(body=msgspec.json.encode(data), content_type="application/json", status=status)
