import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from support.memory_conversations import MemoryConversations

from gateway.model.conversations import (
    Author,
    ChatOwner,
    Choice,
    Closer,
    Conversation,
    ConversationId,
    ConversationOverError,
    ConversationState,
    Link,
    Message,
    Said,
    Visitor,
    added,
    closed,
    handed_over,
    taken,
)
from gateway.model.errors import StoreSchemaError
from gateway.model.handover import Destination, Fact, Handover, Step
from gateway.model.ids import DEFAULT_TENANT, QueueName, Tenant
from gateway.ports.conversations import ConversationPlace, ConversationQuery, ConversationStore
from gateway.store.backup import read_backup, write_backup
from gateway.store.conversations import CONVERSATIONS, MESSAGES, SqlConversations
from gateway.store.database import Database
from gateway.store.urls import parse_url

OTHER = Tenant("other")
LI = ChatOwner(id="li", name="Li", extension="8001", at=9.0)
WHOLE = Handover(summary="s", language="zh", path=(Step(node="a", label="A"),), facts=(Fact(name="phone", label="P", value="1"),))

Change = Callable[[Conversation], tuple[Conversation, Sequence[Message]]]


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(parse_url(url))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ConversationStore]:
    """An empty one."""
    if request.param == "memory":
        yield MemoryConversations()
        return
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/tieline.db" if sqlite else request.getfixturevalue("cluster").database()
    opened = Database(parse_url(url))
    await opened.open()
    yield SqlConversations(opened)
    await opened.close()


def conversation(number: int, **more: Any) -> Conversation:
    fields: dict[str, Any] = {
        "id": ConversationId(f"C{number}"),
        "tenant": DEFAULT_TENANT,
        "channel": "webchat",
        "state": ConversationState.BOT,
        "visitor": Visitor(id=f"v{number}", name="王", language="zh", page="https://shop.example/"),
        "started_at": float(number),
        "changed_at": float(number),
        "application": "itr",
    }
    return Conversation(**fields | more)


def says(text: str, *, key: str | None = None) -> Change:
    def change(now: Conversation) -> tuple[Conversation, Sequence[Message]]:
        after, message = added(now, Author.VISITOR, Said(text=text), 7.0, key=key)
        return after, [message]

    return change


def goes(how: Callable[[Conversation], Conversation]) -> Change:
    return lambda now: (how(now), ())


async def put(store: ConversationStore, *conversations: Conversation) -> None:
    for each in conversations:
        await store.put(each)


async def test_nothing_is_known_at_first(store: ConversationStore) -> None:
    unknown = ConversationId("x")
    assert await store.find(DEFAULT_TENANT, unknown) is None
    assert await store.change(DEFAULT_TENANT, unknown, says("a")) is None
    assert await store.messages(DEFAULT_TENANT, unknown) == []
    assert await store.keyed(DEFAULT_TENANT, unknown, "k") is None
    assert await store.of_visitor(DEFAULT_TENANT, "webchat", "v1") is None
    assert await store.lasting(DEFAULT_TENANT, ["webchat"]) == []
    assert await store.page(DEFAULT_TENANT, ConversationQuery(), after=None, limit=9) == []


async def test_a_conversation_comes_back_as_it_was_kept(store: ConversationStore) -> None:
    waiting = handed_over(conversation(1), Destination(queue=QueueName("support")), WHOLE, 5.0)
    whole = closed(taken(waiting, LI), Closer.AGENT, 11.0, disposition="solved", note="n")
    await put(store, whole)

    assert await store.find(DEFAULT_TENANT, whole.id) == whole
    assert await store.find(OTHER, whole.id) is None


async def test_what_is_put_again_stays_as_it_is(store: ConversationStore) -> None:
    await put(store, conversation(1))
    after = await store.change(DEFAULT_TENANT, ConversationId("C1"), says("hello"))
    await put(store, conversation(1))

    assert await store.find(DEFAULT_TENANT, ConversationId("C1")) == after
    assert len(await store.messages(DEFAULT_TENANT, ConversationId("C1"))) == 1


