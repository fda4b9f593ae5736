"""What a supervisor sees and does while two agents work, each in a browser of his own: real PBX, real telephones, real sound."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import Gateway
from playwright.async_api import Browser, Page, expect
from rig.asterisk import Asterisk
from rig.leg import PhoneLeg, Ring
from rig.site import SITE
from rig.stage import FROM_CALLER, Ensemble
from support.agent_desks import browser, opened, part, picture, signed_in, users
from support.commanded_desk import heard, say
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

ANNA: Final = {"login": "anna", "name": "Anna Berg", "role": "agent", "extension": "1001"}
BEN: Final = {"login": "ben", "name": "Ben Zhou", "role": "agent", "extension": "1002"}
SUE: Final = {"login": "sue", "name": "Sue Lam", "role": "supervisor", "extension": "1003"}
PAT: Final = {"login": "pat", "name": "Pat Ko", "role": "partner"}
"""Joins systems for the company: he sees calls, and hears nothing of them."""
NUMBER: Final = "+85291234567"
NOTE: Final = "Wants the October invoice again, with the new tax number."
GENEROUS_MS: Final = 15_000
FETCHED_MS: Final = 60_000
"""A recording is fetched once its file has not grown for a while."""


@pytest.fixture
async def gateway(commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Gateway]:
    pbx = commanded_asterisk
    site = SITE | {"queues": [{"queue": "support", "name": "Support"}]}
    more: dict[str, Any] = {"site": site, "commands": {"context": "internal", "hold_context": "tieline-hold"}}
    source = {"pbx": "soak", "folder": str(pbx.run / "spool/monitor"), "strip": str(pbx.run / "spool/monitor")}
    sections = {"recordings": {"keep_free_mb": 0, "sources": [source]}, "desk": {"queues": {"support": {"service_goal": 0.9}}}}
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "more.yaml").write_text(json.dumps(sections))
    async with Gateway(tmp_path, pbx, pbx.ports.ami, **more) as running:
        await users(running, ANNA, BEN, SUE, PAT)
        await named(running, ANNA, BEN)
        yield running


async def named(gateway: Gateway, *people: dict[str, str]) -> None:
    """Call the agents at these extensions so, whatever the PBX calls them."""
    async with gateway.client() as client:
        for each in people:
            async with client.patch(f"api/v1/agents/{each['extension']}", json={"name": each["name"]}) as answer:
                assert answer.status == 200, await answer.text()


@pytest.fixture
async def phones(commanded_asterisk: Asterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(commanded_asterisk) as ensemble:
        for phone in ensemble.agents.values():
            phone.behaviour = Ring()
        yield ensemble
        await ensemble.tidy()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=GENEROUS_MS)
    async with browser() as running:
        yield running
    expect.set_options(timeout=None)


async def test_a_queue_call_through_two_agents_is_seen_live_filed_and_heard_again(
    gateway: Gateway, phones: Ensemble, chromium: Browser
) -> None:
    anna = await opened(await signed_in(chromium, gateway, "anna"), gateway)
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    sue = await opened(await signed_in(chromium, gateway, "sue"), gateway, "supervisor")
    row = sue.locator("table.live tbody tr").filter(has_text="Chan Tai Man")
    queue = sue.locator("table.qs tbody tr").filter(has_text="Support")

    caller = await phones.carrier.dial("5000", FROM_CALLER)
    leg = await phones.agents["1001"].next_leg()
    await expect(part(anna, "ringing")).to_contain_text("Chan Tai Man")
    await expect(queue.locator("td.w")).to_have_text("1")
    await expect(row).to_contain_text("Rings at Anna Berg")

    leg.answer()
    talking = part(anna, "connected")
    await expect(talking).to_be_visible()
    await expect(row).to_contain_text("Talking")
    await expect(row).to_contain_text("Anna Berg")
    await expect(queue.locator("td.w")).to_have_text("0")
    await anna.keyboard.press("Alt+KeyN")
    await anna.keyboard.type(NOTE)

    await talking.get_by_role("button", name="Hold").click()
    await expect(row).to_contain_text("On hold")
    await part(anna, "held").get_by_role("button", name="Take back").click()
    await expect(row).to_contain_text("Talking")

    await expect(talking.get_by_role("button", name="Consult")).to_be_enabled()
    await anna.keyboard.press("Alt+KeyC")
    await anna.keyboard.type("1002")
    await anna.keyboard.press("Enter")
    second = await phones.agents["1002"].next_leg()
    await expect(part(ben, "ringing")).to_contain_text(NOTE)
    second.answer()
    await expect(sue.locator("table.live tbody tr")).to_have_count(2)
    await expect(sue.locator("table.live tbody tr").filter(has_text="Ben Zhou")).to_contain_text("Talking")
    await expect(row).to_contain_text("On hold")
    await picture(sue, "supervisor-consultation")
    await part(anna, "consulting").get_by_role("button", name="Transfer to").click()
    await expect(part(ben, "connected")).to_contain_text("Talked before with")
    await expect(row).to_contain_text("Ben Zhou")
    await expect(sue.locator("table.live tbody tr")).to_have_count(1)

    await expect(part(anna, "wrap-up")).to_be_visible(timeout=GENEROUS_MS)
    await anna.locator("body").press("1")
    await anna.keyboard.press("Control+Enter")
    await ben.keyboard.press("Alt+KeyX")
    await caller.until_ended()
    await expect(row).to_have_count(0)
    level = sue.locator(".kpi").filter(has_text="Service level")
    await expect(level).to_contain_text("100")
    await expect(level).to_contain_text("goal 90% in 20 s")

    await is_found_and_heard(gateway, sue)
    await nobody_else_hears(gateway, chromium, sue.url)


async def is_found_and_heard(gateway: Gateway, sue: Page) -> None:
    """The call is found by its caller's name, shows its course, and can be played, which is written down."""
    await sue.evaluate("location.hash = 'history'")
    await sue.get_by_label("Name of the caller").fill("tai man")
    await sue.keyboard.press("Enter")
    found = sue.locator("table.hist tbody tr")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("Ben Zhou")
    await found.get_by_role("link").click()
    await expect(sue.get_by_role("heading", level=1)).to_have_text("Chan Tai Man")
    await expect(sue.locator(".call-f")).to_contain_text("Solved")
    await expect(sue.locator("section[aria-label=Course]")).to_contain_text("Attended transfer: 1001 → 1002 · completed")
    await expect(sue.locator("section[aria-label=Notes]")).to_contain_text(NOTE)

    sound = sue.locator("audio")
    async with asyncio.timeout(FETCHED_MS / 1000):
        while not await sound.count():
            await asyncio.sleep(1.0)
            await sue.reload()
            await expect(sue.locator("section[aria-label=Recordings] :is(ul, .dim)").first).to_be_visible()
    await picture(sue, "supervisor-call")
    where = await sound.get_attribute("src")
    assert where is not None
    recording = where.removesuffix("/audio")
    async with gateway.client() as client:
        async with client.get(f"{recording.lstrip('/')}/plays") as answer:
            assert (await answer.json())["plays"] == []
        await sound.focus()
        await sue.keyboard.press("Space")
        await until(lambda: sound.evaluate("audio => audio.currentTime > 0.3 && !audio.error"), timeout_s=10)
        async with client.get(f"{recording.lstrip('/')}/plays") as answer:
            plays = (await answer.json())["plays"]
    assert {play["principal"] for play in plays} == {"Sue Lam"}


