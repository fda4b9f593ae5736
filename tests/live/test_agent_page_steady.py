"""What stands on the agent's page stays where it is, and stays true, in real browsers with a real Asterisk's calls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from bench.soak_gateway import Gateway
from playwright.async_api import Browser, Route, WebSocketRoute, expect
from rig.asterisk import Asterisk
from rig.leg import Ring
from rig.site import SITE
from rig.stage import FROM_CALLER, Ensemble
from support.agent_desks import browser, opened, part, signed_in, users
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]


@pytest.fixture
async def gateway(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Gateway]:
    pbx = commanded_asterisk
    async with Gateway(
        tmp_path, pbx, pbx.ports.ami, site=SITE | {"queues": [{"queue": "support", "name": "Support"}]}
    ) as running:
        await users(running, {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"})
        yield running


@pytest.fixture
async def phones(commanded_asterisk: Asterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(commanded_asterisk) as ensemble:
        ensemble.agents["1001"].behaviour = Ring()
        yield ensemble
        await ensemble.tidy()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


SHIFTS: Final = """
window.shifts = [];
const moved = ({ node, previousRect, currentRect }) => [node?.outerHTML?.slice(0, 120), previousRect.y, currentRect.y];
const noted = (list) => list.getEntries().forEach(({ value, sources }) => shifts.push([value, ...sources.map(moved)]));
new PerformanceObserver(noted).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
async def test_nothing_moves_when_a_call_arrives(
    gateway: Gateway, phones: Ensemble, chromium: Browser, width: int, height: int
) -> None:
    context = await signed_in(chromium, gateway, "anna", viewport={"width": width, "height": height})
    await context.add_init_script(SHIFTS)
    page = await opened(context, gateway)
    await expect(page.locator("#state")).to_contain_text("Ready")
    await expect(page.get_by_text("No call yet")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    before = await page.evaluate("shifts.length")

    await phones.carrier.dial("551001", FROM_CALLER)
    await phones.agents["1001"].next_leg()
    await expect(part(page, "ringing")).to_contain_text("Chan Tai Man")
    await expect(page.locator(".who")).to_contain_text("Not known yet")

    assert (await page.evaluate("shifts"))[before:] == []


async def test_a_laptop_that_slept_shows_what_is_now(gateway: Gateway, phones: Ensemble, chromium: Browser) -> None:
    context = await signed_in(chromium, gateway, "anna")
    page = await context.new_page()
    dead: set[WebSocketRoute] = set()
    alive: list[WebSocketRoute] = []

    def stream(socket: WebSocketRoute) -> None:
        there = socket.connect_to_server()

        def to_page(text: str | bytes) -> None:
            alive.append(socket)
            if socket not in dead:
                socket.send(text)

        def to_gateway(text: str | bytes) -> None:
            if socket not in dead:
                there.send(text)

        there.on_message(to_page)
        socket.on_message(to_gateway)

    await page.clock.install()
    await page.route_web_socket("**/api/v1/events", stream)
    await page.goto(gateway.address + "agent")
    await until(lambda: bool(alive))

    dead.update(alive)  # nobody tells either side of a connection that died while the laptop slept
    await phones.carrier.dial("551001", FROM_CALLER)
    await phones.agents["1001"].next_leg()
    await page.clock.fast_forward("08:00:00")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(part(page, "ringing")).to_have_count(0)
    await page.clock.fast_forward(4_000)

    await expect(part(page, "ringing")).to_contain_text("Chan Tai Man")
    assert len(set(alive)) == 2
    assert await page.locator("article").count() == 1


async def test_what_was_filed_stays_filed(gateway: Gateway, phones: Ensemble, chromium: Browser) -> None:
    context = await signed_in(chromium, gateway, "anna")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(gateway.address + "agent")
    await expect(page.locator("#state")).to_contain_text("Ready")
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    (await phones.agents["1001"].next_leg()).answer()
    await expect(part(page, "connected")).to_be_visible()
    await caller.hang_up()
    await expect(part(page, "wrap-up")).to_be_visible()

    asked, filed = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await filed.wait()
        await route.fulfill(response=answer)

    await page.route("**/api/v1/desk", late, times=1)
    await page.clock.fast_forward(61_000)  # the day's figures are read anew, with what is to be filed
    await asked.wait()
    await page.keyboard.press("1")
    await page.keyboard.press("Control+Enter")
    ready = page.get_by_role("heading", name="Ready for the next call")
    await expect(ready).to_be_visible()
    async with page.expect_response("**/api/v1/desk"):
        filed.set()
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    await expect(ready).to_be_visible()
    await expect(part(page, "wrap-up")).to_have_count(0)


async def test_a_draft_that_is_late_does_not_undo_the_filing(gateway: Gateway, phones: Ensemble, chromium: Browser) -> None:
    page = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    (await phones.agents["1001"].next_leg()).answer()
    await expect(part(page, "connected")).to_be_visible()
    await caller.hang_up()
    await expect(part(page, "wrap-up")).to_be_visible()

    sent: list[tuple[str | None, bool]] = []
    drafted, go_on = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        body = route.request.post_data_json or {}
        sent.append((body["note"], bool(body["done"])))
        drafted.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/wrap-up", late)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("Call again")
    await drafted.wait()
    await part(page, "wrap-up").get_by_text("Solved").click()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#save")).to_have_attribute("aria-busy", "true")
    assert sent == [("Call again", False)], "what files it waits for what was written before"
    go_on.set()
    await expect(page.get_by_role("heading", name="Ready for the next call")).to_be_visible()
    assert sent == [("Call again", False), ("Call again", False), ("Call again", True)]
    await page.reload()
    await expect(page.get_by_role("heading", name="Ready for the next call")).to_be_visible()


async def test_a_key_counts_though_the_card_was_read_anew_and_is_not_drawn_yet(
    gateway: Gateway, phones: Ensemble, chromium: Browser
) -> None:
    page = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    (await phones.agents["1001"].next_leg()).answer()
    await expect(part(page, "connected")).to_be_visible()
    await caller.hang_up()
    await expect(part(page, "wrap-up")).to_be_visible()
    # What is chosen is written, told, and the card read for it; from then on nothing is drawn.
    await page.evaluate("""() => {
      const fetched = window.fetch;
      window.read = new Promise((done) => {
        window.fetch = async (...asked) => {
          const answer = await fetched(...asked);
          if (String(asked[0]).endsWith("/card")) {
            window.requestAnimationFrame = () => 0;
            setTimeout(done, 0);
          }
          return answer;
        };
      });
    }""")
    await page.keyboard.press("1")
    await page.evaluate("window.read")
    async with page.expect_request(lambda asked: asked.method == "PUT" and "wrap-up" in asked.url) as filing:
        await page.keyboard.press("Control+Enter")
    assert ((await filing.value).post_data_json or {})["done"]


async def test_what_was_written_is_there_though_the_card_is_not_read_again_yet(
    gateway: Gateway, phones: Ensemble, chromium: Browser
) -> None:
    page = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    (await phones.agents["1001"].next_leg()).answer()
    await expect(part(page, "connected")).to_be_visible()
    await caller.hang_up()
    await expect(part(page, "wrap-up")).to_be_visible()

    filed = asyncio.Event()

    async def late(route: Route) -> None:
        await filed.wait()
        await route.abort()

    await page.route("**/calls/*/card", late)
    await page.keyboard.press("Alt+KeyN")
    async with page.expect_response("**/wrap-up"):
        await page.keyboard.type("Call again")
    await expect(page.locator("#wrap-note")).to_have_value("Call again")
    async with page.expect_request("**/wrap-up") as filing:
        await part(page, "wrap-up").get_by_text("Solved").click()
    assert ((await filing.value).post_data_json or {})["note"] == "Call again"
    filed.set()
    await page.unroute_all(behavior="wait")


LEAVES: Final = """async () => {
  const { Desk } = await import("/static/agent/desk.js");
  const nothing = () => {};
  const handlers = { changed: nothing, colleaguesChanged: nothing, waitingChanged: nothing, popped: nothing, removed: nothing };
  const desk = new Desk({ extension: "1002", pbx: "soak" }, handlers);
  desk.pbx = { name: "soak" };
  const reads = [];
  desk.read = (id) => reads.push(id);
  desk.cards.set("into", { call: { call_id: "into" } });
  desk.became.add("from");
  const is = (extension, state, call_id) => desk.agentChanged({ pbx: "soak", data: { extension, state, call_id } });
  for (const [extension, call_id] of [["1001", "into"], ["1003", "from"], ["1004", "another"]]) is(extension, "talking", call_id);
  for (const extension of ["1001", "1003", "1004"]) is(extension, "after_call_work", null);
  return reads;
}"""


async def test_a_colleague_who_leaves_the_call_is_one_who_talked_before(gateway: Gateway, chromium: Browser) -> None:
    # No event of a call tells that one of several telephones has left it: the card that was read before does not know it.
    page = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    assert await page.evaluate(LEAVES) == ["into", "into"]
