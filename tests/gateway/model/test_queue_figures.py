from itertools import permutations
from typing import Any

import msgspec
import pytest
from support.building import SITE, START
from support.shifts import Shift

from gateway.model.calls import Call
from gateway.model.ended import DOUBTFUL_S, REMEMBERED_S
from gateway.model.events import QueueEntrySeen
from gateway.model.ids import QueueName
from gateway.model.queue_figures import MARGIN_S, DayBook, QueueFigures
from gateway.model.queue_rules import QueueRule
from gateway.model.site import Site
from gateway.model.terms import LegRole, QueueResult

SUPPORT = QueueName("support")
RULED = msgspec.structs.replace(SITE, queues=(QueueRule(queue="support", service_level_s=10.0, short_abandon_s=4.0),))


def told(figures: QueueFigures, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(figures, name) for name in names)


def answered(wait_s: float, talk_s: float, leg: str = "caller", site: Site = RULED) -> Call:
    shift = Shift(site).comes_in(leg).connects(leg).queues("support", leg).rings("8001", by=leg).later(wait_s)
    return shift.given("8001", leg=leg).later(talk_s).hangs_up(leg, "8001").call()


def left(wait_s: float, result: QueueResult, leg: str = "caller", site: Site = RULED) -> Call:
    shift = Shift(site).comes_in(leg).connects(leg).queues("support", leg).later(wait_s)
    return shift.leaves_queue("support", result, leg).hangs_up(leg).call()


def counted(*calls: Call, site: Site = RULED) -> DayBook:
    book = DayBook(site)
    for call in calls:
        book.put(call)
    return book


def a_day() -> list[Call]:
    return [
        answered(3.0, 60.0, "a"),
        answered(10.0, 120.0, "b"),
        answered(10.5, 30.0, "c"),
        left(3.9, QueueResult.ABANDONED, "d"),
        left(4.0, QueueResult.ABANDONED, "e"),
        left(30.0, QueueResult.TIMEOUT, "f"),
        left(2.0, QueueResult.LEFT, "g"),
    ]


def test_a_day_is_counted_by_what_became_of_each_caller() -> None:
    today = counted(*a_day()).today(SUPPORT, START)
    assert told(today, "offered", "answered", "abandoned", "short_abandoned", "overflowed", "unknown") == (7, 3, 1, 1, 2, 0)
    # Two within 10 s, of three answered and one abandoned; the short abandon and those who went elsewhere do not count.
    assert told(today, "answered_in_time", "service_level") == (2, 0.5)
    assert told(today, "average_wait_s", "max_wait_s", "average_talk_s") == (7.8, 30.0, 70.0)


def test_before_anybody_called_nothing_is_known() -> None:
    today = counted().today(SUPPORT, START)
    assert told(today, "offered", "service_level", "average_wait_s", "max_wait_s", "average_talk_s") == (
        0,
        None,
        None,
        None,
        None,
    )


def test_the_order_makes_no_difference() -> None:
    calls = a_day()[:4]
    assert len({counted(*order).today(SUPPORT, START) for order in permutations(calls)}) == 1


def test_a_call_counts_once_with_what_it_says_last() -> None:
    shift = Shift(RULED).comes_in().connects("caller").queues("support").rings("8001").later(6.0)
    assert shift.days.today(SUPPORT, START).offered == 0
    shift.connects("8001").leaves_queue("support", QueueResult.TIMEOUT)
    assert shift.days.today(SUPPORT, START).overflowed == 1
    shift.given("8001")
    assert told(shift.days.today(SUPPORT, START), "offered", "answered", "overflowed", "average_talk_s") == (1, 1, 0, None)
    shift.later(42.0).hangs_up("8001", "caller")
    assert told(shift.days.today(SUPPORT, START), "offered", "average_talk_s") == (1, 42.0)


def test_a_correction_takes_the_place_of_what_was_counted() -> None:
    call = left(8.0, QueueResult.ABANDONED)
    book = counted(call)
    stay = msgspec.structs.replace(call.queues[0], result=QueueResult.ANSWERED, left_at=call.queues[0].left_at)
    corrected = msgspec.structs.replace(call, queues=(stay,), version=2, changed_at=call.changed_at + REMEMBERED_S)
    book.put(corrected)
    assert told(book.today(SUPPORT, START), "offered", "abandoned", "answered", "max_wait_s") == (1, 0, 1, 8.0)


def test_a_call_that_became_part_of_another_counts_no_more() -> None:
    call = left(8.0, QueueResult.ABANDONED)
    book = counted(call)
    book.put(msgspec.structs.replace(call, merged_into=answered(1.0, 1.0, "other").call_id))
    assert book.today(SUPPORT, START).offered == 0
    assert book.today(SUPPORT, START).max_wait_s is None


