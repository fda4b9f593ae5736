"""What CRMs know of a caller, on the agent's page: a real Asterisk's calls, a real browser, two CRMs of the tests' own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import GatewayProcess, asterisk_connector
from playwright.async_api import Browser, expect
from rig.asterisk import Asterisk
from rig.site import SITE
from rig.stage import FROM_CALLER, FROM_SECOND, Ensemble
from support.agent_desks import opened, part, picture, signed_in, users, violations
from support.crm_espocrm import FakeEspo, served_espo
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
GENEROUS_MS: Final = 20_000
WIDTHS: Final = {"": 1440, "-tablet": 820, "-phone": 390}


class Site:
    """A gateway, and the CRM ``sales`` that it knows; the CRM ``service`` is away."""

    def __init__(self, gateway: GatewayProcess, espo: FakeEspo) -> None:
        self.gateway = gateway
        self.espo = espo


@pytest.fixture
async def site(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Site]:
    pbx = commanded_asterisk
    connector = asterisk_connector(
        pbx, pbx.ports.ami, site=SITE, commands={"context": "internal", "hold_context": "tieline-hold"}
    )
    espo = FakeEspo()
    async with served_espo(espo) as server:
        (tmp_path / "key").write_text("key")
        common: dict[str, Any] = {"adapter": "espocrm", "key": f"${{file:{tmp_path}/key}}"}
        crms = [
            {"name": "sales", "url": server.url, **common},
            {"name": "service", "url": "http://127.0.0.1:9", **common},
        ]
        async with GatewayProcess(tmp_path, [connector], crms=crms) as gateway:
            await users(gateway, ANNA)
            yield Site(gateway, espo)


def wang(site: Site, **more: Any) -> str:
    values = {"name": "Wang Fang", "accountName": "ACME 贸易", "phoneNumber": "+85291234567", **more}
    return site.espo.add("Contact", **values)


async def test_who_a_crm_knows_is_on_the_card_with_his_page(site: Site, telephones: Ensemble, chromium: Browser) -> None:
    record = wang(site)
    pages = {}
    for name, width in WIDTHS.items():
        context = await signed_in(chromium, site.gateway, "anna", viewport={"width": width, "height": 900})
        pages[name] = await opened(context, site.gateway)
    await telephones.carrier.dial("551001", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    await expect(part(pages[""], "ringing").page.get_by_role("link", name="Wang Fang")).to_be_visible(timeout=GENEROUS_MS)
    leg.answer()
    for name, page in pages.items():
        await expect(part(page, "connected")).to_be_attached(timeout=GENEROUS_MS)
        if name == "-phone":
            await page.get_by_role("button", name="Customer", exact=True).click()
        link = page.get_by_role("link", name="Wang Fang · ACME 贸易")
        await expect(link).to_be_visible(timeout=GENEROUS_MS)
        assert (await link.get_attribute("href") or "").endswith(f"#Contact/view/{record}")
        await expect(page.get_by_text("service does not say who calls")).to_be_visible(timeout=GENEROUS_MS)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await violations(page) == []
        await picture(page, f"crm-card{name}")
    await leg.hang_up()
    # What it learnt is there at once the next time, whoever is away.
    await until(lambda: any(call.get("status") == "Held" for call in site.espo.records["Call"].values()))
    (call,) = site.espo.records["Call"].values()
    assert (call["contactsIds"], call["direction"]) == ([record], "Inbound")
    await telephones.carrier.dial("551001", FROM_CALLER)
    await telephones.agents["1001"].next_leg()
    await expect(part(pages[""], "ringing")).to_contain_text("Wang Fang", timeout=GENEROUS_MS)


async def test_of_several_the_agent_says_who_it_is(site: Site, telephones: Ensemble, chromium: Browser) -> None:
    first = wang(site, phoneNumber="+85291234567")
    second = wang(site, name="Chan Tai Man", accountName="A company with a name that no card can show in one line")
    page = await opened(
        await signed_in(chromium, site.gateway, "anna", viewport={"width": 390, "height": 900}, locale="zh-CN"), site.gateway
    )
    await telephones.carrier.dial("551001", FROM_CALLER)
    leg = await telephones.agents["1001"].next_leg()
    leg.answer()
    # A phone shows the customer on a page of his own, and says that there is something to decide.
    tab = page.get_by_role("navigation").get_by_role("button", name="客户")
    await expect(tab.locator(".badge")).to_have_text("1", timeout=GENEROUS_MS)
    await tab.click()
    section = page.locator("section.sec").filter(has_text="Chan Tai Man")
    await expect(section.get_by_role("button")).to_have_count(2, timeout=GENEROUS_MS)
    await picture(page, "crm-choice-phone")
    assert await violations(page) == []
    await section.get_by_role("listitem").filter(has_text="Wang Fang").get_by_role("button").click()
    await expect(section.or_(page.locator("section.sec").filter(has_text="Wang Fang")).get_by_role("button")).to_have_count(
        0, timeout=GENEROUS_MS
    )
    await expect(tab.locator(".badge")).to_have_count(0)
    await picture(page, "crm-chosen-phone")
    await leg.hang_up()
    await until(lambda: any(call.get("status") == "Held" for call in site.espo.records["Call"].values()))
    (call,) = site.espo.records["Call"].values()
    assert call["contactsIds"] == [first] != [second]


async def test_somebody_whom_no_crm_knows_has_no_section(site: Site, telephones: Ensemble, chromium: Browser) -> None:
    page = await opened(await signed_in(chromium, site.gateway, "anna"), site.gateway)
    await telephones.carrier.dial("551001", FROM_SECOND)
    await telephones.agents["1001"].next_leg()
    await expect(page.get_by_text("service does not say who calls")).to_be_visible(timeout=GENEROUS_MS)
    await expect(page.get_by_text("In sales")).to_have_count(0)