async def nobody_else_hears(gateway: Gateway, chromium: Browser, where: str) -> None:
    """Who may not hear recordings is told so, and the gateway gives him none."""
    context = await signed_in(chromium, gateway, "pat")
    pat = await opened(context, gateway, where.removeprefix(gateway.address))
    await expect(pat.get_by_role("heading", level=1)).to_have_text("Chan Tai Man")
    await expect(pat.locator("section[aria-label=Recordings]")).to_contain_text("There is a recording, which you may not hear.")
    await expect(pat.locator("audio")).to_have_count(0)
    async with gateway.client() as client, client.get("api/v1/recordings") as answer:
        (recording,) = (await answer.json())["recordings"][:1]
    refused = await context.request.get(gateway.address + recording["audio"].lstrip("/"))
    assert (refused.status, (await refused.json())["scope"]) == (403, "recordings:read")


async def test_a_supervisor_listens_whispers_and_barges_in(gateway: Gateway, phones: Ensemble, chromium: Browser) -> None:
    sue = await opened(await signed_in(chromium, gateway, "sue"), gateway, "supervisor")
    caller = await phones.carrier.dial("551001", FROM_CALLER)
    agent = await phones.agents["1001"].next_leg()
    agent.answer()
    await caller.until_up()
    say(caller, "caller")
    say(agent, "1001")
    row = sue.locator("table.live tbody tr").filter(has_text="Anna Berg")
    bar = sue.locator(".listenbar")

    async def joins(name: str, told: str, *, by_agent: set[str], by_caller: set[str]) -> None:
        button = row.get_by_role("button", name=name)
        await expect(button).to_be_enabled(timeout=GENEROUS_MS)
        await button.focus()
        await sue.keyboard.press("Enter")
        ear: PhoneLeg = await phones.agents["1003"].next_leg()
        await expect(bar).to_contain_text("Your telephone rings")
        ear.answer()
        say(ear, "1003")
        await expect(bar).to_contain_text(told)
        await expect(row.locator("button[aria-pressed=true]")).to_have_count(1)
        wanted = ({"caller", "1001"}, by_agent, by_caller)
        await until(lambda: (heard(ear), heard(agent), heard(caller)) == wanted)

    await joins("Listen", "You are listening to Anna Berg", by_agent={"caller"}, by_caller={"1001"})
    await joins("Whisper", "You whisper to Anna Berg", by_agent={"caller", "1003"}, by_caller={"1001"})
    await joins("Barge in", "You talk with Anna Berg", by_agent={"caller", "1003"}, by_caller={"1001", "1003"})
    await bar.get_by_role("button", name="Stop").click()
    await expect(bar).to_have_count(0)
    await until(lambda: (heard(agent), heard(caller)) == ({"caller"}, {"1001"}))
    assert await row.count() == 1


