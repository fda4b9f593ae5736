import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientConnectionError, WSMsgType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.memory_desk import MemoryDesk
from support.waiting import until
from support.web_chats import SHOP, Site, chat_site, only

from connectors.webchat import visit
from connectors.webchat.settings import WebchatSettings
from gateway.model.conversations import Choice, Closer, ConversationOverError, ConversationState, Link, Said
from gateway.model.limits import Rate

TOKEN = "t" * 43


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with chat_site() as made:
        yield made


async def test_a_visitor_is_welcomed_and_answered(site: Site) -> None:
    visitor, welcome = await site.arrived(language="zh-CN", page=SHOP + "/cart?id=1")
    key = await visitor.write("我的快递到哪了")
    (own,) = [await visitor.next("message")]
    await site.desk.answer(
        only(site),
        Said(text="Which?", choices=(Choice(value="a", label="A"),), link=Link(url=SHOP, label="Shop")),
    )
    answer = await visitor.next("message")

    assert (welcome["after"], welcome["messages"], welcome["state"]["state"], len(welcome["token"])) == (0, [], "bot", 43)
    assert welcome["conversation"] == only(site)
    assert (own["seq"], own["author"], own["text"], own["key"]) == (1, "visitor", "我的快递到哪了", key)
    assert (answer["seq"], answer["choices"], answer["link"]["url"]) == (2, [{"value": "a", "label": "A"}], SHOP)
    begun = site.desk.conversations[only(site)].visitor
    assert (begun.language, begun.page) == ("zh", SHOP + "/cart")
    assert begun.id not in welcome["token"]


async def test_an_agent_is_named_and_his_closing_ends_it(site: Site) -> None:
    visitor, _ = await site.arrived()
    await site.desk.hand_over(only(site))
    await site.desk.take(only(site))
    await site.desk.say(only(site), "Hello, Ivy here")
    said = await visitor.next("message")
    await site.desk.close(only(site))
    states: list[dict[str, Any]] = []
    while not states or states[-1]["state"] != "closed":
        states.append(await visitor.next("state"))

    assert (said["name"], said["author"]) == ("Ivy Cheung", "agent")
    assert (states[-1]["state"], states[-1]["agent"]) == ("closed", "Ivy Cheung")
    assert await visitor.end() == 1000


async def test_who_comes_back_is_told_the_rest_once(site: Site) -> None:
    first, welcome = await site.arrived()
    mine = {"token": welcome["token"], "conversation": welcome["conversation"]}
    await first.write("one")
    assert await first.told(1) == [(1, "one")]
    await first.socket.close()
    await site.desk.answer(only(site), Said(text="two"))
    await site.desk.answer(only(site), Said(text="three"))

    second, again = await site.arrived(**mine, after=1)
    assert [(each["seq"], each["text"]) for each in again["messages"]] == [(2, "two"), (3, "three")]
    await site.desk.answer(only(site), Said(text="four"))
    assert await second.told(1) == [(4, "four")]


async def test_what_is_sent_again_counts_once(site: Site) -> None:
    first, welcome = await site.arrived()
    key = await first.write("my order")
    await first.told(1)
    await first.socket.close()
    second, again = await site.arrived(token=welcome["token"], conversation=welcome["conversation"], after=0)
    await second.write("my order", key=key)
    await second.write("is late")

    assert [each["key"] for each in again["messages"]] == [key]
    assert await second.told(1) == [(2, "is late")]
    assert site.desk.texts(only(site)) == ["my order", "is late"]


async def test_two_tabs_see_the_same(site: Site) -> None:
    first, welcome = await site.arrived()
    second, again = await site.arrived(token=welcome["token"])
    await first.write("from the first")
    await second.write("from the second")

    assert again["conversation"] == welcome["conversation"]
    assert sorted(text for _, text in await first.told(2)) == ["from the first", "from the second"]
    assert [seq for seq, _ in await second.told(2)] == [1, 2]


async def test_a_conversation_that_is_over_is_shown_to_its_end_and_the_next_is_new(site: Site) -> None:
    visitor, welcome = await site.arrived()
    await visitor.socket.close()
    await site.desk.answer(only(site), Said(text="goodbye"))
    await site.desk.close(only(site), Closer.APPLICATION)
    token = welcome["token"]
    back, over = await site.arrived(token=token, conversation=welcome["conversation"])
    fresh, new = await site.arrived(token=token)

    assert ([each["text"] for each in over["messages"]], over["state"]["state"]) == (["goodbye"], "closed")
    assert await back.end() == 1000
    assert new["conversation"] != welcome["conversation"]
    assert new["token"] == token
    await fresh.socket.close()


