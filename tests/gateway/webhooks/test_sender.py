import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from gateway.model.webhooks import Outcome
from gateway.webhooks.sender import READ_BYTES, GuardedResolver, Sender

NOW = 1_800_000_000.0
BODY = b'{"id": 1}'


@asynccontextmanager
async def sender(*allowed: str, timeout_s: float = 10.0) -> AsyncIterator[Sender]:
    made = Sender(allowed, timeout_s=timeout_s, clock=count().__next__, now=lambda: NOW)
    yield made
    await made.close()


@asynccontextmanager
async def server(handler: Any) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(application) as running:
        yield str(running.make_url("/hook"))


async def posted(response: web.Response, **headers: str) -> Outcome:
    async def handle(_request: web.Request) -> web.Response:
        response.headers.update(headers)
        return response

    async with server(handle) as url, sender("127.0.0.1") as one:
        return await one.post(url, BODY, {})


async def test_a_message_is_posted_as_it_is_with_its_headers() -> None:
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), dict(request.headers)))
        return web.Response(status=202, headers={"Set-Cookie": "session=1"})

    async with server(handle) as url, sender("127.0.0.1") as one:
        outcomes = [await one.post(url, BODY, {"webhook-id": "e"}) for _ in range(2)]

    assert [(outcome.status, outcome.arrived, outcome.why) for outcome in outcomes] == [(202, True, None)] * 2
    assert [outcome.took_s for outcome in outcomes] == [1, 1], "from one look at the clock to the next"
    for method, body, headers in seen:
        assert (method, body, headers["webhook-id"], headers["Content-Type"]) == ("POST", BODY, "e", "application/json")
        assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("response", "headers", "why", "retry_after_s"),
    [
        (web.Response(status=500), {}, "500 Internal Server Error", None),
        (web.Response(status=400, text="no such\nfield " + "x" * 500), {}, "400 Bad Request: no such\nfield " + "x" * 186, None),
        (web.Response(status=503), {"Retry-After": "120"}, "503 Service Unavailable", 120.0),
        (web.Response(status=503), {"Retry-After": "Fri, 15 Jan 2027 08:02:00 GMT"}, "503 Service Unavailable", 120.0),
        (web.Response(status=503), {"Retry-After": "Fri, 15 Jan 2021 08:02:00 GMT"}, "503 Service Unavailable", 0.0),
        (web.Response(status=503), {"Retry-After": "soon"}, "503 Service Unavailable", None),
        (
            web.Response(status=302),
            {"Location": "http://169.254.169.254/"},
            "302 Found: it leads to http://169.254.169.254/, which is not followed: change the address",
            None,
        ),
    ],
)
async def test_a_failure_is_told_as_the_receiver_tells_it(
    response: web.Response, headers: dict[str, str], why: str, retry_after_s: float | None
) -> None:
    outcome = await posted(response, **headers)
    assert (outcome.status, outcome.arrived, outcome.why, outcome.retry_after_s) == (response.status, False, why, retry_after_s)


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * READ_BYTES)
                sent += READ_BYTES
        except ConnectionError:
            return response

    async with server(handle) as url, sender("127.0.0.1") as one:
        async with asyncio.timeout(10.0):
            assert (await one.post(url, BODY, {})).status == 500


async def test_a_receiver_that_says_nothing_is_given_up() -> None:
    async def handle(_request: web.Request) -> web.Response:
        await asyncio.sleep(60.0)
        return web.Response()

    async with server(handle) as url, sender("127.0.0.1", timeout_s=0.2) as one:
        outcome = await one.post(url, BODY, {})

    assert (outcome.status, outcome.why) == (None, "127.0.0.1: no answer within 0.2 s")


async def test_nobody_there_is_told_plainly() -> None:
    async with sender("127.0.0.1") as one:
        outcome = await one.post(f"http://127.0.0.1:{unused_port()}/", BODY, {})
    assert outcome.status is None
    assert (outcome.why or "").startswith("127.0.0.1: Connect call failed")


async def test_what_may_not_be_reached_is_not_reached() -> None:
    reached = 0

    async def handle(_request: web.Request) -> web.Response:
        nonlocal reached
        reached += 1
        return web.Response()

    async with server(handle) as url, sender() as one:
        outcome = await one.post(url, BODY, {})

    assert reached == 0
    assert outcome.status is None
    assert "let webhooks.allow in the configuration name 127.0.0.1" in (outcome.why or "")


async def test_a_name_that_leads_into_our_own_network_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int, **_more: object) -> list[tuple[Any, ...]]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *a, **k: resolve(host, port))
    async with sender() as one:
        outcome = await one.post("https://rebound.example/", BODY, {})

    assert looked_up == ["rebound.example"]
    assert "rebound.example is 10.0.0.7, in a network of our own" in (outcome.why or "")


async def test_only_the_addresses_that_were_judged_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 443, 0, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)

    judged = await GuardedResolver(()).resolve("mixed.example", 443)
    trusted = await GuardedResolver({"mixed.example"}).resolve("mixed.example", 443)

    assert [(each["host"], each["hostname"]) for each in judged] == [("8.8.8.8", "mixed.example")]
    assert [each["host"] for each in trusted] == ["127.0.0.1", "8.8.8.8", "fe80::1%eth0"]


async def test_a_host_of_our_own_is_reached_by_its_name_where_it_is_allowed() -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=204 if request.host.startswith("localhost") else 400)

    async with server(handle) as url, sender("localhost") as one:
        assert (await one.post(url.replace("127.0.0.1", "localhost"), BODY, {})).status == 204


async def test_a_name_that_no_service_takes_is_told() -> None:
    async with sender() as one:
        outcome = await one.post(f"https://{'a' * 70}.example/", BODY, {})
    assert outcome.status is None
    assert outcome.why
