import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gateway.model.access import AccessEntry, AccessKind
from gateway.model.callbacks import Callback, CallbackId, CallbackState, Owner, assigned, claimed
from gateway.model.errors import CallbackTakenError, StoreSchemaError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant
from gateway.ports.callbacks import CallbackPlace, CallbackQuery, Seen
from gateway.ports.users import AccessFilter
from gateway.store.access_log import SqlAccessLog
from gateway.store.callbacks import CALLBACKS, SqlCallbacks
from gateway.store.database import Database
from gateway.store.urls import parse_url

OTHER = Tenant("other")
EVERYTHING = CallbackQuery()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(parse_url(url))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> SqlCallbacks:
    return SqlCallbacks(database)


def entry(number: int, *, queue: str | None = "support", extension: str | None = None, at: float | None = None) -> Callback:
    return Callback(
        id=CallbackId(f"CB{number}"),
        tenant=DEFAULT_TENANT,
        pbx=PbxName("one"),
        number=f"+86{number}",
        caller_name="王",
        queue=queue,
        extension=extension,
        calls=(CallId(f"C{number}"),),
        first_at=1.0,
        last_at=float(number) if at is None else at,
        waited_s=2.5,
        outcome="abandoned",
        stage="queue",
    )


def owner(name: str) -> Owner:
    return Owner(id=name, name=name.title(), extension=None, at=5.0)


def _made(entries: list[Callback], _known: list[Callback]) -> list[Callback]:
    return entries


async def put(store: SqlCallbacks, *entries: Callback, position: int = 1) -> None:
    await store.follow(DEFAULT_TENANT, position, (), (), partial(_made, list(entries)))


async def test_nothing_is_known_at_first(store: SqlCallbacks) -> None:
    assert await store.position(DEFAULT_TENANT) is None
    assert await store.find(DEFAULT_TENANT, CallbackId("x")) is None
    assert await store.change(DEFAULT_TENANT, CallbackId("x"), lambda now: now) is None
    assert await store.count(DEFAULT_TENANT, EVERYTHING) == 0


async def test_an_entry_comes_back_as_it_was_kept(store: SqlCallbacks) -> None:
    whole = replace(entry(1), state=CallbackState.DONE, owner=owner("li"), note="n", closed_at=3.0, closed_by="Li", version=4)
    await put(store, whole, position=41)

    assert await store.find(DEFAULT_TENANT, whole.id) == whole
    assert await store.find(OTHER, whole.id) is None
    assert await store.position(DEFAULT_TENANT) == 41


async def test_a_change_and_its_line_in_the_audit_are_kept_together(database: Database, store: SqlCallbacks) -> None:
    await put(store, entry(1))
    lines, number = SqlAccessLog(database), itertools.count()

    def line() -> AccessEntry:
        told = {"tenant": DEFAULT_TENANT, "user_id": "u", "user_name": "Li", "by": "user:boss", "address": None, "detail": "d"}
        return AccessEntry(id=f"L{next(number)}", at=5.0, kind=AccessKind.CALLBACK_ASSIGNED, **told)  # type: ignore[arg-type]

    async def change(how: Callable[[Callback], Callback]) -> None:
        await store.change(DEFAULT_TENANT, CallbackId("CB1"), how, line())

    def taken(_entry: Callback) -> Callback:
        raise CallbackTakenError("it is closed")

    await change(lambda now: assigned(now, owner("li")))
    await change(lambda now: assigned(now, owner("li")))
    with pytest.raises(CallbackTakenError):
        await change(taken)
    found = await lines.listed(DEFAULT_TENANT, AccessFilter(), before=None, limit=9)
    assert [(each.id, each.kind) for each in found] == [("L0", "callback_assigned")]


async def test_what_follows_sees_those_that_wait_of_a_number_and_all_of_a_call(store: SqlCallbacks) -> None:
    waiting, closed, other = entry(1), replace(entry(2), number="+861", state=CallbackState.DONE), entry(3)
    await put(store, waiting, closed, other)
    seen: list[CallbackId] = []

    def look(known: list[Callback]) -> list[Callback]:
        seen.extend(each.id for each in known)
        return []

    await store.follow(DEFAULT_TENANT, 2, {"+861"}, (), look)
    await store.follow(DEFAULT_TENANT, 3, (), {CallId("C2"), CallId("C3")}, look)
    await store.follow(OTHER, 3, {"+861"}, {CallId("C2")}, look)
    assert seen == ["CB1", "CB2", "CB3"]


