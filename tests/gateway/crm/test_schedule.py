from gateway.crm.schedule import LOOK_AT_MOST_S, RETRIES_S, look_again_s, retry_at


def test_a_call_is_told_again_ever_later_and_dead_in_the_end() -> None:
    waits = [retry_at(attempts, 100.0, 0.0, None) for attempts in range(1, len(RETRIES_S) + 2)]
    assert waits == [*(100.0 + wait_s for wait_s in RETRIES_S), None]
    assert sum(RETRIES_S) > 2 * 86_400.0


def test_what_the_crm_asks_for_counts_where_it_is_longer() -> None:
    assert retry_at(1, 0.0, 0.0, 30.0) == 30.0
    assert retry_at(3, 0.0, 0.0, 30.0) == RETRIES_S[2]
    assert retry_at(1, 0.0, 0.0, 1e9) == 86_400.0


def test_looks_at_a_crm_that_is_away_come_ever_later_up_to_a_limit() -> None:
    looks = [look_again_s(number, 0.0, None) for number in range(12)]
    assert looks[:3] == [5.0, 10.0, 20.0]
    assert looks[-1] == LOOK_AT_MOST_S
    assert look_again_s(0, 1.0, None) == 6.0
    assert look_again_s(0, 0.0, 60.0) == 60.0
