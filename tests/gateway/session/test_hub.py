import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.session.hub import MAX_BATCH_EVENTS, Hub, Listener, Message, PositionLostError, TooSlowError

FIRST = 1_000


def message(number: int, kind: str = "call.started", pbx: str = "one") -> Message:
    return Message(
        id=f"c:{number}",
        type=kind,
        at=1_800_000_000.5,
        tenant=DEFAULT_TENANT,
        pbx=PbxName(pbx),
        call_id=CallId("c"),
        data={"number": number},
    )


def hub_with(count: int, kept: int = 100) -> Hub:
    hub = Hub(kept=kept, first_position=FIRST)
    hub.publish(message(number) for number in range(count))
    return hub


async def taken(listener: Listener) -> list[dict[str, Any]]:
    """What the listener is given without waiting."""
    found: list[dict[str, Any]] = []
    while True:
        try:
            async with asyncio.timeout(0):
                found += [json.loads(told.json) for told in await listener.next_batch()]
        except TimeoutError:
            return found


async def test_an_event_is_told_in_the_envelope() -> None:
    hub = Hub(kept=10, first_position=FIRST)
    listener = hub.listen(["*"])

    hub.publish([message(7)])

    assert await taken(listener) == [
        {
            "id": "c:7",
            "type": "call.started",
            "time": "2027-01-15T08:00:00.500Z",
            "tenant": "default",
            "pbx": "one",
            "call_id": "c",
            "position": FIRST,
            "data": {"number": 7},
        }
    ]
    assert hub.position == FIRST


async def test_all_listeners_get_the_same_bytes() -> None:
    hub = Hub(kept=10, first_position=FIRST)
    one, other = hub.listen(["*"]), hub.listen(["call"])

    hub.publish([message(1)])

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
    hub = Hub(kept=10, first_position=FIRST)
    listener = hub.listen(topics)

    hub.publish([message(0), message(1, "call.ended"), message(2, "queue.caller_joined")])

    assert [each["data"]["number"] for each in await taken(listener)] == expected


async def test_a_listener_gets_its_pbxs_alone() -> None:
    hub = Hub(kept=10, first_position=FIRST)
    listener = hub.listen(["*"], pbxs=["two"])

    hub.publish([message(0), message(1, pbx="two")])

    assert [each["pbx"] for each in await taken(listener)] == ["two"]


async def test_who_was_away_catches_up_after_his_last_position() -> None:
    hub = hub_with(10)

    listener = hub.listen(["*"], after=FIRST + 6)

    assert [each["position"] for each in await taken(listener)] == [FIRST + 7, FIRST + 8, FIRST + 9]


async def test_a_listener_without_a_position_begins_with_what_comes() -> None:
    hub = hub_with(3)
    listener = hub.listen(["*"])

    hub.publish([message(3)])

    assert [each["data"]["number"] for each in await taken(listener)] == [3]


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
    hub = Hub(kept=4, first_position=FIRST)
    slow, quick = hub.listen(["*"]), hub.listen(["*"])

    for number in range(5):
        hub.publish([message(number)])
        assert len(await quick.next_batch()) == 1

    with pytest.raises(TooSlowError, match="5 events behind, of which 4 are held"):
        await slow.next_batch()
    assert hub.lost_listeners == 1


async def test_one_who_catches_up_is_given_batches() -> None:
    hub = hub_with(MAX_BATCH_EVENTS * 2 + 1, kept=10_000)
    listener = hub.listen(["*"], after=FIRST - 1)

    sizes = [len(await listener.next_batch()) for _ in range(3)]

    assert sizes == [MAX_BATCH_EVENTS, MAX_BATCH_EVENTS, 1]


async def test_a_cancelled_wait_loses_nothing() -> None:
    hub = Hub(kept=10, first_position=FIRST)
    listener = hub.listen(["*"])
    waiting = asyncio.create_task(listener.next_batch())
    await asyncio.sleep(0)
    hub.publish([message(1)])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert len(await taken(listener)) == 1 or waiting.result()


async def test_a_closed_listener_is_forgotten() -> None:
    hub = Hub(kept=10, first_position=FIRST)
    listener = hub.listen(["*"])
    assert hub.listeners == 1

    listener.close()

    assert hub.listeners == 0


@given(
    sizes=st.lists(st.integers(0, 7), max_size=12),
    takes=st.lists(st.booleans(), min_size=12, max_size=12),
    kept=st.integers(1, 20),
)
def test_every_listener_hears_all_in_order_or_that_he_is_too_slow(sizes: list[int], takes: list[bool], kept: int) -> None:
    async def play() -> None:
        hub = Hub(kept=kept, first_position=FIRST)
        listener = hub.listen(["*"])
        heard: list[int] = []
        number = 0
        try:
            for size, take in zip(sizes, takes, strict=False):
                hub.publish(message(number + each) for each in range(size))
                number += size
                if take:
                    heard += [each["data"]["number"] for each in await taken(listener)]
            heard += [each["data"]["number"] for each in await taken(listener)]
            assert heard == list(range(number))
        except TooSlowError:
            assert number - len(heard) > kept
            assert heard == list(range(len(heard)))

    asyncio.run(play())
