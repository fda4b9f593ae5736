import asyncio
from collections.abc import Sequence

from support.voice_talks import Caller

from gateway.ports.media import FRAME_BYTES
from ivr.voice.ears import Ears
from ivr.voice.endpointing import Endpointing
from ivr.voice.heard import Begins, Ends, Gone, Heard, Pressed

LOUD, SOFT = b"\x01" * FRAME_BYTES, bytes(FRAME_BYTES)


class Line(Caller):
    def __init__(self, frames: Sequence[bytes], digits: str = "") -> None:
        super().__init__()
        self.frames = list(frames)
        self.digits = list(digits)

    async def frame(self) -> bytes | None:
        await asyncio.sleep(0)
        return self.frames.pop(0) if self.frames else None

    async def digit(self) -> str | None:
        await asyncio.sleep(0)
        return self.digits.pop(0) if self.digits else None


async def heard(line: Line, *, is_deaf: bool = False) -> list[Heard]:
    told: list[Heard] = []
    ears = Ears(line, lambda frame: 0.9 if frame == LOUD else 0.0, Endpointing(), told.append)
    ears.is_deaf = is_deaf
    await ears.run()
    return told


async def test_sentences_and_keys_come_in_one_order_and_then_the_end() -> None:
    told = await heard(Line([SOFT] * 20 + [LOUD] * 30 + [SOFT] * 40, "5"))
    assert [type(each) for each in told] == [Pressed, Begins, Ends, Gone]
    began, ended = told[1], told[2]
    assert isinstance(began, Begins)
    assert isinstance(ended, Ends)
    assert ended.is_speech
    assert ended.sentence is began.sentence
    sound = b"".join([piece async for piece in began.sentence])
    assert sound.count(LOUD) == 30


async def test_a_click_is_told_as_none() -> None:
    told = await heard(Line([LOUD] * 4 + [SOFT] * 40))
    assert [each.is_speech for each in told if isinstance(each, Ends)] == [False]


async def test_who_hangs_up_in_the_middle_of_a_sentence_has_said_none() -> None:
    told = await heard(Line([LOUD] * 30))
    assert [each.is_speech for each in told if isinstance(each, Ends)] == [False]
    assert told[-1] == Gone()


async def test_deaf_ears_hear_keys_alone() -> None:
    told = await heard(Line([LOUD] * 30, "12"), is_deaf=True)
    assert told == [Pressed("1"), Pressed("2"), Gone()]
