from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports.media import FRAME_BYTES, FRAME_S
from ivr.voice.endpointing import (
    BEGIN_OF,
    ECHO,
    END_S,
    KEPT_BEFORE,
    LIKELY,
    MAX_OVER_US,
    MAX_S,
    MIN_SPEECH,
    OVER_US,
    SURE,
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


def test_it_is_told_within_two_frames_of_the_first() -> None:
    cuts = Endpointing()
    assert [bool(heard(cuts, [0.9])) for _ in range(3)] == [False, True, True]


def test_a_pause_within_a_sentence_does_not_end_it() -> None:
    speech, pause = [0.9] * 20, [0.1] * (PAUSE - 1)
    assert kinds(heard(Endpointing(), speech + pause + speech + [0.0] * 60)) == [SpeechBegan, SpeechEnded]
    short = Endpointing(end_s=0.2)
    assert kinds(heard(short, speech + pause + speech + [0.0] * 60)).count(SpeechEnded) == 2


def test_a_click_is_no_word() -> None:
    assert kinds(heard(Endpointing(), [0.9] * (MIN_SPEECH - 1) + [0.0] * 60)) == [SpeechBegan, NotSpeech]


def test_what_is_less_than_likely_begins_nothing_and_keeps_what_has_begun() -> None:
    assert heard(Endpointing(), [LIKELY - 0.02] * 100) == []
    assert kinds(heard(Endpointing(), [0.9] * 10 + [LIKELY - 0.02] * 100)) == [SpeechBegan]


def over_us(cuts: Endpointing, loudness: float, frames: int, *, after_us: int = 0) -> list[Event]:
    """Speech so loud while we speak; we fall silent when we hear it, and it lasts so many frames longer."""
    cuts.is_over_us = True
    frame, events = round(loudness).to_bytes(2, "little") * (FRAME_BYTES // 2), list[Event]()
    for _ in range(frames):
        events += cuts.hear(frame, 0.9)
        cuts.is_over_us = cuts.is_over_us and not events
    cuts.is_over_us = False
    for _ in range(after_us):
        events += cuts.hear(frame, 0.9)
    for _ in range(PAUSE + ECHO):
        events += cuts.hear(bytes(FRAME_BYTES), 0.0)
    return events


def test_while_we_speak_only_what_is_loud_interrupts_us() -> None:
    assert over_us(Endpointing(), OVER_US - 1, 100) == []
    assert kinds(over_us(Endpointing(), OVER_US, 30)) == [SpeechBegan, SpeechEnded]


def test_while_we_speak_one_sure_frame_is_enough() -> None:
    loud = round(2 * OVER_US).to_bytes(2, "little") * (FRAME_BYTES // 2)
    cuts = Endpointing()
    cuts.is_over_us = True
    assert cuts.hear(loud, SURE - 0.01) == ()
    assert kinds(cuts.hear(loud, LIKELY)) == [SpeechBegan]
    cuts = Endpointing()
    cuts.is_over_us = True
    assert kinds(cuts.hear(loud, SURE)) == [SpeechBegan]


def test_the_last_of_our_words_that_comes_back_begins_nothing() -> None:
    cuts = Endpointing()
    assert over_us(cuts, OVER_US - 1, 20, after_us=ECHO - 1) == []
    soft = bytes((100, 0)) * (FRAME_BYTES // 2)
    assert kinds([event for _ in range(40) for event in cuts.hear(soft, 0.9)]) == [SpeechBegan]


def test_a_line_with_an_echo_is_learned_by_its_interruptions() -> None:
    cuts = Endpointing()
    echo = 2.5 * OVER_US
    begun = [SpeechBegan in kinds(over_us(cuts, echo, 3, after_us=8)) for _ in range(5)]
    assert begun == [True, True, False, False, False]
    assert kinds(over_us(cuts, MAX_OVER_US, 3, after_us=40)) == [SpeechBegan, SpeechEnded]


def test_a_caller_who_speaks_on_when_we_are_silent_is_no_echo() -> None:
    cuts = Endpointing()
    for _ in range(5):
        assert kinds(over_us(cuts, 2 * OVER_US, 3, after_us=ECHO + 5)) == [SpeechBegan, SpeechEnded]
    assert cuts.over_us == OVER_US


def test_what_interrupts_us_need_never_be_louder_than_people_are() -> None:
    cuts = Endpointing()
    for _ in range(10):
        assert kinds(over_us(cuts, MAX_OVER_US, 3)) == [SpeechBegan, NotSpeech]
    assert cuts.over_us == MAX_OVER_US


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


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans(), st.sampled_from([0, 300, 900, 5000])), max_size=300))
def test_whatever_we_say_meanwhile_each_beginning_has_one_end(frames: list[tuple[float, bool, int]]) -> None:
    cuts, events = Endpointing(), list[Event]()
    for probability, is_over_us, level in frames:
        cuts.is_over_us = is_over_us
        events += cuts.hear(level.to_bytes(2, "little") * (FRAME_BYTES // 2), probability)
    events += [event for _ in range(PAUSE + 1) for event in cuts.hear(bytes(FRAME_BYTES), 0.0)]
    told = kinds(events)
    assert told[0::2] == [SpeechBegan] * (len(told) // 2)
    assert all(each in (SpeechEnded, NotSpeech) for each in told[1::2])
    assert OVER_US <= cuts.over_us <= MAX_OVER_US
