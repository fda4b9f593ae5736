"""Which pages may have the bar."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.embed import embed_routes
from gateway.api.guard import PUBLIC, guard
from gateway.web import BAR

CRM = "https://crm.example.com"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    application = web.Application(middlewares=[guard])
    application[PUBLIC] = frozenset(application.add_routes(embed_routes([CRM, "*.shop.example"], BAR)))
    async with TestClient(TestServer(application)) as running:
        yield running


@pytest.mark.parametrize("origin", [CRM, "https://a.shop.example"])
async def test_a_page_that_is_allowed_is_the_bars_only_ancestor(client: Client, origin: str) -> None:
    response = await client.get("/embed/bar", params={"origin": origin})
    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert policy.endswith(f"frame-ancestors {origin}")
    assert "script-src 'self'" in policy
    assert f'data-origin="{origin}"' in await response.text()


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        "http://crm.example.com",
        "https://crm.example.com.evil.example",
        "https://crm.example.com; script-src *",
        '"><script>',
        "*",
        "https://shop.example.evil",
    ],
)
async def test_any_other_is_refused_in_words(client: Client, origin: str) -> None:
    response = await client.get("/embed/bar", params={"origin": origin})
    text = await response.text()
    assert response.status == 403
    assert "is not allowed in pages of" in text
    assert "<script" not in text
    assert "script-src" not in response.headers["Content-Security-Policy"]


async def test_the_script_is_for_every_page_and_holds_no_secret(client: Client) -> None:
    response = await client.get("/embed/tieline-bar.js", headers={"Origin": CRM})
    assert (response.status, response.headers["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
