"""Agents in browsers: a whole gateway that hears a real PBX, its users, and a signed-in page for each."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright

CHROMIUM: Final = "/usr/bin/chromium"
PASSWORD: Final = "correct-horse-battery-staple"
FIRST_PASSWORD: Final = "staple-battery-horse-first"
PAGE: Final = {"X-Tieline": "page"}
PICTURES: Final = os.environ.get("TIELINE_PICTURES")
"""A folder to write what is seen to, such as docs/img."""


async def users(gateway: GatewayProcess, *wanted: dict[str, Any]) -> None:
    """Make these users; each has his login as his name where none is given."""
    async with gateway.client() as client:
        for user in wanted:
            body = {"name": user["login"].capitalize(), "password": FIRST_PASSWORD} | user
            async with client.post("api/v1/users", json=body) as answer:
                assert answer.status == 201, await answer.text()


@asynccontextmanager
async def browser(*more: str) -> AsyncIterator[Browser]:
    """Run Chromium."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *more])
        try:
            yield chromium
        finally:
            await chromium.close()


async def signed_in(chromium: Browser, gateway: GatewayProcess, login: str, **more: Any) -> BrowserContext:
    """Return a browser's window in which this user has come in, and has chosen his password."""
    context = await chromium.new_context(**({"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"} | more))
    session = gateway.address + "api/v1/session"
    first = await context.request.post(session, data={"login": login, "password": FIRST_PASSWORD}, headers=PAGE)
    if first.status == 401:
        first = await context.request.post(session, data={"login": login, "password": PASSWORD}, headers=PAGE)
    assert first.status == 200, await first.text()
    if (await first.json())["must_change_password"]:
        body = {"old": FIRST_PASSWORD, "new": PASSWORD}
        changed = await context.request.put(session + "/password", data=body, headers=PAGE)
        assert changed.ok, await changed.text()
    return context


async def opened(context: BrowserContext, gateway: GatewayProcess, path: str = "agent") -> Page:
    """Return a tab with this page, which fails the test by what goes wrong in it."""
    page = await context.new_page()
    page.on("pageerror", _fail)
    await page.goto(gateway.address + path)
    await page.locator(".conn:not([data-off])").wait_for()
    return page


def part(page: Page, name: str) -> Locator:
    """Return the call on an agent's stage, while it is this to him."""
    return page.locator(f'article[data-part="{name}"]')


async def picture(page: Page, name: str) -> None:
    """Write what is seen to the folder of pictures, where there is one."""
    if PICTURES is not None:
        await page.wait_for_timeout(400)
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


def _fail(error: Any) -> None:
    raise AssertionError(f"in the page: {error}")


STILL: Final = """() => Promise.allSettled(
  document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime !== Infinity).map((each) => each.finished)
)"""
"""Waits until what changes its colours has done so: half-way they are nobody's."""


async def violations(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2, levels A and AA, and its best practices, each with where."""
    await page.evaluate(STILL)
    found = await Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{each['id']}: {node['target']} {node['html'][:160]}" for each in found.response["violations"] for node in each["nodes"]
    ]
