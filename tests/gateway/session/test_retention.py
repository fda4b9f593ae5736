import asyncio

from structlog.testing import capture_logs
from support.batches import batch, call_like, recorded, told
from support.memory_store import MemoryStore

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.session.retention import DAY_S, LOOK_S, Kept, Retention

NOW = 1_800_000_000.0


class Papers:
    """Some other kind of thing, kept where nobody answers at first."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        assert tenant == DEFAULT_TENANT
        self.asked.append(before)
        if len(self.asked) == 1:
            raise StoreUnavailableError("db: away")
        return 3


async def test_each_kind_goes_by_its_own_age_each_hour_and_one_that_fails_is_asked_again() -> None:
    store, papers = MemoryStore(calls=10, events=10), Papers()
    (like, *_) = recorded()
    old, young = call_like(like, 1, ended_at=NOW - 31 * DAY_S), call_like(like, 2, ended_at=NOW - 29 * DAY_S)
    await store.commit(batch([old, young], [told(1, at=NOW - 8 * DAY_S), told(2, at=NOW - 6 * DAY_S)]))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise asyncio.CancelledError

    kinds = [Kept("papers", 1, papers.prune), Kept("calls", 30, store.prune_calls), Kept("events", 7, store.prune_events)]
    with capture_logs() as logs:
        await asyncio.gather(Retention(kinds, now=lambda: NOW, sleep=sleep).run(), return_exceptions=True)

    assert slept == [LOOK_S, LOOK_S]
    assert papers.asked == [NOW - DAY_S, NOW - DAY_S]
    assert [(line["event"], line["what"], line.get("deleted")) for line in logs] == [
        ("retention_put_off", "papers", None),
        ("retention", "calls", 1),
        ("retention", "events", 1),
        ("retention", "papers", 3),
    ]
    assert [call.call_id for _, call in await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9)] == [young.call_id]
    assert [each.position for each in await store.told_after(0, 10)] == [2]
