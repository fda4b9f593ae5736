"""What visitors write, on the agent's page in real browsers: a gateway, its web chat with a dialog, two agents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, Page, expect
from support.agent_desks import browser, opened, picture, signed_in, users
from support.pages import LOOKS, faults
from support.waiting import until
from support.web_chats import WebVisitor

pytestmark = [pytest.mark.live, pytest.mark.slow]

TOP: Final = Path(__file__).parents[2]
LI: Final = {"login": "li", "name": "Li Na", "role": "agent", "extension": "1001", "pbx": "demo"}
ZHAO: Final = {"login": "zhao", "name": "Zhao Min", "role": "agent", "extension": "1011", "pbx": "demo"}
ASKS: Final = "My parcel is late"
GREETING: Final = "Hello. What is it about?"
PATIENT_S: Final = 60.0
ORDER: Final = "SF12345678"
DIALOG: Final = """
itr: 1
name: parcels
languages: [en]
start: main
human: {queue: support}
nodes:
  main:
    label: {en: Parcels}
    say: {en: Hello. What is it about?}
    choices: [{digit: "1", go: late}, {digit: "2", go: prices}]
  late:
    label: {en: A parcel is late}
    examples: {en: [my parcel is late, it has not arrived, it should be here by now]}
    needs: [order]
    say: {en: "One moment: a colleague will see to it."}
    transfer: {queue: support}
  prices:
    label: {en: Prices}
    examples: {en: [what does it cost, your prices, how much is a parcel]}
    say: {en: A parcel costs 10.}
    end: true
slots:
  order:
    type: text
    pattern: 'SF\\d{8}'
    label: {en: Order}
    ask: {en: "Which order number, please?"}
    again: {en: "SF and eight digits, please."}
"""
SHIFTS: Final = """
window.shifts = [];
const moved = ({ node, previousRect, currentRect }) => [node?.outerHTML?.slice(0, 120), previousRect.y, currentRect.y];
const noted = (list) => list.getEntries().forEach(({ value, sources }) => shifts.push([value, ...sources.map(moved)]));
new PerformanceObserver(noted).observe({ type: "layout-shift", buffered: true });
window.attention = [];
document.addEventListener("announced", (event) => attention.push(event.detail));
"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A gateway whose PBX has two calls within the first seconds and no more, so that nothing but visitors comes."""
    captures = tmp_path / "captures"
    captures.mkdir()
    (captures / "queue_abandon").symlink_to(TOP / "connectors" / "simulator" / "captures" / "queue_abandon")
    quiet = {"pbx": "demo", "plugin": "simulator", "captures": str(captures), "lanes": 2, "pace": 0.1, "pause_s": 3600}
    (tmp_path / "parcels.yaml").write_text(DIALOG, "utf-8")
    channels = [{"channel": "webchat", "application": "itr"}]
    applications = {"itr": {"dialog": str(tmp_path / "parcels.yaml")}}
    async with GatewayProcess(tmp_path, [quiet], channels=channels, applications=applications) as running:
        await users(running, LI, ZHAO)
        async with running.client() as client:
            await until(lambda: is_quiet(client))
        yield running


async def is_quiet(client: ClientSession) -> bool:
    """Tell whether the PBX has had its calls."""
    async with client.get("api/v1/calls?state=ended") as answer:
        return len((await answer.json())["calls"]) == 2


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


@asynccontextmanager
async def visiting(gateway: GatewayProcess) -> AsyncIterator[WebVisitor]:
    """Somebody who has opened the chat, and was greeted."""
    async with ClientSession() as client:
        headers = {"Origin": gateway.address.rstrip("/")}
        async with client.ws_connect(gateway.address + "webchat/ws", headers=headers) as socket:
            visitor = WebVisitor(socket)
            welcome = await visitor.arrive(language="en")
            if not welcome["messages"]:
                await heard(visitor, "message", text=GREETING)
            yield visitor


