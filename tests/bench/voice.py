"""How soon an application that falls silent is silent at the caller's ear, and how even its speech arrives, on a real Asterisk.

Timed at the caller's telephone, by the arrival of its RTP. The telephone runs in the process that speaks, so what holds that up
counts twice in the evenness. ``python -m bench.voice --check`` (in tests/) fails when the slowest fall into silence took longer
than the bar.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

from rig.leg import PhoneLeg
from rig.rtp import AUDIBLE, linear, loudness
from rig.stage import Ensemble
from support.media_contract import OURS_HZ, tone_of
from support.voice_asterisk import NUMBERS, AsteriskLine, VoiceAsterisk, speaking
from support.voices import HandedOver

from gateway.ports.media import FRAME_S, MediaSession

CLEARS: Final = 40
SPEECH_S: Final = 20.0
BAR_MS: Final = 40.0
WAYS: Final = ("audiosocket", "chan_websocket")


@dataclass(frozen=True)
class Measured:
    """Of one way; milliseconds."""

    way: str
    silent_after: list[float]
    """From the wish to be silent to the last of the speech, each time."""
    apart: list[float]
    """Between two frames of speech."""


async def silences(caller: PhoneLeg, session: MediaSession, random: Random) -> list[float]:
    """Speak and fall silent again and again; how long each time was still something to be heard."""
    found = []
    speech = tone_of(OURS_HZ, 3.0)
    for _ in range(CLEARS):
        saying = asyncio.create_task(session.say(speech))
        await asyncio.sleep(0.3 + random.random() * 0.1)
        tape: list[tuple[float, bytes]] = []
        caller.voice.tape = tape
        cleared_at = time.monotonic()
        await session.clear()
        await saying
        await asyncio.sleep(0.3)
        loud = [at for at, frame in tape if loudness([linear(code) for code in frame], OURS_HZ) >= AUDIBLE]
        found.append(max((at - cleared_at for at in loud), default=0.0) * 1000)
    return found


async def speech(caller: PhoneLeg, session: MediaSession) -> list[float]:
    """Speak on; what lies between the arrivals of two frames."""
    sound = tone_of(OURS_HZ, SPEECH_S)
    await asyncio.sleep(1.0)
    tape: list[tuple[float, bytes]] = []
    caller.voice.tape = tape
    await session.say(sound)
    await session.said()
    await asyncio.sleep(1.5)  # what the PBX keeps for us has grown by as much as we were late
    times = [at for at, frame in tape if loudness([linear(code) for code in frame], OURS_HZ) >= AUDIBLE]
    return [(after - before) * 1000 for before, after in pairwise(times)]


async def measure() -> list[Measured]:
    """Measure each way on one Asterisk."""
    found = []
    async with VoiceAsterisk() as pbx, Ensemble(pbx) as phones:
        for way in WAYS:
            application = HandedOver()
            with tempfile.TemporaryDirectory() as folder:
                async with speaking(pbx, application, Path(folder)) as desk:
                    line = AsteriskLine(pbx, phones, application, desk, NUMBERS[way])
                    caller, session = await line.call()
                    silent_after = await silences(caller, session, Random(1))
                    found.append(Measured(way, silent_after, await speech(caller, session)))
                    await caller.hang_up()
                    await caller.until_ended()
            await phones.tidy()
    return found


def main() -> int:
    """Measure, print, and say by the exit status whether the bars hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help=f"fail over {BAR_MS:.0f} ms")
    options = parser.parse_args()
    holds = True
    for each in asyncio.run(measure()):
        silent, apart = sorted(each.silent_after), sorted(each.apart)
        gap = apart[-1] - FRAME_S * 1000
        print(
            f"{each.way}: silent after {statistics.median(silent):.0f} ms, {silent[-1]:.0f} ms at most, of {len(silent)}; "
            f"{len(apart) + 1} frames of speech, {gap:.0f} ms late at most"
        )
        holds &= silent[-1] <= BAR_MS
    if options.check and not holds:
        print(f"over the bar of {BAR_MS:.0f} ms")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
