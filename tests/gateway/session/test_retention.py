import asyncio

from structlog.testing import capture_logs
from support.batches import batch, call_like, recorded, told
from support.faulty_store import FaultyStore
from support.memory_store import MemoryStore

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.retention import DAY_S, LOOK_S, Retention

NOW = 1_800_000_000.0


async def test_what_is_too_old_goes_each_hour_and_a_store_that_fails_is_asked_again() -> None:
    store = FaultyStore(MemoryStore(calls=10, events=10))
    (like, *_) = recorded()
    old, young = call_like(like, 1, ended_at=NOW - 31 * DAY_S), call_like(like, 2, ended_at=NOW - 29 * DAY_S)
    await store.commit(batch([old, young], [told(1, at=NOW - 8 * DAY_S), told(2, at=NOW - 6 * DAY_S)]))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        store.fault = None
        if len(slept) == 2:
            raise asyncio.CancelledError

    store.fault = StoreUnavailableError("db: away")
    retention = Retention(store, calls_days=30, events_days=7, now=lambda: NOW, sleep=sleep)
    with capture_logs() as logs:
        await asyncio.gather(retention.run(), return_exceptions=True)

    assert slept == [LOOK_S, LOOK_S]
    assert [line["event"] for line in logs] == ["retention_put_off", "retention"]
    assert [call.call_id for _, call in await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9)] == [young.call_id]
    assert [each.position for each in await store.told_after(0, 10)] == [2]
