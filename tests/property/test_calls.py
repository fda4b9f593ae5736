"""Calls keep their invariants whatever becomes of a PBX's events on the way: dropped, doubled, late, out of order, cut."""

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from support.any_events import LEGS, any_events
from support.building import SITE, START, Story
from support.invariants import Watched
from support.replaying import run
from support.scripts import SCRIPTS, Wait, played, together, with_gap

from gateway.model.events import LegCleared, PbxEvent
from gateway.model.record import record_of

Script = Callable[[Story, Wait], None]


@st.composite
def scripts(draw: st.DrawFn, most: int = 3) -> list[list[PbxEvent]]:
    """Some call scripts with waits between 0 and 9 s, begun within 20 s of each other."""
    chosen = draw(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=most))
    waits = st.integers(0, 36).map(lambda quarters: quarters / 4)
    return [
        played(script, lambda: draw(waits), draw(st.integers(0, 80)) / 4, f"{number}.") for number, script in enumerate(chosen)
    ]


def disturbed(draw: st.DrawFn, events: list[PbxEvent]) -> list[PbxEvent]:
    """Return what arrives of these events when some get lost, come twice, come late or change places."""
    for _ in range(draw(st.integers(0, 12))):
        if not events:
            break
        where = draw(st.integers(0, len(events) - 1))
        match draw(st.sampled_from(["drop", "double", "late", "swap"])):
            case "drop":
                del events[where]
            case "double":
                events.insert(draw(st.integers(where, len(events))), events[where])
            case "late":
                event = events.pop(where)
                events.insert(draw(st.integers(where, min(len(events), where + 20))), event)
            case _:
                other = draw(st.integers(0, len(events) - 1))
                events[where], events[other] = events[other], events[where]
    if draw(st.booleans()):
        events = with_gap(events, draw(st.integers(0, len(events))), draw(st.integers(0, 15)))
    return events


@st.composite
def disturbed_scripts(draw: st.DrawFn) -> list[PbxEvent]:
    return disturbed(draw, together(draw(scripts())))


@given(chosen=scripts())
def test_every_call_ends_when_its_pbx_says_all(chosen: list[list[PbxEvent]]) -> None:
    Watched(SITE).hear(together(chosen)).look_at_end()


@given(chosen=scripts())
def test_calls_do_not_disturb_each_other(chosen: list[list[PbxEvent]]) -> None:
    def records(events: Sequence[PbxEvent]) -> dict[str, object]:
        calls, _ = run(events, SITE)
        return {call.call_id: record_of(call, SITE) for call in calls.values() if call.merged_into is None}

    alone = [records(script) for script in chosen]
    assert records(together(chosen)) == {key: record for each in alone for key, record in each.items()}


@given(events=disturbed_scripts() | any_events())
def test_two_runs_tell_the_same(events: list[PbxEvent]) -> None:
    assert run(events, SITE) == run(events, SITE)


@given(events=any_events())
def test_no_event_ever_raises_and_a_record_can_always_be_made(events: list[PbxEvent]) -> None:
    last = [LegCleared(at=START + 60.0, leg=leg, cause=16, sip=0) for leg in LEGS]
    calls, _ = run([*events, *last], SITE)
    assert all(record_of(call, SITE)["call_id"] == call.call_id for call in calls.values())
