"""The page of live calls in a real browser, on a gateway whose PBX says what the test tells it to."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect
from support.agent_desks import CHROMIUM, picture
from support.doors import OFTEN, quick
from support.gateways import Parts
from support.pages import LOOKS, faults
from support.replaying import CAPTURES, PBX, pbx_events
from support.waiting import until

from connectors.asterisk_ami.replay import site_of
from gateway.api.auth import DemoAuthenticator
from gateway.api.calls import Calls
from gateway.api.doors import Doors
from gateway.api.guard import guard
from gateway.api.operations import operations_of, routes_of
from gateway.api.session_auth import PAGE, PAGE_HEADER
from gateway.api.stream import Stream
from gateway.model.events import PbxEvent
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.limits import Buckets
from gateway.model.sessions import SessionRules
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.session.engine import Engine
from gateway.session.sights import Sights
from gateway.store.access_log import SqlAccessLog
from gateway.store.database import Database
from gateway.store.opening import database_of
from gateway.store.urls import MEMORY
from gateway.store.users import SqlUsers
from gateway.web import routes

pytestmark = [pytest.mark.live, pytest.mark.slow]

QUEUE: Final = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
HOLD: Final = CAPTURES / "asterisk" / "22" / "hold"
FLOOD: Final = CAPTURES / "asterisk" / "22" / "flood_ivr_50cps"
SLICE: Final = 200
"""Events of the flood between two turns of the loop."""
DESKTOP: Final = {"width": 1440, "height": 900}
TELEPHONE: Final = {"width": 390, "height": 844}


class Site:
    """The demo's gateway with its pages, which can go away and come back at the same address."""

    def __init__(self, folder: Path, doors: Doors) -> None:
        self._doors = doors
        self._sites = {PBX: site_of(folder)}
        self._be_new(position=0)
        self.events: tuple[PbxEvent, ...] = pbx_events(folder)
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    @property
    def password(self) -> str:
        return self._doors.demo_logins[0].password

    async def start(self) -> None:
        application = web.Application(middlewares=[guard])
        authenticator, sights = self._doors.authenticator, Sights(self.engine)
        stream = Stream(self.hub, authenticator, sights)
        calls = Calls(self.engine, self.hub, self.parts.store, {PBX: "asterisk_ami"}, sights)
        operations = operations_of([*self._doors.groups(), calls])
        for part in (routes_of(operations, authenticator), self._doors.routes(), stream.routes(), routes()):
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
async def shown(folder: Path, *, login: str | None = "lin", **context: Any) -> AsyncIterator[tuple[Site, Page]]:
    """A site and its page in a browser, in which nothing may go wrong unheard; without a login one has to sign in."""
    database = database_of(MEMORY, None, Path())
    await database.open()
    site = Site(folder, await _doors(database))
    work = asyncio.gather(site.engine.run(), site.parts.committer.run())
    await site.start()
    site.link(LinkStatus.CONNECTED)
    wrong: list[str] = []
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            window = await browser.new_context(**({"viewport": DESKTOP, "locale": "en-GB"} | context))
            if login is not None:
                body = {"login": login, "password": site.password}
                assert (await window.request.post(site.address + "api/v1/session", data=body, headers={PAGE_HEADER: PAGE})).ok
            page = await window.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
            await page.goto(site.address + "live")
            if login is not None:
                await until(lambda: site.hub.listeners == 1)
            yield site, page
            await browser.close()
    finally:
        await site.stop()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await database.close()
    assert wrong == []


async def _doors(database: Database) -> Doors:
    doors = Doors(
        SqlUsers(database),
        SqlAccessLog(database),
        DemoAuthenticator(),
        rules=SessionRules(),
        limits={"token": Buckets(OFTEN), "wrong_password": Buckets(OFTEN)},
        queues_of=lambda _: [],
        sites={PBX: site_of(QUEUE)},
        providers=(),
        demo_pbx=PBX,
        now=time.time,
        clock=time.monotonic,
        random_bytes=token_bytes,
        passwords=quick(),
    )
    await doors.prepare()
    return doors


