"""Both halves of a call's sound: what waits for an application, and what waits to be heard, sent at its pace.

Neither knows how frames cross to a PBX. See :mod:`gateway.ports.media` for the format.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.model.errors import CommandRefusedError
from gateway.ports.media import (
    FRAME_BYTES,
    FRAME_S,
    HEARD_FRAMES,
    SAID_FRAMES,
    SILENCE,
    SessionEnd,
    SessionEndedBy,
    SessionInfo,
)

HEARD_DIGITS: Final = 256
"""Keys that wait for an application; further ones are dropped: nobody presses so many."""


class Heard:
    """What a caller says and presses, until it is taken."""

    def __init__(self) -> None:
        self.dropped = 0
        """Frames that nobody took in time."""
        self._frames: deque[bytes] = deque()
        self._digits: deque[str] = deque()
        self._rest = b""
        self._over = False
        self._bell = _Bell()

    def put_sound(self, sound: bytes) -> None:
        """Take sound of any length; the oldest frame is dropped beyond ``HEARD_FRAMES``."""
        if self._over:
            return
        sound = self._rest + sound
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._frames.extend(sound[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        self._rest = sound[whole:]
        while len(self._frames) > HEARD_FRAMES:
            self._frames.popleft()
            self.dropped += 1
        self._bell.ring()

    def put_digit(self, digit: str) -> None:
        """Take a key."""
        if not self._over and len(self._digits) < HEARD_DIGITS:
            self._digits.append(digit)
            self._bell.ring()

    def end(self) -> None:
        """Let nothing more come; what waits can still be taken."""
        self._over = True
        self._bell.ring()

    async def frame(self) -> bytes | None:
        """See :meth:`gateway.ports.media.MediaSession.frame`."""
        while not self._frames:
            if self._over:
                return None
            await self._bell.heard()
        return self._frames.popleft()

    async def digit(self) -> str | None:
        """See :meth:`gateway.ports.media.MediaSession.digit`."""
        while not self._digits:
            if self._over:
                return None
            await self._bell.heard()
        return self._digits.popleft()


class Said:
    """What an application says, sent frame by frame.

    Who wakes up late sends at once, and the next frame at its distance: what was missed is not made up for by a burst, which a
    telephone would throw away.

    Args:
        send: Takes a frame to the PBX, at once; it must not raise.
        ahead: Frames that the PBX is given before their time, where it has a buffer of its own: that bridges our being late.
            Whoever clears must empty that buffer as well.
        unbroken: Send silence where there is nothing to say.
    """

    def __init__(self, send: Callable[[bytes], None], *, ahead: int = 0, unbroken: bool = False) -> None:
        self._send = send
        self._ahead_s = ahead * FRAME_S
        self._unbroken = unbroken
        self._frames: deque[bytes] = deque()
        self._clears = 0
        self._over = False
        self._paused = False
        self._due = 0.0
        """When the next frame is due at the PBX, by the loop's clock; it is sent ``ahead`` of that."""
        self._heard_at = 0.0
        """When the last that was said has been heard."""
        self._bell = _Bell()

    async def run(self) -> None:
        """Send, until cancelled or ended. Cancelling is safe: no frame is sent in part."""
        loop = asyncio.get_running_loop()
        self._due = loop.time()
        while not self._over:
            if self._paused or not (self._frames or self._unbroken):
                await self._bell.heard()
                self._due = max(self._due, loop.time())
                continue
            wait_s = self._due - self._ahead_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                continue
            frame = self._frames.popleft() if self._frames else None
            self._send(SILENCE if frame is None else frame)
            # Timers are a little late each time: that must not add up, or whoever listens runs dry.
            self._due = max(self._due, loop.time() - FRAME_S) + FRAME_S
            if frame is not None:
                self._heard_at = self._due
                self._bell.ring()

    async def say(self, sound: bytes) -> None:
        """See :meth:`gateway.ports.media.MediaSession.say`."""
        clears = self._clears
        for at in range(0, len(sound), FRAME_BYTES):
            while len(self._frames) >= SAID_FRAMES and not self._over and clears == self._clears:
                await self._bell.heard()
            if self._over or clears != self._clears:
                return
            self._frames.append(sound[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))
            self._bell.ring()

    async def said(self) -> None:
        """See :meth:`gateway.ports.media.MediaSession.said`."""
        loop = asyncio.get_running_loop()
        clears = self._clears
        while self._frames and not self._over and clears == self._clears:
            await self._bell.heard()
        # What was sent ahead of its time is still to be heard.
        while not self._over and clears == self._clears and (rest_s := self._heard_at - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._bell.heard()

    def clear(self) -> None:
        """Forget what was not sent."""
        self._frames.clear()
        self._clears += 1
        # The PBX has nothing left of what it was sent ahead of its time.
        self._due = min(self._due, asyncio.get_running_loop().time() + FRAME_S)
        self._bell.ring()

    def pause(self, paused: bool) -> None:
        """Send nothing while the PBX has no room."""
        self._paused = paused
        self._bell.ring()

    def end(self) -> None:
        """Send nothing more; nobody waits for it any longer."""
        self._over = True
        self._frames.clear()
        self._bell.ring()


class Voice:
    """What every :class:`gateway.ports.media.MediaSession` does with both halves.

    Args:
        info: Whose voice it is.
        said: Sends what the application says.
    """

    def __init__(self, info: SessionInfo, said: Said) -> None:
        self.heard = Heard()
        self.mouth = said
        self._info = info
        self._ended: SessionEnd | None = None

    @property
    def info(self) -> SessionInfo:
        """Whose voice it is."""
        return self._info

    @property
    def ended(self) -> SessionEnd | None:
        """How it ended; None while it lasts."""
        return self._ended

    @property
    def dropped(self) -> int:
        """Frames of the caller that nobody took in time."""
        return self.heard.dropped

    async def frame(self) -> bytes | None:
        """Wait for the next frame of the caller."""
        return await self.heard.frame()

    async def digit(self) -> str | None:
        """Wait for the next key."""
        return await self.heard.digit()

    async def say(self, sound: bytes) -> None:
        """Say this after what waits."""
        await self.mouth.say(sound)

    async def said(self) -> None:
        """Wait until the caller has heard all."""
        await self.mouth.said()

    def close(self, by: SessionEndedBy, detail: str) -> None:
        """End both halves; what waits of the caller can still be taken."""
        self._ended = SessionEnd(by=by, detail=detail)
        self.heard.end()
        self.mouth.end()

    def refuse_if_over(self) -> None:
        """Let nothing be done with a caller who is gone.

        Raises:
            CommandRefusedError: The session has ended.
        """
        if self._ended is not None:
            raise CommandRefusedError(f"the caller has left: the session with {self._info.pbx} has ended")


class _Bell:
    """Wakes all who wait for it."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for each in self._waiting:
            if not each.done():
                each.set_result(None)

    async def heard(self) -> None:
        """Wait until it rings. Cancelling is safe."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
