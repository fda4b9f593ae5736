import asyncio
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from structlog.testing import capture_logs
from support.memory_desk import MemoryDesk
from support.waiting import until
from support.web_chats import SHOP, chat_site, only

from connectors.webchat.server import create
from connectors.webchat.settings import WebchatSettings
from gateway.model.conversations import Said
from gateway.model.limits import Rate


async def test_pages_of_others_are_refused_and_named_once() -> None:
    async with chat_site() as site:
        with capture_logs() as logs:
            with pytest.raises(WSServerHandshakeError) as refused:
                await site.visitor("https://evil.example")
            with pytest.raises(WSServerHandshakeError):
                await site.visitor("https://evil.example")
        with pytest.raises(WSServerHandshakeError):
            await site.visitor("")

        assert refused.value.status == 403
        assert [(log["event"], log["origin"], log["cure"]) for log in logs] == [
            ("webchat_from_elsewhere", "https://evil.example", "add it to `origins` if it is a page of yours")
        ]


async def test_our_own_pages_need_no_word_in_the_configuration() -> None:
    async with chat_site(WebchatSettings()) as site:
        visitor = await site.visitor(site.address.rstrip("/"))

        assert (await visitor.arrive())["state"]["state"] == "bot"


async def test_an_address_has_so_many_connections_and_no_more() -> None:
    async with chat_site(WebchatSettings(origins=(SHOP,), max_per_address=2)) as site:
        first, _ = await site.arrived()
        await site.arrived()
        third = await site.visitor()
        refused = await third.next("refused")
        elsewhere = await site.visitor(headers={"X-Client": "198.51.100.7"})
        await elsewhere.arrive()

        assert (refused["why"], refused["wait_s"], await third.end()) == ("too_many", 30.0, 4429)
        await first.socket.close()

        async def is_let_in() -> bool:
            visitor = await site.visitor()
            await visitor.socket.send_json({"type": "hello"})
            return bool((await visitor.next())["type"] == "welcome")

        await until(is_let_in)


async def test_when_it_is_full_it_says_so() -> None:
    async with chat_site(WebchatSettings(origins=(SHOP,), max_visitors=1)) as site:
        await site.arrived()
        with capture_logs() as logs:
            second = await site.visitor(headers={"X-Client": "198.51.100.7"})
            refused = await second.next("refused")

        assert refused["why"] == "too_many"
        assert [(log["event"], log["cure"]) for log in logs] == [("webchat_full", "raise `max_visitors`")]


async def test_who_comes_too_often_is_told_when_to_come_back() -> None:
    async with chat_site(WebchatSettings(origins=(SHOP,), arrivals=Rate(per_second=0.1, burst=1))) as site:
        await site.arrived()
        second = await site.visitor()
        await second.socket.send_json({"type": "hello"})
        refused = await second.next("refused")
        site.now += 10.0

        assert (refused["why"], refused["wait_s"], await second.end()) == ("too_many", 10.0, 4429)
        await site.arrived()


async def test_visitors_are_told_that_the_gateway_stops_and_go_on_after_it() -> None:
    async with chat_site() as site:
        visitor, welcome = await site.arrived()
        await visitor.write("before")
        await visitor.told(1)
        ending = asyncio.create_task(visitor.end())
        await site.stop()
        late = await site.visitor()
        turned_away = await late.next("refused")

        assert (await ending, turned_away["why"]) == (1001, "unavailable")
        await until(lambda: site.desk.followers == 0)
        await site.desk.answer(only(site), Said(text="kept"))
        assert site.desk.texts(only(site)) == ["before", "kept"]
        assert welcome["conversation"] == only(site)


async def test_a_title_is_told() -> None:
    async with chat_site(WebchatSettings(origins=(SHOP,), title={"en": "Parcel help"})) as site:
        _, welcome = await site.arrived()

        assert welcome["title"] == {"en": "Parcel help"}


async def test_the_manifests_function_makes_it() -> None:
    channel = create(WebchatSettings(), MemoryDesk(lambda: 0.0))
    paths: set[Any] = {getattr(route, "path", None) for route in channel.routes()}

    assert {"/chat", "/webchat/ws"} <= paths
