"""A customer's way over two channels, in a real browser: he writes on the site, then he calls, and the agent sees both."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from bench.soak_gateway import GatewayProcess, asterisk_connector
from playwright.async_api import expect
from rig.asterisk import Asterisk
from rig.leg import Ring
from rig.stage import FROM_CALLER, Ensemble
from support.agent_desks import browser, opened, part, signed_in, users
from support.waiting import until
from support.web_chats import WebVisitor

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
NUMBER: Final = "+85291234567"
DIALOG: Final = """
itr: 1
name: invoices
languages: [en]
start: main
human: {queue: support}
nodes:
  main:
    say: {en: Hello. What is it about?}
    choices: [{digit: "1", go: invoice}, {digit: "2", go: prices}]
  invoice:
    label: {en: An invoice is wrong}
    examples: {en: [my invoice is wrong, there is a mistake in the bill]}
    needs: [phone]
    say: {en: "One moment: a colleague will see to it."}
    transfer: {queue: support}
  prices:
    label: {en: Prices}
    examples: {en: [what does it cost, your prices]}
    say: {en: It costs 10.}
    end: true
slots:
  phone:
    type: phone
    region: HK
    label: {en: Phone}
    ask: {en: "Under which number do we reach you?"}
    again: {en: "A telephone number, please."}
"""


@pytest.fixture
async def gateway(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    (tmp_path / "invoices.yaml").write_text(DIALOG, "utf-8")
    channels = [{"channel": "webchat", "application": "itr"}]
    applications = {"itr": {"dialog": str(tmp_path / "invoices.yaml")}}
    pbx = commanded_asterisk
    heard = asterisk_connector(pbx, pbx.ports.ami)
    async with GatewayProcess(tmp_path, [heard], channels=channels, applications=applications) as running:
        await users(running, ANNA)
        yield running


async def asked(gateway: GatewayProcess, path: str) -> Any:
    async with gateway.client() as client, client.get(f"api/v1/{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def says_his_number(gateway: GatewayProcess) -> None:
    """Write on the site until people are to answer, and leave."""
    async with ClientSession() as client:
        headers = {"Origin": gateway.address.rstrip("/")}
        async with client.ws_connect(gateway.address + "webchat/ws", headers=headers) as socket:
            visitor = WebVisitor(socket)
            await visitor.arrive(language="en")
            await visitor.write("My invoice is wrong")
            while (await visitor.next("message")).get("text") != "Under which number do we reach you?":
                pass
            await visitor.write(NUMBER)
            while (await visitor.next("state")).get("state") != "waiting":
                pass
            await visitor.socket.send_json({"type": "leave"})
            while (await visitor.next("state")).get("state") != "closed":
                pass


async def test_who_wrote_on_the_site_is_known_when_he_calls(gateway: GatewayProcess, commanded_asterisk: Asterisk) -> None:
    await says_his_number(gateway)

    async def is_known() -> bool:
        return bool((await asked(gateway, f"customers?number=%2B{NUMBER[1:]}"))["matches"] == 1)

    await until(is_known)
    async with Ensemble(commanded_asterisk) as phones, browser() as chromium:
        phones.agents["1001"].behaviour = Ring()
        anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
        caller = await phones.carrier.dial("5000", FROM_CALLER)
        await phones.agents["1001"].next_leg()
        await expect(part(anna, "ringing")).to_be_visible()
        wrote = anna.locator(".who section", has_text="Earlier conversations")
        await expect(wrote.locator("li")).to_contain_text("invoice")
        await caller.hang_up()
        await phones.tidy()
