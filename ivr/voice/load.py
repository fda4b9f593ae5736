"""How many callers one machine talks with at once: simulated callers ask what the dialog's examples ask, and time the answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from gateway.ports.media import FRAME_S
from ivr.application import VoiceItr
from ivr.voice.filler import filler
from ivr.voice.simulated import SimulatedCaller

ANSWERED_S: Final = 3.5
"""Of 95 answers in a hundred, within so many seconds a machine carries its callers."""
QUIET_S: Final = 0.8
"""A caller speaks when he has heard nothing for so long."""
PATIENCE_S: Final = 20.0
"""Seconds after which an answer is none."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What so many callers at once came to."""

    callers: int
    answers: int
    median_s: float
    p95_s: float
    unheard: int
    """Sentences that no engine heard: as many waited as may, or it was too late."""

    @property
    def is_carried(self) -> bool:
        """Whether these callers were served as they should be."""
        return self.answers > 0 and self.unheard == 0 and self.p95_s <= ANSWERED_S


async def measured(
    application: VoiceItr,
    sentences: Sequence[bytes],
    levels: Sequence[int],
    *,
    turns: int,
    told: Callable[[Level], None] = lambda level: None,
) -> list[Level]:
    """Return each level up to the first that is not carried; the application serves already.

    Args:
        sentences: Sounds that callers say, in turn.
        turns: How often each asks.
    """
    found: list[Level] = []
    # What is said to these sentences is kept from then on, as where others have called before.
    await _calls(application, 0, 1, sentences, len(sentences))
    for callers in levels:
        before = _unheard(application)
        took: list[float] = []
        each = [_calls(application, number, callers, sentences, turns) for number in range(callers)]
        for times in await asyncio.gather(*each):
            took += times
        took.sort()
        found.append(
            Level(
                callers=callers,
                answers=len(took),
                median_s=took[len(took) // 2] if took else 0.0,
                p95_s=took[max(0, round(0.95 * len(took)) - 1)] if took else 0.0,
                unheard=_unheard(application) - before,
            )
        )
        told(found[-1])
        if not found[-1].is_carried:
            break
    return found


async def _calls(application: VoiceItr, number: int, of: int, sentences: Sequence[bytes], turns: int) -> list[float]:
    # Nobody calls at the same moment as all the others.
    await asyncio.sleep(number * 4.0 / of)
    took: list[float] = []
    caller = SimulatedCaller(f"caller{number + 1}")
    async with _talking(application, caller):
        for turn in range(turns):
            if not await _silence(caller):
                break
            ended = await caller.speak(sentences[(number + turn) % len(sentences)])
            answered = await _answer(caller, ended)
            if answered is None:
                break
            took.append(answered - ended)
    return took


@asynccontextmanager
async def _talking(application: VoiceItr, caller: SimulatedCaller) -> AsyncIterator[None]:
    talking = asyncio.create_task(application.run(caller), name=caller.info.id)
    try:
        yield
    finally:
        caller.leave()
        await asyncio.wait([talking], timeout=5.0)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def _silence(caller: SimulatedCaller) -> bool:
    """Wait until he has heard something and then nothing for a while; False: the call is over."""
    loop = asyncio.get_running_loop()
    while caller.ended is None:
        if caller.heard and loop.time() - caller.hears_until >= QUIET_S:
            return True
        await asyncio.sleep(0.05)
    return False


async def _answer(caller: SimulatedCaller, after: float) -> float | None:
    """Return when the first sound began that answers; None: none came."""
    loop = asyncio.get_running_loop()
    while loop.time() - after < PATIENCE_S:
        for begins, sound in caller.heard:
            if begins >= after and sound != filler():
                return begins
        if caller.sent_to is not None:
            return loop.time()
        if caller.ended is not None:
            return None
        await asyncio.sleep(FRAME_S)
    return None


def _unheard(application: VoiceItr) -> int:
    return sum(count for (what, _), count in application.counts().items() if what == "unheard")
