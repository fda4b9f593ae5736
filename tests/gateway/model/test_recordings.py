from pathlib import PurePosixPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import BEGAN_AT, PBX, SOUND, call_of, recording_of

from gateway.model.errors import RecordingRefusedError
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.model.recordings import (
    LEAST_FETCH_S,
    MAX_RETRY_S,
    SOURCE_RETRY_S,
    Corrected,
    Ended,
    Heard,
    Merged,
    Named,
    News,
    Recording,
    RecordingState,
    calls_of,
    deleted,
    fetched,
    follow,
    key_of,
    name_at_source,
    not_fetched,
    oddities,
    put_off,
    recording_id,
)

ONE, TWO = call_of(1), call_of(2)
NOW = BEGAN_AT + 100.0
WAITING = recording_of(1, state=RecordingState.WAITING, wanted_since=NOW, due_at=NOW)


def named(call: CallId = ONE, file: str = "q-1.wav") -> Named:
    return Named(tenant=DEFAULT_TENANT, pbx=PBX, call_id=call, file=file, at=BEGAN_AT + 1)


def followed(*news: News) -> list[Recording]:
    known: dict[str, Recording] = {}
    for each in news:
        known |= {recording.id: recording for recording in follow(known.values(), [each])}
    return list(known.values())


def kept(recording: Recording, sha256: str = "aa") -> Recording:
    return fetched(recording, sound=SOUND, size=9, sha256=sha256, stored_as="k", warnings=(), at=NOW + 2)


def test_a_recording_waits_for_the_end_of_its_call() -> None:
    assert followed(named()) == [recording_of(1)]
    (recording,) = followed(named(), Ended(call_id=ONE, at=NOW))
    assert (recording.state, recording.due_at) == (RecordingState.WAITING, NOW + LEAST_FETCH_S)


def test_the_end_of_another_call_is_nothing() -> None:
    assert follow([recording_of(1)], [Ended(call_id=TWO, at=NOW)]) == []


def test_a_call_may_have_several_recordings() -> None:
    recordings = followed(named(), named(file="again.wav"), Ended(call_id=ONE, at=NOW))
    assert [(each.file, each.state.value) for each in recordings] == [("q-1.wav", "waiting"), ("again.wav", "waiting")]
    assert len({each.id for each in recordings}) == 2


def test_what_is_folded_into_another_call_brings_its_recordings() -> None:
    (recording,) = followed(named(), Merged(gone=ONE, into=TWO), Ended(call_id=TWO, at=NOW))
    assert (recording.call_id, recording.state) == (TWO, RecordingState.WAITING)
    # The call that it came into names the same file in its own name.
    assert follow([recording], [named(TWO)]) == []


def test_a_correction_tries_what_failed_again_and_looks_at_what_is_here() -> None:
    failed = not_fetched(WAITING, "gone", final=True, at=NOW, give_up_s=1.0)
    assert failed.state is RecordingState.FAILED
    (again,) = follow([failed], [Corrected(call_id=ONE, at=NOW + 9)])
    assert (again.state, again.attempts, again.problem) == (RecordingState.WAITING, 0, None)
    (looked_at,) = follow([kept(WAITING)], [Corrected(call_id=ONE, at=NOW + 9)])
    assert (looked_at.state, looked_at.due_at) == (RecordingState.AVAILABLE, NOW + 9 + LEAST_FETCH_S)


def test_what_the_world_has_heard_is_not_told_again() -> None:
    here = kept(WAITING)
    assert not here.told
    assert follow([here], [Heard(call_id=ONE, recording_id=here.id, version=here.version + 1)]) == []
    (told,) = follow([here], [Heard(call_id=ONE, recording_id=here.id, version=here.version)])
    assert told.told


NEWS = st.sampled_from(
    [
        named(),
        named(file="b.wav"),
        named(TWO),
        Ended(call_id=ONE, at=NOW),
        Ended(call_id=TWO, at=NOW),
        Corrected(call_id=ONE, at=NOW),
        Merged(gone=ONE, into=TWO),
        Heard(call_id=ONE, recording_id=recording_of(1).id, version=1),
    ]
)


@given(st.lists(NEWS))
def test_the_same_news_twice_changes_nothing_more(news: list[News]) -> None:
    """After a crash a part of the events is followed again."""
    once = followed(*news)
    if news:
        assert follow(once, [news[-1]]) == []
    assert {each.call_id for each in once} <= calls_of(news)


def test_the_id_is_the_calls_time_and_the_file() -> None:
    made = recording_id(ONE, "a.wav")
    assert made == recording_id(ONE, "a.wav")
    assert made[:10] == ONE[:10]
    assert len(made) == 26
    assert len({made, recording_id(ONE, "b.wav"), recording_id(TWO, "a.wav")}) == 3


