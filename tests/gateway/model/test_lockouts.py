import pytest

from gateway.model.lockouts import FORGET_S, after_failure, lock_s


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 60), (6, 120), (7, 240), (8, 480), (9, 960), (10, 1920), (11, 3600), (12, 3600), (10_000, 3600)],
)
def test_a_lock_doubles_up_to_an_hour(failures: int, seconds: float) -> None:
    assert lock_s(failures) == seconds


def test_failures_in_a_row_are_counted() -> None:
    count: tuple[int, float | None] = (0, None)
    seen = []
    for _ in range(6):
        count = after_failure(*count, 1_000.0)
        seen.append(count)
    assert seen == [(1, None), (2, None), (3, None), (4, None), (5, 1_060.0), (6, 1_120.0)]


def test_what_was_a_day_before_counts_no_more() -> None:
    assert after_failure(9, 1_000.0, 1_000.0 + FORGET_S) == (1, None)
    assert after_failure(9, 1_000.0, 999.0 + FORGET_S) == (10, 999.0 + FORGET_S + 1920)
