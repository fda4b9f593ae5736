import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.memory_store import MemoryStore

from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant
from gateway.ports.store import Batch, Told
from gateway.session.hub import MAX_BATCH_EVENTS, MAX_WAITING_EVENTS, Hub, Listener, PositionLostError, TooSlowError

FIRST = 1_000
TURNS = 20
"""Turns of the loop in which one who catches up has passed all that does not concern him."""


def message(position: int, kind: str = "call.started", pbx: str = "one", subjects: tuple[str, ...] = ()) -> Told:
    json_ = msgspec.json.encode({"position": position, "pbx": pbx, "number": position - FIRST})
    return Told(
        position=position,
        id=f"c:{position}",
        type=kind,
        at=1_800_000_000.5,
        tenant=DEFAULT_TENANT,
        pbx=PbxName(pbx),
        call_id=CallId("c"),
        json=json_,
        subjects=subjects,
    )


def new_hub(kept: int = 10) -> Hub:
    return Hub(kept=kept, log=MemoryStore(calls=1, events=1, last_position=FIRST - 1), position=FIRST - 1)


def messages(start: int, end: int) -> list[Told]:
    return [message(FIRST + number) for number in range(start, end)]


def hub_with(count: int, kept: int = 100) -> Hub:
    """A hub whose log has deleted all that the ring does not hold."""
    hub = new_hub(kept)
    hub.publish(messages(0, count))
    hub._log = MemoryStore(calls=1, events=1, last_position=hub.position)
    return hub


async def taken(listener: Listener) -> list[dict[str, Any]]:
    """What the listener is given without waiting."""
    found: list[dict[str, Any]] = []
    while True:
        waiting = asyncio.ensure_future(listener.next_batch())
        for _ in range(TURNS):
            await asyncio.sleep(0)
            if waiting.done():
                break
        else:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return found
        found += [json.loads(told.json) for told in waiting.result()]


async def test_all_listeners_get_the_same_bytes() -> None:
    hub = new_hub(10)
    one, other = hub.listen(["*"]), hub.listen(["call"])

    hub.publish([message(FIRST + 1)])

    (first,), (second,) = await one.next_batch(), await other.next_batch()
    assert first is second


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (["*"], [0, 1, 2]),
        (["call"], [0, 1]),
        (["call.ended"], [1]),
        (["queue", "call.started"], [0, 2]),
        (["cal"], []),
        ([], []),
    ],
)
async def test_a_listener_gets_its_topics_alone(topics: list[str], expected: list[int]) -> None:
    hub = new_hub(10)
    listener = hub.listen(topics)

    hub.publish([message(FIRST), message(FIRST + 1, "call.ended"), message(FIRST + 2, "queue.caller_joined")])

    assert [each["number"] for each in await taken(listener)] == expected


ALICE = ("call:c", "extension:1001", "queue:support")
BOB = ("call:d", "extension:1002")


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (["extension:1001"], [0, 2]),
        (["extension:1001", "queue:support", "call.started"], [0, 1, 2]),
        (["extension:1002", "extension:1001"], [0, 1, 2]),
        (["call:d"], [1]),
        (["extension:100"], []),
        (["extension"], []),
        (["gateway", "call:d"], [1, 3]),
    ],
)
@pytest.mark.parametrize("away", [True, False], ids=["catching up", "listening"])
async def test_a_listener_gets_what_concerns_whom_he_asks_for_once(topics: list[str], expected: list[int], *, away: bool) -> None:
    hub = new_hub()
    listener = hub.listen(topics)
    events = [
        message(FIRST, subjects=ALICE),
        message(FIRST + 1, subjects=BOB),
        message(FIRST + 2, "queue.caller_joined", subjects=ALICE),
        message(FIRST + 3, "gateway.gap"),
    ]
    hub.publish(events)
    if away:
        listener.close()
        listener = hub.listen(topics, after=FIRST - 1)

    assert [each["number"] for each in await taken(listener)] == expected


async def test_a_listener_is_given_no_type_that_he_may_not_hear() -> None:
    hub = new_hub()
    listener = hub.listen(["*", "extension:1001"], audible=frozenset({"queue"}))

    hub.publish([message(FIRST, subjects=ALICE), message(FIRST + 1, "queue.caller_joined", subjects=ALICE)])

    assert [each["number"] for each in await taken(listener)] == [1]


