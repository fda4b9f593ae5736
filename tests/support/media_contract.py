"""What every way in which a caller's voice comes keeps to: the same tests, on real telephones, for each of them."""

import asyncio
import math
from typing import ClassVar, Final, Protocol

import pytest
from rig.leg import PhoneLeg
from rig.rtp import AUDIBLE, linear, loudness, ulaw
from support.correlation import carried, noise, pcm, samples_of
from support.waiting import until

from gateway.model.errors import CommandRefusedError
from gateway.ports.media import FRAME_BYTES, FRAME_S, MediaSession, SessionEndedBy

CALLER_HZ: Final = 700
OURS_HZ: Final = 1200
SAID_FRAMES: Final = 100
"""Two seconds."""
MAX_INSERTED: Final = 2.0
"""Frames: a gap of 40 ms."""
MAX_AFTER_CLEAR: Final = 5
"""Frames under way when an application falls silent; a bench measures how many they are."""


class VoiceLine(Protocol):
    """One way in which voice comes."""

    target: str
    """The number of a telephone to which callers can be sent; it answers."""
    refused: str
    """A number to which they cannot be sent."""

    async def call(self) -> tuple[PhoneLeg, MediaSession]:
        """Let a caller come whose voice an application has; he says nothing yet."""

    def let_go(self) -> None:
        """Let the application be done with its callers."""

    async def arrived(self) -> PhoneLeg:
        """Return the leg to the telephone of ``target``, answered."""

    async def context(self) -> dict[str, str]:
        """Return what the PBX was told of a caller who arrived: names in small letters."""


def tone_of(hertz: int, seconds: float) -> bytes:
    """A tone for an application to say."""
    return pcm([round(6000 * math.sin(2 * math.pi * hertz * i / 8000)) for i in range(round(8000 * seconds))])


async def ended(session: MediaSession, by: SessionEndedBy) -> None:
    await until(lambda: session.ended is not None)
    assert session.ended is not None
    assert session.ended.by is by, session.ended


class MediaContract:
    """Each subclass gives a ``line``."""

    max_lost: ClassVar = 0
    """Frames of ``SAID_FRAMES``."""
    max_inserted: ClassVar = MAX_INSERTED

    async def test_an_application_hears_all_that_the_caller_says(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        said = noise(SAID_FRAMES, seed=1)
        caller.voice.script.extend(ulaw(said[at : at + 160]) for at in range(0, len(said), 160))
        heard = b""
        while len(heard) < (SAID_FRAMES + 25) * FRAME_BYTES:
            frame = await session.frame()
            assert frame is not None
            assert len(frame) == FRAME_BYTES
            heard += frame
        became = carried(said, samples_of(heard))
        assert became.arrived + became.lost == SAID_FRAMES
        assert became.lost <= self.max_lost
        assert became.inserted <= self.max_inserted
        assert session.dropped == 0
        await caller.hang_up()
        await ended(session, SessionEndedBy.CALLER)

    async def test_a_caller_hears_all_that_an_application_says(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        tape: list[tuple[float, bytes]] = []
        caller.voice.tape = tape
        said = noise(SAID_FRAMES, seed=2)
        await session.say(pcm(said))
        await session.said()
        # What the PBX keeps for us has grown by as much as we were late.
        await asyncio.sleep(50 * FRAME_S)
        became = carried(said, [linear(code) for _, frame in tape for code in frame])
        assert became.arrived + became.lost == SAID_FRAMES
        assert became.lost <= self.max_lost
        assert became.inserted <= self.max_inserted
        await session.hang_up()
        await caller.until_ended()
        assert caller.ended_by == "pbx"
        await ended(session, SessionEndedBy.APPLICATION)

    async def test_an_application_that_falls_silent_is_silent(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        tape: list[tuple[float, bytes]] = []
        caller.voice.tape = tape
        saying = asyncio.create_task(session.say(tone_of(OURS_HZ, 5.0)))
        await until(lambda: caller.voice.hears(OURS_HZ))
        await session.clear()
        before = len(tape)
        await asyncio.wait_for(saying, 5)
        await asyncio.sleep(0.6)
        after = [loudness([linear(code) for code in frame], OURS_HZ) >= AUDIBLE for _, frame in tape[before:]]
        assert sum(after) <= MAX_AFTER_CLEAR
        # And it can speak again at once.
        await session.say(tone_of(OURS_HZ, 1.0))
        await until(lambda: caller.voice.hears(OURS_HZ))
        await caller.hang_up()
        await ended(session, SessionEndedBy.CALLER)

    async def test_keys_arrive_once_each_and_in_order(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        await caller.press("0123456789*#", tone_s=0.1, gap_s=0.1)
        assert [await session.digit() for _ in range(12)] == list("0123456789*#")
        await caller.hang_up()
        assert await session.digit() is None

    async def test_an_application_hangs_up(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        await session.say(tone_of(OURS_HZ, 10.0)[: 40 * FRAME_BYTES])
        await session.hang_up()
        await caller.until_ended()
        await ended(session, SessionEndedBy.APPLICATION)
        assert caller.ended_by == "pbx"
        # Of a call that is over nothing more is wanted, and nothing raises.
        await session.hang_up()
        await session.say(tone_of(OURS_HZ, 0.1))
        await session.said()
        await session.clear()

    async def test_what_the_caller_said_before_he_hung_up_can_be_heard(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        caller.voice.tone_hz = CALLER_HZ
        await asyncio.sleep(0.4)
        await caller.hang_up()
        await ended(session, SessionEndedBy.CALLER)
        with pytest.raises(CommandRefusedError):
            await session.transfer(line.target, {})
        heard = b""
        while (frame := await session.frame()) is not None:
            heard += frame
        assert loudness(samples_of(heard[-20 * FRAME_BYTES :])[:1600], CALLER_HZ) >= AUDIBLE

    async def test_a_caller_is_sent_on_with_what_was_learnt_of_him(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        await session.transfer(line.target, {"intent": "invoice 4711, overdue"})
        await ended(session, SessionEndedBy.TRANSFER)
        agent = await line.arrived()
        assert (await line.context())["intent"] == "invoice 4711, overdue"
        agent.voice.tone_hz = OURS_HZ
        await until(lambda: caller.voice.hears(OURS_HZ))
        await caller.hang_up()
        await agent.until_ended()

    async def test_a_refused_transfer_leaves_the_caller_with_the_application(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        with pytest.raises(CommandRefusedError):
            await session.transfer(line.refused, {})
        assert session.ended is None
        await session.say(tone_of(OURS_HZ, 1.0))
        await until(lambda: caller.voice.hears(OURS_HZ))
        await caller.hang_up()
        await ended(session, SessionEndedBy.CALLER)

    async def test_when_the_application_is_done_the_pbx_has_the_caller_back(self, line: VoiceLine) -> None:
        caller, session = await line.call()
        line.let_go()
        await ended(session, SessionEndedBy.APPLICATION)
        await caller.until_ended()
