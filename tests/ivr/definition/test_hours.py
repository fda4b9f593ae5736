from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.definition.hours import HoursError, days_of, is_open, spans_of
from ivr.definition.values import Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Hours(
    timezone="Asia/Shanghai",
    open={"mon-fri": ("09:00-12:00", "13:30-18:00"), "sat": "22:00-02:00"},
    holidays=("2026-10-01/2026-10-07", "--12-25", "2026-11-27"),
)


@pytest.mark.parametrize(
    ("when", "there"),
    [
        ("2026-11-23T09:00", True),
        ("2026-11-23T08:59", False),
        ("2026-11-23T12:00", False),
        ("2026-11-23T13:30", True),
        ("2026-11-28T23:00", True),
        ("2026-11-29T01:59", True),
        ("2026-11-29T02:00", False),
        ("2026-11-28T01:00", False),
        ("2026-10-01T10:00", False),
        ("2026-10-07T10:00", False),
        ("2026-10-08T10:00", True),
        ("2028-12-25T10:00", False),
        ("2026-11-27T10:00", False),
    ],
)
def test_hours_follow_the_days_of_their_place(when: str, there: bool) -> None:
    now = datetime.fromisoformat(when).replace(tzinfo=SHANGHAI)

    assert is_open(OFFICE, now) is there
    assert is_open(OFFICE, now.astimezone(ZoneInfo("UTC"))) is there


def test_days_are_read_as_people_write_them() -> None:
    assert days_of("sat,Sun") == {5, 6}
    assert days_of("fri-mon") == {4, 5, 6, 0}
    assert days_of("mon-sun") == set(range(7))


@pytest.mark.parametrize("text", ["monday", "", "mon-xyz"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(HoursError):
        days_of(text)


@pytest.mark.parametrize("text", ["9", "09:00-25:00", "nine-five"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(HoursError):
        spans_of(text)
