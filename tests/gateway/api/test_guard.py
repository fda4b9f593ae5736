from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from support.gateways import Client

from gateway.api.guard import guard, is_loopback_host
from gateway.api.problems import CONTENT_TYPE


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async def well(_request: web.Request) -> web.Response:
        return web.Response(text="well")

    async def broken(_request: web.Request) -> web.Response:
        raise KeyError("+8613800138000")

    application = web.Application(middlewares=[guard])
    application.add_routes([web.get("/well", well), web.get("/broken", broken)])
    async with TestClient(TestServer(application)) as made:
        yield made


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


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null", "file://"])
async def test_a_page_of_another_site_is_refused(client: Client, origin: str) -> None:
    response = await client.get("/well", headers={"Origin": origin})

    assert response.status == 403
    assert (await response.json(content_type=CONTENT_TYPE))["type"] == "urn:tieline:problem:foreign-origin"


async def test_our_own_page_is_served(client: Client) -> None:
    response = await client.get("/well", headers={"Origin": str(client.make_url("/"))[:-1]})

    assert response.status == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:8470", True),
        ("127.0.0.1:8470", True),
        ("[::1]:8470", True),
        ("LOCALHOST:1", True),
        ("localhost.evil.example", False),
        ("0.0.0.0", False),
        ("a@127.0.0.1", True),
        ("evil.example/@localhost", False),
    ],
)
def test_loopback_names(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


async def test_what_is_not_there_is_a_problem(client: Client) -> None:
    response = await client.get("/nowhere")

    assert (response.status, response.content_type) == (404, CONTENT_TYPE)
    assert (await response.json(content_type=CONTENT_TYPE))["detail"] == "There is nothing at /nowhere."


async def test_a_wrong_method_is_told_the_right_one(client: Client) -> None:
    response = await client.post("/well")

    assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")


async def test_a_fault_is_logged_and_not_told(client: Client) -> None:
    with capture_logs() as logs:
        response = await client.get("/broken")

    assert response.status == 500
    assert "+8613800138000" not in await response.text()
    assert [(line["event"], line["path"]) for line in logs] == [("request_failed", "/broken")]
