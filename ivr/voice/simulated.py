"""A caller without a telephone: he speaks sounds that he is given, and notes when he hears what. Real time, to measure with."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from gateway.model.ids import LegId, PbxName
from gateway.ports.media import (
    FRAME_BYTES,
    FRAME_S,
    SAID_FRAMES,
    SILENCE,
    SessionEnd,
    SessionEndedBy,
    SessionId,
    SessionInfo,
)

AHEAD_S: Final = SAID_FRAMES * FRAME_S


class SimulatedCaller:
    """See :class:`gateway.ports.media.MediaSession`; what is said to him is heard as if a line carried it, and kept nowhere."""

    def __init__(self, name: str) -> None:
        self.info = SessionInfo(id=SessionId(name), pbx=PbxName("simulated"), leg=LegId(name), way="simulated")
        self.ended: SessionEnd | None = None
        self.dropped = 0
        self.sent_to: str | None = None
        self.heard: list[tuple[float, bytes]] = []
        """When each sound began to be heard, by the loop's clock, and the sound."""
        self._loop = asyncio.get_running_loop()
        self._says: deque[bytes] = deque()
        self._due = self._loop.time()
        self._busy_until = 0.0
        self._gone = asyncio.Event()
        self._cleared = asyncio.Event()

    @property
    def hears_until(self) -> float:
        """When the last sound has been heard; in the past: he hears nothing."""
        return self._busy_until

    async def speak(self, sound: bytes) -> float:
        """Say it; returns when it was said, by the loop's clock."""
        self._says.extend(sound[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0") for at in range(0, len(sound), FRAME_BYTES))
        await self._pass(len(self._says) * FRAME_S)
        return self._loop.time()

    async def frame(self) -> bytes | None:
        """Give one frame each 20 ms: of what he says, else silence."""
        self._due += FRAME_S
        await self._pass(self._due - self._loop.time())
        if self.ended is not None:
            return None
        return self._says.popleft() if self._says else SILENCE

    async def digit(self) -> str | None:
        """Wait until he has gone: he presses nothing."""
        await self._gone.wait()
        return None

    async def say(self, sound: bytes) -> None:
        """Let him hear it after what he hears now."""
        begins = max(self._loop.time(), self._busy_until)
        self.heard.append((begins, sound))
        self._busy_until = begins + len(sound) / FRAME_BYTES * FRAME_S
        await self._wait(self._busy_until - self._loop.time() - AHEAD_S)

    async def said(self) -> None:
        """Wait until he has heard all."""
        await self._wait(self._busy_until - self._loop.time())

    async def clear(self) -> None:
        """Let him hear no more."""
        self._busy_until = self._loop.time()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def hang_up(self) -> None:
        """End it for the application."""
        self._end(SessionEndedBy.APPLICATION)

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Note where he was sent."""
        self.sent_to = to
        self._end(SessionEndedBy.TRANSFER)

    def leave(self) -> None:
        """Hang up."""
        self._end(SessionEndedBy.CALLER)

    def _end(self, by: SessionEndedBy) -> None:
        if self.ended is None:
            self.ended = SessionEnd(by=by)
            self._gone.set()
            self._cleared.set()

    async def _pass(self, seconds: float) -> None:
        """Wait so long, or until he has gone."""
        await _either(self._gone, seconds)

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until he was cleared or has gone."""
        await _either(self._cleared, seconds)


async def _either(event: asyncio.Event, seconds: float) -> None:
    if seconds <= 0 or event.is_set():
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
