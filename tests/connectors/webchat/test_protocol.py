import contextlib

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.webchat.protocol import (
    Hello,
    Leave,
    Refused,
    Why,
    Write,
    WrongMessageError,
    language_in,
    new_token,
    page_in,
    read,
    said_in,
    shown,
    state_of,
    visitor_of,
    written,
)
from gateway.model.conversations import (
    Author,
    ChatOwner,
    Choice,
    Conversation,
    ConversationId,
    ConversationState,
    Link,
    Message,
    Said,
    Visitor,
)
from gateway.model.ids import DEFAULT_TENANT

TOKEN = "A" * 43
KEY = "key-0001"


def test_messages_are_read() -> None:
    assert read('{"type":"hello"}') == Hello()
    assert read(f'{{"type":"hello","token":"{TOKEN}","after":3,"new":1}}') == Hello(token=TOKEN, after=3)
    assert read(f'{{"type":"message","key":"{KEY}","text":"我的快递"}}') == Write(key=KEY, text="我的快递")
    assert read(b'{"type":"leave"}') == Leave()


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"type":"welcome"}',
        '{"type":"hello","token":"short"}',
        '{"type":"hello","token":1}',
        '{"type":"hello","after":-1}',
        '{"type":"hello","after":1e99}',
        '{"type":"message","text":"without a key"}',
        '{"type":"message","key":"k"}',
        f'{{"type":"message","key":"{KEY}","text":"{"x" * 4001}"}}',
        f'{{"type":"message","key":"{KEY}","text":"\\ud800"}}',
        b"\xff\xfe",
        "[" * 100_000,
        '{"type":"leave","x":' + "[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused_and_nothing_else(frame: str | bytes) -> None:
    with pytest.raises(WrongMessageError):
        read(frame)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_whatever_comes_is_read_or_refused(frame: str | bytes) -> None:
    with contextlib.suppress(WrongMessageError):
        read(frame)


@given(st.text(max_size=80), st.none() | st.text(max_size=20))
@example("\x00a\u202eb\r\nc\r", None)
@example(" \x00 ", "\x00")
def test_what_nobody_can_see_is_taken_out(text: str, chosen: str | None) -> None:
    said = said_in(Write(key=KEY, text=text, chosen=chosen))

    if said is not None:
        assert said.text or said.chosen
        for each in (said.text, said.chosen or ""):
            assert not set(each) & set("\x00\x07\r\x1b\x7f\u202e\u2066\ufeff")


def test_what_is_written_stays_as_it_is() -> None:
    said = said_in(Write(key=KEY, text="  第一行\r\n\tsecond — 👩‍👩‍👧 \n"))

    assert said == Said(text="第一行\n\tsecond — 👩‍👩‍👧")


def test_a_quick_reply_has_its_value() -> None:
    assert said_in(Write(key=KEY, text="Track", chosen="track")) == Said(text="Track", chosen="track")
    assert said_in(Write(key=KEY, text=" \n")) is None


def test_a_token_tells_who_it_is_and_nobody_else_knows_it() -> None:
    token = new_token(lambda count: bytes(range(count)))

    assert msgspec.convert({"type": "hello", "token": token}, Hello).token == token
    assert visitor_of(token) == visitor_of(token) != visitor_of(TOKEN)
    assert token not in visitor_of(token)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("zh-Hans-CN", "zh"),
        ("ZH", "zh"),
        ("en-GB", "en"),
        ("de-AT", "de-AT"),
        ("<b>", None),
        ("", None),
        (None, None),
        ("e", None),
    ],
)
def test_the_language_is_the_browsers(said: str | None, language: str | None) -> None:
    assert language_in(Hello(language=said)) == language


@pytest.mark.parametrize(
    ("said", "page"),
    [
        ("https://shop.example/cart?session=secret#top", "https://shop.example/cart"),
        ("https://shop.example", "https://shop.example"),
        ("https://evil.example/cart", None),
        ("https://shop.example.evil.example/", None),
        ("javascript:alert(1)", None),
        ("https://[::1", None),
        ("https://shop.example/\u202e", None),
        ("https://shop.example/" + "a" * 500, None),
        (None, None),
    ],
)
def test_the_page_is_the_one_that_the_browser_vouches_for(said: str | None, page: str | None) -> None:
    assert page_in(Hello(page=said), "https://shop.example") == page


def test_a_message_is_shown_without_what_is_not_the_visitors() -> None:
    said = Said(
        text="Which?", choices=(Choice(value="track", label="Track"),), link=Link(url="https://shop.example", label="Shop")
    )
    frame = msgspec.json.decode(written(shown(Message(seq=2, at=5.0, author=Author.APPLICATION, said=said))))

    assert frame == {
        "type": "message",
        "seq": 2,
        "at": 5.0,
        "author": "application",
        "text": "Which?",
        "choices": [{"value": "track", "label": "Track"}],
        "link": {"url": "https://shop.example", "label": "Shop"},
    }
    assert msgspec.json.decode(written(Refused(why=Why.TOO_FAST, key=KEY, wait_s=1.5))) == {
        "type": "refused",
        "why": "too_fast",
        "key": KEY,
        "wait_s": 1.5,
    }


def test_the_state_names_the_agent_and_no_more() -> None:
    conversation = Conversation(
        id=ConversationId("c"),
        tenant=DEFAULT_TENANT,
        channel="webchat",
        state=ConversationState.HUMAN,
        visitor=Visitor(id="v"),
        started_at=1.0,
        changed_at=1.0,
        owner=ChatOwner(id="user-7", name="Ivy", extension="1001", at=1.0),
    )

    assert msgspec.json.decode(written(state_of(conversation))) == {"type": "state", "state": "human", "agent": "Ivy"}
