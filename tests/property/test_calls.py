"""Calls keep their invariants whatever becomes of a PBX's events on the way: dropped, doubled, late, out of order, cut."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from support.any_events import LEGS, any_events
from support.building import SITE, START, Story
from support.invariants import Watched
from support.replaying import asterisk_captures, pbx_events, run
from support.scripts import SCRIPTS, Wait, played, together, with_gap

from connectors.asterisk_ami.replay import site_of
from gateway.model.events import LegCleared, PbxEvent
from gateway.model.record import record_of

Script = Callable[[Story, Wait], None]
CAPTURES: Final = [folder for folder in asterisk_captures()[::3] if "flood" not in folder.name]


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


@st.composite
def disturbed_captures(draw: st.DrawFn) -> tuple[Path, list[PbxEvent]]:
    folder = draw(st.sampled_from(CAPTURES))
    return folder, disturbed(draw, list(pbx_events(folder)))


@given(chosen=scripts())
def test_every_call_ends_when_its_pbx_says_all_and_is_then_forgotten(chosen: list[list[PbxEvent]]) -> None:
    watched = Watched(SITE).hear(together(chosen))
    watched.look_at_end()
    watched.look_at_memory()


@given(chosen=scripts())
def test_calls_do_not_disturb_each_other(chosen: list[list[PbxEvent]]) -> None:
    def records(events: Sequence[PbxEvent]) -> dict[str, object]:
        calls, _ = run(events, SITE)
        return {call.call_id: record_of(call, SITE) for call in calls.values() if call.merged_into is None}

    alone = [records(script) for script in chosen]
    assert records(together(chosen)) == {key: record for each in alone for key, record in each.items()}


@settings(max_examples=300)
@given(events=disturbed_scripts())
def test_the_invariants_hold_whatever_gets_lost_or_late(events: list[PbxEvent]) -> None:
    Watched(SITE).hear(events).clear_all().look_at_memory()


@settings(max_examples=200)
@given(disturbance=disturbed_captures())
def test_the_invariants_hold_whatever_gets_lost_of_what_a_real_pbx_said(disturbance: tuple[Path, list[PbxEvent]]) -> None:
    folder, events = disturbance
    Watched(site_of(folder)).hear(events).clear_all()


@settings(max_examples=300)
@given(events=any_events())
def test_the_invariants_hold_of_any_events_at_all(events: list[PbxEvent]) -> None:
    Watched(SITE).hear(events).clear_all().look_at_memory()


@given(events=disturbed_scripts() | any_events())
def test_two_runs_tell_the_same(events: list[PbxEvent]) -> None:
    assert run(events, SITE) == run(events, SITE)


@given(events=any_events())
def test_no_event_ever_raises_and_a_record_can_always_be_made(events: list[PbxEvent]) -> None:
    last = [LegCleared(at=START + 60.0, leg=leg, cause=16, sip=0) for leg in LEGS]
    calls, _ = run([*events, *last], SITE)
    assert all(record_of(call, SITE)["call_id"] == call.call_id for call in calls.values())
