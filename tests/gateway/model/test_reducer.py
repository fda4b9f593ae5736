from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from support.building import CALLER, SITE, START, Story
from support.replaying import asterisk_captures, name_of, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model import reducer
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.change import NOTHING
from gateway.model.events import (
    ConferenceJoined,
    LegAlerting,
    LegCleared,
    LegConnected,
    LegRenumbered,
    PbxEvent,
    PbxStopped,
    RecordingChanged,
    RecordingStarted,
    ServiceStarted,
)
from gateway.model.ids import LegId, PbxName
from gateway.model.terms import DialResult, LegRole, Service, TransferKind

# conference, recording


def test_three_who_dial_into_a_room_are_one_conference() -> None:
    story = Story()
    for extension in ("8002", "8001", "8003"):
        story.phones(extension, "8600").connects(extension).says(ConferenceJoined, leg=extension, room="600")
        story.bridges(extension, bridge="room").later(5.0)
    record = story.hangs_up("8002").hangs_up("8001", "8003").record()
    assert (record["conference"], record["parties"]) == ("600", ["8001", "8002", "8003"])
    assert (record["caller"], record["answered_by"], record["talk_s"]) == ("8002", ["8001", "8003"], 10.0)


def test_a_talking_caller_moved_into_a_room_is_no_transfer() -> None:
    story = Story().comes_in().rings("8001").answers("8001").later(5.0)
    story.transfers(TransferKind.REDIRECT, by=None, to="8600").transfers(
        TransferKind.REDIRECT, by=None, to="8600", transferee="8001"
    )
    story.leaves("8001", "caller")
    for leg in ("caller", "8001"):
        story.says(ConferenceJoined, leg=leg, room="600").bridges(leg, bridge="room")
    record = story.later(5.0).hangs_up("caller", "8001").record()
    assert (record["transfers"], record["conference"], record["answered_by"]) == ([], "600", ["8001"])


def test_a_recording_that_is_paused_and_stopped_is_told_so_once() -> None:
    story = Story().comes_in().rings("8001").answers("8001")
    for paused, stopped in ((True, False), (False, True)):
        story.says(RecordingChanged, leg="caller", paused=paused, stopped=stopped)
    assert not [kind for kind in story.kinds() if kind.startswith("call.recording")]
    story.says(RecordingStarted, leg="caller", file="1.wav")
    for paused, stopped in (
        (True, False),
        (True, False),
        (False, False),
        (True, False),
        (False, True),
        (False, True),
        (False, False),
    ):
        story.says(RecordingChanged, leg="caller", paused=paused, stopped=stopped)
    words = [kind.removeprefix("call.recording_") for kind in story.kinds() if kind.startswith("call.recording")]
    assert words == ["started", "paused", "resumed", "paused", "stopped"]
    story.says(RecordingStarted, leg="caller", file="2.wav").says(RecordingChanged, leg="caller", paused=True, stopped=False)
    assert story.kinds()[-2:] == ["call.recording_started", "call.recording_paused"]
    assert story.record()["recording"] == "2.wav"


def test_a_recording_says_where_it_is() -> None:
    story = Story().comes_in().rings("8001").answers("8001").says(RecordingStarted, leg="caller", file="/var/spool/1.wav")
    story.says(RecordingStarted, leg="caller", file="/var/spool/1.wav").says(RecordingStarted, leg="caller", file=None)
    assert story.record()["recording"] == "/var/spool/1.wav"
    assert story.kinds().count("call.recording_started") == 1


# Legs


def test_a_number_that_comes_later_is_the_partys_but_does_not_rename_who_has_one() -> None:
    story = Story().comes_in(number=None).says(LegRenumbered, leg="caller", number=CALLER, display="Chen")
    assert (story.record()["caller"], story.record()["caller_name"]) == (CALLER, "Chen")
    story.says(LegRenumbered, leg="caller", number="8001", display="Wang")
    assert (story.record()["caller"], story.record()["caller_name"]) == (CALLER, "Chen")


def test_ringing_after_the_answer_is_no_ringing() -> None:
    story = Story().comes_in().dials("8001").connects("8001").says(LegAlerting, leg="8001")
    assert story.call().legs[LegId("8001")].alerting_at is None


def test_what_happens_twice_happened_at_first() -> None:
    story = Story().comes_in().rings("8001").later(3.0).says(LegAlerting, leg="8001").answers("8001").later(3.0)
    leg = story.says(LegConnected, leg="8001").call().legs[LegId("8001")]
    assert (leg.alerting_at, leg.connected_at) == (START, START + 3.0)
    assert story.kinds().count("call.alerting") == 1


def test_a_call_ends_with_its_last_leg_and_only_once() -> None:
    story = Story().comes_in().rings("8001").answers("8001").clears("8001")
    assert story.call().state == "active"
    story.later(1.0).clears("caller").later(1.0).clears("caller").clears("8001")
    assert (story.call().ended_at, story.kinds().count("call.ended")) == (START + 1.0, 1)


def test_a_mailbox_ends_a_transfer_that_nobody_took() -> None:
    story = Story().comes_in().rings("8001").answers("8001").transfers(TransferKind.BLIND, by="8001", to="8002")
    story.leaves("8001", "caller").clears("8001").rings("8002").later(9.0).dial_ends("8002", DialResult.NO_ANSWER).clears("8002")
    story.says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8002").later(5.0).hangs_up("caller")
    assert [transfer["result"] for transfer in story.record()["transfers"]] == ["no_answer"]


# The reducer itself


def two_talking() -> Call:
    return Story().comes_in().rings("8001").answers("8001").call()


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(PbxEvent) if kind not in reducer._HANDLERS], ids=lambda kind: kind.__name__
)
def test_what_is_not_of_one_call_changes_none(kind: type) -> None:
    names: Any = {field.name: None for field in msgspec.structs.fields(kind)} | {"at": START}
    assert reducer.apply(two_talking(), kind(**names), SITE) == NOTHING


def test_an_event_of_a_leg_that_is_not_the_calls_changes_nothing_but_the_clock() -> None:
    call = two_talking()
    step = reducer.apply(call, LegCleared(at=START + 5.0, leg=LegId("stranger"), cause=16, sip=0), SITE)
    (changed,) = step.calls
    assert (changed.legs, changed.ended, step.events) == (call.legs, False, ())


def test_a_pbx_that_stops_ends_no_call_by_saying_so() -> None:
    assert reducer.apply(two_talking(), PbxStopped(at=START), SITE) == NOTHING


@pytest.mark.parametrize("folder", asterisk_captures()[::12], ids=name_of)
def test_the_call_that_is_given_stays_as_it_was(folder: Path) -> None:
    site = site_of(folder)
    board = Board(PbxName("one"), site)
    calls: dict[str, Call] = {}
    for event in pbx_events(folder)[:300]:
        for call in tuple(calls.values())[-3:]:
            before = deepcopy(call)
            reducer.apply(call, event, site)
            assert call == before
        calls |= {call.call_id: call for call in board.apply(event).calls}


def test_roles_are_those_of_the_pbx() -> None:
    legs = Story().comes_in().rings("8001").helper("pipe", "caller").call().legs
    assert [leg.role for leg in legs.values()] == [LegRole.ORIGINATING, LegRole.TERMINATING, LegRole.HELPER]
