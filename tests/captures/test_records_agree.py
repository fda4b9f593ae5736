"""Every capture's records agree with what really happened, and are the same however often it is played."""

from pathlib import Path

import pytest
from support.replaying import asterisk_captures, freeswitch_captures, name_of, pbx_events, records, run, site_of
from support.truth import compare, has_calls, read_truth

CAPTURES = [*asterisk_captures(), *freeswitch_captures()]


@pytest.mark.parametrize("folder", [path for path in CAPTURES if has_calls(read_truth(path))], ids=name_of)
def test_records_agree_with_the_truth(folder: Path) -> None:
    assert compare(read_truth(folder), records(folder)) == []


@pytest.mark.parametrize("folder", CAPTURES, ids=name_of)
def test_two_replays_tell_the_same(folder: Path) -> None:
    site = site_of(folder)
    first, second = run(pbx_events(folder), site), run(pbx_events(folder), site)
    assert first == second


@pytest.mark.parametrize("folder", CAPTURES, ids=name_of)
def test_event_ids_are_numbered_without_a_hole(folder: Path) -> None:
    _, told = run(pbx_events(folder), site_of(folder))
    numbers: dict[str, list[int]] = {}
    for event in told:
        call_id, _, number = event.id.partition(":")
        assert call_id == event.call_id
        numbers.setdefault(call_id, []).append(int(number))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
