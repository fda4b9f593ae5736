import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from ivr.definition.values import Handler
from ivr.lookups.asking import MAX_ANSWER_BYTES, Systems, read_secret
from ivr.lookups.requests import UnfitError
from ivr.turns.values import LookUpProblem

DOWN = LookUpProblem.DOWN


class Company:
    """A company's system that behaves as its path says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.pauses: list[float] = []
        self.bodies: list[bytes] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        how = request.match_info["how"]
        self.asked.append(how)
        self.tokens.append(request.headers.get("Authorization", ""))
        self.bodies.append(await request.read())
        match how:
            case "hangs":
                await asyncio.Event().wait()
            case "half":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b'{"state":')
                assert request.transport is not None
                request.transport.abort()
                return response
            case "recovers" if len(self.asked) < 3:
                return web.Response(status=503)
            case "html":
                return web.Response(text="<html>")
            case "long":
                return web.Response(body=b"1" * (MAX_ANSWER_BYTES + 1))
            case "elsewhere":
                return web.Response(status=302, headers={"Location": "/fine"})
            case status if status.isdecimal():
                return web.Response(status=int(status))
            case _:
                pass
        return web.json_response({"state": "on its way"})


@asynccontextmanager
async def company(**options: object) -> AsyncIterator[tuple[Company, Systems]]:
    company = Company()
    application = web.Application()
    application.router.add_route("*", "/{how}", company.answer)
    async with TestServer(application) as server, aiohttp.ClientSession() as client:
        fields = {"url": f"{server.make_url('/')}{{how}}", "take": {"status": "$.state"}, "retries": 2, **options}
        yield company, Systems({"track": Handler(**fields)}, client, pause=company.pause)  # type: ignore[arg-type]  # by name


async def test_an_answer_gives_its_values() -> None:
    async with company() as (there, systems):
        asked = await systems.ask("track", {"how": "fine"})

    assert (asked.result.values, asked.result.problem, asked.why) == ({"status": "on its way"}, None, "")
    assert there.asked == ["fine"]


async def test_what_the_system_does_not_know_is_not_found_and_not_asked_again() -> None:
    async with company() as (there, systems):
        assert (await systems.ask("track", {"how": "404"})).result.problem is LookUpProblem.NOT_FOUND
    assert there.asked == ["404"]


async def test_what_passes_is_asked_again_after_longer_and_longer_pauses() -> None:
    async with company() as (there, systems):
        assert (await systems.ask("track", {"how": "recovers"})).result.values == {"status": "on its way"}
    assert there.pauses == [0.2, 0.4]


@pytest.mark.parametrize(
    ("how", "tries", "why"),
    [
        ("500", 3, "status 500"),
        ("half", 3, "ClientPayloadError"),
        ("403", 1, "status 403"),
        ("html", 1, "no JSON"),
        ("long", 1, "longer than"),
        ("elsewhere", 1, "status 302"),
    ],
)
async def test_what_cannot_be_used_is_down_and_says_why(how: str, tries: int, why: str) -> None:
    async with company() as (there, systems):
        asked = await systems.ask("track", {"how": how})

    assert asked.result.problem is DOWN
    assert why in asked.why
    assert there.asked == [how] * tries


async def test_a_system_that_hangs_is_left_after_its_time() -> None:
    async with company(timeout_s=0.05, retries=0) as (there, systems):
        asked = await systems.ask("track", {"how": "hangs"})

    assert (asked.result.problem, asked.why) == (DOWN, "no answer within 0.05 s (timeout_s)")
    assert there.asked == ["hangs"]


async def test_what_may_change_something_is_asked_once() -> None:
    async with company(method="POST", body={"plan": "{plan}"}) as (there, systems):
        assert (await systems.ask("track", {"how": "500", "plan": "plus"})).result.problem is DOWN
    assert there.bodies == [b'{"plan":"plus"}']

    async with company(method="PUT", idempotent=True) as (there, systems):
        await systems.ask("track", {"how": "500"})
    assert len(there.asked) == 3


async def test_nobody_there_is_down() -> None:
    async with aiohttp.ClientSession() as client:
        handler = Handler(url=f"http://127.0.0.1:{unused_port()}/", retries=0)
        asked = await Systems({"track": handler}, client).ask("track", {})

    assert asked.result.problem is DOWN
    assert "ClientConnectorError" in asked.why


async def test_the_secret_goes_to_the_system_as_a_bearer_token(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("s3cret\n")
    async with company(secret=f"${{file:{file}}}") as (there, systems):
        await systems.ask("track", {"how": "fine"})
    assert there.tokens == ["Bearer s3cret"]


async def test_a_value_that_would_lead_elsewhere_is_asked_of_nobody() -> None:
    async with company() as (there, systems):
        asked = await systems.ask("track", {"how": ".."})

    assert (asked.result.problem, asked.why) == (DOWN, "a value would lead to another path")
    assert there.asked == []


@pytest.mark.parametrize("text", ["s3cret", "${env:TIELINE_NO_SUCH_KEY}", "${file:/no/such/key}"])
def test_a_secret_that_cannot_be_had_is_told_without_it(text: str) -> None:
    with pytest.raises(UnfitError) as told:
        read_secret(text)
    assert "s3cret" not in str(told.value)


def test_a_secret_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_TEST_KEY", "k")
    assert read_secret("${env:TIELINE_TEST_KEY}").reveal() == "k"


async def test_a_host_of_the_dialog_may_be_elsewhere() -> None:
    company = Company()
    application = web.Application()
    application.router.add_get("/{how}", company.answer)
    handlers = {"track": Handler(url="http://delivery.example/{order}", take={"status": "$.state"})}
    async with TestServer(application) as server, aiohttp.ClientSession() as client:
        hosts = {"delivery.example": str(server.make_url(""))}
        asked = await Systems(handlers, client, hosts=hosts).ask("track", {"order": "SF12345678"})

    assert (asked.result.values, company.asked) == ({"status": "on its way"}, ["SF12345678"])