def test_an_attempt_that_fails_is_made_again_later_each_time_and_given_up_at_last() -> None:
    recording, at, delays = WAITING, NOW, []
    while recording.state is RecordingState.WAITING:
        recording = not_fetched(recording, "not there", final=False, at=at, give_up_s=3 * 86_400.0)
        if recording.due_at is not None:
            delays.append(recording.due_at - at)
            at = recording.due_at
    assert delays[:4] == [5.0, 10.0, 20.0, 40.0]
    assert max(delays) == MAX_RETRY_S
    assert (recording.state, recording.problem, recording.due_at) == (RecordingState.FAILED, "not there", None)
    assert at - NOW >= 3 * 86_400.0
    assert not recording.told


def test_what_cannot_come_right_is_given_up_at_once() -> None:
    assert not_fetched(WAITING, "a link", final=True, at=NOW, give_up_s=99.0).state is RecordingState.FAILED


def test_a_source_that_fails_costs_no_recording_its_chances() -> None:
    put = put_off(WAITING, "away", at=NOW + 1e9)
    assert (put.state, put.attempts, put.due_at) == (RecordingState.WAITING, 0, NOW + 1e9 + SOURCE_RETRY_S)
    here = msgspec.structs.replace(kept(WAITING), due_at=NOW)
    assert put_off(here, "away", at=NOW) == kept(WAITING)


def test_what_is_here_stays_here_whatever_becomes_of_the_file() -> None:
    here = msgspec.structs.replace(kept(WAITING), due_at=NOW)
    assert not_fetched(here, "gone", final=True, at=NOW, give_up_s=1.0) == kept(WAITING)


def test_another_file_is_told_and_the_same_is_not() -> None:
    first = msgspec.structs.replace(kept(WAITING), told=True)
    assert (first.version, kept(first).version, kept(first).told) == (1, 1, True)
    assert (kept(first, "bb").version, kept(first, "bb").told) == (2, False)


def test_deleting_leaves_a_line_and_where_the_bytes_are() -> None:
    left = deleted(kept(WAITING), by="Ana", at=NOW + 5)
    assert (left.state, left.deleted_by, left.deleted_at, left.stored_as) == (RecordingState.DELETED, "Ana", NOW + 5, "k")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("q-1.wav", "q-1.wav"),
        ("2026/11/22/q-1.wav", "2026/11/22/q-1.wav"),
        ("./a//b.wav", "a/b.wav"),
        ("/var/spool/asterisk/monitor/2026/q.wav", "2026/q.wav"),
        ("中文 电话.wav", "中文 电话.wav"),
        ("..wav", "..wav"),
    ],
)
def test_a_files_name_is_read_below_its_folder(file: str, name: str) -> None:
    assert name_at_source(file, "/var/spool/asterisk/monitor") == PurePosixPath(name)


@pytest.mark.parametrize(
    "file",
    [
        "../etc/passwd",
        "a/../../etc/passwd",
        "/etc/passwd",
        "/var/spool/asterisk/monitor/../../../../etc/shadow",
        "/var/spool/asterisk/monitors/x.wav",
        "/var/spool/asterisk/monitor",
        "..",
        ".",
        "",
        "a\0b.wav",
        "a\nb.wav",
    ],
)
def test_what_leads_out_of_the_folder_or_is_no_name_is_refused(file: str) -> None:
    with pytest.raises(RecordingRefusedError):
        name_at_source(file, "/var/spool/asterisk/monitor")


@given(st.text())
def test_no_name_leads_out_of_the_folder(file: str) -> None:
    try:
        name = name_at_source(file, "/srv")
    except RecordingRefusedError:
        return
    assert not name.is_absolute()
    assert ".." not in name.parts
    assert name.name


@pytest.mark.parametrize(
    ("file", "suffix"), [("a.WAV", ".wav"), ("a", ""), ("a.w/v", ""), ("a.w v", ""), ("../x.wav", ".wav"), ("a.中", "")]
)
def test_a_key_has_nothing_that_the_pbx_chose_but_its_kind(file: str, suffix: str) -> None:
    recording = recording_of(1, file=file)
    assert key_of(recording, "2026/11/22") == f"default/2026/11/22/{recording.id}{suffix}"


@pytest.mark.parametrize(
    ("duration_s", "ended_at", "talk_s", "odd"),
    [
        (30.0, BEGAN_AT + 30, 28.0, []),
        (30.0, None, None, []),
        (None, BEGAN_AT + 30, 28.0, []),
        (0.0, BEGAN_AT + 30, 28.0, ["it holds no sound"]),
        (60.0, BEGAN_AT + 30, 28.0, ["it lasts 60 s, and its call 30 s from when it began"]),
        (10.0, BEGAN_AT + 90, 80.0, ["it lasts 10 s, and they talked for 80 s"]),
    ],
)
def test_what_does_not_fit_its_call_is_said(
    duration_s: float | None, ended_at: float | None, talk_s: float | None, odd: list[str]
) -> None:
    sound = msgspec.structs.replace(SOUND, duration_s=duration_s)
    assert oddities(sound, began_at=BEGAN_AT, ended_at=ended_at, talk_s=talk_s) == odd
