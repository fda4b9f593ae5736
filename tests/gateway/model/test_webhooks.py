import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.webhooks import (
    LOOK_AT_MOST_S,
    LOOK_FIRST_S,
    MAX_RETRY_AFTER_S,
    OVERLAP_S,
    RETRIES_S,
    Endpoint,
    Key,
    Outcome,
    WebhookId,
    concerns,
    look_again_s,
    retry_at,
    rotated,
)

NOW = 1_000.0
ONE = Endpoint(
    id=WebhookId("1"),
    name="CRM",
    url="https://crm.example",
    topics=("*",),
    keys=(Key(secret="a", created_at=0.0),),
    created_at=0.0,
    created_by="me",
)


@pytest.mark.parametrize(
    ("status", "arrived", "gone", "away"),
    [
        (200, True, False, False),
        (204, True, False, False),
        (301, False, False, False),
        (400, False, False, False),
        (401, False, False, False),
        (408, False, False, True),
        (410, False, True, False),
        (429, False, False, True),
        (500, False, False, True),
        (503, False, False, True),
        (None, False, False, True),
    ],
)
def test_an_answer_is_about_the_message_or_about_the_receiver(status: int | None, arrived: bool, gone: bool, away: bool) -> None:
    outcome = Outcome(status=status)
    assert (outcome.arrived, outcome.gone, outcome.away) == (arrived, gone, away)


def test_a_message_is_tried_ten_times_in_three_days() -> None:
    times = [retry_at(attempts, NOW, 0.0, None) for attempts in range(1, len(RETRIES_S) + 2)]

    assert times == [NOW + wait_s for wait_s in RETRIES_S] + [None]
    assert sum(RETRIES_S) == pytest.approx(75.6 * 3_600, rel=0.01)


@given(attempts=st.integers(1, len(RETRIES_S)), jitter=st.floats(0, 1), asked=st.none() | st.floats(0, 1e9))
def test_a_wait_is_at_least_what_the_schedule_and_the_receiver_say(attempts: int, jitter: float, asked: float | None) -> None:
    again_at = retry_at(attempts, NOW, jitter, asked)

    assert again_at is not None
    least = max(RETRIES_S[attempts - 1], min(asked or 0.0, MAX_RETRY_AFTER_S))
    assert least <= again_at - NOW <= max(least, RETRIES_S[attempts - 1] * 1.2) + 1e-6


@given(looks=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_who_is_away_is_looked_at_ever_more_seldom_up_to_a_bound(looks: int, jitter: float) -> None:
    assert LOOK_FIRST_S <= look_again_s(looks, jitter, None) <= LOOK_AT_MOST_S * 1.2
    assert look_again_s(looks + 1, jitter, None) >= look_again_s(looks, jitter, None)
    assert look_again_s(looks, jitter, 1_000.0) == 1_000.0


def test_the_former_key_signs_for_a_day() -> None:
    changed = rotated(ONE, "b", NOW)
    again = rotated(changed, "c", NOW + 10.0)

    assert [key.secret for key in changed.signing(NOW)] == ["b", "a"]
    assert [key.secret for key in changed.signing(NOW + OVERLAP_S - 1.0)] == ["b", "a"]
    assert [key.secret for key in changed.signing(NOW + OVERLAP_S)] == ["b"]
    assert [key.secret for key in again.signing(NOW + 20.0)] == ["c", "b", "a"]
    assert [key.secret for key in rotated(again, "d", NOW + 2 * OVERLAP_S).keys] == ["d", "c"]


def test_an_endpoint_may_want_some_queues_only() -> None:
    sales = msgspec.structs.replace(ONE, queues=("sales", "support"))

    assert concerns(ONE, ())
    assert concerns(sales, ("call:1", "queue:support"))
    assert not concerns(sales, ("call:1", "queue:other"))
    assert not concerns(sales, ())
