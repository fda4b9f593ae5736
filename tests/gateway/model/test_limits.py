import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.virtual_time import in_virtual_time

from gateway.model.limits import Buckets, Rate, key_of

RATE = Rate(per_second=2.0, burst=4)


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    buckets = Buckets(RATE)

    assert [buckets.take("a", 0.0) for _ in range(4)] == [0.0] * 4
    assert buckets.take("a", 0.0) == 0.5
    assert buckets.take("a", 0.25) == 0.25
    assert buckets.take("a", 0.5) == 0.0
    assert buckets.take("a", 0.5) == 0.5


def test_one_does_not_use_up_what_is_anothers() -> None:
    buckets = Buckets(Rate(per_second=1.0, burst=1))

    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 1.0


def test_to_look_takes_nothing() -> None:
    buckets = Buckets(Rate(per_second=1.0, burst=1))

    assert [buckets.wait_s("a", 0.0), buckets.wait_s("a", 0.0), buckets.take("a", 0.0)] == [0.0] * 3
    assert buckets.wait_s("a", 0.25) == 0.75


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    buckets = Buckets(RATE)
    for _ in range(4):
        buckets.take("a", 100.0)

    assert buckets.take("a", 50.0) == 0.5


@given(st.lists(st.floats(0.0, 3.0), max_size=200))
def test_no_span_of_time_has_more_turns_than_burst_and_rate_allow(pauses: list[float]) -> None:
    buckets = Buckets(RATE)
    now, taken = 0.0, []
    for pause in pauses:
        now += pause
        if buckets.take("a", now) == 0.0:
            taken.append(now)

    for number, began in enumerate(taken):
        for count, ended in enumerate(taken[number:], start=1):
            assert count <= RATE.burst + (ended - began) * RATE.per_second + 1e-6


@given(st.lists(st.text(max_size=3), max_size=100))
def test_memory_has_a_bound(keys: list[str]) -> None:
    buckets = Buckets(RATE, most=10)
    for key in keys:
        buckets.take(key, 0.0)

    assert len(buckets) <= 10


def test_who_asks_all_the_time_is_not_forgotten_for_those_who_come_once() -> None:
    buckets = Buckets(Rate(per_second=0.001, burst=50), most=3)
    for number in range(50):
        assert buckets.take("busy", 0.0) == 0.0
        buckets.take(f"passing {number}", 0.0)

    assert buckets.take("busy", 0.0) > 0.0


@in_virtual_time
async def test_who_waits_as_long_as_he_was_told_has_a_turn() -> None:
    loop = asyncio.get_running_loop()
    buckets = Buckets(Rate(per_second=0.1, burst=1))
    assert buckets.take("a", loop.time()) == 0.0

    wait_s = buckets.take("a", loop.time())
    assert wait_s == pytest.approx(10.0)
    await asyncio.sleep(wait_s)
    assert buckets.take("a", loop.time() + 1e-6) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unix", "unix", True),
        ("unix", "192.0.2.1", False),
    ],
)
def test_a_network_of_ipv6_counts_as_one(one: str, other: str, same: bool) -> None:
    assert (key_of(one) == key_of(other)) is same