async def test_nobody_comes_into_anothers_conversation(site: Site) -> None:
    _, welcome = await site.arrived()
    await site.desk.answer(only(site), Said(text="secret"))
    for hello in (
        {"token": TOKEN, "conversation": welcome["conversation"]},
        {"conversation": welcome["conversation"]},
        {"token": site.desk.conversations[only(site)].visitor.id.ljust(43, "0"), "conversation": welcome["conversation"]},
    ):
        _, other = await site.arrived(**hello)
        assert (other["messages"], other["after"]) == ([], 0)
        assert other["conversation"] != welcome["conversation"]


async def test_a_browser_that_knows_more_than_we_is_told_from_where_it_is_right(site: Site) -> None:
    visitor, welcome = await site.arrived()
    await visitor.write("one")
    await visitor.told(1)
    _, again = await site.arrived(token=welcome["token"], conversation=welcome["conversation"], after=7)

    assert (again["after"], again["messages"]) == (1, [])


async def test_a_quick_reply_comes_with_its_value(site: Site) -> None:
    visitor, _ = await site.arrived()
    await visitor.write("Track a parcel", chosen="track")
    await visitor.told(1)

    assert site.desk.said[only(site)][0].said == Said(text="Track a parcel", chosen="track")


async def test_a_visitor_leaves(site: Site) -> None:
    visitor, _ = await site.arrived()
    await visitor.socket.send_json({"type": "leave"})

    assert await visitor.end() == 1000
    assert site.desk.conversations[only(site)].closer is Closer.VISITOR


async def test_of_a_conversation_that_was_deleted_nothing_is_left_to_leave(site: Site) -> None:
    visitor, welcome = await site.arrived()
    del site.desk.conversations[only(site)]
    await visitor.socket.send_json({"type": "leave"})
    refused = await visitor.next("refused")
    _, again = await site.arrived(token=welcome["token"], conversation=welcome["conversation"], after=3)

    assert (refused["why"], await visitor.end()) == ("over", 4410)
    assert again["after"] == 0


async def test_what_says_nothing_is_refused(site: Site) -> None:
    visitor, _ = await site.arrived()
    key = await visitor.write(" \u202e\x00 ")
    refused = await visitor.next("refused")

    assert (refused["why"], refused["key"]) == ("empty", key)
    await visitor.write("still here")
    assert await visitor.told(1) == [(1, "still here")]


async def test_who_writes_too_fast_is_told_when_and_loses_nothing() -> None:
    settings = WebchatSettings(origins=(SHOP,), messages=Rate(per_second=0.5, burst=2))
    async with chat_site(settings) as site:
        visitor, welcome = await site.arrived()
        await visitor.write("one")
        await visitor.write("two")
        key = await visitor.write("three")
        refused = await visitor.next("refused")
        assert (refused["why"], refused["key"], refused["wait_s"]) == ("too_fast", key, 2.0)
        # A new connection of the same visitor is no fresh start.
        again, _ = await site.arrived(token=welcome["token"])
        await again.write("three")
        assert (await again.next("refused"))["why"] == "too_fast"
        site.now += 2.0
        await again.write("three", key=key)
        assert await again.told(1) == [(3, "three")]


async def test_an_address_writes_no_more_than_it_may() -> None:
    settings = WebchatSettings(origins=(SHOP,), messages_per_address=Rate(per_second=1, burst=3))
    async with chat_site(settings) as site:
        one, _ = await site.arrived()
        other, _ = await site.arrived()
        elsewhere = await site.visitor(headers={"X-Client": "198.51.100.7"})
        await elsewhere.arrive()
        for _ in range(3):
            await one.write("hello")
        await one.told(3)
        await other.write("hello")
        await elsewhere.write("hello")

        assert (await other.next("refused"))["why"] == "too_fast"
        assert await elsewhere.told(1) == [(1, "hello")]


async def test_a_database_that_is_down_is_said_and_nothing_is_lost(site: Site) -> None:
    visitor, welcome = await site.arrived()
    site.desk.is_down = True
    key = await visitor.write("keep me")
    refused = await visitor.next("refused")
    newcomer = await site.visitor()
    await newcomer.socket.send_json({"type": "hello"})
    turned_away = await newcomer.next("refused")

    assert (refused["why"], refused["key"], refused["wait_s"]) == ("unavailable", key, visit.AGAIN_S)
    assert (turned_away["why"], await newcomer.end()) == ("unavailable", 4503)
    site.desk.is_down = False
    await visitor.write("keep me", key=key)
    assert await visitor.told(1) == [(1, "keep me")]
    assert welcome["conversation"] == only(site)


