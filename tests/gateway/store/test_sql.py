"""What a database does beyond what every store does: fail, fill up, and be used by two."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.batches import SITE, batch, call_like, recorded, told
from support.gateways import at_work
from support.postgres import Postgres
from support.replaying import PBX
from support.waiting import until

from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.store import Store
from gateway.session.committer import Committer, Message
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState
from gateway.store import locks, sql
from gateway.store.database import Database
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.4)


async def test_a_second_gateway_is_kept_out_until_the_first_has_gone(url: str) -> None:
    first, second = SqlStore(Database(parse_url(url))), SqlStore(Database(parse_url(url)))
    await first.open()
    try:
        with pytest.raises(StoreTakenError, match=r"another gateway uses .*: stop it"):
            await second.open()
        await first.commit(batch(events=[told(1)]))
    finally:
        await first.close()
    await second.open()
    try:
        assert await second.last_position() == 1
    finally:
        await second.close()


async def test_what_was_committed_is_there_after_a_restart(url: str) -> None:
    calls, events = recorded(), [told(number) for number in range(1, 4)]
    for _ in range(2):
        store = SqlStore(Database(parse_url(url)))
        await store.open()
        if not await store.last_position():
            await store.commit(batch(calls, events, heard_at=5.0))
        found = await store.find(DEFAULT_TENANT, [call.call_id for call in calls])
        kept = await store.told_after(0, 10)
        await store.close()

        assert len(found) == len(calls)
        assert kept == events


async def test_many_old_rows_are_pruned_in_small_steps(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PRUNE_ROWS", 7)
    store = SqlStore(Database(parse_url(url)))
    await store.open()
    (like, *_) = recorded()
    calls = [call_like(like, number, ended_at=float(number)) for number in range(50)]
    await store.commit(batch(calls, [told(number, at=float(number)) for number in range(1, 51)]))

    pruned = await store.prune_calls(DEFAULT_TENANT, before=30.0), await store.prune_events(DEFAULT_TENANT, before=30.0)
    kept = store.kept_from
    await store.close()

    assert (pruned, kept) == ((30, 29), 30)


class Told:
    """A committer that is given numbered events, and what came of it."""

    def __init__(self, store: Store) -> None:
        self.hub = Hub(kept=100_000, log=store)
        self.committer = Committer(store, self.hub, now=asyncio.get_running_loop().time)
        self.state = PbxState(PBX, SITE, now=0.0)
        self.put = 0

    def more(self, count: int, padding: int = 10) -> None:
        messages = []
        for _ in range(count):
            self.put += 1
            data: dict[str, Any] = {"number": self.put, "padding": "x" * padding}
            messages.append(
                Message(id=f"c:{self.put}", type="x.y", at=1.0, tenant=DEFAULT_TENANT, pbx=PBX, call_id=None, data=data)
            )
        self.committer.put(self.state, messages=messages)


async def assert_all_kept(store: Store, told_: Told) -> None:
    kept, after = [], 0
    while page := await store.told_after(after, 1_000):
        kept += [each.id for each in page]
        after = page[-1].position
    assert kept == [f"c:{number}" for number in range(1, told_.put + 1)]
    assert told_.hub.position == told_.put == after


async def test_events_wait_while_postgresql_is_stopped_and_are_all_kept_when_it_is_back(cluster: Postgres) -> None:
    store = SqlStore(Database(parse_url(cluster.database())))
    await store.open()
    one = Told(store)
    async with at_work(one.committer):
        one.more(10)
        await one.committer.settled()
        await asyncio.to_thread(cluster.stop)
        try:
            for _ in range(20):
                one.more(25)
                await asyncio.sleep(0.02)
            await until(lambda: one.committer.alarm is not None)
            assert one.hub.position < one.put
            with pytest.raises(StoreUnavailableError):
                await store.find(DEFAULT_TENANT, [])
        finally:
            await asyncio.to_thread(cluster.start)
        one.more(5)
        async with asyncio.timeout(30):
            await one.committer.settled()
        assert one.committer.alarm is None
        await assert_all_kept(store, one)
    await store.close()


async def test_events_wait_while_the_disk_is_full_and_are_all_kept_when_it_has_room(tmp_path: Path) -> None:
    store = SqlStore(Database(parse_url(f"sqlite:///{tmp_path}/tieline.db")))
    pages = [120]

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages[0]}").close()

    sa.event.listen(store.database.engine.sync_engine, "connect", limit)
    await store.open()
    one = Told(store)
    async with at_work(one.committer):
        for _ in range(100):
            one.more(10, padding=500)
            await asyncio.sleep(0.005)
        await until(lambda: one.committer.alarm is not None)
        assert one.committer.alarm is not None
        assert "the disk is full" in one.committer.alarm.detail
        assert 0 < one.hub.position < one.put

        pages[0] = 100_000
        async with asyncio.timeout(30):
            await one.committer.settled()
        await assert_all_kept(store, one)
    await store.close()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SqlStore(Database(parse_url(f"sqlite:///{tmp_path}/file/tieline.db")))

    with pytest.raises(StoreUnavailableError, match="file"):
        await store.open()
    await store.close()
