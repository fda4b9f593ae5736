from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports.media import FRAME_BYTES, FRAME_S
from ivr.voice.endpointing import (
    BEGIN_OF,
    END_S,
    KEPT_BEFORE,
    MAX_S,
    MIN_SPEECH,
    Endpointing,
    Event,
    NotSpeech,
    Piece,
    SpeechBegan,
    SpeechEnded,
)

PAUSE = round(END_S / FRAME_S)


def heard(cuts: Endpointing, probabilities: Iterable[float]) -> list[Event]:
    """Each frame holds its own number."""
    return [
        event
        for at, probability in enumerate(probabilities)
        for event in cuts.hear(at.to_bytes(2, "little") * (FRAME_BYTES // 2), probability)
    ]


def kinds(events: Iterable[Event]) -> list[type[Event]]:
    return [type(event) for event in events if not isinstance(event, Piece)]


def frames_of(events: Iterable[Event]) -> list[int]:
    sound = b"".join(event.sound for event in events if isinstance(event, Piece))
    return [int.from_bytes(sound[at : at + 2], "little") for at in range(0, len(sound), FRAME_BYTES)]


def test_a_sentence_has_its_beginning_and_its_end() -> None:
    events = heard(Endpointing(), [0.0] * 50 + [0.9] * 40 + [0.1] * 60)
    assert kinds(events) == [SpeechBegan, SpeechEnded]
    assert frames_of(events) == list(range(50 + BEGIN_OF[0] - KEPT_BEFORE, 90 + PAUSE))
    ended = events[-1]
    assert isinstance(ended, SpeechEnded)
    assert ended.seconds == pytest.approx(len(frames_of(events)) * FRAME_S)


def test_it_is_told_within_three_frames_of_the_first() -> None:
    cuts = Endpointing()
    assert [bool(heard(cuts, [0.9])) for _ in range(4)] == [False, False, True, True]


def test_a_pause_within_a_sentence_does_not_end_it() -> None:
    speech, pause = [0.9] * 20, [0.1] * (PAUSE - 1)
    assert kinds(heard(Endpointing(), speech + pause + speech + [0.0] * 60)) == [SpeechBegan, SpeechEnded]
    short = Endpointing(end_s=0.2)
    assert kinds(heard(short, speech + pause + speech + [0.0] * 60)).count(SpeechEnded) == 2


def test_a_click_is_no_word() -> None:
    assert kinds(heard(Endpointing(), [0.9] * (MIN_SPEECH - 3) + [0.0] * 60)) == [SpeechBegan, NotSpeech]


def test_what_is_less_than_likely_begins_nothing_and_keeps_what_has_begun() -> None:
    assert heard(Endpointing(), [0.45] * 100) == []
    assert kinds(heard(Endpointing(), [0.9] * 10 + [0.45] * 100)) == [SpeechBegan]


def test_while_we_speak_more_is_needed_to_interrupt() -> None:
    cuts = Endpointing()
    cuts.is_over_us = True
    assert heard(cuts, [0.6] * 20) == []
    assert kinds(heard(cuts, [0.9] * 20)) == [SpeechBegan]


def test_who_never_stops_is_cut() -> None:
    events = heard(Endpointing(), [0.9] * round(MAX_S / FRAME_S))
    assert kinds(events)[:2] == [SpeechBegan, SpeechEnded]


@given(st.lists(st.floats(0.0, 1.0), max_size=400))
def test_each_beginning_has_one_end_and_no_frame_comes_twice(probabilities: list[float]) -> None:
    events = heard(Endpointing(), [*probabilities, *[0.0] * 100])
    told = kinds(events)
    assert told[0::2] == [SpeechBegan] * (len(told) // 2)
    assert all(each in (SpeechEnded, NotSpeech) for each in told[1::2])
    assert len(told) % 2 == 0
    frames = frames_of(events)
    assert frames == sorted(set(frames))
