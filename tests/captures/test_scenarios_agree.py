"""What callers do is told alike, whichever PBX they do it on: event for event, ids, numbers and times being roles."""

from pathlib import Path

import pytest
from support.natives import told_by
from support.replaying import freeswitch_captures, name_of
from support.scenarios import Scenario, calls_told, columns, normalised, scenarios, told_in


def _plain(folder: Path) -> Path:
    return folder.with_name(folder.name.removesuffix("_json") + "_plain")


BOTH_FORMS = [path for path in freeswitch_captures() if path.name.endswith("_json") and _plain(path).is_dir()]


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_each_pbx_tells_the_same(scenario: Scenario) -> None:
    first, *others = [[told.line for told in told_in(scenario, column)] for column in scenario.calls]
    assert first
    assert first[-1].startswith("call.ended ")
    for other in others:
        assert other == first


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_each_pbx_was_recorded_for_each_scenario(scenario: Scenario) -> None:
    assert set(scenario.calls) == set(columns())


def test_no_two_scenarios_are_the_same_recording() -> None:
    calls = [call for scenario in scenarios() for call in scenario.calls.values()]
    assert len(calls) == len(set(calls))


@pytest.mark.parametrize("folder", BOTH_FORMS, ids=name_of)
def test_both_forms_of_the_event_socket_tell_the_same(folder: Path) -> None:
    assert _lines(folder) == _lines(_plain(folder))


def _lines(folder: Path) -> list[list[str]]:
    return [normalised(event for _, event in call) for call in calls_told(told_by(folder))]