async def heard(visitor: WebVisitor, kind: str, **fields: str) -> dict[str, Any]:
    """Return the next that comes with these fields. A dialog is learnt before it first answers, which takes its time."""
    wanted = {"type": kind} | fields
    async with asyncio.timeout(PATIENT_S):
        while True:
            message: dict[str, Any] = await visitor.socket.receive_json()
            if all(message.get(name) == value for name, value in wanted.items()):
                return message


async def known(gateway: GatewayProcess) -> None:
    """Know the customer who writes."""
    async with gateway.client() as client:
        async with client.get("api/v1/conversations") as answer:
            (conversation,) = (await answer.json())["conversations"]
        identity = {"kind": "web", "value": conversation["visitor"]["id"]}
        body = {"name": "Chan Tai Man", "company": "Harbour Foods", "identities": [identity]}
        async with client.post("api/v1/customers", json=body) as answer:
            assert answer.status == 201, await answer.text()


async def announced_once(*tabs: Page) -> bool:
    """Tell whether one of the tabs has called for attention; fails when it was more."""
    calls = [each for tab in tabs for each in await tab.evaluate("attention")]
    assert len(calls) <= 1, calls
    return len(calls) == 1


async def gives_up(visitor: WebVisitor) -> None:
    """Say to the dialog what it gives to people."""
    await visitor.write(ASKS)
    await heard(visitor, "message", text="Which order number, please?")
    await visitor.write(ORDER)


async def at_desk(chromium: Browser, gateway: GatewayProcess, login: str, tabs: int = 1) -> list[Page]:
    context = await signed_in(chromium, gateway, login)
    await context.add_init_script(SHIFTS)
    return [await opened(context, gateway) for _ in range(tabs)]


async def test_who_writes_comes_to_one_agent_and_is_passed_to_another_by_the_keyboard(
    gateway: GatewayProcess, chromium: Browser
) -> None:
    li, second = await at_desk(chromium, gateway, "li", tabs=2)
    (zhao,) = await at_desk(chromium, gateway, "zhao")
    for page in (li, second, zhao):
        await page.locator(".stats").wait_for()
        assert await page.locator("[data-chat]").count() == 0
        assert not await page.evaluate(
            "performance.getEntriesByType('resource').some((each) => /conversations/.test(each.name) && !/api/.test(each.name))"
        )
    # All that it begins with is there.
    await expect(li.locator("[data-callback]")).to_have_count(2)
    await expect(li.locator("table.calls tbody tr")).to_have_count(1)
    before = await li.evaluate("shifts.length")

    async with visiting(gateway) as visitor:
        await gives_up(visitor)
        waiting = [page.locator("article[data-part=waiting]") for page in (li, second, zhao)]
        for each in waiting:
            await expect(each.locator(".told")).to_contain_text(ORDER)
            await expect(each.locator(".told .path")).to_contain_text("A parcel is late")
            await expect(each.get_by_role("log")).to_contain_text(ASKS)
        assert (await li.evaluate("shifts"))[before:] == []
        await until(lambda: announced_once(li, second))
        assert await faults(li) == []

        await known(gateway)
        await li.keyboard.press("Alt+KeyM")
        await expect(li.locator(".who")).to_contain_text("Harbour Foods")
        await li.keyboard.press("Enter")
        mine = li.locator("article[data-part=human]")
        await expect(mine).to_be_visible()
        await expect(second.locator("article[data-part=human]")).to_be_visible()
        await expect(zhao.locator("[data-chat]")).to_have_count(0)
        assert (await heard(visitor, "state", state="human"))["agent"] == "Li Na"

        await expect(li.locator("#reply")).to_be_focused()
        await li.keyboard.type("I look at it now.")
        await li.keyboard.press("Enter")
        await expect(li.locator("#reply")).to_have_value("")
        said = await heard(visitor, "message", author="agent")
        assert (said["text"], said["name"]) == ("I look at it now.", "Li Na")
        await expect(second.locator(".msg.mine").last).to_contain_text("I look at it now.")

        await li.get_by_role("button", name="History").click()
        await visitor.write("Thank you, I wait.")
        entry = li.locator(".item[data-chat]")
        await expect(entry).to_contain_text("Thank you, I wait.")
        await expect(entry.locator(".badge")).to_have_text("1")
        await li.keyboard.press("Alt+KeyM")
        await expect(entry.locator(".badge")).to_have_count(0)
        await picture(li, "agent-conversation")
        await li.keyboard.type("<b>It is")
        await li.reload()
        await expect(li.locator(".item[data-chat]")).to_be_visible()
        await li.keyboard.press("Alt+KeyM")
        await expect(li.locator("#reply")).to_have_value("<b>It is")
        await li.keyboard.type(" at the depot.</b>")
        await li.keyboard.press("Enter")
        await expect(li.locator(".msg.mine").last).to_contain_text("<b>It is at the depot.</b>")

        await li.keyboard.press("Alt+KeyT")
        await li.keyboard.type("1011")
        await li.keyboard.press("Enter")
        await expect(li.locator("[data-chat]")).to_have_count(0)
        await expect(zhao.locator("article[data-part=waiting]")).to_contain_text("Thank you, I wait.")

        await zhao.keyboard.press("Alt+KeyM")
        await zhao.keyboard.press("Enter")
        await expect(zhao.locator("#reply")).to_be_focused()
        await zhao.keyboard.press("Alt+KeyX")
        await zhao.keyboard.press("6")
        await expect(zhao.get_by_label("Complaint")).to_be_checked()
        await zhao.keyboard.press("Control+Enter")
        await expect(zhao.get_by_role("alert")).to_contain_text("note")
        await zhao.get_by_label("Note, needed for this").fill("Came a day late.")
        assert await faults(zhao) == []
        await zhao.keyboard.press("Control+Enter")
        await expect(zhao.locator("[data-chat]")).to_have_count(0)
        await heard(visitor, "state", state="closed")

    async with gateway.client() as client, client.get("api/v1/conversations?state=closed") as answer:
        (kept,) = (await answer.json())["conversations"]
    assert (kept["closed_by"], kept["disposition"], kept["note"]) == ("agent", "complaint", "Came a day late.")
    assert kept["owner"]["name"] == "Zhao Min"