async def test_what_was_said_comes_back_in_order(store: ConversationStore) -> None:
    await put(store, conversation(1), conversation(2))
    choices = (Choice(value="a", label="甲"), Choice(value="b", label="乙"))
    rich = Said(text="which?", choices=choices, link=Link(url="https://shop.example/", label="shop"))

    def asks(now: Conversation) -> tuple[Conversation, Sequence[Message]]:
        once, first = added(now, Author.APPLICATION, rich, 2.0)
        twice, second = added(once, Author.AGENT, Said(text="I am here"), 3.0, name="Li")
        return twice, [first, second]

    after = await store.change(DEFAULT_TENANT, ConversationId("C1"), asks)
    await store.change(DEFAULT_TENANT, ConversationId("C1"), says("nul \0 and 😀", key="k\0"))

    said = await store.messages(DEFAULT_TENANT, ConversationId("C1"))
    assert after is not None
    assert (after.messages, after.version) == (2, 3)
    assert said == [
        Message(seq=1, at=2.0, author=Author.APPLICATION, said=rich),
        Message(seq=2, at=3.0, author=Author.AGENT, said=Said(text="I am here"), name="Li"),
        Message(seq=3, at=7.0, author=Author.VISITOR, said=Said(text="nul \0 and 😀"), key="k\0"),
    ]
    assert await store.messages(DEFAULT_TENANT, ConversationId("C1"), after=1, limit=1) == said[1:2]
    assert await store.keyed(DEFAULT_TENANT, ConversationId("C1"), "k\0") == said[2]
    assert await store.messages(DEFAULT_TENANT, ConversationId("C2")) == []
    assert await store.messages(OTHER, ConversationId("C1")) == []


async def test_changes_at_once_all_count(store: ConversationStore) -> None:
    await put(store, conversation(1))
    await asyncio.gather(*(store.change(DEFAULT_TENANT, ConversationId("C1"), says(str(number))) for number in range(20)))

    said = await store.messages(DEFAULT_TENANT, ConversationId("C1"))
    now = await store.find(DEFAULT_TENANT, ConversationId("C1"))
    assert now is not None
    assert (now.messages, now.version) == (20, 21)
    assert [message.seq for message in said] == list(range(1, 21))
    assert {message.said.text for message in said} == set(map(str, range(20)))


async def test_what_is_sent_twice_at_once_is_said_once(store: ConversationStore) -> None:
    await put(store, conversation(1), conversation(2))
    first, second = ConversationId("C1"), ConversationId("C2")
    came = await asyncio.gather(*(store.change(DEFAULT_TENANT, first, says("pay", key="k")) for _ in range(5)))
    await store.change(DEFAULT_TENANT, second, says("another's", key="k"))

    assert [(each.messages, each.version) for each in came if each is not None] == [(1, 2)] * 5
    assert [message.said.text for message in await store.messages(DEFAULT_TENANT, first)] == ["pay"]
    kept = await store.keyed(DEFAULT_TENANT, second, "k")
    assert kept is not None
    assert kept.said.text == "another's"


async def test_what_is_refused_changes_nothing_and_the_next_is_kept(store: ConversationStore) -> None:
    over = closed(conversation(1), Closer.VISITOR, 4.0)
    await put(store, over, conversation(2))
    with pytest.raises(ConversationOverError):
        await store.change(DEFAULT_TENANT, over.id, says("late"))

    assert await store.find(DEFAULT_TENANT, over.id) == over
    assert await store.messages(DEFAULT_TENANT, over.id) == []
    assert await store.change(DEFAULT_TENANT, ConversationId("C2"), says("in time")) is not None


async def test_those_that_last_are_found_after_a_restart(store: ConversationStore) -> None:
    other = conversation(3, channel="wechat")
    await put(store, conversation(2), conversation(1), other, closed(conversation(4), Closer.SILENCE, 9.0))
    await put(store, conversation(5, tenant=OTHER))

    assert await store.lasting(DEFAULT_TENANT, ["webchat"]) == [conversation(1), conversation(2)]
    assert await store.lasting(DEFAULT_TENANT, ["wechat", "webchat"]) == [conversation(1), conversation(2), other]
    assert await store.lasting(DEFAULT_TENANT, []) == []


async def test_a_visitor_has_his_newest(store: ConversationStore) -> None:
    his = Visitor(id="v\0")
    await put(store, *(conversation(number, visitor=his) for number in (2, 3, 1)))
    await put(store, conversation(9, visitor=his, channel="wechat"), conversation(8))

    newest = await store.of_visitor(DEFAULT_TENANT, "webchat", "v\0")
    assert newest == conversation(3, visitor=his)
    assert await store.of_visitor(OTHER, "webchat", "v\0") is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ConversationQuery(), ["C6", "C5", "C4", "C3", "C2", "C1"]),
        (ConversationQuery(states=frozenset({ConversationState.BOT, ConversationState.CLOSED})), ["C6", "C1"]),
        (ConversationQuery(states=frozenset()), []),
        (ConversationQuery(visitors=frozenset({"v2", "v7", "v5"})), ["C5", "C2"]),
        (ConversationQuery(visitors=frozenset()), []),
        (ConversationQuery(owner="li"), ["C5"]),
        (ConversationQuery(queues=frozenset()), ["C6", "C3"]),
        (ConversationQuery(queues=frozenset({"support"})), ["C6", "C3", "C2"]),
        (ConversationQuery(queues=frozenset({"support"}), states=frozenset({ConversationState.WAITING})), ["C3", "C2"]),
        (ConversationQuery(queues=frozenset({"other"}), agents=frozenset({"8001", "li@x"})), ["C6", "C4", "C3"]),
        (ConversationQuery(queues=frozenset(), owner="li"), ["C6", "C5", "C3"]),
        (ConversationQuery(queues=frozenset(), owner="somebody"), ["C6", "C3"]),
    ],
)
async def test_conversations_are_chosen_the_newest_first(
    store: ConversationStore, query: ConversationQuery, found: list[str]
) -> None:
    to_sales = Destination(queue=QueueName("sales"))
    await put(
        store,
        conversation(1),
        handed_over(conversation(2), Destination(queue=QueueName("support")), WHOLE, 5.0),
        handed_over(conversation(3), Destination(), None, 5.0),
        handed_over(conversation(4), Destination(agent="8001"), None, 5.0),
        taken(handed_over(conversation(5), to_sales, None, 5.0), LI),
        closed(conversation(6, state=ConversationState.WAITING, application=None), Closer.VISITOR, 8.0),
        conversation(7, tenant=OTHER),
    )

    assert [each.id for each in await store.page(DEFAULT_TENANT, query, after=None, limit=10)] == found