async def test_who_is_to_be_called_is_given_to_an_agent_who_sees_it_at_once(
    gateway: Gateway, phones: Ensemble, chromium: Browser
) -> None:
    ben = await opened(await signed_in(chromium, gateway, "ben"), gateway)
    sue = await opened(await signed_in(chromium, gateway, "sue"), gateway, "supervisor#callbacks")
    caller = await phones.carrier.dial("5000", FROM_CALLER)
    await phones.agents["1001"].next_leg()
    await caller.hang_up()

    entry = sue.locator(f"[data-callback='{NUMBER}']")
    await entry.get_by_role("button", name="Assign… Chan Tai Man").focus()
    await sue.keyboard.press("Enter")
    dialog = sue.get_by_role("dialog")
    await expect(dialog).to_contain_text("Who calls Chan Tai Man back?")
    await dialog.get_by_role("searchbox").fill("1005")
    await expect(dialog.locator("li")).to_have_count(1)
    await dialog.get_by_role("button", name="Assign to").press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Nobody who signs in has the extension 1005")
    await dialog.get_by_role("searchbox").fill("ben")
    await dialog.get_by_role("button", name="Assign to Ben Zhou").press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(entry).to_contain_text("Ben Zhou")

    his = ben.locator(f"[data-callback='{NUMBER}']")
    await expect(his).to_contain_text("Yours")
    await expect(his).to_contain_text("given by Sue Lam")
    await expect(his.get_by_role("button", name="Call back")).to_be_enabled()
    async with gateway.client() as client, client.get("api/v1/audit/access?kind=callback_assigned") as answer:
        (line,) = (await answer.json())["entries"]
    assert (line["user_name"], NUMBER in line["detail"]) == ("Ben Zhou", True)
