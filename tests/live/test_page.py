"""The page in a real browser, on a gateway whose PBX says what the test tells it to."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect
from support.gateways import Parts
from support.kept_tokens import KeptTokens
from support.replaying import CAPTURES, PBX, pbx_events
from support.waiting import until

from connectors.asterisk_ami.replay import site_of
from gateway.api.auth import DemoAuthenticator
from gateway.api.calls import Calls
from gateway.api.guard import guard
from gateway.api.operations import Authenticator, routes_of
from gateway.api.stream import Stream
from gateway.model.events import PbxEvent
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Scope
from gateway.model.tokens import TokenId
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.session.engine import Engine
from gateway.session.sights import Sights
from gateway.web import routes

pytestmark = [pytest.mark.live, pytest.mark.slow]

CHROMIUM: Final = "/usr/bin/chromium"
QUEUE: Final = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
HOLD: Final = CAPTURES / "asterisk" / "22" / "hold"
FLOOD: Final = CAPTURES / "asterisk" / "22" / "flood_ivr_50cps"
SLICE: Final = 200
"""Events of the flood between two turns of the loop."""
DESKTOP: Final = {"width": 1440, "height": 900}
TELEPHONE: Final = {"width": 390, "height": 844}


class Site:
    """A gateway with its page, which can go away and come back at the same address."""

    def __init__(self, folder: Path, authenticator: Authenticator | None = None) -> None:
        self._authenticator = authenticator or DemoAuthenticator()
        self._sites = {PBX: site_of(folder)}
        self._be_new(position=0)
        self.events: tuple[PbxEvent, ...] = pbx_events(folder)
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    async def start(self) -> None:
        application = web.Application(middlewares=[guard])
        sights = Sights(self.engine)
        stream = Stream(self.hub, self._authenticator, sights)
        operations = Calls(self.engine, self.hub, self.parts.store, {PBX: "asterisk_ami"}, sights).operations()
        for part in (routes_of(operations, self._authenticator), stream.routes(), routes()):
            application.add_routes(part)
        application.on_shutdown.append(stream.close)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    def forget(self) -> None:
        """Be a gateway that was restarted: it knows no call, and its positions are others."""
        self._be_new(position=999_999)

    def _be_new(self, position: int) -> None:
        self.parts = Parts(kept=1000, position=position)
        self.hub = self.parts.hub
        self.engine = Engine(self.parts.committer, self._sites, now=lambda: 0.0)

    def link(self, status: LinkStatus, detail: str = "pbx1: connected") -> None:
        self.engine.report(PBX, LinkState(status=status, detail=detail, since=1_800_000_000.0))

    async def play(self, until_event: int | None = None, *, start: int = 0) -> None:
        await self.engine.accept(PBX, self.events[start:until_event])
        await self.parts.committer.settled()

    def place_of(self, kind: str, nth: int = 0) -> int:
        """Just behind the nth event of this kind."""
        return [number for number, event in enumerate(self.events) if type(event).__name__ == kind][nth] + 1


@asynccontextmanager
async def shown(folder: Path, *, authenticator: Authenticator | None = None, **context: Any) -> AsyncIterator[tuple[Site, Page]]:
    """A site and its page in a browser, in which nothing may go wrong unheard. Without an authenticator it asks for nothing."""
    site = Site(folder, authenticator)
    work = asyncio.gather(site.engine.run(), site.parts.committer.run())
    await site.start()
    site.link(LinkStatus.CONNECTED)
    faults: list[str] = []
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = await (await browser.new_context(viewport=context.pop("viewport", DESKTOP), **context)).new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
            await page.goto(site.address + "live")
            if authenticator is None:
                await until(lambda: site.hub.listeners == 1)
            yield site, page
            await browser.close()
    finally:
        await site.stop()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert faults == []


async def test_a_call_is_shown_from_its_first_ring_to_its_end() -> None:
    async with shown(HOLD) as (site, page):
        rows = page.locator("#live li")
        await expect(page.get_by_text("Nobody is on the telephone")).to_be_visible()

        behind = site.place_of("LegAlerting")
        await site.play(behind)
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("Ringing")
        await expect(rows.first).to_contain_text("Chan Tai Man")
        await expect(rows.first).to_contain_text("+85291234567")
        await expect(rows.first).to_contain_text("1001")
        await expect(page.locator('[data-kpi="ringing"]')).to_have_text("1")

        await site.play(site.place_of("LegHeld"), start=behind)
        await expect(rows.first).to_contain_text("On hold")

        await site.play(start=site.place_of("LegHeld"))
        await expect(rows.first).to_contain_text("Answered")
        await expect(page.locator("#ended li")).to_have_count(1, timeout=15_000)
        await expect(rows).to_have_count(0)
        await expect(page.locator("#stream")).to_contain_text("Answered, the other side hung up, talked 0:04")


async def test_who_waits_is_shown_with_a_clock_that_ticks() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        row = page.locator("#live li").first
        await expect(row).to_contain_text("Waiting")
        await expect(row).to_contain_text("support")
        await expect(page.locator('[data-kpi="waiting"]')).to_have_text("1")
        clock = row.locator(".phase time")
        before = await clock.inner_text()
        await expect(clock).not_to_have_text(before, timeout=5_000)


async def test_the_page_survives_a_cut_and_says_so_meanwhile() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#live li")).to_have_count(1)

        await site.stop()
        await expect(page.get_by_text("Cut off from the gateway since")).to_be_visible()
        await expect(page.locator("#countdown")).to_have_text(re.compile(r"Next try in \d+ s\.|Trying\."))
        await expect(page.locator("#links")).to_contain_text("not known")
        await site.play(start=site.place_of("QueueJoined"))

        await site.start()
        await expect(page.locator("#notes")).to_be_empty(timeout=20_000)
        await expect(page.locator("#stream")).to_contain_text("1001 answers")
        await expect(page.locator("#ended li")).to_have_count(1, timeout=15_000)
        assert await page.locator("#stream li").count() == site.hub.position - 1  # each once, but the link before the page


async def test_after_a_restart_of_the_gateway_the_page_begins_anew() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#live li")).to_have_count(1)
        await site.stop()

        site.forget()
        await site.start()
        await expect(page.locator("#live li")).to_have_count(0, timeout=20_000)
        await expect(page.locator("#notes")).to_be_empty(timeout=20_000)


async def test_a_pbx_that_is_lost_is_named_with_what_to_do() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#links")).to_contain_text("pbx1 connected")

        site.link(LinkStatus.REFUSED, "pbx1: wrong secret for tieline at 192.0.2.1:5038: correct `secret`")
        await expect(page.locator("#links")).to_contain_text("pbx1 refuses us")
        await expect(page.locator("#notes")).to_contain_text("wrong secret for tieline at 192.0.2.1:5038")
        await expect(page.locator("#live .call")).to_have_attribute("data-unheard", "")

        await site.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=3.5, reason="wrong secret"))
        site.link(LinkStatus.CONNECTED)
        await expect(page.locator("#notes")).to_be_empty()
        await expect(page.locator("#stream")).to_contain_text("Not heard for 2.5 s: wrong secret")


async def test_a_chosen_call_shows_its_events_alone() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play()
        await site.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="another matter"))
        await expect(page.locator("#stream")).to_contain_text("another matter")

        row = page.locator("#ended button")
        await row.click(timeout=15_000)
        await expect(page.locator("#stream")).not_to_contain_text("another matter")
        await expect(page.locator("#stream")).to_contain_text("Waits in support")
        await page.get_by_role("button", name="Show all").click()
        await expect(page.locator("#stream")).to_contain_text("another matter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, {"width": 1024, "height": 768}, TELEPHONE], ids=lambda each: str(each["width"]))
async def test_nothing_is_wider_than_the_screen(viewport: dict[str, int], scheme: str) -> None:
    async with shown(QUEUE, viewport=viewport, color_scheme=scheme) as (site, page):
        site.link(LinkStatus.RETRYING, "pbx1: 192.0.2.1:5038 does not answer; " + "tried again in 3 s " * 5)
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#live li")).to_have_count(1)

        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert wider <= 0
        assert ground == {"light": "rgb(242, 243, 246)", "dark": "rgb(12, 15, 19)"}[scheme]


@pytest.mark.parametrize("viewport", [DESKTOP, TELEPHONE], ids=lambda each: str(each["width"]))
async def test_where_a_token_is_needed_the_page_asks_once(viewport: dict[str, int], tmp_path: Path) -> None:
    tokens = KeptTokens()
    good = tokens.give(Scope.CALLS_READ, Scope.EVENTS_READ, Scope.SYSTEM_READ)
    async with shown(QUEUE, authenticator=tokens.authenticator(), viewport=viewport) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        field, why = page.get_by_label("Token", exact=True), page.locator("#signin-why")
        await expect(field).to_be_focused()
        await expect(why).to_be_hidden()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await expect(field).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert (await page.screenshot(path=tmp_path / "signin.png"))[:4] == b"\x89PNG"

        await field.fill("tl_wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(why).to_contain_text("The token that was shown is none of ours.")

        await field.fill(good)
        await field.press("Enter")
        await expect(page.locator("#live li")).to_have_count(1)
        await expect(field).to_be_hidden()
        await expect(page.locator("#links")).to_contain_text("pbx1 connected")
        await site.play(start=site.place_of("QueueJoined"))
        await expect(page.locator("#ended li")).to_have_count(1, timeout=15_000)
        assert good not in page.url

        await page.reload()
        await expect(page.locator("#ended li")).to_have_count(1)
        await until(lambda: site.hub.listeners == 1)
        await page.get_by_role("button", name="Sign out").click()
        await expect(field).to_be_visible()
        await until(lambda: site.hub.listeners == 0)


async def test_a_token_that_may_too_little_is_told_what_is_missing() -> None:
    tokens = KeptTokens()
    reader, listener = tokens.give(Scope.CALLS_READ, name="reader"), tokens.give(Scope.CALLS_READ, Scope.EVENTS_READ)
    async with shown(QUEUE, authenticator=tokens.authenticator()) as (site, page):
        field = page.get_by_label("Token", exact=True)
        await field.fill(reader)
        await field.press("Enter")
        await expect(page.locator("#signin-why")).to_contain_text("reader may not do this: it takes the scope events:read.")
        await field.fill(listener)
        await field.press("Enter")
        await until(lambda: site.hub.listeners == 1)
        await expect(field).to_be_hidden()
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#live li")).to_have_count(1)


async def test_a_token_that_is_revoked_meanwhile_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.stream.ASK_AGAIN_S", 0.2)
    monkeypatch.setattr("gateway.api.auth.FRESH_S", 0.0)
    tokens = KeptTokens()
    text = tokens.give(Scope.CALLS_READ, Scope.EVENTS_READ)
    async with shown(QUEUE, authenticator=tokens.authenticator()) as (site, page):
        field = page.get_by_label("Token", exact=True)
        await field.fill(text)
        await field.press("Enter")
        await until(lambda: site.hub.listeners == 1)
        await tokens.revoke(DEFAULT_TENANT, TokenId(text[:11]), 0.0)
        await expect(page.locator("#signin-why")).to_contain_text("was revoked")
        await expect(field).to_be_visible()


async def test_a_callers_name_is_text_and_nothing_else() -> None:
    name = "<img src=x onerror=alert(1)>"
    async with shown(QUEUE) as (site, page):
        changed = [
            msgspec.structs.replace(event, display=name) if getattr(event, "display", None) else event for event in site.events
        ]
        await site.engine.accept(PBX, changed[: site.place_of("QueueJoined")])
        await expect(page.locator("#live li").first).to_contain_text(name)
        assert await page.locator("img").count() == 0


async def test_the_page_keeps_up_with_a_flood() -> None:
    async with shown(FLOOD) as (site, page):
        for start in range(0, len(site.events), SLICE):
            await site.play(start + SLICE, start=start)
            await asyncio.sleep(0)
        ended = await site.parts.store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=1)
        await expect(page.locator("#live li")).to_have_count(0, timeout=30_000)
        await expect(page.locator("#live-count")).to_have_text("0")
        await expect(page.locator("#ended li").first).to_have_attribute("data-key", ended[0][1].call_id, timeout=30_000)
        await expect(page.locator("#notes")).to_be_empty(timeout=20_000)
        assert await page.locator("#stream li").count() <= 200
