"""A server in the gateway's place, which remembers what it was asked and holds it against the gateway's own description."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import msgspec
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway.app import Gateway
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings

ACCEPTED = {
    "command_id": "01COMMAND",
    "command": "Hold",
    "state": "accepted",
    "pbx": "demo",
    "call_id": "01CALL",
    "began": None,
    "asked_at": "2026-11-22T18:01:24.936Z",
    "settled_at": "2026-11-22T18:01:24.950Z",
    "reason": None,
}


class Recorder:
    """What was asked, and what is answered."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = description
        self.address = ""
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Any = ACCEPTED
        self.status = 202
        self.raw: bytes | None = None
        """Answer this instead, as something else than a gateway would."""

    async def take(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read()) if request.can_read_body else None
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        path = f"{request.path}?{query}" if query else request.path
        self.asked.append((request.method, path, body))
        self.headers.append(dict(request.headers))
        self._hold_against_description(request, body)
        data = msgspec.json.encode(self.answer) if self.raw is None else self.raw
        return web.Response(body=data, status=self.status, content_type="application/json")

    def _hold_against_description(self, request: web.Request, body: Any) -> None:
        for path, methods in self._description["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path) and request.method.lower() in methods:
                operation = methods[request.method.lower()]
                break
        else:
            raise AssertionError(f"there is no {request.method} {request.path}")
        known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        assert set(request.query) <= known, f"{set(request.query) - known} are no parameters of {path}"
        wanted = operation.get("requestBody")
        assert (wanted is None) == (body is None), f"{path}: {body}"
        if wanted is not None:
            schema = wanted["content"]["application/json"]["schema"]
            jsonschema.validate(body, {**schema, "components": self._description["components"]})


@asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    """Serve on a free port."""
    made = Recorder(await described())
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", made.take)
    async with TestServer(application) as server:
        made.address = f"http://127.0.0.1:{server.port}"
        yield made


_described: dict[str, Any] = {}


async def described() -> dict[str, Any]:
    """Return the OpenAPI document of a whole gateway, which is asked once."""
    if not _described:
        demo = msgspec.structs.replace(embedded_default(), api=ApiSettings(port=0))
        async with (
            Gateway(demo).running() as address,
            ClientSession() as session,
            session.get(f"{address}openapi.json") as response,
        ):
            _described.update(await response.json())
    return _described
