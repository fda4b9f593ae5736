"""The chat on a page as a visitor has it, with a whole gateway: scripts turn by turn, an agent who takes over, a crash."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, Page, expect
from support.agent_desks import browser, opened, picture, signed_in, users
from support.dialog_scripts import FOLDER, Script, scripts
from support.pages import SIMULATED, faults, quiet
from support.waiting import until
from support.web_scripts import BrowserPartner, HeldSystems, held_systems, play_in_browser

pytestmark = [pytest.mark.live, pytest.mark.slow]

LI: Final = {"login": "li", "name": "Li Na", "role": "agent", "extension": "1001", "pbx": "demo"}
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}
SILENCE_S: Final = 4.0
"""Long enough to see each silence by itself on a busy machine."""


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def chatting(chromium: Browser, gateway: GatewayProcess, locale: str) -> Page:
    page = await (await chromium.new_context(locale=locale, viewport={"width": 1440, "height": 900})).new_page()
    await page.goto(gateway.address + "chat")
    return page


@asynccontextmanager
async def answered(folder: Path, systems: HeldSystems, **more: Any) -> AsyncIterator[GatewayProcess]:
    """Run a gateway whose visitors are answered by the scripts' dialog."""
    dialog = folder / "delivery.yaml"
    text = (FOLDER / "delivery.yaml").read_text("utf-8").replace("http://127.0.0.1/", systems.address)
    # The office is open, whenever the test runs.
    assert 'mon-fri: "09:00-18:00"' in text
    dialog.write_text(text.replace('mon-fri: "09:00-18:00"', 'mon-sun: "00:00-24:00"'), "utf-8")
    often = {"per_second": 1000, "burst": 1000}
    chat = {"channel": "webchat", "application": "itr", "messages": often, "arrivals": often}
    itr = {"itr": {"dialog": str(dialog), **more}}
    async with GatewayProcess(folder, [quiet(folder)], channels=[chat], applications=itr) as running:
        yield running


async def played(
    gateway: GatewayProcess, chromium: Browser, systems: HeldSystems, language: str, wanted: list[Script]
) -> list[str]:
    """Play these scripts in one page, and return their names."""
    page = await chatting(chromium, gateway, LOCALES[language])
    await expect(page.locator(".m").first).to_be_visible(timeout=60_000)  # it learns before it greets
    async with gateway.client() as client:
        partner = BrowserPartner(page, language, systems, client)
        for script in wanted:
            await play_in_browser(script, partner)
    return [script.name for script in wanted]


def of(language: str, *, silent: bool) -> list[Script]:
    """Return the scripts of a language, those of silence or the others."""
    return [each for each in scripts() if each.language == language and any(turn.silence for turn in each.turns) is silent]


async def test_conversations_go_as_they_are_written_turn_by_turn(tmp_path: Path, chromium: Browser) -> None:
    async with held_systems() as systems, answered(tmp_path, systems) as gateway:
        for language in LOCALES:
            names = await played(gateway, chromium, systems, language, of(language, silent=False))

            assert len(names) == 9


async def test_who_says_nothing_is_asked_and_then_given_to_people(tmp_path: Path, chromium: Browser) -> None:
    async with held_systems() as systems, answered(tmp_path, systems, silence_s=SILENCE_S) as gateway:
        both = [played(gateway, chromium, systems, each, of(each, silent=True)) for each in LOCALES]

        assert [len(names) for names in await asyncio.gather(*both)] == [1, 1]


async def test_who_asks_for_a_human_comes_to_an_agent_with_all_that_he_told(tmp_path: Path, chromium: Browser) -> None:
    async with held_systems() as systems, answered(tmp_path, systems) as gateway:
        await users(gateway, LI)
        await until(lambda: is_quiet(gateway))
        li = await opened(await signed_in(chromium, gateway, "li"), gateway)
        page = await chatting(chromium, gateway, "en-GB")
        greeting = page.locator(".m:not(.you)")
        await expect(greeting.first).to_be_visible(timeout=60_000)
        for line in ("I forgot my password", "138 0013 8000", "let me talk to a human"):
            before = await greeting.count()
            await page.get_by_role("textbox").fill(line)
            await page.keyboard.press("Enter")
            await expect(greeting.nth(before)).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text("A colleague will be with you shortly")

        waiting = li.locator("article[data-part=waiting]")
        await expect(waiting.locator("summary")).to_contain_text("+8613800138000")
        await expect(waiting.locator(".told .path")).to_contain_text(re.compile("password", re.IGNORECASE))
        await expect(waiting.locator(".told-facts")).to_contain_text("+8613800138000")
        await expect(waiting).to_contain_text("let me talk to a human")
        assert await faults(li) == []

        await li.keyboard.press("Alt+KeyM")
        await li.keyboard.press("Enter")
        await expect(li.locator("#reply")).to_be_focused()
        await li.keyboard.type("Li Na here: it is on its way.")
        await li.keyboard.press("Enter")
        await expect(page.get_by_text("Li Na here: it is on its way.")).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text("Li Na is with you")
        await page.get_by_role("textbox").fill("It is here, thank you!")
        await page.keyboard.press("Enter")
        await expect(li.locator("article[data-part=human]")).to_contain_text("It is here, thank you!")
        await picture(page, "web-chat")


async def is_quiet(gateway: GatewayProcess) -> bool:
    """Tell whether the PBX has had its only call."""
    async with gateway.client() as client, client.get("api/v1/calls?state=ended") as answer:
        return bool((await answer.json())["calls"])


async def written(gateway: GatewayProcess) -> list[str]:
    """Return what was said in the only conversation."""
    async with gateway.client() as client:
        async with client.get("api/v1/conversations") as answer:
            (conversation,) = (await answer.json())["conversations"]
        async with client.get(f"api/v1/conversations/{conversation['conversation_id']}/messages") as answer:
            return [each["text"] for each in (await answer.json())["messages"]]


async def test_a_gateway_that_is_killed_loses_nothing_and_hears_nothing_twice(tmp_path: Path, chromium: Browser) -> None:
    async with GatewayProcess(tmp_path, [SIMULATED], channels=[{"channel": "webchat"}]) as gateway:
        page = await chatting(chromium, gateway, "en-GB")
        text = page.get_by_role("textbox")
        await text.fill("before")
        await text.press("Enter")
        await expect(page.locator(".meta:visible")).to_have_count(0)
        await expect(page.get_by_role("status")).to_have_text("A colleague will be with you shortly")
        await text.fill("just then")
        await text.press("Enter")
        await gateway.kill()
        await expect(page.get_by_role("alert")).to_contain_text("Connection lost")
        await text.fill("meanwhile")
        await text.press("Enter")
        await gateway.start()

        wanted = ["before", "just then", "meanwhile"]
        await until(lambda: is_written(gateway, wanted), timeout_s=60.0)
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(page.locator(".meta:visible")).to_have_count(0)
        assert await page.locator(".m > div").all_text_contents() == wanted


async def is_written(gateway: GatewayProcess, wanted: list[str]) -> bool:
    """Tell whether this was said, each once."""
    return await written(gateway) == wanted
