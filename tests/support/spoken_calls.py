"""A caller who speaks to an application, in real time and in sound, without a PBX: what he hears is kept with its time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from support.sounds import silence
from support.waiting import until

from connectors._kit.voice import Heard, Said
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_BYTES, FRAME_S, CallApplication, SessionEnd, SessionEndedBy, SessionId, SessionInfo

QUIET = 60.0
"""Loudness below which a frame says nothing."""


def frames_of(sound: bytes) -> list[bytes]:
    return [sound[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0") for at in range(0, len(sound), FRAME_BYTES)]


def loud(frame: bytes) -> bool:
    samples = memoryview(frame).cast("h")
    return sum(each * each for each in samples) > QUIET**2 * len(samples)


class SpokenCall:
    """See :class:`gateway.ports.media.MediaSession`."""

    def __init__(self, name: str = "s1") -> None:
        self.info = SessionInfo(id=SessionId(name), pbx=PbxName("cc1"), leg=LegId("l1"), way="audiosocket")
        self.ended: SessionEnd | None = None
        self.sent: tuple[str, dict[str, str]] | None = None
        self.heard: list[tuple[float, bytes]] = []
        """When each frame was heard, and the frame."""
        self._ear = Heard()
        self._mouth = Said(self._hears)
        self._to_say: list[bytes] = []
        self._noise = frames_of(silence(2.0))

    @property
    def dropped(self) -> int:
        return self._ear.dropped

    async def frame(self) -> bytes | None:
        return await self._ear.frame()

    async def digit(self) -> str | None:
        return await self._ear.digit()

    async def say(self, sound: bytes) -> None:
        await self._mouth.say(sound)

    async def said(self) -> None:
        await self._mouth.said()

    async def clear(self) -> None:
        self._mouth.clear()

    async def hang_up(self) -> None:
        self._end(SessionEnd(by=SessionEndedBy.APPLICATION))

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        self.sent = (to, dict(context))
        self._end(SessionEnd(by=SessionEndedBy.TRANSFER))

    # What the caller does.

    def press(self, keys: str) -> None:
        for key in keys:
            self._ear.put_digit(key)

    async def speak(self, sound: bytes) -> float:
        """Say it; the moment at which its last frame was said."""
        self._to_say += frames_of(sound)
        await until(lambda: not self._to_say, timeout_s=60.0)
        return asyncio.get_running_loop().time()

    async def quiet(self, for_s: float, timeout_s: float = 60.0) -> None:
        """Wait until he has heard nothing for so long, after something."""
        loop = asyncio.get_running_loop()
        await until(lambda: bool(self.heard) and loop.time() - self.last_loud() >= for_s, timeout_s=timeout_s)

    def last_loud(self) -> float:
        return next((at for at, frame in reversed(self.heard) if loud(frame)), 0.0)

    def first_loud_after(self, at: float) -> float | None:
        return next((when for when, frame in self.heard if when > at and loud(frame)), None)

    def hang_up_himself(self) -> None:
        self._end(SessionEnd(by=SessionEndedBy.CALLER))

    @asynccontextmanager
    async def running(self, application: CallApplication) -> AsyncIterator["asyncio.Task[None]"]:
        """Let the application talk with him while the context is open."""
        line = [asyncio.create_task(self._mouth.run()), asyncio.create_task(self._speaks())]
        talking = asyncio.create_task(application.run(self))
        try:
            yield talking
        finally:
            self.hang_up_himself()
            await asyncio.wait([talking], timeout=10)
            for task in (*line, talking):
                task.cancel()
            await asyncio.gather(*line, talking, return_exceptions=True)

    async def _speaks(self) -> None:
        loop = asyncio.get_running_loop()
        due, at = loop.time(), 0
        while self.ended is None:
            self._ear.put_sound(self._to_say.pop(0) if self._to_say else self._noise[at % len(self._noise)])
            at, due = at + 1, due + FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _hears(self, frame: bytes) -> None:
        self.heard.append((asyncio.get_running_loop().time(), frame))

    def _end(self, end: SessionEnd) -> None:
        if self.ended is None:
            self.ended = end
            self._ear.end()
            self._mouth.end()
