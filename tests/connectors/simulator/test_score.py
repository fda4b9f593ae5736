import re
from pathlib import Path
from random import Random
from typing import Final

import pytest

from connectors.simulator.centre import CAPTURES
from connectors.simulator.pbx_state import fields_of
from connectors.simulator.score import CALLERS, DESKS, Ids, Play, Score, load_score
from gateway.model.errors import CaptureError

NOW: Final = 1_900_000_000.0
SHIPPED: Final = sorted(CAPTURES.iterdir())


def rendered(score: Score, ids: Ids, *, pace: float = 1.0, lane: int = 0, at: float = NOW) -> list[bytes]:
    play = Play(score, ids, at, pace=pace, lane=lane)
    return [play.render(frame) for frame in score.frames]


def values(frames: list[bytes], key: str) -> set[str]:
    return {fields[key] for fields in map(fields_of, frames) if fields.get(key)}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_recordings_can_be_played_and_end_all_their_legs(folder: Path) -> None:
    frames = rendered(load_score(folder), Ids(Random(1)))
    created = values([frame for frame in frames if frame.startswith(b"Event: Newchannel")], "Uniqueid")
    ended = values([frame for frame in frames if frame.startswith(b"Event: Hangup\r")], "Uniqueid")
    assert created == ended != set()
    assert all(frame.endswith(b"\r\n\r\n") and frame.count(b"\r\n\r\n") == 1 for frame in frames)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_no_two_plays_share_an_id(folder: Path) -> None:
    score, ids = load_score(folder), Ids(Random(1))
    first, second = rendered(score, ids), rendered(score, ids)
    for key in ("Uniqueid", "Channel", "BridgeUniqueid", "DestUniqueid"):
        assert values(first, key).isdisjoint(values(second, key))
        assert len(values(first, key)) == len(values(second, key)) == len(values([f.data for f in score.frames], key))
    recorded = {leg for key in ("Uniqueid", "Linkedid") for leg in values([f.data for f in score.frames], key)}
    assert not [leg for leg in recorded for frame in first if leg.encode() in frame]


def test_play_says_the_same_thing_about_one_leg_everywhere() -> None:
    frames = rendered(load_score(CAPTURES / "attended_transfer"), Ids(Random(1)))
    channels: dict[str, str] = {}
    for fields in map(fields_of, frames):
        for prefix in ("", "Dest"):
            leg, channel = fields.get(prefix + "Uniqueid"), fields.get(prefix + "Channel")
            if leg and channel and "<ZOMBIE>" not in channel:
                assert channels.setdefault(leg, channel) == channel


def test_times_are_those_of_now() -> None:
    score = load_score(CAPTURES / "queue_abandon")
    frames = rendered(score, Ids(Random(1)))
    legs = values(frames, "Uniqueid")
    assert all(NOW - 5 <= float(leg.rpartition("-")[2].partition(".")[0]) <= NOW + score.length_s for leg in legs)
    assert not re.search(rb"2026-11-22", b"".join(frames))


def test_pace_stretches_what_the_pbx_reports_of_lengths() -> None:
    score = load_score(CAPTURES / "queue_caller_hangs")
    cdr = next(fields for fields in map(fields_of, rendered(score, Ids(Random(1)), pace=10.0)) if fields["Event"] == "Cdr")
    recorded = next(fields for fields in (fields_of(frame.data) for frame in score.frames) if fields["Event"] == "Cdr")
    assert int(cdr["Duration"]) == 10 * int(recorded["Duration"])
    assert int(cdr["BillableSeconds"]) == 10 * int(recorded["BillableSeconds"])


def test_lanes_have_desks_of_their_own_with_names_of_their_own() -> None:
    score, ids = load_score(CAPTURES / "ring_group"), Ids(Random(1))
    seen: set[str] = set()
    for lane in range(5):
        frames = rendered(score, ids, lane=lane)
        numbers = {number for number in values(frames, "CallerIDNum") if re.fullmatch(r"10\d\d", number)}
        assert numbers == {f"10{lane}{desk}" for desk in (1, 2, 3)}
        legs = [fields for fields in map(fields_of, frames) if fields["Event"] == "Newchannel"]
        names = {fields["CallerIDName"] for fields in legs if fields["CallerIDNum"].startswith("10")}
        assert names <= set(DESKS)
        assert names.isdisjoint(seen)
        seen |= names


def test_callers_differ_from_play_to_play() -> None:
    score, ids = load_score(CAPTURES / "queue_abandon"), Ids(Random(1))
    callers = set()
    for _ in range(8):
        first = fields_of(rendered(score, ids)[0])
        assert first["CallerIDName"] in CALLERS
        callers.add(first["CallerIDNum"])
    assert len(callers) == 8


def test_nothing_of_the_recording_client_is_played() -> None:
    for folder in SHIPPED:
        for frame in load_score(folder).frames:
            assert frame.name not in (b"FullyBooted", b"SuccessfulAuth", b"VarSet", b"TestEvent")
            assert b"ActionID: act-" not in frame.data or frame.name == b"OriginateResponse"
            assert frame.data.startswith(b"Event: ")


def test_recording_without_calls_or_times_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wire.ami").write_bytes(b"Asterisk Call Manager/11.0.0\r\nEvent: X\r\n\r\n")
    with pytest.raises(CaptureError, match=r"chunks\.jsonl"):
        load_score(tmp_path)
    (tmp_path / "chunks.jsonl").write_text("[1.0, 0, 42]\n")
    with pytest.raises(CaptureError, match="no call"):
        load_score(tmp_path)
