import itertools

from support.building import SITE, START, Story

from gateway.model.calls import Call
from gateway.model.day_figures import CallDays, DayFigures, Today, together
from gateway.model.ids import QueueName
from gateway.model.terms import DialResult, QueueResult

HOUR = 8
"""Of :data:`START`, in UTC."""
SUPPORT = QueueName("support")


def abandoned(at: float = START) -> Story:
    story = Story(at=at).comes_in().queues("support").later(12)
    return story.leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")


def answered(at: float = START) -> Story:
    return Story(at=at).comes_in().queues("support").rings("8001").later(5).answers("8001").later(60).hangs_up("caller", "8001")


def busy(at: float = START) -> Story:
    return Story(at=at).comes_in().rings("8001").refuses("8001", 17).clears("caller", cause=17)


def days(*stories: Story) -> CallDays:
    book = CallDays(SITE)
    for story in stories:
        book.put(story.call())
    return book


def figures(**counts: int) -> DayFigures:
    blank = dict.fromkeys(DayFigures.__struct_fields__, 0)
    return DayFigures(**blank | {"offered": sum(counts.values())} | counts)


def reasons(day: Today) -> list[tuple[str, str | None, int]]:
    return [(reason.outcome, reason.stage, count) for reason, count in day.reasons]


def test_callers_count_in_the_hour_in_which_they_called() -> None:
    book = days(answered(), answered(START + 60), abandoned(START + 3_600), busy(START + 7_200))
    day = book.today(START + 9_000, None)

    assert day.totals == figures(answered=2, abandoned=2)
    assert [(hour, day.hours[hour]) for hour in range(24) if day.hours[hour].offered] == [
        (HOUR, figures(answered=2)),
        (HOUR + 1, figures(abandoned=1)),
        (HOUR + 2, figures(abandoned=1)),
    ]
    assert reasons(day) == [("abandoned", "queue", 1), ("busy", "ringing", 1)]


def test_a_queue_counts_its_own_callers() -> None:
    day = days(answered(), abandoned(START + 1), busy(START + 2)).today(START, {SUPPORT})
    assert day.totals == figures(answered=1, abandoned=1)
    assert reasons(day) == [("abandoned", "queue", 1)]


def test_who_leaves_a_queue_for_another_overflowed_from_the_first() -> None:
    story = Story().comes_in().queues("sales").later(30).leaves_queue("sales", QueueResult.TIMEOUT).queues("support")
    story.rings("8001").answers("8001").later(9).hangs_up("caller", "8001")
    book = days(story)

    assert book.today(START, {QueueName("sales")}).totals == figures(overflowed=1)
    assert book.today(START, {SUPPORT}).totals == figures(answered=1)
    assert book.today(START, None).totals == figures(answered=1)


def test_who_still_waits_counts_only_once_something_became_of_him() -> None:
    story = Story().comes_in().queues("support").later(30)
    book = days(story)
    assert book.today(START, None).totals == figures()
    story.rings("8001").answers("8001")
    book.put(story.call())
    assert book.today(START, None).totals == figures(answered=1)
    book.put(story.later(5).hangs_up("caller", "8001").call())
    assert book.today(START, None).totals == figures(answered=1)


def test_calls_inside_and_out_are_no_callers_from_outside() -> None:
    inside = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001").hangs_up("8001", "8002")
    assert days(inside).today(START, None).totals == figures()


def test_a_day_begins_anew() -> None:
    book = days(abandoned())
    assert book.today(START + 86_400, None).totals == figures()
    book = days(*(abandoned(START + 86_400 * day) for day in range(5)))
    assert book.today(START, None).totals == figures()
    assert book.today(START + 4 * 86_400, None).totals == figures(abandoned=1)


def test_a_mailbox_or_a_gap_is_neither_answered_nor_abandoned() -> None:
    unheard = Story().comes_in().queues("support").loses_sight(60)
    unheard.clears("caller")
    ended = [call for call in unheard.calls.values() if call.ended]
    book = CallDays(SITE)
    for call in ended:
        book.put(call)
    assert book.today(START, None).totals.answered == 0


def test_the_figures_do_not_depend_on_the_order_nor_on_how_often_a_call_is_told() -> None:
    calls: list[Call] = [story.call() for story in (answered(), abandoned(START + 1), busy(START + 2))]
    seen = set()
    for order in itertools.permutations(calls):
        book = CallDays(SITE)
        for call in (*order, *order):
            book.put(call)
        book.put_stored(order)
        seen.add(book.today(START, None))
    assert len(seen) == 1


def test_what_was_heard_stands_against_what_was_stored() -> None:
    story = Story().comes_in().rings("8001").later(5)
    before = story.dial_ends("8001", DialResult.NO_ANSWER).clears("8001").clears("caller").call()
    book = CallDays(SITE)
    book.put_stored([before])
    assert book.today(START, None).totals == figures(abandoned=1)
    book.put_stored([before])
    assert book.today(START, None).totals == figures(abandoned=1)


def test_several_pbxs_are_added_up() -> None:
    one, other = days(answered(), abandoned(START + 1)), days(abandoned(), busy(START + 1))
    day = together([one.today(START, None), other.today(START, None)])

    assert day.totals == figures(answered=1, abandoned=3)
    assert reasons(day) == [("abandoned", "queue", 2), ("busy", "ringing", 1)]
    assert together([]).totals == figures()
