"""The widget in a real browser, on the plugin's own page and on a company's."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect
from support.agent_desks import browser
from support.pages import LOOKS, faults
from support.waiting import until
from support.web_chats import Site, chat_site, only

from connectors.webchat.settings import WebchatSettings
from gateway.model.conversations import Choice, Link, Said
from gateway.model.limits import Rate

pytestmark = [pytest.mark.live, pytest.mark.slow]

MENU = Said(text="What is it about?", choices=(Choice(value="track", label="Track"), Choice(value="bill", label="My bill")))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with chat_site() as made:
        yield made


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def chatting(chromium: Browser, site: Site, **more: Any) -> Page:
    """Return the page with the chat, which fails the test by what goes wrong in it."""
    context = await chromium.new_context(**({"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"} | more))
    page = await context.new_page()
    page.on("pageerror", _fail)
    page.on("console", lambda said: _fail(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(site.address + "chat")
    await expect(page.get_by_role("status")).not_to_have_text(re.compile("Connecting|正在连接|^$"))
    return page


def _fail(error: Any) -> None:
    raise AssertionError(f"in the page: {error}")


async def said(page: Page) -> list[str]:
    """Return what stands in the log."""
    return await page.locator(".m > div").all_text_contents()


async def test_a_visitor_writes_chooses_and_is_answered(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    await site.desk.answer(only(site), MENU)
    await page.get_by_role("button", name="My bill").click()
    await expect(page.get_by_role("button", name="Track")).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()
    await expect(page.locator(".dots")).to_be_visible()
    await site.desk.answer(only(site), Said(text="It is 12 ¥."))
    await expect(page.locator(".dots")).to_have_count(0)
    await page.keyboard.type("first line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second <b>line</b>")
    await page.keyboard.press("Enter")
    await until(lambda: len(site.desk.said[only(site)]) == 4)

    assert site.desk.said[only(site)][1].said == Said(text="My bill", chosen="bill")
    assert site.desk.texts(only(site))[3] == "first line\nsecond <b>line</b>"
    await expect(page.locator(".meta:visible")).to_have_count(0)
    assert await said(page) == site.desk.texts(only(site))


async def test_links_are_links_of_the_web_and_nothing_else(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    conversation = only(site)
    await site.desk.answer(
        conversation, Said(text="见 https://shop.example/a?b=1，谢谢", link=Link(url="https://shop.example/c", label="Bill"))
    )
    await site.desk.answer(conversation, Said(text="javascript:alert(1)", link=Link(url="javascript:alert(1)", label="Trap")))
    await site.desk.answer(conversation, Said(text="<img src=x onerror=alert(1)>"))
    await expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    links = await page.locator(".m a").evaluate_all("all => all.map((a) => [a.href, a.textContent, a.rel, a.target])")

    assert links == [
        ["https://shop.example/a?b=1", "https://shop.example/a?b=1", "noopener noreferrer", "_blank"],
        ["https://shop.example/c", "Bill", "noopener noreferrer", "_blank"],
    ]


async def test_cut_off_it_says_so_keeps_what_was_typed_and_sends_it_once(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    await page.get_by_role("textbox").fill("before")
    await page.keyboard.press("Enter")
    await until(lambda: site.desk.texts(only(site)) == ["before"])
    await page.context.set_offline(True)
    await expect(page.get_by_role("alert")).to_contain_text("Connection lost")
    for text in ("in the tunnel", "still in it"):
        await page.get_by_role("textbox").fill(text)
        await page.keyboard.press("Enter")
    await page.get_by_role("textbox").fill("half a sen")
    await site.desk.answer(only(site), Said(text="said meanwhile"))
    assert await page.locator(".meta:visible").all_text_contents() == ["Sending …", "Sending …"]
    await page.context.set_offline(False)

    await until(lambda: site.desk.texts(only(site)) == ["before", "said meanwhile", "in the tunnel", "still in it"])
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page.locator(".meta:visible")).to_have_count(0)
    assert await said(page) == site.desk.texts(only(site))
    await expect(page.get_by_role("textbox")).to_have_value("half a sen")


async def test_a_reload_keeps_the_conversation_and_what_was_not_sent(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    await site.desk.answer(only(site), MENU)
    await page.get_by_role("textbox").fill("sent")
    await page.keyboard.press("Enter")
    await until(lambda: site.desk.texts(only(site)) == ["What is it about?", "sent"])
    site.desk.is_down = True
    await page.get_by_role("textbox").fill("not sent yet")
    await page.keyboard.press("Enter")
    await page.get_by_role("textbox").fill("a draft")
    await expect(page.locator(".meta:visible")).to_have_count(1)
    site.desk.is_down = False
    await page.reload()

    await until(lambda: site.desk.texts(only(site)) == ["What is it about?", "sent", "not sent yet"])
    await expect(page.get_by_role("textbox")).to_have_value("a draft")
    await expect(page.locator(".meta:visible")).to_have_count(0)
    assert await said(page) == site.desk.texts(only(site))


async def test_what_comes_too_fast_is_sent_when_it_may(chromium: Browser) -> None:
    async with chat_site(WebchatSettings(messages=Rate(per_second=10, burst=1))) as site:
        page = await chatting(chromium, site)
        for number in range(3):
            await page.get_by_role("textbox").fill(f"message {number}")
            await page.keyboard.press("Enter")
        await expect(page.locator(".meta:visible")).to_have_count(2)
        for count in (2, 3):
            site.now += 0.1
            await until(lambda: len(site.desk.said[only(site)]) == count)  # noqa: B023  # it is awaited here

        assert site.desk.texts(only(site)) == ["message 0", "message 1", "message 2"]


async def test_an_agent_takes_over_and_the_visitor_ends_it_and_begins_anew(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    first = only(site)
    await site.desk.hand_over(first)
    await expect(page.get_by_role("status")).to_have_text("A colleague will be with you shortly")
    await site.desk.take(first)
    await site.desk.say(first, "Hello")
    await expect(page.get_by_role("status")).to_have_text("Ivy Cheung is with you")
    await expect(page.get_by_text("Hello", exact=True)).to_be_visible()
    await page.get_by_role("button", name="End the chat").click()
    await page.get_by_role("button", name="No, go on").click()
    await page.get_by_role("button", name="End the chat").click()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("This chat has ended")
    await expect(page.get_by_role("button", name="Start a new chat")).to_be_focused()
    await page.keyboard.press("Enter")

    await until(lambda: len(site.desk.conversations) == 2)
    await expect(page.get_by_role("status")).to_have_text("Digital assistant")
    assert await said(page) == []
    first_of, second_of = (each.visitor for each in site.desk.conversations.values())
    assert first_of.id == second_of.id
    await page.keyboard.type("next")
    await page.keyboard.press("Enter")
    await until(lambda: [each.said.text for each in list(site.desk.said.values())[1]] == ["next"])


async def test_a_closed_chat_counts_what_comes_and_opens_by_the_keyboard(site: Site, chromium: Browser) -> None:
    page = await chatting(chromium, site)
    await page.get_by_role("textbox").focus()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
    await site.desk.answer(only(site), Said(text="one"))
    await site.desk.answer(only(site), Said(text="two"))
    await expect(page.get_by_role("button", name="Open the chat (2 new)")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("button", name="Open the chat", exact=True)).to_be_focused()


async def test_the_language_is_the_browsers_and_can_be_another(chromium: Browser) -> None:
    async with chat_site(WebchatSettings(title={"zh": "快递客服"})) as site:
        page = await chatting(chromium, site, locale="zh-CN")
        await expect(page.get_by_role("heading", name="快递客服")).to_be_visible()
        await page.get_by_role("textbox", name="请输入消息").fill("草稿")
        await page.get_by_role("button", name="English").click()

        await expect(page.get_by_role("heading", name="Chat with us")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Write a message")).to_have_value("草稿")
        assert site.desk.conversations[only(site)].visitor.language == "zh"
        await page.reload()
        await expect(page.get_by_role("heading", name="Chat with us")).to_be_visible()


@pytest.mark.parametrize(("width", "height", "scheme", "locale"), LOOKS)
async def test_nobody_is_kept_out(chromium: Browser, site: Site, width: int, height: int, scheme: Any, locale: str) -> None:
    page = await chatting(chromium, site, viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
    found = await faults(page)
    await site.desk.answer(only(site), MENU)
    await site.desk.answer(only(site), Said(text="x" * 300, link=Link(url="https://shop.example/" + "y" * 200, label="z" * 200)))
    await expect(page.get_by_role("button", name="Track")).to_be_visible()
    found += await faults(page)
    panel = await page.locator(".panel").bounding_box()
    await page.get_by_role("button", name="My bill").click()
    await site.desk.hand_over(only(site))
    await site.desk.take(only(site))
    await site.desk.say(only(site), "Hello")
    await expect(page.get_by_text("Hello", exact=True)).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_role("alert")).to_be_visible()
    found += await faults(page)
    await page.context.set_offline(False)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await site.desk.close(only(site))
    await expect(page.locator(".over")).to_be_visible()
    found += await faults(page)
    await page.get_by_role("button", name=re.compile("Close|关闭")).click()
    found += await faults(page)

    assert found == []
    assert panel is not None
    assert width > 480 or (panel["width"], panel["height"]) == (width, height)


async def test_a_company_has_it_by_one_tag_under_a_strict_policy(chromium: Browser) -> None:
    async def shop(request: web.Request) -> web.Response:
        policy = (
            f"default-src 'none'; script-src {chat.address}webchat/; connect-src {chat.address.replace('http', 'ws')}webchat/ws"
        )
        tag = f'<script type="module" src="{chat.address}webchat/widget.js"></script>'
        text = f"<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{tag}</html>"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    application = web.Application()
    application.add_routes([web.get("/cart", shop)])
    async with TestServer(application) as company:
        origin = str(company.make_url("/")).rstrip("/")
        async with chat_site(WebchatSettings(origins=(origin,))) as chat:
            page = await (await chromium.new_context(locale="en-GB")).new_page()
            page.on("console", lambda line: _fail(line.text) if "Content Security Policy" in line.text else None)
            await page.goto(origin + "/cart?secret=1")
            await page.get_by_role("button", name="Open the chat").click()
            await page.get_by_role("textbox").fill("hello")
            await page.keyboard.press("Enter")
            await until(lambda: len(chat.desk.conversations) == 1 and chat.desk.texts(only(chat)) == ["hello"])

            assert chat.desk.conversations[only(chat)].visitor.page == origin + "/cart"
            assert await page.locator(".launch").evaluate("each => getComputedStyle(each).borderRadius") == "999px"