async def test_what_fails_changes_nothing_nor_how_far_it_is(store: SqlCallbacks) -> None:
    def fail(_known: list[Callback]) -> list[Callback]:
        raise KeyError

    with pytest.raises(KeyError):
        await store.follow(DEFAULT_TENANT, 9, (), (), fail)
    assert await store.position(DEFAULT_TENANT) is None


async def test_of_two_who_claim_at_once_one_gets_it(store: SqlCallbacks) -> None:
    await put(store, *(entry(number) for number in range(20)))
    names = ("li", "wang", "chen")
    tries = [
        store.change(DEFAULT_TENANT, CallbackId(f"CB{number}"), partial(claimed, owner=owner(name)))
        for number in range(20)
        for name in names
    ]
    came = await asyncio.gather(*tries, return_exceptions=True)

    won = [each for each in came if isinstance(each, Callback)]
    lost = [each for each in came if isinstance(each, CallbackTakenError)]
    assert (len(won), len(lost)) == (20, 40)
    kept = await store.page(DEFAULT_TENANT, EVERYTHING, after=None, limit=100)
    assert sorted(won, key=lambda each: each.id) == sorted(kept, key=lambda each: each.id)


async def test_a_promise_is_kept_once_a_call(store: SqlCallbacks) -> None:
    assert await store.put(DEFAULT_TENANT, entry(1))
    assert not await store.put(DEFAULT_TENANT, replace(entry(1), id=CallbackId("CB9")))
    assert await store.count(DEFAULT_TENANT, EVERYTHING) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (EVERYTHING, ["CB4", "CB3", "CB2", "CB1"]),
        (CallbackQuery(states=frozenset({CallbackState.OPEN})), ["CB4", "CB2", "CB1"]),
        (CallbackQuery(queue="sales"), ["CB2"]),
        (CallbackQuery(owner="li"), ["CB3"]),
        (CallbackQuery(seen=Seen(pbx=PbxName("one"), queues=frozenset({"sales"}), extension=None, owner="x")), ["CB2"]),
        (CallbackQuery(seen=Seen(pbx=PbxName("one"), queues=frozenset(), extension="8001", owner="x")), ["CB4"]),
        (CallbackQuery(seen=Seen(pbx=PbxName("one"), queues=frozenset(), extension=None, owner="li")), ["CB3"]),
        (CallbackQuery(seen=Seen(pbx=PbxName("one"), queues=frozenset(), extension=None, owner="x")), []),
        (CallbackQuery(seen=Seen(pbx=PbxName("two"), queues=frozenset({"sales"}), extension="8001", owner="li")), ["CB3"]),
        (CallbackQuery(seen=Seen(pbx=None, queues=frozenset({"sales"}), extension="8001", owner="x")), []),
    ],
)
async def test_entries_are_chosen_the_last_caller_first(store: SqlCallbacks, query: CallbackQuery, found: list[str]) -> None:
    taken = replace(entry(3), state=CallbackState.CLAIMED, owner=owner("li"))
    await put(store, entry(1), entry(2, queue="sales"), taken, entry(4, queue=None, extension="8001"))

    assert [each.id for each in await store.page(DEFAULT_TENANT, query, after=None, limit=10)] == found
    assert await store.count(DEFAULT_TENANT, query) == len(found)
    assert await store.count(OTHER, query) == 0


async def test_pages_follow_each_other(store: SqlCallbacks) -> None:
    await put(store, *(entry(number, at=7.0) for number in range(1, 6)))
    first = await store.page(DEFAULT_TENANT, EVERYTHING, after=None, limit=2)
    rest = await store.page(DEFAULT_TENANT, EVERYTHING, after=CallbackPlace(first[-1].last_at, first[-1].id), limit=9)
    assert [each.id for each in (*first, *rest)] == ["CB5", "CB4", "CB3", "CB2", "CB1"]


async def test_old_entries_are_deleted_and_their_calls_with_them(store: SqlCallbacks) -> None:
    await put(store, entry(1), entry(9))
    assert await store.prune(DEFAULT_TENANT, before=5.0) == 1
    assert await store.count(DEFAULT_TENANT, EVERYTHING) == 1
    assert await store.put(DEFAULT_TENANT, entry(1))


async def test_what_is_damaged_is_said_to_be(store: SqlCallbacks, database: Database) -> None:
    await put(store, entry(1))
    async with database.writing() as connection:
        await connection.execute(sa.update(CALLBACKS).values(body=b"\xc1"))
    with pytest.raises(StoreSchemaError, match="a call to return"):
        await store.find(DEFAULT_TENANT, CallbackId("CB1"))