async def test_a_call_is_shown_from_its_first_ring_to_its_end() -> None:
    async with shown(HOLD) as (site, page):
        rows = page.locator("#live li")
        await expect(page.get_by_text("Nobody is on the telephone")).to_be_visible()

        behind = site.place_of("LegAlerting")
        await site.play(behind)
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("Ringing")
        await expect(rows.first).to_contain_text("Chan Tai Man")
        await expect(rows.first).to_contain_text("+852 9123 4567")
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
        await expect(page.get_by_text("No connection to Tieline since")).to_be_visible()
        await expect(page.locator("#notes")).to_contain_text(re.compile(r"Again in \d+ s|Trying"))
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
        await expect(page.locator("#links")).to_contain_text("pbx1 · Connected")

        site.link(LinkStatus.REFUSED, "pbx1: wrong secret for tieline at 192.0.2.1:5038: correct `secret`")
        await expect(page.locator("#links")).to_contain_text("pbx1 · Refuses us")
        await expect(page.locator("#notes")).to_contain_text("wrong secret for tieline at 192.0.2.1:5038")
        await expect(page.locator("#live .lrow")).to_have_attribute("data-unheard", "")

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


@pytest.mark.parametrize(("width", "height", "scheme", "locale"), LOOKS, ids=str)
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(width: int, height: int, scheme: str, locale: str) -> None:
    size = {"width": width, "height": height}
    looks: dict[str, Any] = {"viewport": size, "color_scheme": scheme, "locale": locale, "reduced_motion": "reduce"}
    async with shown(QUEUE, **looks) as (site, page):
        site.link(LinkStatus.RETRYING, "pbx1: 192.0.2.1:5038 does not answer; " + "tried again in 3 s " * 5)
        await site.play(site.place_of("QueueJoined"))
        await expect(page.locator("#live li")).to_have_count(1)
        assert await faults(page) == []

        site.link(LinkStatus.CONNECTED)
        await page.locator("#live button").press("Enter")
        await site.play(start=site.place_of("QueueJoined"))
        await expect(page.locator("#live li [data-phase=ended]")).to_be_visible()
        assert await faults(page) == []
        await expect(page.locator("#ended li")).to_have_count(1, timeout=15_000)
        assert await faults(page) == []
        assert await page.locator(":root").get_attribute("data-theme") == scheme
        assert await page.locator(":root").get_attribute("lang") == ("zh-CN" if locale == "zh-CN" else "en")
        await picture(page, f"live-{width}-{scheme}")


@pytest.mark.parametrize("viewport", [DESKTOP, TELEPHONE], ids=lambda each: str(each["width"]))
async def test_who_is_not_signed_in_signs_in_first_and_comes_back(viewport: dict[str, int]) -> None:
    async with shown(QUEUE, login=None, viewport=viewport) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        await page.get_by_label("Name").fill("lin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await expect(page.locator("#live li")).to_have_count(1)
        assert page.url == site.address + "live"
        await expect(page.locator("#links")).to_contain_text("pbx1 · Connected")

        await page.get_by_role("button", name="Account of").first.press("Enter")
        await page.get_by_role("dialog").get_by_role("button", name="Sign out").press("Enter")
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()
        await until(lambda: site.hub.listeners == 0)


async def test_a_session_that_is_ended_elsewhere_leads_to_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.stream.ASK_AGAIN_S", 0.2)
    monkeypatch.setattr("gateway.api.session_auth.FRESH_S", 0.0)
    async with shown(QUEUE) as (site, page):
        gone = await page.request.delete(site.address + "api/v1/session", headers={PAGE_HEADER: PAGE})
        assert gone.status == 204
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()
        assert page.url == site.address + "?next=%2Flive"


async def test_an_agent_sees_the_calls_that_he_may_and_that_he_is_connected() -> None:
    async with shown(QUEUE, login="ivy") as (site, page):
        await expect(page.locator("#links")).to_have_text("Live")
        await site.play(site.place_of("LegAlerting"))
        await expect(page.locator("#live li")).to_have_count(1)
        await site.stop()
        await expect(page.locator("#links")).to_have_text("Cut off")


async def test_all_is_done_by_the_keyboard() -> None:
    async with shown(QUEUE) as (site, page):
        await site.play(site.place_of("QueueJoined"))
        row = page.locator("#live button")
        await expect(row).to_have_count(1)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the calls")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(row).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(row).to_have_attribute("aria-pressed", "true")
        await site.play(site.place_of("LegAlerting", 0), start=site.place_of("QueueJoined"))
        await expect(row).to_be_focused()  # what happens meanwhile takes nobody's place
        await page.get_by_role("button", name="Show all").press("Enter")
        await expect(row).to_have_attribute("aria-pressed", "false")


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
