"""A board that took over another one's calls goes on as that one would have."""

from pathlib import Path
from typing import Any

import pytest
from support.building import SITE, Story
from support.replaying import PBX, asterisk_captures, name_of, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.ended import REMEMBERED_S
from gateway.model.events import ConnectionLost, ConnectionMade, ConsultationStarted, PbxEvent, SnapshotDone
from gateway.model.ids import CallId, LegId
from gateway.model.record import record_of
from gateway.model.reports import CallDetail
from gateway.store.snapshots import SNAPSHOT_VERSION, decode_call, encode_call

CUTS = 6
SNAPSHOT_EVENTS = (ConnectionMade, ConnectionLost, SnapshotDone)


def kept(calls: dict[CallId, Call], now: float) -> list[Call]:
    """What the store gives back: live calls and those that ended lately."""
    wanted = (call for call in calls.values() if not call.ended or call.changed_at > now - REMEMBERED_S)
    return [decode_call(SNAPSHOT_VERSION, encode_call(call)) for call in wanted]


def restored_at(cut: int, events: tuple[PbxEvent, ...], folder: Path) -> tuple[dict[CallId, Call], list[str], bool]:
    """Play the events on two boards, one before the cut and one after it; tell too whether all that was live was kept."""
    site = site_of(folder)
    first, second = Board(PBX, site), Board(PBX, site)
    calls: dict[CallId, Call] = {}
    told: list[str] = []
    for event in events[:cut]:
        step = first.apply(event)
        calls |= {call.call_id: call for call in step.calls}
        told += [each.id for each in step.events]
    whole = all(call.published for call in first._live.values())
    second.restore(kept(calls, events[cut].at), first._ended.gaps, first.habits.news())
    for event in events[cut:]:
        step = second.apply(event)
        calls |= {call.call_id: call for call in step.calls}
        told += [each.id for each in step.events]
    return calls, told, whole


def records(calls: dict[CallId, Call], folder: Path) -> list[dict[str, Any]]:
    return sorted((record_of(call, site_of(folder)) for call in calls.values()), key=lambda each: each["call_id"])


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_a_restart_without_a_pause_changes_nothing(folder: Path) -> None:
    events = pbx_events(folder)
    if len(events) > 20_000:
        events = events[:20_000]
    board, calls, told = Board(PBX, site_of(folder)), dict[CallId, Call](), list[str]()
    for event in events:
        step = board.apply(event)
        calls |= {call.call_id: call for call in step.calls}
        told += [each.id for each in step.events]
    snapshots = [index for index, event in enumerate(events) if isinstance(event, SNAPSHOT_EVENTS)]
    last_snapshot = max((index for index in snapshots if index < len(events) // 2), default=0)
    compared = 0
    for part in range(1, CUTS):
        # A gap and a snapshot under way are the connection's, and a new process makes a connection of its own.
        cut = last_snapshot + (len(events) - last_snapshot) * part // CUTS
        if any(index >= cut for index in snapshots) or cut >= len(events):
            continue
        again, told_again, whole = restored_at(cut, events, folder)
        if whole:
            compared += 1
            assert records(again, folder) == records(calls, folder), f"restored before event {cut}"
            assert told_again == told
    assert compared or len(events) < 60 or snapshots


def test_who_consults_by_feature_code_is_in_both_calls_again() -> None:
    story = Story().comes_in("caller").rings("8001").answers("8001").later(1.0)
    story.creates("helper", "Local/8002@internal", role_helper(), "helper", number=None, dialled="8002")
    story.says(ConsultationStarted, leg=LegId("8001"), helper=LegId("helper"), to="8002")
    board = Board(PBX, SITE)

    board.restore(kept(story.calls, story.now))

    assert board._consulting == story.board._consulting
    assert board._call_of == story.board._call_of
    assert vars(board._members) == vars(story.board._members)
    assert len(board._consulting) == 1


def role_helper() -> Any:
    from gateway.model.terms import LegRole

    return LegRole.HELPER


def test_a_call_that_ended_before_the_restart_is_not_doubled_by_its_cdr() -> None:
    story = Story().comes_in("caller").rings("8001").answers("8001").later(5.0).clears("8001").clears("caller")
    (call,) = story.calls.values()
    board = Board(PBX, SITE)
    board.restore(kept(story.calls, story.now))
    board.apply(ConnectionLost(at=story.now))
    board.apply(ConnectionMade(at=story.now + 3.0))

    step = board.apply(
        CallDetail(
            at=story.now + 4.0,
            leg=LegId("caller"),
            leg_name="PJSIP/carrier-1",
            source="01062551234",
            destination="4001",
            started_at=call.began_at,
            answered_at=None,
            ended_at=story.now + 0.5,
            duration_s=5,
            billed_s=5,
            answered=True,
            disposition="ANSWERED",
            destination_leg="PJSIP/8001-1",
            application="Dial",
        )
    )

    assert step.calls == ()


def test_what_ended_unheard_is_closed_by_the_snapshot() -> None:
    story = Story().comes_in("caller").rings("8001").answers("8001").later(5.0)
    board = Board(PBX, SITE)
    board.restore(kept(story.calls, story.now))

    board.apply(ConnectionLost(at=story.now))
    board.apply(ConnectionMade(at=story.now + 10.0))
    step = board.apply(SnapshotDone(at=story.now + 10.1))

    (call,) = step.calls
    record = record_of(call, SITE)
    assert (record["state"], record["outcome"], record["ended_at"], record["complete"]) == ("ended", "answered", None, False)
    assert [event.type for event in step.events][-1] == "call.ended"
    assert board.live == {}
