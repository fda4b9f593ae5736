"""How well a caller's sentences are cut out of his line: sounds that are none, sentences in noise, interruptions, and the cost.

The sentences are spoken by this machine's own engines (`make speech`), men and women, English and Chinese, softer and louder.
``python -m bench.ears --check`` (in tests/) fails when a figure misses its bar.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

import msgspec
import numpy as np
from support.sounds import (
    RATE,
    Floats,
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
    pcm,
    pink,
    silence,
    spoken,
    strings,
    white,
)
from support.spoken_calls import frames_of

from gateway.ports.media import FRAME_BYTES, FRAME_S
from ivr.voice.endpointing import Endpointing, NotSpeech, Piece, SpeechBegan, SpeechEnded
from ivr.voice.speech_sense import SpeechSense

MINUTES: Final = 10
NOTHING_BAR: Final = 3
"""Sentences that may be found in so many minutes of each sound that is none."""
WHOLE_BAR: Final = 0.95
"""Share of sentences that are found as one, and whole."""
BARGE_IN_BAR_MS: Final = 120.0
"""From the first sound of a caller to silence at his ear, in the median."""
CPU_BAR_US: Final = 400.0
"""Of a frame of 20 ms: 50 callers who are heard take one processor at most."""
ECHO_BAR: Final = 3
"""Interruptions of ourselves in a minute of our own speech that comes back; each teaches."""
CLEAR_MS: Final = 40.0
"""From the wish to be silent to silence at the caller's ear, see :class:`gateway.ports.media.MediaSession`."""
CLEAR_FRAMES: Final = round(CLEAR_MS / 1000 / FRAME_S)
MAY_MISS_S: Final = 0.1
"""What a sentence may lack at either end."""
BEFORE_S: Final = 1.0
AFTER_S: Final = 1.5
ECHOES_DB: Final = (40, 30, 26, 22, 18)
"""By how much softer our own voice comes back; 18 dB is a bad line without a canceller."""
ECHO_AFTER: Final = (3, 8, 14)
"""Frames after which it does."""

SENTENCES: Final = {
    "en": (
        "Yes.",
        "No.",
        "One.",
        "Operator, please.",
        "I want to speak to somebody about my invoice.",
        "Where is my parcel?",
        "Sales.",
        "My number is five five five, two three four one.",
        "Hello, can you hear me?",
        "The fourth of September.",
    ),
    "zh": (
        "是。",
        "不是。",
        "对。",
        "转人工。",
        "我要查账单。",
        "我的包裹到哪里了？",
        "查话费。",
        "我的号码是一三八，零零一三，八零零零。",
        "喂，你好，听得到吗？",
        "九月四号。",
    ),
}
PROMPTS: Final = (
    "Hello, this is the shop. What can I do for you today?",
    "For deliveries, press one, or say delivery. For invoices, press two.",
    "You can also say operator at any time, and we will connect you with the next free agent.",
)
VOICES: Final[dict[str, tuple[str | None, ...]]] = {"en": (None,), "zh": ("zf_xiaoxiao", "zm_yunxi")}
LEVELS_DB: Final = (0.0, -10.0, 6.0)
"""Beside the loudness of most callers."""


class Found(msgspec.Struct):
    """A sentence that was found; seconds from the beginning of the sound."""

    told_s: float
    """When it was told that somebody speaks."""
    begins_s: float
    """Of the sound that is handed on."""
    ends_s: float = 0.0
    is_speech: bool = False


