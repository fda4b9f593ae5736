import asyncio

from support.virtual_time import in_virtual_time

from gateway.ports.media import FRAME_BYTES, MediaSession
from ivr.voice.filler import filler
from ivr.voice.load import ANSWERED_S, Level, measured

LOUD = b"\x01\x10" * (FRAME_BYTES // 2) * 25
ANSWER = b"\x02\x10" * (FRAME_BYTES // 2) * 25


class Answers:
    """Answers each sentence; the more callers there are, the later. Each fifth is one too many."""

    def __init__(self) -> None:
        self.callers = 0
        self.unheard = 0

    async def run(self, session: MediaSession) -> None:
        self.callers += 1
        try:
            await session.say(ANSWER)
            spoke = False
            while (frame := await session.frame()) is not None:
                if frame[:2] == LOUD[:2]:
                    spoke = True
                elif spoke:
                    spoke = False
                    if self.callers > 4:
                        self.unheard += 1
                    await session.say(filler())
                    await asyncio.sleep(0.5 * self.callers)
                    await session.clear()
                    await session.say(ANSWER)
        finally:
            self.callers -= 1

    def counts(self) -> dict[tuple[str, str], int]:
        return {("unheard", "busy"): self.unheard, ("node", "main"): 1}


@in_virtual_time
async def test_it_goes_up_to_the_first_level_that_is_too_much() -> None:
    told: list[Level] = []
    found = await measured(Answers(), [LOUD], (1, 2, 5, 9), turns=3, told=told.append)  # type: ignore[arg-type]
    assert told == found
    assert [(level.callers, level.answers, level.is_carried) for level in found[:2]] == [(1, 3, True), (2, 6, True)]
    assert found[0].median_s < found[1].p95_s < ANSWERED_S
    assert not found[2].is_carried
    assert found[2].unheard > 0
    assert len(found) == 3
