from random import Random

from connectors._kit.backoff import Backoff


def test_waits_double_up_to_the_longest_less_some_chance() -> None:
    backoff = Backoff(0.5, 30.0, Random(1))
    for due_s in (0.5, 1, 2, 4, 8, 16, 30, 30):
        assert due_s / 2 <= backoff.next_s() <= due_s


def test_reset_begins_with_the_shortest_wait() -> None:
    backoff = Backoff(0.5, 30.0, Random(1))
    for _ in range(5):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= 0.5


def test_two_that_lose_the_same_pbx_do_not_come_back_together() -> None:
    first, second = Backoff(0.5, 30.0, Random(1)), Backoff(0.5, 30.0, Random(2))
    assert [first.next_s() for _ in range(3)] != [second.next_s() for _ in range(3)]


def test_waits_may_grow_slowly() -> None:
    backoff = Backoff(1.0, 30.0, Random(1), 1.25)
    for due_s in (1.0, 1.25, 1.5625):
        assert due_s / 2 <= backoff.next_s() <= due_s
