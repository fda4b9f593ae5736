from pathlib import Path

import pytest
from support.building import Story
from support.replaying import CAPTURES, PBX, asterisk_captures, name_of, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.model.events import LegHeld
from gateway.model.phase import Phase, PhaseName, phase_of

FOLDERS = CAPTURES / "asterisk"


def phases(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    """What the first call of a capture did, one after the other, without the moments in between."""
    board = Board(PBX, site_of(folder))
    first = None
    found: list[tuple[str, tuple[str, ...]]] = []
    for event in pbx_events(folder):
        for call in board.apply(event).calls:
            first = first or call.call_id
            phase = phase_of(call) if call.call_id == first else None
            if (
                phase is not None
                and (not found or phase.name is not PhaseName.ROUTING)
                and (not found or found[-1] != (phase.name.value, phase.parties))
            ):
                found.append((phase.name.value, phase.parties))
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("22/internal", ["routing", "dialling", "ringing", "talking"]),
        ("22/queue_caller_hangs", ["routing", "queued", "queued", "queued", "talking"]),
        ("22/hold", ["routing", "dialling", "ringing", "talking", "held", "talking"]),
        ("22/ivr_hangup", ["routing", "in_menu"]),
        ("22/direct_busy", ["routing", "dialling", "ringing"]),
        ("22/conference", ["routing", "talking"]),
    ],
)
def test_a_call_goes_from_phase_to_phase(name: str, expected: list[str]) -> None:
    assert [name for name, _ in phases(FOLDERS / name)] == expected


def test_an_inside_caller_who_holds_whom_he_called_holds_the_call() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001").later(3.0)
    held = phase_of(story.says(LegHeld, leg="8001", by_feature=False).call())
    assert held == Phase(name=PhaseName.HELD, since=story.now, parties=("8002",))


def test_a_phase_names_whom_it_is_about() -> None:
    assert phases(FOLDERS / "22/internal")[1:] == [("dialling", ("1003",)), ("ringing", ("1003",)), ("talking", ("1003",))]


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_every_live_call_has_a_phase_that_does_not_begin_later_than_now(folder: Path) -> None:
    board = Board(PBX, site_of(folder))
    for event in pbx_events(folder):
        for call in board.apply(event).calls:
            phase = phase_of(call)
            assert (phase is None) == call.ended
            if isinstance(phase, Phase) and phase.since is not None and event.at:
                assert phase.since <= event.at + 2.0
                assert phase.name in PhaseName