async def test_pages_follow_each_other(store: ConversationStore) -> None:
    await put(store, *(conversation(number, started_at=7.0) for number in range(1, 6)))
    first = await store.page(DEFAULT_TENANT, ConversationQuery(), after=None, limit=2)
    place = ConversationPlace(first[-1].started_at, first[-1].id)
    rest = await store.page(DEFAULT_TENANT, ConversationQuery(), after=place, limit=9)
    assert [each.id for each in (*first, *rest)] == ["C5", "C4", "C3", "C2", "C1"]


async def test_those_that_ended_long_ago_are_deleted_with_what_was_said(store: ConversationStore) -> None:
    await put(store, *(conversation(number) for number in (1, 2, 3)), conversation(4, tenant=OTHER))
    for number, ended_at in ((1, 10.0), (2, 30.0)):
        of = ConversationId(f"C{number}")
        await store.change(DEFAULT_TENANT, of, says("hello"))
        await store.change(DEFAULT_TENANT, of, goes(lambda now, at=ended_at: closed(now, Closer.VISITOR, at)))  # type: ignore[misc]
    await store.change(OTHER, ConversationId("C4"), goes(lambda now: closed(now, Closer.VISITOR, 10.0)))

    assert await store.prune(DEFAULT_TENANT, before=20.0) == 1
    assert await store.find(DEFAULT_TENANT, ConversationId("C1")) is None
    assert await store.messages(DEFAULT_TENANT, ConversationId("C1")) == []
    assert len(await store.messages(DEFAULT_TENANT, ConversationId("C2"))) == 1
    assert await store.find(DEFAULT_TENANT, ConversationId("C3")) == conversation(3)
    assert await store.find(OTHER, ConversationId("C4")) is not None


async def test_a_change_that_does_nothing_writes_nothing(database: Database) -> None:
    store = SqlConversations(database)
    await put(store, closed(conversation(1), Closer.VISITOR, 4.0))
    async with database.writing() as connection:
        await connection.execute(sa.update(CONVERSATIONS).values(owner="untouched"))
    await store.change(DEFAULT_TENANT, ConversationId("C1"), goes(lambda now: closed(now, Closer.AGENT, 9.0)))
    (row,) = await database.rows(sa.select(CONVERSATIONS.c.owner))
    assert row.owner == "untouched"


async def test_conversations_are_in_a_backup(database: Database, tmp_path: Path) -> None:
    store = SqlConversations(database)
    await put(store, replace(conversation(1), handover=WHOLE))
    await store.change(DEFAULT_TENANT, ConversationId("C1"), says("hello", key="k"))
    await write_backup(database, tmp_path / "all.backup")
    other = Database(parse_url(f"sqlite:///{tmp_path}/restored.db"))
    counts = await read_backup(other, tmp_path / "all.backup")
    restored = SqlConversations(other)
    try:
        assert (counts["conversations"], counts["conversation_messages"]) == (1, 1)
        for read in (SqlConversations.find, SqlConversations.messages):
            assert await read(restored, DEFAULT_TENANT, ConversationId("C1")) == await read(
                store, DEFAULT_TENANT, ConversationId("C1")
            )
    finally:
        await other.close()


async def test_what_is_damaged_is_said_to_be(database: Database) -> None:
    store = SqlConversations(database)
    await put(store, conversation(1))
    await store.change(DEFAULT_TENANT, ConversationId("C1"), says("hello"))
    async with database.writing() as connection:
        await connection.execute(sa.update(CONVERSATIONS).values(body=b"\xc1"))
        await connection.execute(sa.update(MESSAGES).values(body=b"\xc1"))
    with pytest.raises(StoreSchemaError, match="a conversation"):
        await store.find(DEFAULT_TENANT, ConversationId("C1"))
    with pytest.raises(StoreSchemaError, match="a message"):
        await store.messages(DEFAULT_TENANT, ConversationId("C1"))
