import pytest
from support.building import CALLER, DNIS, Story

from gateway.model.events import DigitPressed, MenuEntered, MenuLeft
from gateway.model.ids import LegId
from gateway.model.terms import DialResult, QueueResult


def test_a_ringing_telephone_says_who_calls_and_what_he_did_before() -> None:
    story = Story().comes_in(display="Wang")
    story.says(MenuEntered, leg=LegId("caller"), menu="main", since=None)
    story.says(DigitPressed, leg=LegId("caller"), digit="2", menu="main").says(MenuLeft, leg=LegId("caller"))
    story.later(5).queues("support").later(10).rings("8001")

    (told,) = story.data("call.alerting")
    assert told == {
        "leg": "8001",
        "party": "8001",
        "direction": "inbound",
        "caller": CALLER,
        "caller_name": "Wang",
        "caller_e164": "+861062551234",
        "called": DNIS,
        "queue": "support",
        "queued_since": "2027-01-15T08:00:05.000Z",
        "ivr_path": ["main"],
        "digits": "2",
    }


@pytest.mark.parametrize("display", [None, "Anonymous"])
def test_what_is_withheld_is_not_told(display: str | None) -> None:
    story = Story().comes_in(number=None, display=display).rings("8001")

    (told,) = story.data("call.alerting")
    assert (told["caller"], told["caller_name"], told["caller_e164"]) == (None, None, None)
    assert (told["queue"], told["queued_since"], told["ivr_path"], told["digits"]) == (None, None, [], "")


def test_the_telephones_of_a_group_hear_who_answered_instead() -> None:
    story = Story().comes_in().rings("8001").rings("8002").rings("8003").later(3).answers("8002").later(0.1)
    for other in ("8001", "8003"):
        story.dial_ends(other, DialResult.CANCELLED).clears(other, cause=26)

    assert story.data("call.ringing_stopped") == [
        {"leg": "8001", "party": "8001", "answered_by": "8002"},
        {"leg": "8003", "party": "8003", "answered_by": "8002"},
    ]


def test_a_telephone_that_nobody_takes_stops_and_the_caller_waits_on() -> None:
    story = Story().comes_in().queues("support").rings("8001").later(15)
    story.dial_ends("8001", DialResult.NO_ANSWER).clears("8001").later(5).rings("8002").later(2).answers("8002")

    assert story.data("call.ringing_stopped") == [{"leg": "8001", "party": "8001", "answered_by": None}]


def test_when_the_caller_gives_up_the_end_of_the_call_says_all() -> None:
    story = Story().comes_in().queues("support").rings("8001").later(4)
    story.leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller", "8001")

    assert story.data("call.ringing_stopped") == []
    assert story.kinds()[-1] == "call.ended"


def test_a_telephone_that_was_answered_does_not_stop_ringing() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(9).hangs_up("caller", "8001")
    assert story.data("call.ringing_stopped") == []
