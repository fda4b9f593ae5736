from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gateway.model.call_work import Author, CallWork, written
from gateway.model.customers import NoteId
from gateway.model.dispositions import STANDARD, DispositionId
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import DEFAULT_TENANT, CallId, Tenant
from gateway.store.database import Database
from gateway.store.desk import CALL_WORK, DISPOSITIONS, SqlDesk
from gateway.store.urls import parse_url

OTHER = Tenant("other")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(parse_url(url))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> SqlDesk:
    return SqlDesk(database)


def work(
    call: str = "C1", author: str = "li", at: float = 1.0, note: str | None = "中文 note", *, done: bool = False
) -> CallWork:
    blank = CallWork(
        call_id=CallId(call), author=Author(author), by="Li", extension="8001", note_id=NoteId(f"{call}{author}"), changed_at=0.0
    )
    return written(blank, DispositionId("solved"), note, done=done, now=at)


async def test_a_list_replaces_the_one_before_and_is_its_tenants(store: SqlDesk) -> None:
    assert await store.dispositions(DEFAULT_TENANT) is None
    await store.put_dispositions(DEFAULT_TENANT, STANDARD, at=1.0, by="root")
    await store.put_dispositions(DEFAULT_TENANT, STANDARD[:2], at=2.0, by="root")
    await store.put_dispositions(OTHER, (), at=2.0, by="root")

    assert await store.dispositions(DEFAULT_TENANT) == STANDARD[:2]
    assert await store.dispositions(OTHER) == ()


async def test_work_comes_back_as_it_was_written_the_eldest_words_first(store: SqlDesk) -> None:
    second, first, others = work(at=3.0), work(author="wang", at=2.0), work("C2")
    for each in (second, first, others):
        await store.put_work(DEFAULT_TENANT, each)

    assert await store.work(DEFAULT_TENANT, [CallId("C1"), CallId("none")]) == [first, second]
    assert await store.work(OTHER, [CallId("C1")]) == []
    assert await store.work(DEFAULT_TENANT, []) == []


async def test_who_writes_again_replaces_his_own(store: SqlDesk) -> None:
    await store.put_work(DEFAULT_TENANT, work())
    await store.put_work(DEFAULT_TENANT, replace(work(), note="another"))
    assert [each.note for each in await store.work(DEFAULT_TENANT, [CallId("C1")])] == ["another"]


async def test_what_lies_about_is_found_the_eldest_first(store: SqlDesk) -> None:
    for each in (work("C3", at=3.0), work("C1", at=1.0), work("C2", at=2.0, done=True), work("C9", at=9.0)):
        await store.put_work(DEFAULT_TENANT, each)

    left = await store.unfinished(DEFAULT_TENANT, before=5.0, limit=10)
    assert [each.call_id for each in left] == ["C1", "C3"]
    assert len(await store.unfinished(DEFAULT_TENANT, before=5.0, limit=1)) == 1
    assert await store.unfinished(OTHER, before=5.0, limit=10) == []


async def test_old_work_is_deleted(store: SqlDesk) -> None:
    for each in (work("C1", at=1.0), work("C2", at=2.0)):
        await store.put_work(DEFAULT_TENANT, each)
    assert await store.prune(OTHER, before=5.0) == 0
    assert await store.prune(DEFAULT_TENANT, before=2.0) == 1
    assert [each.call_id for each in await store.work(DEFAULT_TENANT, [CallId("C1"), CallId("C2")])] == ["C2"]


async def test_what_is_damaged_is_said_to_be(store: SqlDesk, database: Database) -> None:
    await store.put_work(DEFAULT_TENANT, work())
    await store.put_dispositions(DEFAULT_TENANT, STANDARD, at=1.0, by="root")
    async with database.writing() as connection:
        await connection.execute(sa.update(CALL_WORK).values(body=b"\xc1"))
        await connection.execute(sa.update(DISPOSITIONS).values(body=b"["))

    with pytest.raises(StoreSchemaError, match="written about a call"):
        await store.work(DEFAULT_TENANT, [CallId("C1")])
    with pytest.raises(StoreSchemaError, match="dispositions"):
        await store.dispositions(DEFAULT_TENANT)