async def test_when_as_many_conversations_last_as_may_newcomers_come_again_later(site: Site) -> None:
    site.desk.is_full = True
    newcomer = await site.visitor()
    await newcomer.socket.send_json({"type": "hello"})
    turned_away = await newcomer.next("refused")

    assert (turned_away["why"], turned_away["wait_s"], await newcomer.end()) == ("too_many", 10 * visit.AGAIN_S, 4503)


async def test_a_message_into_a_conversation_that_is_over_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def closed_meanwhile(desk: MemoryDesk, conversation: Any, *_: Any) -> Any:
        raise ConversationOverError("the conversation is over")

    monkeypatch.setattr(MemoryDesk, "write", closed_meanwhile)
    visitor, _ = await site.arrived()
    key = await visitor.write("too late")

    refused = await visitor.next("refused")
    assert (refused["why"], refused["key"]) == ("over", key)


async def test_who_does_not_read_is_cut_off_and_comes_back_for_the_rest(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, welcome = await site.arrived()
    monkeypatch.setattr(visit, "SEND_TIMEOUT_S", 0.05)
    connection = visitor.socket._conn  # there is no other way not to read
    assert connection is not None
    assert connection.transport is not None
    connection.transport.pause_reading()
    with capture_logs() as logs:
        count = 0
        while site.desk.followers:
            await site.desk.answer(only(site), Said(text="x" * 4000))
            count += 1
            await asyncio.sleep(0)
        await until(lambda: bool(logs))
    connection.transport.resume_reading()
    monkeypatch.undo()
    back, again = await site.arrived(token=welcome["token"], conversation=welcome["conversation"])

    assert [log["event"] for log in logs] == ["visitor_stuck"]
    rest = [seq for seq, _ in await back.told(count - len(again["messages"]))]
    assert [each["seq"] for each in again["messages"]] + rest == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("frames", "code", "why"),
    [
        ((b"\x00",), 4400, "not_understood"),
        (("no json",), 4400, "not_understood"),
        (('{"type":"leave"}',), 4400, "not_understood"),
        (('{"type":"hello"}', '{"type":"hello"}'), 4400, "not_understood"),
        (('{"type":"hello"}', "[" * 40_000), 4400, "not_understood"),
        (('{"type":"hello"}', *['{"type":"message","key":"key-0001","text":""}'] * 100), 4429, "too_fast"),
        (("x" * (visit.MAX_FRAME_BYTES + 1),), 1009, None),
    ],
)
async def test_what_is_none_of_ours_is_refused_and_ends(
    site: Site, frames: tuple[str | bytes, ...], code: int, why: str | None
) -> None:
    visitor = await site.visitor()
    with contextlib.suppress(ClientConnectionError):
        for frame in frames:
            await (visitor.socket.send_str(frame) if isinstance(frame, str) else visitor.socket.send_bytes(frame))
    last = None
    async with asyncio.timeout(10):
        while (got := await visitor.socket.receive()).type is WSMsgType.TEXT:
            last = json.loads(got.data)

    assert visitor.socket.close_code == code
    assert why is None or (last is not None and (last["type"], last["why"]) == ("refused", why))
    await until(lambda: site.desk.followers == 0)


async def test_who_says_nothing_is_sent_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "HELLO_TIMEOUT_S", 0.01)
    visitor = await site.visitor()

    assert await visitor.end() == 4408


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FRAMES = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.builds(json.dumps, _VALUES),
    st.builds(
        lambda kind, fields: json.dumps({"type": kind} | fields),
        st.sampled_from(["hello", "message", "leave", "welcome", ""]),
        st.dictionaries(
            st.sampled_from(["token", "conversation", "after", "language", "page", "key", "text", "chosen", "type"]),
            _VALUES | st.sampled_from([TOKEN, "key-0001", "x" * 5000, "\ud800", "\x00"]),
            max_size=5,
        ),
    ),
)


async def test_whatever_a_visitor_sends_the_next_one_is_served(site: Site) -> None:
    runs: list[list[str | bytes]] = []

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(_FRAMES, max_size=5))
    def collect(frames: list[str | bytes]) -> None:
        runs.append(frames)

    collect()
    with capture_logs() as logs:
        for number, frames in enumerate(runs):
            visitor = await site.visitor(headers={"X-Client": f"2001:db8:0:{number:x}::1"})
            with contextlib.suppress(ClientConnectionError):
                if number % 2:
                    await visitor.socket.send_str('{"type":"hello"}')
                for frame in frames:
                    await (visitor.socket.send_str(frame) if isinstance(frame, str) else visitor.socket.send_bytes(frame))
            await visitor.socket.close()
            await visitor.end()
    await until(lambda: site.desk.followers == 0)
    visitor, _ = await site.arrived()
    await visitor.write("hello")

    assert await visitor.told(1) == [(1, "hello")]
    assert logs == []
    assert all(each.state in ConversationState for each in site.desk.conversations.values())
