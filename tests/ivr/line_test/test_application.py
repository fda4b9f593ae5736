import asyncio
from collections.abc import Mapping
from pathlib import Path

from rig.rtp import loudness
from support.virtual_time import in_virtual_time

from connectors._kit.voice import Heard
from gateway.model.ids import PbxName
from gateway.ports.media import FRAME_BYTES, SessionEnd, SessionId, SessionInfo
from ivr.line_test.application import TONE_HZ, LineTestSettings, create, tone


class Line:
    """A session on which nothing waits: what is said is noted."""

    def __init__(self) -> None:
        self.caller = Heard()
        self.spoken = b""
        self.cleared = 0
        self.info = SessionInfo(id=SessionId("s"), pbx=PbxName("cc1"), leg=None, way="sip")
        self.ended: SessionEnd | None = None
        self.dropped = 0

    async def frame(self) -> bytes | None:
        return await self.caller.frame()

    async def digit(self) -> str | None:
        return await self.caller.digit()

    async def say(self, sound: bytes) -> None:
        self.spoken += sound

    async def said(self) -> None: ...

    async def clear(self) -> None:
        self.cleared += 1
        self.spoken = b""

    async def hang_up(self) -> None: ...

    async def transfer(self, to: str, context: Mapping[str, str]) -> None: ...


def samples(sound: bytes) -> list[int]:
    return [int.from_bytes(sound[at : at + 2], "little", signed=True) for at in range(0, len(sound), 2)]


@in_virtual_time
async def test_callers_hear_a_tone_and_then_themselves_until_they_hang_up() -> None:
    line = Line()
    running = asyncio.create_task(create(LineTestSettings(), Path("/nowhere")).run(line))
    await asyncio.sleep(1)
    assert loudness(samples(line.spoken), TONE_HZ) > 3000
    own = b"\1\2" * (FRAME_BYTES // 2)
    line.caller.put_sound(own)
    await asyncio.sleep(1)
    assert line.spoken.endswith(own)
    line.caller.end()
    await running


@in_virtual_time
async def test_keys_are_answered_silence_kept_and_callers_let_go() -> None:
    line = Line()
    running = asyncio.create_task(create(LineTestSettings(), Path("/nowhere")).run(line))
    await asyncio.sleep(1)
    before = len(line.spoken)
    line.caller.put_digit("5")
    await asyncio.sleep(1)
    assert len(line.spoken) == before + 5 * FRAME_BYTES
    line.caller.put_digit("#")
    await asyncio.sleep(1)
    line.caller.put_sound(bytes(FRAME_BYTES))
    await asyncio.sleep(1)
    assert (line.cleared, line.spoken) == (1, b"")
    line.caller.put_digit("#")
    await asyncio.sleep(1)
    assert len(line.spoken) == FRAME_BYTES
    line.caller.put_digit("*")
    await running


def test_a_tone_is_as_long_as_asked() -> None:
    assert len(tone(1000, 0.4)) == 20 * FRAME_BYTES
