"""The supervisor's page in a real browser, on a whole gateway that hears a real Asterisk with real telephones."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import Gateway
from playwright.async_api import Browser, Route, WebSocketRoute, expect
from rig.asterisk import Asterisk
from rig.site import SITE
from rig.stage import FROM_CALLER, FROM_SECOND, Ensemble
from support.agent_desks import PICTURES, opened, picture, signed_in, users, violations

pytestmark = [pytest.mark.live, pytest.mark.slow]

SUE: Final = {"login": "sue", "name": "Sue Lam", "role": "supervisor", "extension": "1003"}
ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
GENEROUS_MS: Final = 15_000
AGENTS: Final = 500
WAITING: Final = 200
SHOWN: Final = 100
"""Rows of a long list; who is not among them is found by his name."""
STATES: Final = ("ready", "talking", "after_call_work", "not_ready")
LOOKS: Final = [
    (width, height, scheme, locale)
    for width, height in ((1440, 900), (1024, 768), (390, 844))
    for scheme, locale in (("light", "en-GB"), ("dark", "zh-CN"))
]

ONE_VERSION: Final = pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)
"""Where the page is looked at, it is the same whatever Asterisk is heard."""


@pytest.fixture
async def gateway(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Gateway]:
    site = SITE | {"queues": [{"queue": "support", "name": "Support"}]}
    more: dict[str, Any] = {"site": site, "commands": {"context": "internal", "hold_context": "tieline-hold"}}
    async with Gateway(tmp_path, commanded_asterisk, commanded_asterisk.ports.ami, **more) as running:
        await users(running, SUE, ANNA)
        yield running


async def test_a_call_is_seen_listened_to_and_found_again(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    page = await opened(await signed_in(chromium, gateway, "sue"), gateway, "supervisor")
    queue = page.locator("table.qs tbody tr").filter(has_text="Support")
    calls = page.locator("table.live tbody tr")

    caller = await telephones.carrier.dial("5000", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    await expect(queue.locator("td.w")).to_have_text("1", timeout=GENEROUS_MS)
    await expect(queue.locator("time")).to_be_visible()
    await expect(calls).to_contain_text("Chan Tai Man")

    leg.answer()
    listen = calls.get_by_role("button", name="Listen: nobody hears you")
    await expect(listen).to_be_enabled(timeout=GENEROUS_MS)
    await expect(queue.locator("td.w")).to_have_text("0", timeout=GENEROUS_MS)
    await listen.focus()
    await page.keyboard.press("Enter")
    ear = await telephones.agents["1003"].next_leg()
    await expect(page.locator(".listenbar")).to_contain_text("Your telephone rings")
    ear.answer()
    await expect(page.locator(".listenbar")).to_contain_text("You are listening to", timeout=GENEROUS_MS)
    await expect(page.locator("tr.on button[aria-pressed=true]")).to_have_count(1)
    await picture(page, "supervisor-board")
    await page.locator(".listenbar").get_by_role("button", name="Stop").click()
    await expect(page.locator(".listenbar")).to_have_count(0, timeout=GENEROUS_MS)

    await caller.hang_up()
    await expect(calls).to_have_count(0, timeout=GENEROUS_MS)
    await expect(page.locator("#chart svg .chart-answered").first).to_be_attached(timeout=2 * GENEROUS_MS)
    await page.goto(gateway.address + "supervisor#history")
    await page.get_by_label("Number").fill("91234567")
    await page.get_by_label("Outcome").select_option("answered")
    await page.get_by_label("Outcome").press("Enter")
    await page.get_by_role("button", name="Search").click()
    found = page.locator("table.hist tbody tr")
    await expect(found).to_have_count(1, timeout=GENEROUS_MS)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export as CSV").click()
    assert "+85291234567" in await asyncio.to_thread(Path(await (await download.value).path()).read_text, "utf-8-sig")
    await found.get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Chan Tai Man")
    await expect(page.locator("ol.log")).to_contain_text("Waits in support")
    await picture(page, "supervisor-call")


async def test_an_agent_is_given_a_break_and_brought_back(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    page = await opened(await signed_in(chromium, gateway, "sue"), gateway, "supervisor#agents")
    row = page.locator('tr[data-agent="1001"]')
    await expect(row).to_contain_text("Ready")
    await row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Not ready: Lunch").click()
    await expect(dialog.get_by_role("status")).to_contain_text("Not ready · Lunch", timeout=GENEROUS_MS)
    await dialog.get_by_role("button", name="Ready again").click()
    await expect(dialog.get_by_role("status")).to_contain_text("Ready", timeout=GENEROUS_MS)
    await expect(dialog.get_by_role("button", name="Ready again")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert "1001" in telephones.agents


@ONE_VERSION
@pytest.mark.parametrize(("width", "height", "scheme", "locale"), LOOKS, ids=str)
async def test_axe_finds_nothing_in_any_section(
    gateway: Gateway, telephones: Ensemble, chromium: Browser, width: int, height: int, scheme: str, locale: str
) -> None:
    context = await signed_in(
        chromium, gateway, "sue", viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale
    )
    await context.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => (document.documentElement.dataset.still = ''))"
    )
    page = await opened(context, gateway, "supervisor")

    async def looks_well(name: str) -> None:
        assert await violations(page) == [], name
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        await picture(page, f"supervisor-{name}-{width}-{scheme}")

    lost = await telephones.carrier.dial("5000", FROM_CALLER)
    await telephones.agents["1001"].next_leg()
    await expect(page.locator("table.live tbody tr")).to_have_count(1, timeout=GENEROUS_MS)
    await looks_well("waiting")
    await lost.hang_up()
    await expect(page.locator("table.abn tbody tr")).to_have_count(1, timeout=GENEROUS_MS)
    await telephones.carrier.dial("551001", FROM_SECOND)
    (await telephones.agents["1001"].next_leg()).answer()
    await expect(page.locator("table.live .sup button")).to_have_count(3, timeout=GENEROUS_MS)
    await looks_well("board")
    for section, ready in (
        ("calls", "table.live"),
        ("agents", "table.people"),
        ("callbacks", "table.abn"),
        ("history", "table.hist"),
    ):
        await page.evaluate("section => (location.hash = section)", section)
        await expect(page.locator(ready)).to_be_visible(timeout=GENEROUS_MS)
        await looks_well(section)
    await page.locator("table.hist a").first.click()
    await expect(page.locator("ol.log")).to_be_visible(timeout=GENEROUS_MS)
    await looks_well("call")
    await page.evaluate("location.hash = 'agents'")
    await page.locator("table.people button").first.click()
    await expect(page.locator("dialog")).to_be_visible()
    await looks_well("change")
    await page.keyboard.press("Escape")
    await page.evaluate("location.hash = 'callbacks'")
    await page.locator("table.abn button[aria-haspopup=dialog]").first.click()
    await expect(page.locator("dialog li").first).to_be_visible()
    await looks_well("give")
    await page.keyboard.press("Escape")
    await page.evaluate("location.hash = 'wall=1'")
    await expect(page.locator(".rail")).to_be_hidden()
    await looks_well("wall")
    await page.keyboard.press("Escape")
    await gateway.kill()
    await expect(page.locator(".bar-note")).to_be_visible(timeout=GENEROUS_MS)
    await looks_well("cut-off")


def agent(number: int, state: str) -> dict[str, Any]:
    return {
        "pbx": "cc1", "extension": str(2000 + number), "agent": None, "name": f"Agent {number}", "state": state, "reason": None,
        "since": "2026-11-22T08:00:00Z", "call_id": None, "queue": None, "queues": ["support"], "memberships": [],
    }  # fmt: skip


def waiting(number: int) -> dict[str, Any]:
    began = f"2026-11-22T08:{number // 60:02}:{number % 60:02}Z"
    return {
        "call_id": f"01M{number:023}", "pbx": "cc1", "state": "active", "started_at": began, "direction": "inbound",
        "caller": f"+8529{number:07}", "caller_name": f"Caller {number}", "caller_e164": f"+8529{number:07}", "called": "5000",
        "queue": "support", "phase": {"name": "queued", "since": began, "parties": []},
    }  # fmt: skip


@ONE_VERSION
@pytest.mark.parametrize("section", ["board", "agents", "calls"])
async def test_500_agents_and_200_waiting_calls_keep_the_page_quick(gateway: Gateway, chromium: Browser, section: str) -> None:
    context = await signed_in(chromium, gateway, "sue")
    page = await context.new_page()
    told = asyncio.Event()

    async def crowd(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        if "/agents" in route.request.url:
            body["agents"] = [agent(number, STATES[number % 4]) for number in range(AGENTS)]
        else:
            body["calls"] = [waiting(number) for number in range(WAITING)]
        await route.fulfill(response=answer, json=body)

    async def stream(socket: WebSocketRoute) -> None:
        position = itertools.count(10**16)
        socket.on_message(lambda _message: None)
        socket.send(json.dumps({"type": "subscribed", "position": next(position), "topics": ["*"]}))
        for number in range(300):
            changed = agent(number, STATES[(number + 1) % 4])
            event = {"id": str(number), "type": "agent.state_changed", "time": changed["since"], "pbx": "cc1", "data": changed}
            socket.send(json.dumps(event | {"position": next(position)}))
            await asyncio.sleep(0.01)
        told.set()

    await page.route("**/api/v1/agents*", crowd)
    await page.route("**/api/v1/calls?*", crowd)
    await page.route_web_socket("**/api/v1/events", stream)
    await page.add_init_script(
        "window.long = []; new PerformanceObserver((list) => list.getEntries().forEach((each) => long.push(each.duration)))"
        ".observe({ type: 'longtask', buffered: true })"
    )
    await page.goto(f"{gateway.address}supervisor#{section}")
    await asyncio.wait_for(told.wait(), 30)
    shown = {"board": (".ag li", 16), "agents": ("table.people tbody tr", SHOWN), "calls": ("table.live tbody tr", SHOWN)}
    rows, many = shown[section]
    await expect(page.locator(rows)).to_have_count(many, timeout=GENEROUS_MS)
    if PICTURES is not None:
        slow = await page.evaluate("long")
        (Path(PICTURES) / f"supervisor-crowd-{section}.json").write_text(json.dumps(slow))
