"""The agent's page in real browsers, on a whole gateway that hears a real Asterisk with real telephones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from bench.soak_gateway import Gateway
from playwright.async_api import Browser, Page, Route, expect
from rig.asterisk import Asterisk
from rig.site import SITE
from rig.stage import FROM_CALLER, FROM_SECOND, Ensemble
from support.agent_desks import opened, part, picture, signed_in, users, violations

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
BEN: Final = {"login": "ben", "name": "Ben Zhou", "role": "agent", "extension": "1002"}
NOTE: Final = "Wants the October invoice again, with the new tax number."
FORMER_NOTE: Final = "October invoice carries the old tax number. Promised a corrected one by Friday."
GENEROUS_MS: Final = 15_000


@pytest.fixture
async def gateway(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Gateway]:
    site = SITE | {"queues": [{"queue": "support", "name": "Support"}, {"queue": "pool", "name": "Overflow", "number": "5040"}]}
    commands = {"context": "internal", "hold_context": "tieline-hold"}
    pbx = commanded_asterisk
    async with Gateway(tmp_path, pbx, pbx.ports.ami, site=site, commands=commands) as running:
        await users(running, ANNA, BEN)
        yield running


async def known_customer(gateway: Gateway) -> None:
    """Make the caller one who has been here before."""
    customer = {
        "name": "Chan Tai Man",
        "company": "Harbour Foods",
        "language": "zh",
        "tags": ["gold"],
        "numbers": ["+85291234567"],
    }
    async with gateway.client() as client:
        async with client.post("api/v1/customers", json=customer) as answer:
            made = await answer.json()
        async with client.post(f"api/v1/customers/{made['customer_id']}/notes", json={"text": FORMER_NOTE}) as answer:
            assert answer.status == 201, await answer.text()


async def test_a_queue_call_goes_from_agent_to_agent(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    await known_customer(gateway)
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    await expect(anna.locator("#state")).to_contain_text("Ready")

    caller = await telephones.carrier.dial("5000", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    ringing = part(anna, "ringing")
    await expect(ringing).to_contain_text("Chan Tai Man")
    await expect(ringing).to_contain_text("+852 9123 4567")
    await expect(ringing).to_contain_text("support")
    await expect(ringing).to_contain_text(FORMER_NOTE)
    await expect(anna.locator(".who")).to_contain_text("Harbour Foods")
    await expect(anna).to_have_title("☎ Chan Tai Man · Tieline")
    await picture(anna, "agent-ringing")

    leg.answer()
    talking = part(anna, "connected")
    await expect(talking).to_be_visible()
    await anna.keyboard.press("Alt+KeyN")
    await anna.keyboard.type(NOTE)
    await picture(anna, "agent-talking")

    await talking.get_by_role("button", name="Hold").click()
    await expect(part(anna, "held")).to_be_visible()
    await part(anna, "held").get_by_role("button", name="Take back").click()
    await expect(talking).to_be_visible()

    await expect(talking.get_by_role("button", name="Consult")).to_be_enabled()
    await anna.keyboard.press("Alt+KeyC")
    await anna.keyboard.type("1002")
    await anna.keyboard.press("Enter")
    second = await telephones.agents["1002"].next_leg()
    await expect(part(ben, "ringing")).to_contain_text("A colleague asks you")
    await expect(part(ben, "ringing")).to_contain_text(NOTE)
    second.answer()
    consulting = part(anna, "consulting")
    await expect(consulting).to_contain_text("1002")
    await picture(anna, "agent-consulting")
    await consulting.get_by_role("button", name="Transfer to").click()

    passed_on = part(ben, "connected")
    await expect(passed_on).to_contain_text("+852 9123 4567", timeout=GENEROUS_MS)
    await expect(passed_on).to_contain_text("Talked before with")
    await expect(ben.locator(".who")).to_contain_text(NOTE)
    await picture(ben, "agent-passed-on")

    wrap_up = part(anna, "wrap-up")
    await expect(wrap_up).to_be_visible(timeout=GENEROUS_MS)
    await expect(anna.locator("#wrap-note")).to_have_value(NOTE)
    await anna.locator("body").press("1")
    await expect(wrap_up.get_by_label("Solved")).to_be_checked()
    await picture(anna, "agent-wrap-up")
    await anna.keyboard.press("Control+Enter")
    await expect(anna.get_by_role("heading", name="Ready for the next call")).to_be_visible()

    await ben.keyboard.press("Alt+KeyX")
    await caller.until_ended()
    await expect(part(ben, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await expect(anna.locator("table.calls tbody tr").first).to_contain_text("+852 9123 4567", timeout=GENEROUS_MS)
    await picture(anna, "agent-between-calls")


async def test_three_tabs_call_for_attention_once(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    context = await signed_in(chromium, gateway, "anna")
    await context.add_init_script(
        "window.attention = []; document.addEventListener('announced', (event) => attention.push(event.detail))"
    )
    tabs = [await opened(context, gateway) for _ in range(3)]

    await telephones.carrier.dial("551001", FROM_SECOND)
    await telephones.agents["1001"].next_leg()
    for tab in tabs:
        await expect(part(tab, "ringing")).to_contain_text("Lee Siu Ming")
    await tabs[0].reload()
    await expect(part(tabs[0], "ringing")).to_contain_text("Lee Siu Ming")
    await asyncio.sleep(0.3)

    announced = [await tab.evaluate("attention.length") for tab in tabs]
    again = await tabs[0].evaluate("Object.keys(JSON.parse(localStorage.announced)).length")
    assert (sum(announced) <= 1, again) == (True, 1), announced


async def test_a_gateway_that_is_killed_loses_and_repeats_nothing(
    gateway: Gateway, telephones: Ensemble, chromium: Browser
) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    await telephones.carrier.dial("551001", FROM_CALLER)
    (await telephones.agents["1001"].next_leg()).answer()
    await expect(part(anna, "connected")).to_be_visible()
    await anna.keyboard.press("Alt+KeyN")
    await anna.keyboard.type(NOTE)

    await gateway.kill()
    await expect(anna.get_by_role("alert")).to_contain_text("No connection to Tieline since")
    await expect(anna.locator(".ctl").first).to_be_disabled()
    await anna.keyboard.type(" Urgent.")
    await telephones.carrier.dial("551002", FROM_SECOND)
    ringing = await telephones.agents["1002"].next_leg()
    await gateway.start()

    await expect(part(ben, "ringing")).to_contain_text("Lee Siu Ming", timeout=GENEROUS_MS)
    await expect(part(anna, "connected")).to_contain_text("Chan Tai Man")
    await expect(anna.locator(".ctl").first).to_be_enabled(timeout=GENEROUS_MS)
    await expect(anna.locator("#note")).to_have_value(f"{NOTE} Urgent.")
    await expect(anna.get_by_role("alert")).to_have_count(0)
    ringing.answer()
    await expect(part(ben, "connected")).to_be_visible()
    assert await ben.locator("article").count() == 1
    assert await anna.locator("article").count() == 1


async def test_a_call_is_passed_to_a_queue_by_its_name(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    caller = await telephones.carrier.dial("551001", FROM_CALLER)
    (await telephones.agents["1001"].next_leg()).answer()
    talking = part(anna, "connected")
    await expect(talking.get_by_role("button", name="Transfer", exact=True)).to_be_enabled(timeout=GENEROUS_MS)
    await anna.keyboard.press("Alt+KeyT")
    await anna.keyboard.type("overf")
    await expect(anna.locator(".person")).to_have_count(1)
    await expect(anna.get_by_role("button", name="Transfer now: Overflow")).to_be_visible()
    await anna.keyboard.press("Enter")

    await expect(part(anna, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await telephones.agents["1002"].next_leg(timeout_s=30)
    await expect(part(ben, "ringing")).to_contain_text("pool", timeout=GENEROUS_MS)
    await expect(part(ben, "ringing")).to_contain_text("Chan Tai Man")
    assert caller.state == "up"


async def test_who_is_called_back_has_one_owner(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    caller = await telephones.carrier.dial("5000", FROM_CALLER)
    await telephones.agents["1001"].next_leg()
    await expect(part(anna, "ringing")).to_be_visible()
    await caller.hang_up()

    entry, seen = (page.locator("[data-callback='+85291234567']") for page in (anna, ben))
    await entry.get_by_role("button", name="Take it").click()
    await expect(entry).to_contain_text("Yours")
    await expect(seen).to_contain_text("Anna Berg")
    await expect(seen.get_by_role("button")).to_have_count(0)

    await entry.get_by_role("button", name="Call back").click()
    leg = await telephones.agents["1001"].next_leg()
    await expect(part(anna, "dialling")).to_contain_text("+852 9123 4567")
    leg.answer()
    there = await telephones.carrier.next_leg()
    there.answer()
    await expect(part(anna, "connected")).to_be_visible()
    await expect(entry).to_have_count(0)


async def test_a_call_is_worked_through_by_the_keyboard_alone(gateway: Gateway, telephones: Ensemble, chromium: Browser) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    press, focused = anna.keyboard.press, anna.locator(":focus")
    await expect(anna.locator("#state")).to_contain_text("Ready")

    caller = await telephones.carrier.dial("5000", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    # No command answers at somebody's telephone: the card says where it is done.
    await expect(part(anna, "ringing")).to_contain_text("Answer at your telephone")
    leg.answer()
    await expect(part(anna, "connected")).to_be_visible()
    await press("Alt+KeyN")
    await anna.keyboard.type(NOTE)
    await press("Alt+KeyH")
    await expect(part(anna, "held")).to_be_visible()
    await press("Alt+KeyH")
    await expect(part(anna, "connected")).to_be_visible()
    await press("Alt+KeyX")
    await caller.until_ended()
    await expect(part(anna, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await press("2")
    await expect(part(anna, "wrap-up").get_by_label("Information given")).to_be_checked()
    await press("Alt+KeyN")
    await expect(focused).to_have_id("wrap-note")
    await expect(focused).to_have_value(NOTE)
    await press("Control+Enter")
    await expect(anna.get_by_role("heading", name="Ready for the next call")).to_be_visible(timeout=GENEROUS_MS)

    await tab_to(anna, "#state")
    await press("Enter")
    await expect(focused).to_have_role("menuitemradio")
    await expect(focused).to_contain_text("Ready")
    await press("ArrowDown")
    await press("ArrowDown")
    await press("Enter")
    await expect(anna.locator("#state")).to_contain_text("Lunch")
    await expect(focused).to_have_id("state")
    await press("Alt+Digit1")
    await expect(anna.locator("#state")).to_contain_text("Ready")
    await press("Shift+Slash")
    await expect(anna.locator("#keys")).to_be_visible()
    await press("Escape")
    await press("Slash")
    await expect(focused).to_have_id("dial")


async def tab_to(page: Page, where: str) -> None:
    """Go on by the tabulator until the focus is there."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.locator(f"{where}:focus").count():
            return
    raise AssertionError(f"the tabulator never comes to {where}")


