from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.slots.dates import dates

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("昨天寄的", "2026-11-22"),
        ("大前天", "2026-11-20"),
        ("大后天", "2026-11-26"),
        ("上周五", "2026-11-20"),
        ("上上个星期天", "2026-11-15"),
        ("下周一", "2026-11-30"),
        ("三天前", "2026-11-20"),
        ("两周前", "2026-11-09"),
        ("十天后", "2026-12-03"),
        ("十月一号", "2026-10-01"),
        ("10月1日", "2026-10-01"),
        ("一月三号", "2027-01-03"),
        ("去年10月1日", "2025-10-01"),
        ("二零二五年十二月三十一日", "2025-12-31"),
        ("上个月5号", "2026-10-05"),
        ("二十号", "2026-11-20"),
        ("2026-10-01", "2026-10-01"),
        ("2026年10月1日", "2026-10-01"),
        ("20261001", "2026-10-01"),
        ("10/1", "2026-10-01"),
        ("31/1", "2027-01-31"),
        ("yesterday", "2026-11-22"),
        ("the day before yesterday", "2026-11-21"),
        ("last Friday", "2026-11-20"),
        ("last Monday", "2026-11-16"),
        ("next Friday", "2026-12-04"),
        ("this Wednesday", "2026-11-25"),
        ("Friday", "2026-11-20"),
        ("3 days ago", "2026-11-20"),
        ("a week ago", "2026-11-16"),
        ("in two days", "2026-11-25"),
        ("Oct 1st", "2026-10-01"),
        ("October 1, 2025", "2025-10-01"),
        ("the first of October", "2026-10-01"),
        ("the twenty-first", "2026-11-21"),
    ],
)
def test_a_day_is_found_from_today(said: str, value: str) -> None:
    assert [found.value for found in dates(said, MONDAY)] == [value]


@pytest.mark.parametrize(
    "said", ["二月三十一号", "Feb 31", "13/32", "2026-02-30", "the second one", "三号线", "satisfied", "may I", ""]
)
def test_what_is_no_day_is_none(said: str) -> None:
    assert dates(said, MONDAY) == []


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_full_date_does_not_depend_on_today(day: date, today: date) -> None:
    for said in (day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day:%B} {day.day}, {day.year}"):
        assert [(found.value, found.certain) for found in dates(said, today)] == [(day.isoformat(), 1.0)]


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(["10月1日", "Oct 1st", "周五", "Friday", "5号", "三天前"]))
def test_a_day_without_its_year_is_near(today: date, said: str) -> None:
    (found,) = dates(said, today)

    assert abs(date.fromisoformat(found.value) - today) <= timedelta(days=183)


@pytest.mark.parametrize(
    ("said", "past", "future"),
    [
        ("周二", "2026-11-17", "2026-11-24"),
        ("Friday", "2026-11-20", "2026-11-27"),
        ("Monday", "2026-11-23", "2026-11-23"),
        ("下周二", None, "2026-12-01"),
        ("next Tuesday", None, "2026-12-01"),
        ("last Friday", "2026-11-20", None),
        ("三天后", None, "2026-11-26"),
        ("in three days", None, "2026-11-26"),
        ("3 days ago", "2026-11-20", None),
        ("今天", "2026-11-23", "2026-11-23"),
        ("明天", None, "2026-11-24"),
        ("昨天", "2026-11-22", None),
        ("二十号", "2026-11-20", "2026-12-20"),
        ("the twenty-fourth", "2026-10-24", "2026-11-24"),
        ("十月一号", "2026-10-01", "2027-10-01"),
        ("Dec 24", "2025-12-24", "2026-12-24"),
        ("10/1", "2026-10-01", "2027-10-01"),
        ("2026-11-22", "2026-11-22", None),
    ],
)
def test_a_date_may_have_to_be_before_or_after_today(said: str, past: str | None, future: str | None) -> None:
    assert [found.value for found in dates(said, MONDAY, "past")] == ([past] if past else [])
    assert [found.value for found in dates(said, MONDAY, "future")] == ([future] if future else [])


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["10月1日", "Oct 1st", "周五", "Friday", "5号", "the fifth", "12/24", "二月二十八号", "31号"]),
)
def test_a_day_that_names_no_year_is_on_the_side_that_is_asked_for(today: date, said: str) -> None:
    (past,), (future,) = dates(said, today, "past"), dates(said, today, "future")

    assert date.fromisoformat(past.value) <= today <= date.fromisoformat(future.value)
