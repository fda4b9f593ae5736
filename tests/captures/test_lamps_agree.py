"""What lamps tell of calls is what happened to them, as far as lamps tell: the telephones' own account is the truth."""

from pathlib import Path
from typing import Any

import pytest
from support.replaying import lamp_captures, name_of, pbx_events, records, run, site_of
from support.truth import compare, read_truth


def _told(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in call.items() if key not in truth["untold"]} for call in truth["calls"]]


@pytest.mark.parametrize("folder", lamp_captures(), ids=name_of)
def test_what_is_told_agrees_with_the_truth(folder: Path) -> None:
    assert compare({"calls": _told(read_truth(folder))}, records(folder)) == []


@pytest.mark.parametrize("folder", lamp_captures(), ids=name_of)
def test_who_ended_a_call_is_told_of_none(folder: Path) -> None:
    assert [record["ended_by"] for record in records(folder) if record["ended_by"] is not None] == []


@pytest.mark.parametrize("folder", lamp_captures(), ids=name_of)
def test_every_call_ends_and_two_replays_tell_the_same(folder: Path) -> None:
    site = site_of(folder)
    calls, told = run(pbx_events(folder), site)
    assert all(call.ended for call in calls.values())
    assert (calls, told) == run(pbx_events(folder), site)
