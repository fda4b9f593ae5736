from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.gateways import Client

from gateway.api.auth import DemoAuthenticator
from gateway.api.guard import guard
from gateway.api.operations import Asked, Header, Operation, answer, operations_of, routes_of
from gateway.api.problems import CONTENT_TYPE, ApiError
from gateway.model.principals import NOBODY, Principal, Role, Scope


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    word: str | None = None
    size: Annotated[int, msgspec.Meta(ge=1, le=9)] = 5
    sure: bool = False
    most: int | None = None
    names: tuple[str, ...] = ()


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    parts: tuple[dict[str, str], ...] = ()


class OneReader(DemoAuthenticator):
    """Knows one program, which may read calls and places none."""

    async def principal(self, request: web.Request) -> Principal:
        if request.headers.get("Authorization") != "Bearer known":
            raise ApiError(401, "unauthenticated", "Who asks?", "no token was sent")
        return Principal(id="1", name="reader", role=Role.AGENT, scopes=frozenset({Scope.CALLS_READ}))

    async def anybody(self, request: web.Request) -> Principal:
        return await self.principal(request) if "Authorization" in request.headers else NOBODY


class Echo:
    def operations(self) -> list[Operation]:
        read = Operation(
            method="GET",
            path="/read/{name}",
            handler=self._read,
            summary="",
            tag="",
            scope=Scope.CALLS_READ,
            query=Wanted,
        )
        write = msgspec.structs.replace(
            read, method="POST", path="/write", handler=self._write, query=Wanted, body=Thing, headers=(KEY,)
        )
        place = msgspec.structs.replace(read, path="/place", scope=Scope.CALLS_PLACE)
        public = msgspec.structs.replace(read, path="/open", handler=self._who, scope=None, open=True)
        return [read, write, place, public]

    async def _read(self, asked: Asked[Wanted, None]) -> web.Response:
        return answer({"name": asked.path("name"), "query": asked.query, "who": asked.principal.name})

    async def _write(self, asked: Asked[Wanted, Thing]) -> web.Response:
        return answer(asked.body, 202)

    async def _who(self, asked: Asked[Wanted, None]) -> web.Response:
        return answer({"nobody": asked.principal is NOBODY})


KEY = Header(name="Idempotency-Key", description="", required=True)
TOKEN = {"Authorization": "Bearer known"}


@asynccontextmanager
async def echo() -> AsyncIterator[Client]:
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(operations_of([Echo()]), OneReader()))
    async with TestClient(TestServer(application)) as client:
        yield client


async def refusal(response: Any) -> tuple[int, str]:
    return response.status, (await response.json(content_type=CONTENT_TYPE))["detail"]


async def test_parameters_are_read_as_what_they_are() -> None:
    async with echo() as client:
        given = await (await client.get("/read/x?word=a&size=7&sure=true&names=a,b,c", headers=TOKEN)).json()
        empty = await (await client.get("/read/x", headers=TOKEN)).json()

    assert given == {
        "name": "x",
        "query": {"word": "a", "size": 7, "sure": True, "most": None, "names": ["a", "b", "c"]},
        "who": "reader",
    }
    assert empty["query"] == {"word": None, "size": 5, "sure": False, "most": None, "names": []}


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/read/x?wrod=a", "wrod: there is no such parameter"),
        ("/read/x?size=1&size=2", "size: it is given twice"),
        ("/read/x?size=0", "size: Expected `int` >= 1"),
        ("/read/x?size=-1", "size: Expected `int` >= 1"),
        ("/read/x?size=many", "size: Expected `int`"),
        ("/read/x?size=1e3", "size: Expected `int`"),
        ("/read/x?size=%D9%A1", "size: Expected `int`"),
        (f"/read/x?size={'9' * 5000}", "size: "),
        ("/read/x?names=", "names: a word in it is empty"),
        ("/read/x?names=a,,b", "names: a word in it is empty"),
        ("/read/x?most=null", "most: 'null' is none of its values"),
        ("/read/x?sure=perhaps", "sure: Expected `bool`"),
        ("/read/x?word=a%00", "word: it has a NUL character"),
        ("/read/x%00", "name: it has a NUL character"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_refused_by_name(path: str, detail: str) -> None:
    async with echo() as client:
        status, said = await refusal(await client.get(path, headers=TOKEN))

    assert status == 400
    assert said.startswith(detail)


async def test_a_body_is_decoded_and_checked() -> None:
    async with echo() as client:
        headers = TOKEN | {KEY.name: "1"}
        response = await client.post("/write", json={"name": "a", "parts": [{"b": r"\u0000"}]}, headers=headers)
        told = await response.json()

    assert (response.status, told) == (202, {"name": "a", "parts": [{"b": r"\u0000"}]})


@pytest.mark.parametrize(
    ("body", "content_type", "status", "detail"),
    [
        (b"name=a", "application/x-www-form-urlencoded", 415, "The body must be JSON"),
        (b"", "application/json", 422, "Input data was truncated"),
        (b'{"name": 1}', "application/json", 422, "Expected `str`, got `int` - at `$.name`"),
        (b'{"name": "a", "nmae": "b"}', "application/json", 422, "Object contains unknown field `nmae`"),
        (b'{"name": "\\ud800"}', "application/json", 422, ""),
        (b'{"name": "\xff"}', "application/json", 422, ""),
        (b'{"name": "a\\u0000"}', "application/json", 422, "a text has a NUL character"),
        (b'{"name": "a", "parts": [{"b\\u0000": "c"}]}', "application/json", 422, "a text has a NUL character"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused(body: bytes, content_type: str, status: int, detail: str) -> None:
    async with echo() as client:
        headers = TOKEN | {KEY.name: "1", "Content-Type": content_type}
        told = await refusal(await client.post("/write", data=body, headers=headers))

    assert told[0] == status
    assert told[1].startswith(detail)


async def test_a_header_that_must_be_there_is_asked_for() -> None:
    async with echo() as client:
        told = await refusal(await client.post("/write", json={"name": "a"}, headers=TOKEN))

    assert told == (400, "Idempotency-Key: it is missing")


async def test_who_may_not_is_refused_and_told_what_it_takes() -> None:
    async with echo() as client:
        stranger = await refusal(await client.get("/read/x"))
        reader = await client.get("/place", headers=TOKEN)
        problem = await reader.json(content_type=CONTENT_TYPE)

    assert stranger == (401, "no token was sent")
    assert (reader.status, problem["type"], problem["scope"]) == (403, "urn:tieline:problem:scope-missing", "calls:place")


async def test_what_is_open_is_answered_to_strangers_too() -> None:
    async with echo() as client:
        stranger = await (await client.get("/open")).json()
        reader = await (await client.get("/open", headers=TOKEN)).json()

    assert (stranger, reader) == ({"nobody": True}, {"nobody": False})
