"""Texts and times as CRMs want them."""

from typing import Any

import pytest
from support.crm import NOW, activity

from crm_adapters._kit.texts import (
    FACTS,
    WRITTEN,
    full_name,
    html_of,
    iso_of,
    lines_of,
    marker_of,
    names_of,
    text_of,
    time_of,
    visible,
)
from gateway.model.crm import CallStage, CrmUser, RecordingLink

WHOLE = activity(
    note="one\r\ntwo",
    disposition="Solved",
    transcript="> hello\n\n< good day",
    recording=RecordingLink(url="https://t.example/1.wav"),
)


def test_all_that_is_known_of_a_call_is_told_in_lines() -> None:
    assert lines_of(WHOLE) == [
        "Outcome: answered",
        "Agent: Anna",
        "Queue: sales",
        "Started: 2026-11-22 11:26:02 UTC",
        "Answered: 2026-11-22 11:26:11 UTC",
        "Ended: 2026-11-22 11:28:42 UTC",
        "Talked: 151 s",
        "Number called: 4008001234",
        "Filed as: Solved",
        "Note: one",
        "two",
        "Recording: https://t.example/1.wav",
        "Said to the menu: > hello",
        "",
        "< good day",
    ]


def test_only_what_is_known_and_wanted_is_told() -> None:
    ringing = activity(
        stage=CallStage.RINGING, answered_at=None, ended_at=None, talk_s=None, outcome=None, queue=None, our_number=None
    )
    assert lines_of(ringing) == ["Agent: Anna", "Started: 2026-11-22 11:26:02 UTC"]
    assert lines_of(WHOLE, WRITTEN) == [
        "Filed as: Solved",
        "Note: one",
        "two",
        "Said to the menu: > hello",
        "",
        "< good day",
    ]
    assert lines_of(activity(), WRITTEN) == []
    assert not any(line.startswith("Started") for line in lines_of(WHOLE, FACTS - {"Started"}))


@pytest.mark.parametrize(
    ("changes", "agent"),
    [
        ({"agents": ("Anna", "Ben", "Anna")}, "Anna, Ben"),
        ({"agents": (), "owner": CrmUser(id="1", name="Anna Li")}, "Anna Li"),
        ({"agents": (), "owner": CrmUser(id="1")}, "1001"),
        ({"agents": (), "extension": None}, None),
    ],
)
def test_whoever_talked_is_the_agent_else_whose_call_it_is(changes: dict[str, Any], agent: str | None) -> None:
    assert lines_of(activity(**changes), {"Agent"}) == ([] if agent is None else [f"Agent: {agent}"])


def test_outcomes_are_words() -> None:
    assert lines_of(activity(outcome="no_answer"), {"Outcome"}) == ["Outcome: no answer"]


def test_what_people_wrote_is_text_in_a_page() -> None:
    assert html_of(["<b>\x00 & \u202e", " ", "two"], 100) == "<p>&lt;b&gt; &amp; </p><p>two</p>"


def test_a_page_is_bounded_and_whole() -> None:
    assert html_of(["one", "two", "three"], 20) == "<p>one</p><p>two</p><p>…</p>"
    assert html_of(["one", "two"], 20) == "<p>one</p><p>two</p>"


@pytest.mark.parametrize(("value", "text"), [(" Wei\n", "Wei"), ("", None), (" ", None), (False, None), (None, None), (7, None)])
def test_what_is_empty_or_no_text_is_nothing(value: object, text: str | None) -> None:
    assert text_of(value) == text


def test_what_nobody_sees_goes() -> None:
    assert visible("a\x00\u202eb\r\n\tc") == "ab\n\tc"
    assert visible("a\nb", keep="") == "ab"


def test_names_are_taken_apart_and_put_together() -> None:
    assert names_of(" Zhang Wei Min ") == ("Zhang Wei", "Min")
    assert names_of("张伟") == ("", "张伟")
    assert full_name("Wei", None, " Min ") == "Wei Min"
    assert full_name("", False, None) is None


def test_times_are_in_utc() -> None:
    assert time_of(NOW + 0.9) == "2026-11-22 11:26:02"
    assert iso_of(NOW) == "2026-11-22T11:26:02Z"
    assert iso_of(NOW + 0.25, "milliseconds") == "2026-11-22T11:26:02.250Z"


def test_a_call_is_found_by_its_id() -> None:
    assert marker_of(activity().call_id) == "Tieline call 01KAW5EGX0ABCDEFGHJKMNPQRS"
