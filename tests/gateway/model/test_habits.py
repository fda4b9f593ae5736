import pytest
from support.building import DNIS, START, Story

from gateway.model import habits as module
from gateway.model.events import LegConnected, LegCreated
from gateway.model.habits import MAX_TEXT, Habit, HabitKind, Habits
from gateway.model.ids import LegId
from gateway.model.reports import CallDetail


def row(destination: str = DNIS, place: str = "from-carrier", leg_name: str = "PJSIP/carrier-0000000c") -> CallDetail:
    return CallDetail(
        at=START,
        leg=LegId("1.1"),
        leg_name=leg_name,
        source="01062551234",
        destination=destination,
        started_at=None,
        answered_at=None,
        ended_at=None,
        duration_s=3,
        billed_s=2,
        answered=True,
        disposition="ANSWERED",
        destination_leg="",
        application="Dial",
        place=place,
    )


def heard(story: Story) -> Habits:
    habits = Habits()
    again = Story()
    for event in story.events:
        if isinstance(event, LegCreated):
            habits.leg_created(event)
        if isinstance(event, LegConnected):
            call = again.board.find(event.leg)
            assert call is not None
            habits.leg_connected(call, event)
        again.hear(event)
    return habits


@pytest.mark.parametrize(
    ("destination", "place", "expected"),
    [
        (DNIS, "from-carrier", DNIS),
        (DNIS, "", DNIS),
        ("7001", "ext-queues", None),
        ("s", "from-carrier", None),
        ("1", "from-carrier", None),
        ("h", "from-carrier", None),
    ],
)
def test_what_was_dialled_is_told_by_a_row_only_where_calls_come_in(destination: str, place: str, expected: str | None) -> None:
    habits = heard(Story().comes_in(place="from-carrier"))
    assert habits.dialled(row(destination, place)) == expected


def test_of_a_device_that_never_called_before_the_row_is_believed() -> None:
    assert Habits().dialled(row("4002", "anywhere")) == "4002"
    assert heard(Story().comes_in(place="from-carrier")).dialled(row("4002", "elsewhere", "PJSIP/backup-00000001")) == "4002"


def test_a_number_that_the_pbx_answered_before_it_dialled_anybody_is_known_from_then_on() -> None:
    habits = heard(Story().comes_in().connects("caller").rings("8001").answers("8001"))
    assert habits.answers_itself(row())
    assert not habits.answers_itself(row("4002"))


def test_a_number_that_a_telephone_answered_is_none_that_the_pbx_answers() -> None:
    assert not heard(Story().comes_in().rings("8001").answers("8001")).answers_itself(row())


def test_what_was_learnt_is_told_once_and_known_to_who_is_given_it() -> None:
    story = Story().comes_in(place="from-carrier").connects("caller").rings("8001").answers("8001")
    first = heard(story)
    news = first.news()
    assert sorted(news) == [
        Habit(HabitKind.ANSWERED, "PJSIP/carrier", DNIS),
        Habit(HabitKind.ARRIVES, "PJSIP/carrier", "from-carrier"),
    ]
    for event in story.events:
        if isinstance(event, LegCreated):
            first.leg_created(event)
    assert first.news() == []

    second = Habits(news)
    assert second.news() == []
    assert second.answers_itself(row())
    assert second.dialled(row("7001", "ext-queues")) is None
    assert second.dialled(row(DNIS, "from-carrier")) == DNIS


def test_what_nobody_calls_so_is_not_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(Story().comes_in(place="p" * (MAX_TEXT + 1))).news() == []
    assert len(heard(Story().comes_in(place="p" * MAX_TEXT)).news()) == 1
    monkeypatch.setattr(module, "MAX_HABITS", 2)
    assert len(heard(Story().comes_in("a", place="1").comes_in("b", place="2").comes_in("c", place="3")).news()) == 2
