"""Tieline's bar in a CRM's page of another origin, in a real browser, with a real Asterisk's calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from bench.soak_gateway import GatewayProcess, asterisk_connector
from playwright.async_api import Browser, FrameLocator, Page, expect
from rig.asterisk import Asterisk
from rig.site import SITE
from rig.stage import FROM_CALLER, Ensemble
from support.agent_desks import picture, users

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

EXAMPLE: Final = Path(__file__).parent.parent.parent / "docs" / "example-crm"
ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
GENEROUS_MS: Final = 20_000


class Crm:
    """A CRM's server: its pages, and the agent's token that it asks the gateway for."""

    def __init__(self) -> None:
        self.gateway: GatewayProcess
        self.url = ""
        self.asked = 0

    async def token(self, _request: web.Request) -> web.Response:
        """Ask the gateway for the token of the agent who is signed in to the CRM."""
        self.asked += 1
        secret = self.gateway.token
        form = {"grant_type": "client_credentials", "client_id": secret.rpartition("_")[0], "client_secret": secret}
        form["scope"] = "agent:anna"
        async with self.gateway.client() as client, client.post("oauth/token", data=form) as answer:
            return web.Response(text=(await answer.json())["access_token"])

    async def where(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.gateway.address)


@asynccontextmanager
async def served_crm() -> AsyncIterator[Crm]:
    crm = Crm()
    application = web.Application()
    application.add_routes([web.get("/token", crm.token), web.get("/gateway", crm.where), web.static("/", EXAMPLE)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield crm
    finally:
        await runner.cleanup()


@pytest.fixture
async def crm(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Crm]:
    pbx = commanded_asterisk
    commands = {"context": "internal", "hold_context": "tieline-hold"}
    connector = asterisk_connector(pbx, pbx.ports.ami, site=SITE, commands=commands)
    async with served_crm() as server:
        allowed = server.url.replace("127.0.0.1", "localhost")
        async with GatewayProcess(tmp_path, [connector], api={"embed": [allowed]}) as gateway:
            server.gateway = gateway
            await users(gateway, ANNA)
            yield server


async def opened(chromium: Browser, url: str, **more: object) -> tuple[Page, FrameLocator]:
    context = await chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | more))  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{url}/index.html")
    return page, page.frame_locator("tieline-bar iframe")


async def test_a_crms_page_has_the_call_and_steers_it(crm: Crm, telephones: Ensemble, chromium: Browser) -> None:
    page, bar = await opened(chromium, crm.url.replace("127.0.0.1", "localhost"))
    await expect(page.locator("body")).to_have_attribute("data-ready", "yes", timeout=GENEROUS_MS)
    caller = await telephones.carrier.dial("551001", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    await expect(page.locator("#who")).to_contain_text("+85291234567", timeout=GENEROUS_MS)
    await expect(page.locator("#state")).to_have_text("ringing")
    await expect(bar.locator("main")).to_have_attribute("data-state", "ringing")
    leg.answer()
    await expect(page.locator("#state")).to_have_text("connected", timeout=GENEROUS_MS)
    await picture(page, "embedded-bar")
    await bar.get_by_role("button", name="Hold").click()
    await expect(page.locator("#state")).to_have_text("held", timeout=GENEROUS_MS)
    await bar.get_by_role("button", name="Take back").click()
    await expect(page.locator("#state")).to_have_text("connected", timeout=GENEROUS_MS)
    await page.evaluate("document.querySelector('tieline-bar').hangUp()")
    await expect(page.locator("#card")).to_be_hidden(timeout=GENEROUS_MS)
    await caller.until_ended()


async def test_a_number_in_the_page_is_dialled_by_a_click(crm: Crm, telephones: Ensemble, chromium: Browser) -> None:
    page, bar = await opened(chromium, crm.url.replace("127.0.0.1", "localhost"))
    await expect(page.locator("body")).to_have_attribute("data-ready", "yes", timeout=GENEROUS_MS)
    await page.get_by_role("link", name="+852 2123 4567").click()
    leg = await telephones.agents["1001"].next_leg()
    leg.answer()
    await expect(page.locator("#card")).to_be_visible(timeout=GENEROUS_MS)
    await bar.get_by_role("button", name="Hang up").click()
    await expect(page.locator("#card")).to_be_hidden(timeout=GENEROUS_MS)


async def test_a_page_that_is_not_allowed_gets_a_refusal_and_no_word_of_any_call(
    crm: Crm, telephones: Ensemble, chromium: Browser
) -> None:
    # The same page by another name is a page of another origin.
    page, bar = await opened(chromium, crm.url)
    await expect(bar.locator("p")).to_contain_text("not allowed in pages of", timeout=GENEROUS_MS)
    # One that gives itself out for the one that is allowed is refused by the browser itself.
    await page.evaluate(
        """([gateway, allowed]) => {
            window.heard = [];
            addEventListener("message", (event) => window.heard.push(event.data));
            const frame = document.createElement("iframe");
            frame.id = "liar";
            frame.src = `${gateway}embed/bar?origin=${encodeURIComponent(allowed)}`;
            document.body.append(frame);
            window.loaded = new Promise((done) => frame.addEventListener("load", done));
        }""",
        [crm.gateway.address, crm.url.replace("127.0.0.1", "localhost")],
    )
    await page.evaluate("window.loaded")
    liar = await (await page.locator("#liar").element_handle()).content_frame()
    assert liar is not None
    assert await liar.query_selector("#bar") is None
    caller = await telephones.carrier.dial("551001", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    leg.answer()
    await caller.until_up()
    await caller.hang_up()
    await leg.until_ended()
    assert await page.evaluate("window.heard") == []
    assert crm.asked == 0


async def test_the_bar_fits_a_phone_and_everybody_can_use_it(crm: Crm, telephones: Ensemble, chromium: Browser) -> None:
    page, bar = await opened(chromium, crm.url.replace("127.0.0.1", "localhost"), viewport={"width": 390, "height": 700})
    await expect(page.locator("body")).to_have_attribute("data-ready", "yes", timeout=GENEROUS_MS)
    await telephones.carrier.dial("551001", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    leg.answer()
    await expect(bar.get_by_role("button", name="Hang up")).to_be_visible(timeout=GENEROUS_MS)
    assert await bar.locator("main").evaluate("main => main.scrollWidth <= main.clientWidth")
    await picture(page, "embedded-bar-narrow")
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    await bar.get_by_role("button", name="Hang up").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#card")).to_be_hidden(timeout=GENEROUS_MS)
