"""From the end of a caller's sentence to the first word of the answer, measured on the RTP of a real Asterisk; and from his first
syllable into our speaking to our silence.

``python -m bench.voice_answers [--check]``: one call, then four that begin staggered. Prompts are rendered before.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

from rig.leg import PhoneLeg
from rig.rtp import linear
from rig.stage import Ensemble
from support.sounds import floats, loudness, spoken
from support.spoken_calls import frames_of
from support.voice_asterisk import NUMBERS, VoiceAsterisk
from support.voice_itr import answering, call, says
from support.waiting import until

from gateway.ports.media import FRAME_S

TURNS: Final = 12
STAGGERED: Final = 4
BARS_S: Final = {1: 2.0, STAGGERED: 3.5}
BARGE_IN_S: Final = 0.120
LOUD: Final = 60.0
SENTENCES: Final = (
    ("where is my parcel", "en"),
    ("when is it delivered", "en"),
    ("my order has not come", "en"),
)
INTERRUPTION: Final = ("stop please, wait a moment", "en")
SYLLABLE: Final = 300.0
"""Loudness from which on somebody is heard to speak."""
LISTENS_S: Final = 1.2
"""Of our own speaking, that the caller hears before he interrupts."""


def loud(frame: bytes, over: float = LOUD) -> bool:
    return sum(linear(code) ** 2 for code in frame) > over**2 * len(frame)


def before_the_first_syllable(sound: bytes) -> float:
    """Seconds of a sound in which nothing is said yet."""
    frames = frames_of(sound)
    return FRAME_S * next(at for at, frame in enumerate(frames) if loudness(floats(frame)) > SYLLABLE)


async def quiet(caller: PhoneLeg, for_s: float) -> None:
    """Wait until he has heard nothing for so long."""
    tape = caller.voice.tape
    assert tape is not None

    def is_quiet() -> bool:
        last = next((at for at, frame in reversed(tape) if loud(frame)), 0.0)
        return time.monotonic() - last >= for_s

    await until(is_quiet, timeout_s=60)


async def asks(caller: PhoneLeg, text: str, language: str) -> float:
    """Say it, and return the moment at which the last of it was sent."""
    await says(caller, text, language)
    await until(lambda: not caller.voice.script, timeout_s=30)
    return time.monotonic()


async def turns(caller: PhoneLeg, count: int) -> list[float]:
    """Ask and wait for the answer so often; how long each took."""
    took: list[float] = []
    tape = caller.voice.tape
    assert tape is not None
    for at in range(count):
        await quiet(caller, 0.6)
        text, language = SENTENCES[at % len(SENTENCES)]
        ended = await asks(caller, text, language)
        tape.clear()
        await until(lambda: any(loud(frame) for _, frame in tape), timeout_s=30)
        took.append(next(when for when, frame in tape if loud(frame)) - ended)
    return took


async def interrupts(caller: PhoneLeg, count: int) -> list[float]:
    """Speak into what is being said; how long it went on from the first syllable."""
    took: list[float] = []
    tape = caller.voice.tape
    assert tape is not None
    for at in range(count):
        await quiet(caller, 0.6)
        await asks(caller, *SENTENCES[at % len(SENTENCES)])
        tape.clear()
        await until(lambda: any(loud(frame) for _, frame in tape), timeout_s=30)
        await asyncio.sleep(LISTENS_S)
        began = time.monotonic() + before_the_first_syllable(spoken(*INTERRUPTION))
        await asks(caller, *INTERRUPTION)
        heard = [when for when, frame in tape if loud(frame) and when >= began]
        # What comes after a second of silence is the next answer.
        last = next((one for one, other in pairwise([*heard, float("inf")]) if other - one > 0.3), began)
        took.append(max(0.0, last - began))
    return took


def p95(of: list[float]) -> float:
    return sorted(of)[max(0, round(0.95 * len(of)) - 1)]


async def rendered(folder: Path) -> None:
    """Wait until no more prompts come."""
    seen = (-1, 0.0)

    def is_all() -> bool:
        nonlocal seen
        count = len(list(folder.glob("??/*.pcm")))
        if count != seen[0]:
            seen = count, time.monotonic()
        return count > 20 and time.monotonic() - seen[1] > 8.0

    await until(is_all, timeout_s=300)


async def measured() -> tuple[dict[int, list[float]], list[float]]:
    """Seconds to the answers, by calls at once, and to silence."""
    asterisk = VoiceAsterisk()
    found: dict[int, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with asterisk, Ensemble(asterisk) as phones, answering(asterisk, Path(folder)) as gateway:
            await rendered(Path(folder) / "state" / "itr" / "prompts")
            caller = await call(phones, NUMBERS["audiosocket"])
            found[1] = await turns(caller, TURNS)
            stopped = await interrupts(caller, TURNS)
            await caller.hang_up()
            callers = []
            for _ in range(STAGGERED):
                callers.append(await call(phones, NUMBERS["audiosocket"]))
                await asyncio.sleep(0.7)
            each = await asyncio.gather(*(turns(one, TURNS // 2) for one in callers))
            found[STAGGERED] = [took for one in each for took in one]
            for one in callers:
                await one.hang_up()
            print("counted:", dict(gateway.voices.counts()["itr"]))
    return found, stopped


def told(took: list[float]) -> str:
    return f"median {sorted(took)[len(took) // 2]:.3f} s, p95 {p95(took):.3f} s"


def main() -> int:
    """Print the figures; 1 over a bar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found, stopped = asyncio.run(measured())
    missed = False
    for calls, took in found.items():
        missed |= p95(took) > BARS_S[calls]
        print(f"{calls} calls at once, {len(took)} answers: {told(took)} (bar {BARS_S[calls]} s)")
    missed |= p95(stopped) > BARGE_IN_S
    print(f"silent after a caller's first syllable: {told(stopped)} (bar {BARGE_IN_S} s)")
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
