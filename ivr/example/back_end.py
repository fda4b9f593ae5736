"""The example company's systems over HTTP: 404 for what they do not know, 422 for what cannot be, 503 while they are down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from ivr.example.company import PLANS, STATES, Company

SWITCH: Final = "/switch"
"""``PUT {"down": true}`` puts the systems out of order, and ``false`` back."""

Told = TypeVar("Told", bound=msgspec.Struct)


class _Switched(msgspec.Struct, forbid_unknown_fields=True):
    down: bool


class _NewPlan(msgspec.Struct):
    plan: str


class _Forgotten(msgspec.Struct):
    phone: str


def application(company: Company) -> web.Application:
    """Return the systems as an application; what is asked of it changes ``company``."""
    routes = _Routes(company)
    made = web.Application(middlewares=[routes.out_of_order])
    made.router.add_get("/parcels", routes.parcel)
    made.router.add_get("/members/{member}/bill", routes.bill)
    made.router.add_put("/members/{member}/plan", routes.plan)
    made.router.add_post("/passwords", routes.password)
    made.router.add_put(SWITCH, routes.switch)
    return made


@asynccontextmanager
async def served(company: Company, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback, at a free port if none is named; gives the address, such as ``http://127.0.0.1:8099``."""
    runner = web.AppRunner(application(company), access_log=None)
    await runner.setup()
    assert runner.server is not None
    try:
        # Not aiohttp's own site: one that is stopped while it begins to listen leaves its port open.
        server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", port, start_serving=False)
        try:
            await server.start_serving()
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
    finally:
        await runner.cleanup()


class _Routes:
    def __init__(self, company: Company) -> None:
        self._company = company

    @web.middleware
    async def out_of_order(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self._company.is_down and request.path != SWITCH:
            return _problem(503, "out of order")
        return await handler(request)

    async def parcel(self, request: web.Request) -> web.Response:
        asked = {name: request.query.get(name, "") for name in ("order", "phone", "member")}
        if not any(asked.values()):
            return _problem(422, "name an order, a phone or a member")
        parcel = self._company.parcel(**asked)
        if parcel is None:
            return _problem(404, "no such parcel")
        said = STATES[parcel.state]
        return _answer({"order": parcel.order, "state": parcel.state, "said": said, "events": [{"place": parcel.place}]})

    async def bill(self, request: web.Request) -> web.Response:
        member = self._company.members.get(request.match_info["member"])
        if member is None:
            return _problem(404, "no such member")
        return _answer({"amount": member.owed, "due": self._company.due().isoformat()})

    async def plan(self, request: web.Request) -> web.Response:
        told = await _told(request, _NewPlan)
        member = self._company.members.get(request.match_info["member"])
        if member is None:
            return _problem(404, "no such member")
        if told.plan not in PLANS:
            return _problem(422, f"no such plan: there is {', '.join(sorted(PLANS))}")
        member.plan = told.plan
        return _answer({"plan": member.plan})

    async def password(self, request: web.Request) -> web.Response:
        told = await _told(request, _Forgotten)
        if not self._company.reset_password(told.phone):
            return _problem(404, "nobody has this number")
        return _answer({"sent": told.phone}, status=202)

    async def switch(self, request: web.Request) -> web.Response:
        self._company.is_down = (await _told(request, _Switched)).down
        return _answer({"down": self._company.is_down})


async def _told(request: web.Request, kind: type[Told]) -> Told:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


def _answer(data: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(data), status=status, content_type="application/json")


def _problem(status: int, why: str) -> web.Response:
    return _answer({"error": why}, status=status)