async def test_a_listener_hears_nothing_of_another_tenant() -> None:
    hub = new_hub()
    listener = hub.listen(["*"], tenant=Tenant("other"))

    hub.publish([message(FIRST), msgspec.structs.replace(message(FIRST + 1), tenant=Tenant("other"))])

    assert [each["number"] for each in await taken(listener)] == [1]


async def test_an_event_costs_only_those_whom_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = new_hub(100)
    for number in range(50):
        hub.listen([f"extension:{number}"])
    offered: list[Listener] = []
    monkeypatch.setattr(Listener, "offer", lambda listener, _told: offered.append(listener))

    hub.publish([message(FIRST, subjects=("call:c", "extension:7"))])

    assert len(offered) == 1


async def test_who_comes_back_after_his_position_misses_nothing_that_was_under_way() -> None:
    hub = new_hub(10)
    listener = hub.listen(["extension:1001"])
    assert listener.position == FIRST - 1
    hub.publish([message(FIRST), message(FIRST + 1, subjects=ALICE), message(FIRST + 2)])
    waiting = listener.position
    await listener.next_batch()
    in_hand = listener.position
    assert await taken(listener) == []

    assert waiting == in_hand == FIRST
    assert listener.position == FIRST + 2


async def test_one_whose_buffer_is_full_goes_on_from_the_ring() -> None:
    hub = new_hub(MAX_WAITING_EVENTS * 3)
    listener = hub.listen(["call.started"])
    count = MAX_WAITING_EVENTS * 2

    for number in range(count):
        hub.publish([message(FIRST + number, "call.started" if number % 2 else "call.ended")])
    assert len(listener._waiting) <= MAX_WAITING_EVENTS
    hub.publish(messages(count, count + 10))

    expected = [*range(1, count, 2), *range(count, count + 10)]
    assert [each["number"] for each in await taken(listener)] == expected
    hub.publish([message(FIRST + count + 10)])
    assert [each["number"] for each in await taken(listener)] == [count + 10]


async def test_a_listener_to_one_pbx_gets_what_is_about_none_too() -> None:
    hub = new_hub()
    listener = hub.listen(["*"], pbxs=["two"])

    hub.publish([message(FIRST), msgspec.structs.replace(message(FIRST + 1, "customer.changed"), pbx=None)])

    assert [told.position for told in await listener.next_batch()] == [FIRST + 1]
    listener.close()


async def test_a_listener_gets_its_pbxs_alone() -> None:
    hub = new_hub(10)
    listener = hub.listen(["*"], pbxs=["two"])

    hub.publish([message(FIRST), message(FIRST + 1, pbx="two")])

    assert [each["pbx"] for each in await taken(listener)] == ["two"]


async def test_who_was_away_catches_up_after_his_last_position() -> None:
    hub = hub_with(10)

    listener = hub.listen(["*"], after=FIRST + 6)

    assert [each["position"] for each in await taken(listener)] == [FIRST + 7, FIRST + 8, FIRST + 9]


async def test_a_listener_without_a_position_begins_with_what_comes() -> None:
    hub = hub_with(3)
    listener = hub.listen(["*"])

    hub.publish([message(FIRST + 3)])

    assert [each["number"] for each in await taken(listener)] == [3]


@pytest.mark.parametrize("after", [0, FIRST + 4, FIRST + 10, 10**15])
def test_a_position_that_is_not_held_is_refused(after: int) -> None:
    hub = hub_with(10, kept=4)

    with pytest.raises(PositionLostError, match=f"events after {after} are not held"):
        hub.listen(["*"], after=after)
    assert hub.listeners == 0


@pytest.mark.parametrize("after", range(FIRST + 5, FIRST + 10))
def test_a_position_that_is_held_is_taken(after: int) -> None:
    hub_with(10, kept=4).listen(["*"], after=after)


