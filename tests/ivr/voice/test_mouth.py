import asyncio

import pytest
from support.virtual_time import in_virtual_time
from support.voice_talks import Caller

from gateway.ports.media import FRAME_BYTES, FRAME_S
from ivr.voice.mouth import Mouth

SECOND = bytes(round(1 / FRAME_S) * FRAME_BYTES)


class Line(Caller):
    """Takes as long as the sound lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.clears = 0
        self.began: list[bytes] = []
        self._left_s = 0.0

    async def say(self, sound: bytes) -> None:
        self.began.append(sound)
        self._left_s += len(sound) / FRAME_BYTES * FRAME_S

    async def said(self) -> None:
        await asyncio.sleep(self._left_s)
        self._left_s = 0.0

    async def clear(self) -> None:
        self.clears += 1
        self._left_s = 0.0
        await asyncio.sleep(0)


@in_virtual_time
async def test_what_is_said_is_heard_to_its_end() -> None:
    line, loop = Line(), asyncio.get_running_loop()
    mouth, began = Mouth(line), loop.time()
    assert await mouth.say(SECOND)
    assert loop.time() - began == 1.0
    assert await mouth.say(SECOND)
    assert line.clears == 0
    assert not mouth.speaks


@in_virtual_time
async def test_it_falls_silent_at_once() -> None:
    line, loop = Line(), asyncio.get_running_loop()
    mouth, began = Mouth(line), loop.time()
    saying = asyncio.create_task(mouth.say(SECOND))
    await asyncio.sleep(0.3)
    assert mouth.speaks
    await mouth.hush()
    assert not await saying
    assert loop.time() - began == 0.3
    assert line.clears == 1
    await mouth.hush()
    assert line.clears == 1


@in_virtual_time
async def test_another_sound_takes_the_place_of_the_one_that_is_said() -> None:
    line = Line()
    mouth = Mouth(line)
    first = asyncio.create_task(mouth.say(SECOND))
    await asyncio.sleep(0.3)
    assert await mouth.say(SECOND)
    assert not await first
    assert line.clears == 1


@in_virtual_time
async def test_what_is_hushed_before_it_began_is_never_said() -> None:
    line = Line()
    mouth = Mouth(line)
    saying = asyncio.create_task(mouth.say(SECOND))
    await asyncio.sleep(0)
    await mouth.hush()
    assert not await saying
    assert line.began == []


@in_virtual_time
async def test_of_several_that_are_said_at_once_one_is_heard() -> None:
    line = Line()
    mouth = Mouth(line)
    sounds = [bytes([at]) * len(SECOND) for at in range(4)]
    saying = [asyncio.create_task(mouth.say(sounds[0]))]
    await asyncio.sleep(0.3)
    saying += [asyncio.create_task(mouth.say(sound)) for sound in sounds[1:]]
    heard = await asyncio.gather(*saying)
    assert sum(heard) == 1
    assert line.began[-1] == sounds[heard.index(True)]
    assert not mouth.speaks


async def test_a_fault_of_the_session_is_not_taken_for_heard() -> None:
    class Broken(Line):
        async def said(self) -> None:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await Mouth(Broken()).say(SECOND)


@in_virtual_time
async def test_who_is_cancelled_no_longer_speaks() -> None:
    line = Line()
    mouth = Mouth(line)
    saying = asyncio.create_task(mouth.say(SECOND))
    await asyncio.sleep(0.3)
    saying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saying
    assert not mouth.speaks
    assert await mouth.say(SECOND)
