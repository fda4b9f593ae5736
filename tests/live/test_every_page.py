"""Every page, with all of its sections, as each of those sees it who come there: in the browser's console stands no complaint."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import GatewayProcess
from playwright.async_api import ConsoleMessage, expect
from support.agent_desks import browser, signed_in, users
from support.pages import SIMULATED, office

pytestmark = [pytest.mark.live, pytest.mark.slow]

SEATED: Final = {"pbx": SIMULATED["pbx"]}
PEOPLE: Final[list[dict[str, Any]]] = [
    {"login": "ivy", "role": "agent", "extension": "1001"} | SEATED,
    {"login": "lin", "role": "supervisor", "extension": "1003"} | SEATED,
    {"login": "pat", "role": "partner"},
]
PAGES: Final = {
    "ivy": ["agent", "live"],
    "lin": ["supervisor", "live"],
    "ann": ["admin", "supervisor", "live"],
    "pat": ["live", "admin"],
}
"""Where each of them goes; their home is the first."""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with office(tmp_path) as running:
        await users(running, *PEOPLE)
        yield running


@pytest.mark.parametrize(("login", "pages"), PAGES.items(), ids=list(PAGES))
async def test_no_page_has_anything_to_complain_of(gateway: GatewayProcess, login: str, pages: list[str]) -> None:
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") or "Content Security" in message.text:
            complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    async with browser() as chromium:
        context = await signed_in(chromium, gateway, login)
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = await context.new_page()
        await page.goto(gateway.address)
        await expect(page).to_have_url(f"{gateway.address}{pages[0]}")
        for name in pages:
            await page.goto(gateway.address + name)
            await expect(page.locator("main#main")).to_be_visible()
            sections = await page.locator(".rail a[href^='#']").evaluate_all("all => all.map((each) => each.hash)")
            for section in sections:
                await page.goto(gateway.address + name + section)
                await expect(page.locator(".rail [aria-current=page]")).to_have_attribute("href", section)
                await page.wait_for_load_state("networkidle")
            await page.get_by_role("button", name="Account of").first.click()
            await expect(page.get_by_role("dialog")).to_be_visible()
        if login == "lin":
            await page.goto(gateway.address + "supervisor")
            await expect(page.locator("#chart svg .chart-bar").first).to_be_attached(timeout=60_000)
        await page.goto(gateway.address + "live")
        await expect(page.locator("#live li, #ended li").first).to_be_visible(timeout=60_000)
    assert complaints == []
