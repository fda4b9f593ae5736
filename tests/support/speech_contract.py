"""What every engine that hears keeps to: the same tests for each of them, with what it needs behind it."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from struct import pack
from typing import Final, Protocol

import pytest
from support.waiting import until

from gateway.ports.speech import Heard, SpeechError, SpeechToText, TextToSpeech, Wanted

PIECE_BYTES: Final = 960
"""60 ms: no length that an engine knows."""
SILENCE: Final = bytes(16_000)
"""A second."""


class Hearing(Protocol):
    """An engine that is served, and what is behind it."""

    engine: SpeechToText
    sentence: bytes
    """A sound with words, of a second or so."""
    text: str
    """What the engine hears in it, or a part of that."""

    def stall(self) -> None:
        """From now on what is behind takes sentences, and does not answer."""

    def fail(self) -> None:
        """From now on what is behind fails each sentence."""

    def mend(self) -> None:
        """From now on it answers as it should; sentences that wait are answered too."""

    def held(self) -> int:
        """Return how many sentences what is behind has in hand."""


def tone(seconds: float, hertz: int = 440) -> bytes:
    """A sound of 8 kHz that is not silent."""
    samples = [round(6000 * math.sin(2 * math.pi * hertz * at / 8000)) for at in range(round(8000 * seconds))]
    return pack(f"<{len(samples)}h", *samples)


def cut(sound: bytes, length: int = PIECE_BYTES) -> list[bytes]:
    return [sound[at : at + length] for at in range(0, len(sound), length)]


async def spoken(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A sentence whose pieces come one at a time."""
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


async def unfinished(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A caller who says this and does not stop."""
    async for piece in spoken(pieces):
        yield piece
    await asyncio.Event().wait()


async def hear(engine: SpeechToText, sound: bytes, wanted: Wanted | None = None) -> Heard:
    return await engine.transcribe(spoken(cut(sound)), wanted or Wanted(language="en"))


@asynccontextmanager
async def served(engine: SpeechToText | TextToSpeech) -> AsyncIterator[None]:
    """Serve an engine while the context is open."""
    serving = asyncio.create_task(engine.serve(), name="serve")
    try:
        # It has begun when it waits for the first time.
        await asyncio.sleep(0)
        yield
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


class SpeechToTextContract:
    """Each subclass gives a ``hearing``."""

    async def test_a_sentence_is_heard(self, hearing: Hearing) -> None:
        await hearing.engine.ready()
        heard = await hear(hearing.engine, hearing.sentence)
        assert hearing.text in heard.text
        assert 0.0 <= heard.confidence <= 1.0

    async def test_how_a_sound_is_cut_does_not_matter(self, hearing: Hearing) -> None:
        whole = await hearing.engine.transcribe(spoken([hearing.sentence]), Wanted(language="en"))
        in_odd_pieces = await hearing.engine.transcribe(spoken(cut(hearing.sentence, 333)), Wanted(language="en"))
        assert whole.text == in_odd_pieces.text

    @pytest.mark.parametrize("sound", [SILENCE, b"\x00\x00", b""], ids=["silence", "a sample", "nothing"])
    async def test_silence_has_no_words(self, hearing: Hearing, sound: bytes) -> None:
        assert (await hear(hearing.engine, sound)).text == ""

    async def test_two_are_heard_at_once(self, hearing: Hearing) -> None:
        found = await asyncio.gather(*(hear(hearing.engine, hearing.sentence) for _ in range(2)))
        assert all(hearing.text in heard.text for heard in found)

    async def test_who_is_given_up_leaves_nothing(self, hearing: Hearing) -> None:
        hearing.stall()
        asking = asyncio.create_task(hear(hearing.engine, hearing.sentence))
        await until(lambda: hearing.held() > 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: hearing.held() == 0)
        hearing.mend()
        assert hearing.text in (await hear(hearing.engine, hearing.sentence)).text

    async def test_who_is_given_up_while_he_speaks_leaves_nothing(self, hearing: Hearing) -> None:
        asking = asyncio.create_task(hearing.engine.transcribe(unfinished(cut(hearing.sentence)), Wanted()))
        for _ in range(100):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: hearing.held() == 0)

    async def test_after_a_fault_it_hears_again(self, hearing: Hearing) -> None:
        hearing.fail()
        with pytest.raises(SpeechError) as error:
            await hear(hearing.engine, hearing.sentence)
        assert error.value.engine == hearing.engine.name
        hearing.mend()
        assert hearing.text in (await hear(hearing.engine, hearing.sentence)).text
