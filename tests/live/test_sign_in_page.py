"""Coming in by the page, in a real browser: with a password, with a wrong one, and with one that somebody else chose."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, Page, expect
from support.agent_desks import FIRST_PASSWORD, PASSWORD, browser, signed_in, users
from support.oidc_servers import real_provider
from support.pages import LOOKS, SIMULATED, faults, office, shown

pytestmark = [pytest.mark.live, pytest.mark.slow]

OTHER: Final = "another-horse-with-staples"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with office(tmp_path) as running:
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def test_who_comes_in_by_a_password_of_somebody_elses_chooses_his_own(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    await page.goto(gateway.address + "admin#tokens")
    name, password = page.get_by_label("Name"), page.get_by_label("Password", exact=True)
    await expect(name).to_be_focused()

    await page.keyboard.type("ann")
    await password.fill("not-the-password")
    await password.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Name and password do not go together.")
    await password.fill(FIRST_PASSWORD)
    await password.press("Enter")
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("Once more").fill(OTHER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The two are not the same.")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("Once more").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("API tokens")  # where he wanted to go
    assert page.url == gateway.address + "admin#tokens"


async def test_many_wrong_passwords_lock_and_the_page_says_for_how_long(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    await page.goto(gateway.address)
    await page.get_by_label("Name").fill("ann")
    for _ in range(5):
        await page.get_by_label("Password", exact=True).fill("not-the-password")
        async with page.expect_response("**/api/v1/session"):
            await page.keyboard.press("Enter")
        await expect(page.locator("form button[aria-busy]")).to_have_count(0)
    await page.get_by_label("Password", exact=True).fill(FIRST_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Too many tries. Try again in")


async def test_where_nobody_is_a_user_yet_the_page_says_how_the_first_is_made(tmp_path: Path, chromium: Browser) -> None:
    async with GatewayProcess(tmp_path, [SIMULATED]) as empty:
        page = await (await chromium.new_context(locale="en-GB")).new_page()
        await page.goto(empty.address)
        await expect(page.locator("main")).to_contain_text("tieline user add --login NAME --role admin")
        assert await faults(page) == []


async def test_a_password_is_changed_behind_ones_name_and_so_one_goes_out(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await shown(chromium, gateway, "admin")
    elsewhere = await signed_in(chromium, gateway, "ann")
    await page.get_by_role("button", name="Account of Ann Ho").click()
    account = page.get_by_role("dialog", name="Ann Ho")
    await account.get_by_label("Present password").fill("not-the-password")
    await account.get_by_label("New password").fill(OTHER)
    await account.get_by_label("Once more").fill(OTHER)
    await page.keyboard.press("Enter")
    await expect(account.get_by_role("alert")).to_be_visible()
    assert await faults(page) == []
    await account.get_by_label("Present password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(account.get_by_role("status")).to_have_text("Changed. Elsewhere you are signed out.")
    assert (await elsewhere.request.get(gateway.address + "api/v1/session")).status == 401
    assert (await page.request.get(gateway.address + "api/v1/session")).status == 200

    await account.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert (await page.request.get(gateway.address + "api/v1/session")).status == 401


async def test_each_role_comes_to_its_own_page_and_axe_finds_nothing_at_the_door(
    gateway: GatewayProcess, chromium: Browser
) -> None:
    await users(gateway, {"login": "sue", "role": "supervisor"}, {"login": "pat", "role": "partner"})
    for login, home in (("sue", "supervisor"), ("pat", "live")):
        page = await shown(chromium, gateway, "", login)
        await page.wait_for_url(gateway.address + home)
    for width, height, scheme, locale in LOOKS:
        context = await chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
        page = await context.new_page()
        await page.goto(gateway.address)
        await expect(page.locator("#login")).to_be_visible()
        assert await faults(page) == [], (width, scheme)


async def test_who_is_signed_out_comes_back_to_where_he_was(gateway: GatewayProcess, chromium: Browser) -> None:
    page = await shown(chromium, gateway, "admin#dispositions")
    await expect(page.get_by_role("form", name="Dispositions")).to_be_visible()
    me = await (await page.request.get(gateway.address + "api/v1/session")).json()
    async with gateway.client() as client, client.delete(f"api/v1/users/{me['user_id']}/sessions") as answer:
        assert answer.status == 204
    # The page may find it out by itself meanwhile, and be on its way to the door.
    await page.evaluate("location.reload()")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("Name").fill("ann")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dispositions")
    assert page.url == gateway.address + "admin#dispositions"


async def test_the_companys_account_lets_in_and_says_why_not(tmp_path: Path, chromium: Browser) -> None:
    people = [{"sub": each, "email": f"{each}@example.com", "email_verified": True} for each in ("ann", "stranger")]
    async with real_provider(people) as issuer:
        company = {
            "name": "acme",
            "label": "Acme",
            "issuer": issuer,
            "client_id": "tieline",
            "client_secret": "${env:SOAK_SECRET}",
        }
        async with office(tmp_path, api={"oidc": [company]}) as running:
            await users(running, {"login": "ann@example.com", "name": "Ann Lee", "role": "supervisor"})
            page = await asked(chromium, running, "stranger")
            await expect(page.get_by_role("alert")).to_contain_text("There is no user here for this account.")
            assert await faults(page) == []
            page = await asked(chromium, running, "ann")
            await page.wait_for_url(running.address + "supervisor#agents")


async def asked(chromium: Browser, gateway: GatewayProcess, subject: str) -> Page:
    """Return a page that comes back from the company's sign-in, where somebody said who he is."""
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    await page.goto(gateway.address + "?next=/supervisor%23agents")
    await page.get_by_role("link", name="With Acme").click()
    await page.locator("input[name=sub]").fill(subject)
    await page.keyboard.press("Enter")
    return page


async def test_the_dialogs_behind_ones_name_give_the_focus_back(gateway: GatewayProcess, chromium: Browser) -> None:
    await users(gateway, {"login": "ivy", "name": "Ivy Cheung", "role": "agent", "extension": "1001"})
    page = await shown(chromium, gateway, "agent", "ivy")
    avatar = page.locator(".rail").get_by_role("button", name="Account of Ivy Cheung")
    await avatar.press("Enter")
    account = page.get_by_role("dialog", name="Ivy Cheung")
    await account.get_by_role("button", name="Settings").press("Enter")
    settings = page.get_by_role("dialog", name="Settings")
    await expect(account).to_have_count(0)
    await expect(settings.get_by_label("Ring in the browser")).to_be_checked()
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    await expect(settings).to_have_count(0)
    await expect(avatar).to_be_focused()
    await avatar.press("Enter")
    await page.keyboard.press("Escape")
    await expect(account).to_have_count(0)
    await expect(avatar).to_be_focused()

    page = await shown(chromium, gateway, "admin")
    await page.locator(".rail").get_by_role("button", name="Account of Ann Ho").click()
    account = page.get_by_role("dialog", name="Ann Ho")
    await expect(account.get_by_role("button", name="Change password")).to_be_visible()
    await expect(account.get_by_role("button", name="Settings")).to_have_count(0)  # an administrator's page has none
