"""What tests of CRM adapters share: surroundings without a gateway, and a CRM that answers from a table or from captures."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from gateway.model.crm import CallActivity, CallStage
from gateway.model.ids import CallId, PbxName
from gateway.model.numbers import query_of
from gateway.ports.crm import CrmSurroundings

NOW = 1_795_346_762.0
"""2026-11-22 11:26:02 UTC."""
NUMBER = "+8613800138000"
"""The customer's."""
QUERY = query_of(NUMBER, "CN")
CALL = CallId("01KAW5EGX0ABCDEFGHJKMNPQRS")


class FreePace:
    """No quota; keeps what it was asked."""

    def __init__(self) -> None:
        self.turns = 0
        self.pauses: list[float] = []

    async def turn(self) -> None:
        self.turns += 1

    def put_off(self, seconds: float) -> None:
        self.pauses.append(seconds)


def around(name: str = "crm", *, region: str = "CN", now: Callable[[], float] = lambda: NOW) -> CrmSurroundings:
    """Return what an adapter gets where no gateway is."""
    return CrmSurroundings(name=name, pace=FreePace(), now=now, region=region)


def activity(**changes: Any) -> CallActivity:
    """Return an answered and ended call of 151 seconds, changed as wanted."""
    whole: dict[str, Any] = {
        "call_id": CALL,
        "pbx": PbxName("cc1"),
        "stage": CallStage.ENDED,
        "direction": "inbound",
        "number": NUMBER,
        "our_number": "4008001234",
        "extension": "1001",
        "rang": ("1001", "1002"),
        "started_at": NOW,
        "answered_at": NOW + 9.0,
        "ended_at": NOW + 160.0,
        "talk_s": 151.0,
        "outcome": "answered",
        "queue": "sales",
        "agents": ("Anna",),
    }
    return CallActivity(**(whole | changes))


class Sound:
    """A recording of some bytes, which comes in pieces."""

    def __init__(self, content: bytes = b"RIFF", file_name: str = "call.wav") -> None:
        self.file_name = file_name
        self.content_type = "audio/wav"
        self.size = len(content)
        self._content = content

    async def read(self) -> AsyncIterator[bytes]:
        piece = max(self.size // 2, 1)
        for start in range(0, self.size, piece):
            yield self._content[start : start + piece]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a CRM got."""

    method: str
    path: str
    """With its query, as it came."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What it answers."""

    body: Any = None
    """Bytes as they are, anything else as JSON; None is an empty body."""
    status: int = 200
    headers: dict[str, str] = {}


LOST = Answered(status=502, body=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"})
"""What comes instead of an answer that a proxy lost."""


class ServedCrm:
    """A CRM under ``url``; what it was asked stands in ``asked``."""

    def __init__(self, url: str, asked: list[Asked]) -> None:
        self.url = url
        self.asked = asked


@asynccontextmanager
async def served(answer: Callable[[Asked], Answered | Awaitable[Answered]]) -> AsyncIterator[ServedCrm]:
    """Serve a CRM on a free port of loopback; ``answer`` answers each request."""
    asked: list[Asked] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Asked(method=request.method, path=request.raw_path, headers=headers, body=await request.read())
        asked.append(one)
        said = answer(one)
        if not isinstance(said, Answered):
            said = await said
        body = b"" if said.body is None else said.body if isinstance(said.body, bytes) else msgspec.json.encode(said.body)
        sent = {"Content-Type": "application/json"} | said.headers
        return web.Response(status=said.status, body=body, headers=sent)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield ServedCrm(f"http://127.0.0.1:{runner.addresses[0][1]}", asked)
    finally:
        await runner.cleanup()
