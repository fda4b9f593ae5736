from support.batches import batch, call_like, live_calls, recorded, told

from gateway.model.ids import DEFAULT_TENANT
from gateway.store.memory import MemoryStore


async def test_ended_calls_and_events_are_bounded_and_live_calls_are_not() -> None:
    store = MemoryStore(calls=3, events=5)
    (like, *_) = recorded()
    calls = [call_like(like, number, ended_at=float(number)) for number in range(10)]
    (live, *_) = live_calls()
    await store.commit(batch([live, *calls], [told(number) for number in range(1, 11)]))

    listed = await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=100)
    assert [call.ended_at for _, call in listed] == [9.0, 8.0, 7.0]
    assert store.kept_from == 6
    assert await store.find(DEFAULT_TENANT, [live.call_id]) == [live]
    assert store.description == "memory"
