from support.building import Story

from gateway.model.calls import Call
from gateway.model.change import Change
from gateway.model.ended import BESIDE_GAP_S, DOUBTFUL_S, REMEMBERED_S, EndedCalls
from gateway.model.ids import CallId


def ended_call(name: str, *, complete: bool = True) -> Call:
    story = Story().comes_in(name).clears(name)
    call = Change(story.call(), story.site, story.now).call
    call.call_id = CallId(name)
    call.complete = complete
    return call


def test_a_call_is_kept_for_its_time() -> None:
    ended, call = EndedCalls(), ended_call("one")
    assert list(ended.add(call, 1000.0)) == []
    assert ended.get(call.call_id) is call
    assert list(ended.add(ended_call("two"), 1000.0 + REMEMBERED_S)) == []
    assert list(ended.add(ended_call("three"), 1000.1 + REMEMBERED_S)) == [call]
    assert (ended.get(call.call_id), len(ended)) == (None, 2)


def test_a_call_that_a_gap_hides_in_part_is_kept_until_a_batch_of_cdrs_is_written() -> None:
    ended, call = EndedCalls(), ended_call("one", complete=False)
    ended.add(call, 1000.0)
    assert list(ended.add(ended_call("two"), 1000.0 + DOUBTFUL_S)) == []
    assert call in ended.add(ended_call("three"), 1000.1 + DOUBTFUL_S)


def test_a_call_that_ended_beside_a_gap_is_kept_as_long_or_a_late_cdr_would_make_it_anew() -> None:
    ended = EndedCalls()
    before, just_before, just_after, after = (ended_call(name) for name in ("before", "just before", "just after", "after"))
    ended.add(before, 1000.0 - BESIDE_GAP_S)
    ended.add(just_before, 999.9)
    ended.gap_began(1000.0)
    ended.gap_ended(1003.0)
    ended.add(just_after, 1003.5)
    ended.add(after, 1003.0 + BESIDE_GAP_S)
    ended.add(ended_call("last"), 1100.0 + REMEMBERED_S)
    kept = [call for call in (before, just_before, just_after, after) if ended.get(call.call_id) is not None]
    assert kept == [just_before, just_after]


def test_a_corrected_call_takes_the_place_of_what_it_was() -> None:
    ended = EndedCalls()
    for name in ("sure", "doubtful"):
        ended.add(ended_call(name, complete=name == "sure"), 1000.0)
        corrected = ended_call(name, complete=name == "sure")
        ended.replace(corrected)
        assert ended.get(CallId(name)) is corrected
    ended.replace(ended_call("another"))
    assert len(ended) == 2


def test_what_ended_before_anybody_listened_was_hidden_by_no_gap() -> None:
    ended = EndedCalls()
    ended.gap_ended(1000.5)
    ended.gap_began(1001.0)
    ended.gap_ended(1003.0)
    assert [ended.in_a_gap(at) for at in (999.0, 1000.0, 1001.0, 1003.0, 1004.0)] == [False, False, True, True, False]
    ended.gap_began(1100.0)
    ended.gap_ended(1100.2)
    assert ended.in_a_gap(1100.0)
