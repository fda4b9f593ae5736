from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.times import rfc3339


def test_a_time_is_written_in_utc_to_the_millisecond() -> None:
    assert rfc3339(1_800_000_000.1234) == "2027-01-15T08:00:00.123Z"


@pytest.mark.parametrize(("at", "text"), [(-1.0, "1970-01-01T00:00:00.000Z"), (1e18, "9999-12-31T23:59:59.000Z")])
def test_a_time_that_no_calendar_has_is_written_as_its_end(at: float, text: str) -> None:
    assert rfc3339(at) == text


@given(at=st.floats(0, 1e11))
def test_what_is_written_reads_as_the_same_time(at: float) -> None:
    assert abs(datetime.fromisoformat(rfc3339(at)).astimezone(UTC).timestamp() - at) <= 0.001
