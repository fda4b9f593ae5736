"""The administrator's page in a real browser, on a whole gateway: every section does what it says, by the keyboard too."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from aiohttp import web
from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, Locator, Page, expect
from support.agent_desks import PAGE, PASSWORD, browser, picture, signed_in, users
from support.pages import LOOKS, faults, office, shown
from support.receiver import receiving
from support.waiting import until

from gateway.model.webhooks import RETRIES_S
from gateway.store.opening import database_of
from gateway.store.webhooks import DELIVERIES

pytestmark = [pytest.mark.live, pytest.mark.slow]

NOBODY: Final = {
    "pbx": "branch-office", "plugin": "asterisk_ami", "host": "127.0.0.1", "port": 9,
    "username": "tieline", "secret": "${env:SOAK_SECRET}",
}  # fmt: skip
"""A PBX where nobody listens: the discard port."""
IVY: Final = {"login": "ivy", "name": "Ivy Cheung", "role": "agent", "extension": "1001", "pbx": "demo"}
LIN: Final = {"login": "lin", "name": "林美玲", "role": "supervisor", "extension": "1003", "pbx": "demo"}
TABS: Final = 40
"""Presses of Tab after which a way counts as not to be found."""
GENEROUS_MS: Final = 15_000


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    often = {"limits": {"per_token": {"per_second": 1_000.0, "burst": 1_000}}}  # a test asks until something has happened
    async with office(tmp_path, NOBODY, api=often, webhooks={"allow": ["127.0.0.1"]}) as running:
        await users(running, IVY, LIN)
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def tab_to(page: Page, wanted: Locator) -> None:
    """Go there with Tab alone."""
    for _ in range(TABS):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} by Tab")


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def came_in(page: Page, gateway: GatewayProcess, login: str, password: str) -> int:
    """Return the status of a sign-in from elsewhere."""
    context = await page.context.browser.new_context()  # type: ignore[union-attr]  # every context here is a browser's
    answer = await context.request.post(
        gateway.address + "api/v1/session", data={"login": login, "password": password}, headers=PAGE
    )
    await context.close()
    return answer.status


async def test_a_user_and_a_token_are_made_by_the_keyboard_alone(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await shown(chromium, gateway, "admin#users")
    new_user = button(page, "New user")
    await expect(new_user).to_be_visible()
    await tab_to(page, new_user)
    await page.keyboard.press("Enter")
    form = page.get_by_role("form", name="New user")
    await expect(form.get_by_label("Signs in as")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(form).to_have_count(0)
    await expect(new_user).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(form.get_by_label("Signs in as")).to_be_focused()
    await page.keyboard.type("tom")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Tom Becker")
    await tab_to(page, form.get_by_label("Extension"))
    await page.keyboard.type("1002")
    await page.keyboard.press("Enter")
    told = page.get_by_role("status").filter(has_text="The password of Tom Becker")
    await expect(button(told, "Copy")).to_be_focused(timeout=GENEROUS_MS)
    password = await told.locator("code").inner_text()
    assert await came_in(page, gateway, "tom", password) == 200
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(told).to_have_count(0)
    await expect(new_user).to_be_focused()
    await expect(page.get_by_role("row", name="Tom Becker tom Agent 1002 · demo")).to_be_visible()

    await tab_to(page, button(page, "Change Tom Becker"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("form").get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("Thomas Becker")
    await page.keyboard.press("Enter")
    await expect(button(page, "Change Thomas Becker")).to_be_focused(timeout=GENEROUS_MS)

    await page.goto(gateway.address + "admin#tokens")
    await expect(button(page, "New token")).to_be_visible()
    await tab_to(page, button(page, "New token"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What is it for")).to_be_focused()
    await page.keyboard.type("wallboard")
    await tab_to(page, page.get_by_label("queues:read"))
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    told = page.get_by_role("status").filter(has_text="The token of wallboard")
    await expect(button(told, "Copy")).to_be_focused(timeout=GENEROUS_MS)
    bearer = {"Authorization": f"Bearer {await told.locator('code').inner_text()}"}
    stranger = await chromium.new_context()
    assert (await stranger.request.get(gateway.address + "api/v1/queues", headers=bearer)).status == 200
    assert (await stranger.request.get(gateway.address + "api/v1/users", headers=bearer)).status == 403

    revoke = button(page, "Revoke wallboard")
    await revoke.press("Enter")
    await expect(button(page.get_by_role("dialog"), "Cancel")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(revoke).to_have_count(0)
    assert (await stranger.request.get(gateway.address + "api/v1/queues", headers=bearer)).status == 401


async def test_who_may_come_in_is_decided_on_the_page(gateway: GatewayProcess, chromium: Browser) -> None:
    ivy = await signed_in(chromium, gateway, "ivy")
    page = await shown(chromium, gateway, "admin#users")
    await button(page, "Sessions of Ivy Cheung").click()
    sessions = page.get_by_role("region", name="Sessions of Ivy Cheung")
    await expect(sessions.get_by_role("listitem")).to_have_count(1)
    await button(sessions, "Sign out everywhere").click()
    await expect(sessions).to_contain_text("Signed in nowhere")
    assert (await ivy.request.get(gateway.address + "api/v1/session")).status == 401
    await button(sessions, "Close").click()
    await expect(button(page, "Sessions of Ivy Cheung")).to_be_focused()

    disable, dialog = button(page, "Disable Ivy Cheung"), page.get_by_role("dialog")
    await disable.press("Enter")
    await expect(dialog).to_contain_text("What he did stays written down.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(disable).to_be_focused()
    assert await came_in(page, gateway, "ivy", PASSWORD) == 200
    await disable.click()
    await button(dialog, "Disable").click()
    let_in = button(page, "Let Ivy Cheung in")
    await expect(let_in).to_be_focused()
    assert await came_in(page, gateway, "ivy", PASSWORD) == 401
    await let_in.press("Enter")
    await expect(disable).to_be_focused()
    assert await came_in(page, gateway, "ivy", PASSWORD) == 200

    for _ in range(5):
        assert await came_in(page, gateway, "ivy", "not-the-password") == 401
    assert await came_in(page, gateway, "ivy", PASSWORD) == 429
    await page.reload()
    row = page.get_by_role("row").filter(has_text="Ivy Cheung")
    await expect(row).to_contain_text("Locked until")
    await button(page, "Unlock Ivy Cheung").click()
    await expect(row).not_to_contain_text("Locked until")
    assert await came_in(page, gateway, "ivy", PASSWORD) == 200

    await button(page, "New password for Ivy Cheung").click()
    await button(dialog, "New password").click()
    password = await page.get_by_role("status").locator("code").inner_text()
    assert await came_in(page, gateway, "ivy", PASSWORD) == 401
    assert await came_in(page, gateway, "ivy", password) == 200

    await page.goto(gateway.address + "admin#audit")
    await button(page, "Who came in, who may").click()
    found = page.get_by_role("region", name="Who did what").locator("tbody tr")
    for what in ("Locked out", "User unlocked", "User disabled", "User let in again", "Was given a new password"):
        await expect(found.filter(has_text=what).filter(has_text="Ivy Cheung")).not_to_have_count(0)
    await page.get_by_label("Done by").select_option(label="Ivy Cheung")
    await button(page, "Search").click()
    await expect(found.filter(has_text="User made")).to_have_count(0)
    await expect(found.filter(has_text="Signed in")).not_to_have_count(0)


async def test_what_is_wrong_may_be_dialled_and_was_done_is_said_plainly(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await shown(chromium, gateway, "admin")
    systems = page.get_by_role("region", name="Telephone systems").get_by_role("listitem")
    await expect(systems.filter(has_text="demo")).to_contain_text("Connected")
    broken = systems.filter(has_text="branch-office")
    await expect(broken).to_contain_text("Cut off")
    await expect(broken).to_contain_text("nobody listens at 127.0.0.1:9: is Asterisk running")
    await expect(page.locator(".rail .badge")).to_have_text("1")
    await picture(page, "admin-systems")

    await page.goto(gateway.address + "admin#numbers")
    for number, said in (("1002", "May be called"), ("+442079460000", "Refused"), ("112", "May be called")):
        await page.get_by_label("Try a number").fill(number)
        await button(page, "May it be called?").click()
        await expect(page.get_by_role("status")).to_contain_text(said)
    context = await signed_in(chromium, gateway, "lin")
    headers = PAGE | {"Idempotency-Key": "one-call"}
    refused = await context.request.post(
        gateway.address + "api/v1/calls", data={"number": "+442079460000", "pbx": "demo"}, headers=headers
    )
    assert refused.status == 403
    await page.goto(gateway.address + "admin#audit")
    row = page.get_by_role("region", name="Who did what").locator("tbody tr")
    await expect(row).to_have_count(1)
    for said in ("林美玲", "Place a call", "+442079460000", "Refused"):
        await expect(row).to_contain_text(said)


async def test_dispositions_are_added_ordered_and_retired(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await shown(chromium, gateway, "admin#dispositions")
    listed = page.get_by_role("form", name="Dispositions").get_by_role("listitem")
    await expect(listed).not_to_have_count(0)
    before = await listed.count()
    await button(page, "Add one").click()
    await expect(listed).to_have_count(before + 1)
    added = listed.last
    await expect(added.get_by_label("English")).to_be_focused()
    await button(added, "Take back").click()
    await expect(listed).to_have_count(before)

    await button(page, "Add one").click()
    await expect(added.get_by_label("English")).to_be_focused()
    await page.keyboard.type("Asked for a refund")
    await added.get_by_label("中文").fill("要求退款")
    await added.get_by_label("needs a note").check()
    await added.get_by_label("Queues").fill("support, vip")
    await button(added, "Up").press("Enter")
    moved = listed.nth(before - 1)
    await expect(moved.get_by_label("English")).to_have_value("Asked for a refund")
    await expect(button(moved, "Up")).to_be_focused()
    await listed.first.get_by_label("retired").check()
    await button(page, "Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved")

    kept = (await (await page.request.get(gateway.address + "api/v1/dispositions")).json())["dispositions"]
    refund = kept[before - 1]
    assert (refund["label"], refund["note_required"]) == ({"en": "Asked for a refund", "zh": "要求退款"}, True)
    assert refund["queues"] == ["support", "vip"]
    assert kept[0]["retired"] is True


async def test_a_webhook_is_made_signs_with_two_secrets_and_gets_again_what_it_refused(
    gateway: GatewayProcess, tmp_path: Path, chromium: Browser
) -> None:
    async with receiving(time.time) as receiver:
        page = await shown(chromium, gateway, "admin#webhooks")
        await button(page, "New webhook").click()
        form = page.get_by_role("form", name="New webhook")
        await form.get_by_label("Name").fill("CRM")
        await form.get_by_label("Address").fill(receiver.url.replace("127.0.0.1", "10.9.9.9"))
        await form.get_by_label("Events").fill("call")
        await button(form, "Save").click()
        await expect(form.get_by_role("alert")).to_be_visible()
        await form.get_by_label("Address").fill(receiver.url)
        await button(form, "Save").click()
        secret = page.get_by_role("status").filter(has_text="The secret of CRM").locator("code")
        first = await secret.inner_text()
        receiver.secrets = [first]
        crm = page.get_by_role("region", name="Webhooks").get_by_role("listitem").first
        await button(page, "New secret for CRM").click()
        await button(page.get_by_role("dialog"), "New secret").click()
        await expect(secret).not_to_have_text(first)
        await expect(crm).to_contain_text("Two secrets sign")
        for known in (first, await secret.inner_text()):
            receiver.secrets = [known]
            await button(page, "Test CRM").click()
            await expect(crm.get_by_role("status")).to_contain_text("Arrived: 204")
            await page.reload()
            await expect(crm.get_by_role("status")).to_have_count(0)

        receiver.answer = lambda _event: web.Response(status=400, text="no")
        await button(page, "Test CRM").click()
        await expect(crm.get_by_role("status")).to_contain_text("Did not arrive: 400")
        await make_last_tries(gateway, tmp_path)
        await until(lambda: some_dead(gateway))
        await page.reload()
        await expect(crm).to_contain_text("Given up:")
        await button(page, "Deliveries to CRM").click()
        await expect(crm.get_by_text("400").first).to_be_visible()
        await expect(button(crm, "Try again").first).to_be_visible()
        assert await faults(page) == []
        await picture(page, "admin-webhooks")

        receiver.answer = lambda _event: web.Response(status=204)
        taken = len(receiver.got)
        await button(crm, "Try all again").click()
        await until(lambda: len(receiver.got) > taken)
        await until(lambda: none_dead(gateway))
        await page.reload()
        await expect(crm).to_contain_text("Well")


async def standing(gateway: GatewayProcess) -> dict[str, Any]:
    async with gateway.client() as client, client.get("api/v1/webhooks") as answer:
        found: dict[str, Any] = (await answer.json())["webhooks"][0]
        return found


async def some_refused(gateway: GatewayProcess) -> bool:
    path = f"api/v1/webhooks/{(await standing(gateway))['webhook_id']}/attempts"
    async with gateway.client() as client, client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return any(each["status"] == 400 for each in (await answer.json())["attempts"])


async def some_dead(gateway: GatewayProcess) -> bool:
    return bool((await standing(gateway))["dead"])


async def none_dead(gateway: GatewayProcess) -> bool:
    return not (await standing(gateway))["dead"]


async def make_last_tries(gateway: GatewayProcess, folder: Path) -> None:
    """Let three days of tries go by while the gateway is down: what waits is tried one last time when it is back."""
    await until(lambda: some_refused(gateway))
    await gateway.kill()
    database = database_of(None, None, folder / "state")
    await database.open()
    try:
        async with database.writing() as connection:
            await connection.execute(sa.update(DELIVERIES).values(attempts=len(RETRIES_S), retry_at=0.0))
    finally:
        await database.close()
    await gateway.start()


OPENING: Final = (
    ("users", "New user", "新建用户", "form.card"),
    ("users", "Sessions of Ann Ho", "Ann Ho 的会话", "section .card-h"),
    ("users", "Disable Ivy Cheung", "停用 Ivy Cheung", "dialog[open]"),
    ("tokens", "New token", "新建令牌", "form.card"),
    ("webhooks", "New webhook", "新建 Webhook", "form.card"),
    ("dispositions", "Add one", "添加", "form .btn-q"),
    ("audit", "Who came in, who may", "登录与权限", "tbody tr"),
    ("numbers", "Account of Ann Ho", "Ann Ho 的账户", "#account[open]"),
)
"""Section, what opens something in it in both languages, and what is there then."""
MIDDLE: Final = 1024
"""A width at which what opens looks as it does on the widest."""
SECTIONS: Final = ("connections", "users", "dispositions", "numbers", "tokens", "webhooks", "audit")


async def test_axe_finds_nothing_in_any_section_and_dialog(gateway: GatewayProcess, chromium: Browser) -> None:
    for width, height, scheme, locale in LOOKS:
        page = await shown(
            chromium, gateway, "admin", viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale
        )
        for section in SECTIONS:
            await page.goto(f"{gateway.address}admin#{section}")
            await expect(page.locator("main[aria-busy]")).to_have_count(0)
            assert await faults(page) == [], (section, width, scheme)
            await picture(page, f"admin-{section}-{width}-{scheme}")
        for section, english, chinese, opened in OPENING if width != MIDDLE else ():
            await page.goto(f"{gateway.address}admin#{section}")
            await page.reload()
            await expect(page.locator("main[aria-busy]")).to_have_count(0)
            await button(page, english if locale.startswith("en") else chinese).locator("visible=true").click()
            await expect(page.locator(opened).first).to_be_visible()
            assert await faults(page) == [], (section, english, width, scheme)
        await page.context.close()