async def test_a_slow_listener_is_told_and_the_others_are_served() -> None:
    hub = new_hub(4)
    slow, quick = hub.listen(["*"]), hub.listen(["*"])

    for number in range(5):
        hub.publish([message(FIRST + number)])
        assert len(await quick.next_batch()) == 1

    with pytest.raises(TooSlowError, match="5 events behind, of which 4 are held"):
        await slow.next_batch()
    assert hub.lost_listeners == 1


async def hub_with_log(count: int, kept: int, log: MemoryStore) -> Hub:
    hub = Hub(kept=kept, log=log, position=FIRST - 1)
    await log.commit(Batch(events=messages(0, count)))
    hub.publish(messages(0, count))
    return hub


def new_log(events: int = 10_000) -> MemoryStore:
    return MemoryStore(calls=1, events=events, last_position=FIRST - 1)


async def test_who_was_away_longer_than_the_ring_holds_catches_up_from_the_log() -> None:
    count = MAX_BATCH_EVENTS * 2 + 50
    hub = await hub_with_log(count, 100, new_log())
    listener = hub.listen(["*"], after=FIRST + 9)

    assert [each["number"] for each in await taken(listener)] == list(range(10, count))
    hub.publish([message(FIRST + count)])
    assert [each["number"] for each in await taken(listener)] == [count]


async def test_what_the_log_has_deleted_is_lost() -> None:
    hub = await hub_with_log(500, 10, new_log(events=100))

    with pytest.raises(PositionLostError):
        hub.listen(["*"], after=FIRST + 398)
    assert len(await taken(hub.listen(["*"], after=FIRST + 399))) == 100


async def test_what_the_log_deletes_while_somebody_catches_up_is_told_as_lost() -> None:
    log = new_log()
    hub = await hub_with_log(1_000, 10, log)
    listener = hub.listen(["*"], after=FIRST + 1)
    assert len(await listener.next_batch()) == MAX_BATCH_EVENTS
    await log.prune_events(DEFAULT_TENANT, before=1_900_000_000.0)

    with pytest.raises(PositionLostError, match="no longer kept"):
        await listener.next_batch()


async def test_a_hub_goes_on_after_what_was_before() -> None:
    hub = new_hub()
    hub.go_on_after(5_000)

    hub.publish([message(5_001)])

    assert hub.position == 5_001
    assert len(await taken(hub.listen(["*"], after=5_000))) == 1


async def test_one_who_catches_up_is_given_batches() -> None:
    hub = hub_with(MAX_BATCH_EVENTS * 2 + 1, kept=10_000)
    listener = hub.listen(["*"], after=FIRST - 1)

    sizes = [len(await listener.next_batch()) for _ in range(3)]

    assert sizes == [MAX_BATCH_EVENTS, MAX_BATCH_EVENTS, 1]


async def test_a_cancelled_wait_loses_nothing() -> None:
    hub = new_hub(10)
    listener = hub.listen(["*"])
    waiting = asyncio.create_task(listener.next_batch())
    await asyncio.sleep(0)
    hub.publish([message(FIRST + 1)])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert len(await taken(listener)) == 1 or waiting.result()


async def test_a_closed_listener_is_forgotten() -> None:
    hub = new_hub(10)
    listener = hub.listen(["*"])
    assert hub.listeners == 1

    hub.publish(messages(0, 1))
    listener.close()

    assert hub.listeners == 0
    assert hub._by_topic == {}


@given(
    sizes=st.lists(st.integers(0, 7), max_size=12),
    takes=st.lists(st.booleans(), min_size=12, max_size=12),
    kept=st.integers(1, 20),
)
def test_every_listener_hears_all_in_order_or_that_he_is_too_slow(sizes: list[int], takes: list[bool], kept: int) -> None:
    async def play() -> None:
        hub = new_hub(kept)
        listener = hub.listen(["*"])
        heard: list[int] = []
        number = 0
        try:
            for size, take in zip(sizes, takes, strict=False):
                hub.publish(messages(number, number + size))
                number += size
                if take:
                    heard += [each["number"] for each in await taken(listener)]
            heard += [each["number"] for each in await taken(listener)]
            assert heard == list(range(number))
        except TooSlowError:
            assert number - len(heard) > kept
            assert heard == list(range(len(heard)))

    asyncio.run(play())