async def test_it_is_for_everybody_in_both_languages_themes_and_on_telephones(gateway: GatewayProcess, chromium: Browser) -> None:
    async with visiting(gateway) as visitor:
        await gives_up(visitor)
        for width, height, scheme, locale in LOOKS:
            look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "locale": locale}
            page = await opened(await signed_in(chromium, gateway, "li", **look), gateway)
            await page.locator(".item[data-chat]").wait_for(state="attached")
            await page.keyboard.press("Alt+KeyM")
            await expect(page.locator("article.chat")).to_contain_text(ASKS)
            taken = page.locator("article[data-part=human]")
            await page.keyboard.press("Enter")
            await expect(taken).to_be_visible()
            assert await faults(page) == []
            await page.keyboard.press("Alt+KeyT")
            await expect(page.locator("#pass-to")).to_be_focused()
            assert await faults(page) == []
            await page.keyboard.press("Alt+KeyX")
            await expect(page.locator("#chat-filed")).to_be_focused()
            assert await faults(page) == []
            await page.context.close()


async def test_what_the_visitor_leaves_is_still_filed(gateway: GatewayProcess, chromium: Browser) -> None:
    (li,) = await at_desk(chromium, gateway, "li")
    async with visiting(gateway) as visitor:
        await gives_up(visitor)
        await expect(li.locator("article[data-part=waiting]")).to_be_visible()
        await li.keyboard.press("Alt+KeyM")
        await li.keyboard.press("Enter")
        await expect(li.locator("#reply")).to_be_focused()
        await visitor.socket.send_json({"type": "leave"})
        await expect(li.locator("article[data-part=closed]")).to_contain_text("The conversation is over")
        await li.get_by_text("Solved").click()
        await li.get_by_role("button", name="End and save").click()
        await expect(li.locator("[data-chat]")).to_have_count(0)
    async with gateway.client() as client, client.get("api/v1/conversations?state=closed") as answer:
        (kept,) = (await answer.json())["conversations"]
    assert (kept["closed_by"], kept["disposition"]) == ("visitor", "solved")
