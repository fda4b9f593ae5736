"""Captures of the suite, and what the product makes of them."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from connectors._kit.capture import read_site
from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.plugins.loader import load, reader_of

CAPTURES: Final = Path(__file__).parent.parent / "captures"
PBX: Final = PbxName("pbx1")


def asterisk_captures() -> list[Path]:
    """Return every capture of an Asterisk, in the order of names."""
    return sorted(path.parent for path in (CAPTURES / "asterisk").rglob("truth.json"))


def freeswitch_captures() -> list[Path]:
    """Return every capture of a FreeSWITCH, in the order of names."""
    return sorted(path.parent for path in (CAPTURES / "freeswitch").rglob("truth.json"))


def lamp_captures() -> list[Path]:
    """Return every capture of a PBX's lamps, in the order of names."""
    return sorted(path.parent for path in (CAPTURES / "lamps").rglob("truth.json"))


def site_of(folder: Path) -> Site:
    """Return what a capture says of its site's numbers."""
    return read_site(folder)


def name_of(folder: Path) -> str:
    """Return how a test names a capture: ``22/hold``."""
    return f"{folder.parent.name}/{folder.name}"


@cache
def pbx_events(folder: Path) -> tuple[PbxEvent, ...]:
    """Return what the recorded PBX said."""
    replay = load(reader_of(folder).tools["replay"])
    return tuple(replay(folder, site_of(folder)))


def run(events: Iterable[PbxEvent], site: Site) -> tuple[dict[str, Call], list[CallEvent]]:
    """Return the last state of every call that the events tell of, by id, and all that was told."""
    board = Board(PBX, site)
    calls: dict[str, Call] = {}
    told: list[CallEvent] = []
    for event in events:
        step = board.apply(event)
        calls |= {call.call_id: call for call in step.calls}
        told += step.events
    return calls, told


def records(folder: Path) -> list[dict[str, Any]]:
    """Return the call records of a capture's replay."""
    site = site_of(folder)
    calls, _ = run(pbx_events(folder), site)
    return [record_of(call, site) for call in calls.values() if call.merged_into is None]
