import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ids import CallId
from gateway.model.webhooks import Delivery
from gateway.webhooks.lines import Lines, line_of


def delivery(position: int, call: str | None = "a", *, attempts: int = 0, retry_at: float = 0.0) -> Delivery:
    return Delivery(
        position=position,
        event_id=f"{call}:{position}",
        type="call.ended",
        call_id=None if call is None else CallId(call),
        envelope=b"{}",
        at=1.0,
        attempts=attempts,
        retry_at=retry_at,
    )


def lines(*deliveries: Delivery) -> Lines:
    made = Lines()
    for each in deliveries:
        made.put(each)
    return made


def test_a_message_waits_behind_its_call() -> None:
    waiting = lines(delivery(1), delivery(2, "b"), delivery(3))

    assert (waiting.first("a"), waiting.first("b"), waiting.first("c")) == (delivery(1), delivery(2, "b"), None)
    waiting.leave("a", delivery(1))
    assert waiting.first("a") == delivery(3)
    waiting.leave("b", delivery(2, "b"))
    assert (len(waiting), list(waiting)) == (1, [delivery(3)])


def test_of_no_call_one_that_was_refused_holds_nobody_up() -> None:
    waiting = lines(delivery(1, None), delivery(2, None))
    refused = delivery(1, None, attempts=1, retry_at=9.0)

    waiting.exchange("", refused)

    assert (waiting.first(""), waiting.first("#1"), line_of(refused)) == (delivery(2, None), refused, "#1")
    waiting.exchange("#1", msgspec.structs.replace(refused, attempts=2))
    assert [each.position for each in waiting] == [2, 1]


def test_one_that_is_tried_again_goes_to_its_place() -> None:
    waiting = lines(delivery(3), delivery(5), delivery(4), delivery(1))
    assert [each.position for each in waiting] == [1, 3, 4, 5]

    waiting.leave("a", delivery(4))
    waiting.exchange("a", delivery(5, attempts=1))
    assert [each.position for each in waiting] == [1, 3, 5]


def test_what_is_due_is_what_the_first_of_a_line_says() -> None:
    waiting = lines(delivery(1, retry_at=5.0), delivery(2), delivery(3, "b", retry_at=7.0))

    assert (waiting.due(4.0), waiting.due(5.0), waiting.due(7.0)) == ([], ["a"], ["a", "b"])
    assert (waiting.next_at(), Lines().next_at()) == (5.0, float("inf"))
    waiting.hurry()
    assert (waiting.due(0.0), waiting.next_at()) == (["a", "b"], 0.0)


def test_an_endpoint_is_looked_at_with_what_it_did_not_refuse() -> None:
    assert Lines().eldest() is None
    assert lines(delivery(1, attempts=3), delivery(2, "b", attempts=1), delivery(3, "c")).eldest() == "b"
    assert lines(delivery(1, attempts=3)).eldest() == "a"


@given(positions=st.lists(st.integers(0, 50), unique=True), left=st.lists(st.integers(0, 50), unique=True))
def test_a_line_is_in_order_whatever_comes_and_goes(positions: list[int], left: list[int]) -> None:
    waiting = lines(*map(delivery, positions))
    for position in set(left) & set(positions):
        waiting.leave("a", delivery(position))

    assert [each.position for each in waiting] == sorted(set(positions) - set(left))
