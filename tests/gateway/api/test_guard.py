from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Middleware
from structlog.testing import capture_logs
from support.gateways import Client

from gateway.api.guard import MAX_BODY_BYTES, PUBLIC, guard, limited
from gateway.api.problems import CONTENT_TYPE
from gateway.api.surroundings import SURROUNDINGS, Surroundings, networks_of
from gateway.model.limits import Buckets, Rate
from gateway.ports.conversations import CLIENT


class Clock:
    """Goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def guarded(surroundings: Surroundings | None = None, limits: Middleware | None = None) -> AsyncIterator[Client]:
    async def well(_request: web.Request) -> web.Response:
        return web.Response(text="well")

    async def broken(_request: web.Request) -> web.Response:
        raise KeyError("+8613800138000")

    async def told(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    application = web.Application(middlewares=[guard] if limits is None else [guard, limits], client_max_size=MAX_BODY_BYTES)
    if surroundings is not None:
        application[SURROUNDINGS] = surroundings
    paths = [web.get("/well", well), web.get("/broken/{number}", broken), web.get("/healthz", well), web.post("/told", told)]
    application.add_routes(paths)

    async def visitor(request: web.Request) -> web.Response:
        return web.Response(text=request[CLIENT])

    application[PUBLIC] = frozenset(application.add_routes([web.get("/chat", visitor)]))
    async with TestClient(TestServer(application)) as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with guarded() as made:
        yield made


async def problem(response: ClientResponse) -> tuple[int, str]:
    document = await response.json(content_type=CONTENT_TYPE)
    return response.status, document["type"].removeprefix("urn:tieline:problem:")


async def test_browsers_may_do_little_with_an_answer(client: Client) -> None:
    response = await client.get("/well")

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Server"] == "Tieline"
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.0.2.1", "127.0.0.1.evil.example", "[::", ""])
async def test_another_name_for_this_machine_is_refused(client: Client, host: str) -> None:
    response = await client.get("/well", headers={"Host": host})

    assert response.status == 421
    assert (await response.json(content_type=CONTENT_TYPE))["type"] == "urn:tieline:problem:wrong-host"


async def test_a_channel_hears_pages_of_other_sites_and_knows_its_client() -> None:
    elsewhere = {"Origin": "https://shop.example", "X-Forwarded-For": "192.0.2.9, 203.0.113.7"}
    async with guarded(Surroundings(proxies=networks_of(("127.0.0.0/8",)))) as client:
        heard = await client.get("/chat", headers=elsewhere)
        by_another_name = await client.get("/chat", headers=elsewhere | {"Host": "evil.example"})
        refused = await client.get("/well", headers=elsewhere)

        assert (heard.status, await heard.text()) == (200, "203.0.113.7")
        assert await problem(by_another_name) == (421, "wrong-host")
        assert await problem(refused) == (403, "foreign-origin")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null", "file://", "http://[::"])
async def test_a_page_of_another_site_is_refused(client: Client, origin: str) -> None:
    response = await client.get("/well", headers={"Origin": origin})

    assert response.status == 403
    assert (await response.json(content_type=CONTENT_TYPE))["type"] == "urn:tieline:problem:foreign-origin"


async def test_our_own_page_is_served(client: Client) -> None:
    response = await client.get("/well", headers={"Origin": str(client.make_url("/"))[:-1]})

    assert response.status == 200


async def test_what_is_not_there_is_a_problem(client: Client) -> None:
    response = await client.get("/nowhere")

    assert (response.status, response.content_type) == (404, CONTENT_TYPE)
    assert (await response.json(content_type=CONTENT_TYPE))["detail"] == "There is nothing at /nowhere."


async def test_a_wrong_method_is_told_the_right_one(client: Client) -> None:
    response = await client.post("/well")

    assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")


async def test_a_fault_is_logged_and_not_told(client: Client) -> None:
    with capture_logs() as logs:
        response = await client.get("/broken/+8613800138000")

    assert response.status == 500
    assert "+8613800138000" not in await response.text()
    (line,) = logs
    assert (line["event"], line["route"], line["pii.path"]) == ("request_failed", "/broken/{number}", "/broken/+8613800138000")


async def test_a_name_that_is_configured_is_ours() -> None:
    async with guarded(Surroundings(names=frozenset({"tieline.example"}))) as client:
        ours = await client.get("/well", headers={"Host": "Tieline.Example:8470", "Origin": "https://tieline.example:8470"})
        other = await problem(await client.get("/well", headers={"Host": "tieline.example.evil.example"}))

    assert ours.status == 200
    assert other == (421, "wrong-host")


async def test_what_is_not_encrypted_comes_through_the_proxy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.Request, "remote", "192.0.2.7")
    through, encrypted = Surroundings(proxies=networks_of(("192.0.2.0/28",))), Surroundings(encrypted=True)
    async with guarded(through) as client, guarded(encrypted) as tls, guarded() as loopback:
        assert (await client.get("/well")).status == 200
        assert (await tls.get("/well")).status == 200
        assert await problem(await loopback.get("/well")) == (403, "not-through-proxy")


async def test_what_watches_the_gateway_may_call_it_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.Request, "remote", "192.0.2.7")
    async with guarded() as client:
        watched = await client.get("/healthz", headers={"Host": "10.1.2.3:8470"})
        by_a_page = await client.get("/healthz", headers={"Origin": "https://evil.example"})

    assert (watched.status, by_a_page.status) == (200, 403)


async def test_a_browser_that_came_by_tls_stays_with_it(client: Client) -> None:
    async with guarded(Surroundings(encrypted=True)) as tls:
        assert (await tls.get("/well")).headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in (await client.get("/well")).headers


async def test_an_address_that_asks_too_often_waits_and_the_watchers_do_not() -> None:
    clock = Clock()
    async with guarded(None, limited(Buckets(Rate(per_second=0.1, burst=2)), now=clock)) as client:
        assert [(await client.get("/well")).status for _ in range(2)] == [200, 200]
        refused = await client.get("/well")
        document = await refused.json(content_type=CONTENT_TYPE)
        assert (await client.get("/healthz")).status == 200
        clock.now = 10.0
        again = await client.get("/well")

    assert (refused.status, refused.headers["Retry-After"], document["retry_after_s"]) == (429, "10", 10)
    assert document["detail"] == "Too many requests come from 127.0.0.1: try again in 10 s."
    assert again.status == 200


async def test_each_client_of_a_proxy_has_limits_of_its_own() -> None:
    surroundings = Surroundings(proxies=networks_of(("127.0.0.1",)))
    async with guarded(surroundings, limited(Buckets(Rate(per_second=0.1, burst=1)), now=Clock())) as client:
        statuses = [
            (await client.get("/well", headers={"X-Forwarded-For": said})).status
            for said in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.9, 192.0.2.2")
        ]

    assert statuses == [200, 200, 429, 429]


async def test_a_body_without_measure_is_refused(client: Client) -> None:
    assert await (await client.post("/told", data=BytesIO(bytes(MAX_BODY_BYTES)))).text() == str(MAX_BODY_BYTES)
    assert await problem(await client.post("/told", data=BytesIO(bytes(MAX_BODY_BYTES + 1)))) == (413, "request-entity-too-large")