def test_what_was_heard_stands_against_what_was_stored() -> None:
    call = answered(3.0, 60.0)
    book = counted(call)
    book.put_stored([msgspec.structs.replace(call, queues=()), left(9.0, QueueResult.ABANDONED, "other")])
    assert told(book.today(SUPPORT, START), "answered", "abandoned") == (1, 1)


def test_a_stay_whose_end_nobody_heard_is_unknown() -> None:
    shift = Shift(RULED).comes_in().connects("caller").queues("support").later(9.0).is_away(5.0).legs_listed()
    assert told(shift.days.today(SUPPORT, START), "offered", "unknown", "max_wait_s") == (1, 1, None)


def test_a_caller_who_waited_before_us_has_waited_as_long_as_the_pbx_says() -> None:
    shift = Shift(RULED).lists("caller", "PJSIP/carrier", role=LegRole.ORIGINATING, age_s=30.0).legs_listed()
    shift.says(QueueEntrySeen, leg="caller", queue="support", wait_s=20.0).later(5.0)
    shift.leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")
    assert told(shift.days.today(SUPPORT, START), "offered", "abandoned", "max_wait_s") == (1, 1, 25.0)


@pytest.mark.parametrize(
    ("zone", "hour", "day"),
    [("UTC", 8, "2027-01-15"), ("Asia/Shanghai", 16, "2027-01-15"), ("Pacific/Auckland", 21, "2027-01-15")],
)
def test_the_day_and_its_hours_are_the_sites(zone: str, hour: int, day: str) -> None:
    site = msgspec.structs.replace(RULED, time_zone=zone)
    book = counted(answered(3.0, 60.0, site=site), site=site)
    assert [each for each, _ in book.hours(SUPPORT, START)] == [hour]
    assert book.day(START) == day
    assert START - book.begins_at(START) == hour * 3600.0


def test_yesterday_does_not_count_today() -> None:
    book = counted(answered(3.0, 60.0))
    tomorrow = START + 86_400.0
    assert book.today(SUPPORT, tomorrow).offered == 0
    assert (book.queues(START), book.queues(tomorrow)) == ({SUPPORT}, set())


def test_a_call_with_two_queues_counts_in_both() -> None:
    shift = Shift(RULED).comes_in().connects("caller").queues("sales").later(20.0).leaves_queue("sales", QueueResult.TIMEOUT)
    shift.queues("support").rings("8001").later(5.0).given("8001").later(30.0).hangs_up("caller", "8001")
    assert told(shift.days.today(QueueName("sales"), START), "offered", "overflowed", "average_talk_s") == (1, 1, None)
    assert told(shift.days.today(SUPPORT, START), "offered", "answered", "average_talk_s") == (1, 1, 30.0)


@pytest.mark.parametrize(("complete", "kept_s"), [(True, REMEMBERED_S), (False, DOUBTFUL_S)])
def test_the_book_forgets_what_can_no_longer_change_but_not_what_it_counted(complete: bool, kept_s: float) -> None:
    book = DayBook(RULED)
    calls = a_day()
    for number, call in enumerate(calls):
        book.put(msgspec.structs.replace(call, changed_at=START + number * (kept_s + MARGIN_S), complete=complete))
    assert len(book._sure) + len(book._doubtful) == 2
    assert book.today(SUPPORT, START).offered == len(calls)


def test_what_ends_beside_a_gap_may_be_corrected_for_long() -> None:
    before, after = left(8.0, QueueResult.ABANDONED), left(9.0, QueueResult.ABANDONED, "after")
    book = counted(before)
    book.gap(before.changed_at + 1.0)
    book.put(msgspec.structs.replace(after, changed_at=before.changed_at + 2.0))
    for call in (before, after):
        stay = msgspec.structs.replace(call.queues[0], result=QueueResult.ANSWERED)
        book.put(msgspec.structs.replace(call, queues=(stay,), version=2, changed_at=call.changed_at + DOUBTFUL_S))
    assert told(book.today(SUPPORT, START), "offered", "abandoned", "answered") == (2, 0, 2)


def test_two_days_are_kept() -> None:
    book, call = DayBook(RULED), answered(1.0, 1.0)
    for days in range(1, 5):
        at = START + days * 86_400.0
        stay = msgspec.structs.replace(call.queues[0], joined_at=at, left_at=at + 1.0)
        book.put(msgspec.structs.replace(call, call_id=f"of day {days}", queues=(stay,), changed_at=at))
    assert len(book._days) == 2