async def answered_before(telephones: Ensemble, page: Page) -> None:
    """Have a call that is over, for the history; the page shows that they talked."""
    caller = await telephones.carrier.dial("551001", FROM_SECOND)
    leg = await telephones.agents["1001"].next_leg()
    leg.answer()
    await caller.until_up()
    await expect(part(page, "connected")).to_be_visible(timeout=GENEROUS_MS)
    await leg.hang_up()
    await caller.until_ended()


LOOKS: Final = [
    (width, height, scheme, locale)
    for width, height in ((1440, 900), (1024, 768), (390, 844))
    for scheme, locale in (("light", "en-GB"), ("dark", "zh-CN"))
]


@pytest.mark.parametrize(("width", "height", "scheme", "locale"), LOOKS, ids=lambda each: str(each))
async def test_axe_finds_nothing_in_any_state(
    gateway: Gateway, telephones: Ensemble, chromium: Browser, width: int, height: int, scheme: str, locale: str
) -> None:
    context = await signed_in(
        chromium, gateway, "anna", viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale
    )
    await context.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => (document.documentElement.dataset.still = ''))"
    )
    page = await opened(context, gateway)

    async def looks_well(name: str) -> None:
        assert await violations(page) == [], name
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        await picture(page, f"{name}-{width}-{scheme}")

    await answered_before(telephones, page)
    await expect(part(page, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await page.locator("body").press("1")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".idle h1")).to_be_visible()
    await looks_well("idle")
    await page.locator("#state").click()
    await looks_well("menu")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Shift+Slash")
    await expect(page.locator("#keys")).to_be_visible()
    await looks_well("keys")
    await page.keyboard.press("Escape")
    bar = page.locator(".rail" if width > 700 else ".tabbar")
    await bar.locator("button", has=page.locator('[href$="#people"]')).click()
    await expect(page.locator(".people .person").first).to_be_visible()
    await looks_well("colleagues")
    if width > 700:
        await bar.locator("button", has=page.locator('[href$="#history"]')).click()
        await expect(page.locator("table.calls")).to_be_visible(timeout=GENEROUS_MS)
        await looks_well("history")
    await bar.locator("button").last.click() if width < 700 else await bar.locator(
        "button", has=page.locator('[href$="#settings"]')
    ).click()
    await expect(page.locator("#settings")).to_be_visible()
    await looks_well("settings")
    await page.keyboard.press("Escape")
    await bar.locator("button", has=page.locator('[href$="#phone"]')).click()

    caller = await telephones.carrier.dial("5000", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    await expect(part(page, "ringing")).to_be_visible()
    await looks_well("ringing")
    leg.answer()
    await expect(part(page, "connected").locator("[aria-keyshortcuts='Alt+C']")).to_be_enabled()
    await page.keyboard.press("Alt+KeyC")
    await expect(page.locator(".person").first).to_be_visible()
    await looks_well("talking")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+KeyK")
    await looks_well("keypad")
    await page.keyboard.press("Alt+KeyK")
    await page.keyboard.press("Alt+KeyH")
    await expect(part(page, "held")).to_be_visible()
    await looks_well("held")
    await caller.hang_up()
    await expect(part(page, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await looks_well("wrap-up")
    await gateway.kill()
    await expect(page.get_by_role("alert")).to_be_visible()
    await looks_well("cut-off")


async def test_what_was_asked_about_a_consultation_says_nothing_once_it_is_the_call(
    gateway: Gateway, telephones: Ensemble, chromium: Browser
) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    await telephones.carrier.dial("5000", FROM_CALLER)
    (await telephones.agents["1001"].next_leg()).answer()
    await expect(part(anna, "connected").get_by_role("button", name="Consult")).to_be_enabled()
    await anna.keyboard.press("Alt+KeyC")
    await anna.keyboard.type("1002")
    await anna.keyboard.press("Enter")
    second = await telephones.agents["1002"].next_leg()
    consultation = await part(ben, "ringing").get_attribute("data-call")
    answered, go_on, merged, go_on_then = (asyncio.Event() for _ in range(4))

    async def late(route: Route) -> None:
        answer = await route.fetch()
        of_before = f"/{consultation}/" in route.request.url
        (answered if of_before else merged).set()
        await (go_on if of_before else go_on_then).wait()
        await route.fulfill(response=answer)

    await ben.route("**/calls/*/card", late)
    second.answer()
    await answered.wait()
    await part(anna, "consulting").get_by_role("button", name="Transfer to").click()
    await merged.wait()
    async with ben.expect_response(f"**/calls/{consultation}/card"):
        go_on.set()
    await ben.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    go_on_then.set()
    await expect(part(ben, "connected")).to_contain_text("+852 9123 4567")