def found_in(sound: bytes, *, is_over_us: bool = False) -> list[Found]:
    """Return the sentences and what was too short to be one."""
    sense, cuts = SpeechSense(), Endpointing()
    cuts.is_over_us = is_over_us
    found: list[Found] = []
    for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        frame = sound[at : at + FRAME_BYTES]
        now = (at // FRAME_BYTES + 1) * FRAME_S
        for event in cuts.hear(frame, sense.probability(frame)):
            match event:
                case SpeechBegan():
                    found.append(Found(now, 0.0))
                case Piece(sound=piece):
                    if not found[-1].begins_s:
                        found[-1].begins_s = now - len(piece) / FRAME_BYTES * FRAME_S
                case SpeechEnded():
                    found[-1].ends_s, found[-1].is_speech = now - cuts.end_s, True
                case NotSpeech():
                    found[-1].ends_s = now - cuts.end_s
    return found


def bounds(sound: bytes) -> tuple[float, float]:
    """Return where a clean sentence begins and ends, in seconds: what is less than 26 dB under its loud parts."""
    samples = floats(sound)
    parts = [loudness(samples[at : at + RATE // 100]) for at in range(0, len(samples), RATE // 100)]
    loud = [at for at, part in enumerate(parts) if part > 0.05 * max(parts)]
    return loud[0] / 100, (loud[-1] + 1) / 100


def nothing(seconds: float) -> Iterator[tuple[str, bytes]]:
    """Yield sounds in which nobody speaks."""
    yield "silence", silence(seconds)
    yield "white noise", white(seconds, 300)
    yield "loud white noise", white(seconds, 2000)
    yield "pink noise", pink(seconds, 300)
    yield "loud pink noise", pink(seconds, 2000)
    yield "hum", hum(seconds, 800)
    yield "music", music(seconds, 1500)
    yield "soft music", music(seconds, 250)
    yield "clicks", clicks(seconds)
    yield "strings", strings(seconds, 1500)
    yield "soft strings", strings(seconds, 250)
    yield "breath", breath(seconds, 800)
    yield "keys", (key("5", 0.2) + silence(0.3) + key("0", 0.1) + silence(0.2) + key("#", 1.0) + silence(0.2)) * int(seconds / 2)


def utterances() -> Iterator[tuple[str, str, bytes]]:
    """Yield language, text and sound of all sentences."""
    for language, texts in SENTENCES.items():
        for text, voice, db in product(texts, VOICES[language], LEVELS_DB):
            yield language, text, louder(spoken(text, language, voice), db)


def is_whole(found: Iterable[Found], begins_s: float, ends_s: float) -> bool:
    """Return whether the one sentence is found, and all of it."""
    sentences = [each for each in found if each.is_speech]
    if len(sentences) != 1:
        return False
    return sentences[0].begins_s <= begins_s + MAY_MISS_S and sentences[0].ends_s >= ends_s - MAY_MISS_S


def check_nothing() -> bool:
    """Print what is found in sounds that are no speech; return whether it is few enough."""
    holds = True
    for name, sound in nothing(MINUTES * 60):
        began = time.process_time()
        found = found_in(sound)
        cost_us = (time.process_time() - began) / (len(sound) / FRAME_BYTES) * 1e6
        sentences = sum(each.is_speech for each in found)
        print(
            f"{MINUTES} min of {name}: {sentences} sentences, {len(found) - sentences} too short; {cost_us:.0f} us a frame",
            flush=True,
        )
        holds &= sentences <= NOTHING_BAR and cost_us <= CPU_BAR_US
    return holds


def check_sentences() -> bool:
    """Print how many sentences are found whole, and how soon one falls silent for them; return whether both will do."""
    holds = True
    for name, noise in (("clean", None), ("pink noise at 15 dB", pink(8.0, 300)), ("white noise at 15 dB", white(8.0, 300))):
        whole, silent_ms, ended_ms = [], [], []
        for _, _, sound in utterances():
            begins_s, ends_s = bounds(sound)
            line = padded(sound, BEFORE_S, AFTER_S)
            if noise is not None:
                line = beside(line, noise, loudness(loud_part(sound)) / 10 ** (15 / 20))
            found = found_in(line)
            whole.append(is_whole(found, BEFORE_S + begins_s, BEFORE_S + ends_s))
            over_us = found_in(line, is_over_us=True)
            silent_ms.append((over_us[0].told_s - BEFORE_S - begins_s) * 1000 + CLEAR_MS if over_us else AFTER_S * 1000)
            ended_ms.append((found[-1].ends_s - BEFORE_S - ends_s) * 1000 if found else AFTER_S * 1000)
        print(
            f"{name}: {sum(whole)} of {len(whole)} sentences whole; silent {statistics.median(silent_ms):.0f} ms after the first "
            f"sound of a caller who interrupts, {percent95(silent_ms):.0f} in 95 %; the pause begins "
            f"{statistics.median(ended_ms):.0f} ms after the last sound, {percent95(ended_ms):.0f} in 95 %",
            flush=True,
        )
        holds &= sum(whole) >= WHOLE_BAR * len(whole) and statistics.median(silent_ms) <= BARGE_IN_BAR_MS
    return holds


def interruptions(db: float, after: int, prompts: list[bytes]) -> int:
    """Return how often we take our own voice for the caller's in a minute, on a line that brings it back."""
    sense, cuts = SpeechSense(), Endpointing()
    noise = floats(silence(60.0))
    coming = [np.zeros(RATE // 50, dtype=np.float32)] * after
    interrupted = said = 0
    saying: list[bytes] = []
    is_speaking = False
    for frame in range(round(60 / FRAME_S)):
        if not saying and not is_speaking:
            saying = frames_of(prompts[said % len(prompts)])
            said += 1
        cuts.is_over_us = bool(saying) and not is_speaking
        coming.append(floats(saying.pop(0) if saying else bytes(FRAME_BYTES)) * np.float32(10 ** (-db / 20)))
        line = pcm(coming.pop(0) + noise[frame * 160 : frame * 160 + 160])
        for event in cuts.hear(line, sense.probability(line)):
            if isinstance(event, SpeechBegan):
                interrupted, is_speaking = interrupted + 1, True
                del saying[CLEAR_FRAMES:]
            elif not isinstance(event, Piece):
                is_speaking = False
    return interrupted


def check_echo() -> bool:
    """Print how often we interrupt ourselves; return whether that is seldom enough."""
    prompts = [spoken(text) for text in PROMPTS]
    worst = 0
    for db in ECHOES_DB:
        counts = [interruptions(db, after, prompts) for after in ECHO_AFTER]
        worst = max(worst, *counts)
        delays = ", ".join(f"{after * FRAME_S * 1000:.0f}" for after in ECHO_AFTER)
        print(f"our own voice {db} dB softer, after {delays} ms: {counts} interruptions in a minute", flush=True)
    return worst <= ECHO_BAR


def loud_part(sound: bytes) -> Floats:
    """Return the samples of a sound that are not its pauses."""
    samples = floats(sound)
    loud: Floats = samples[np.abs(samples) > 0.1 * np.abs(samples).max()]
    return loud


def percent95(values: list[float]) -> float:
    """Return what 95 of 100 do not exceed."""
    return sorted(values)[int(len(values) * 0.95)]


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure misses its bar")
    options = parser.parse_args()
    holds = [check_nothing(), check_sentences(), check_echo()]
    return 1 if options.check and not all(holds) else 0


if __name__ == "__main__":
    sys.exit(main())
