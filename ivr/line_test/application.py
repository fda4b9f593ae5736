"""Plays a tone, then lets the caller hear himself; ``#`` falls silent or goes on, ``*`` gives him back to the PBX.

What it shows: sound goes both ways, without gaps, with which delay, and keys arrive.
"""

import asyncio
import math
import struct
from pathlib import Path
from typing import Final

import msgspec

from gateway.ports.media import FRAME_S, RATE_HZ, CallApplication, MediaSession

TONE_HZ: Final = 1000
TONE_S: Final = 0.4
LOUDNESS: Final = 6000
"""Amplitude of the tone, of 32,767."""


class LineTestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is nothing to configure."""


class LineTest:
    """See the module."""

    async def run(self, session: MediaSession) -> None:
        """Test one caller's line."""
        await session.say(tone(TONE_HZ, TONE_S))
        async with asyncio.TaskGroup() as tasks:
            echo = tasks.create_task(self._echo(session), name=f"{session.info.id}.echo")
            while (digit := await session.digit()) is not None and digit != "*":
                if digit != "#":
                    await session.say(tone(TONE_HZ, FRAME_S * 5))
                elif echo.done():
                    echo = tasks.create_task(self._echo(session), name=f"{session.info.id}.echo")
                else:
                    echo.cancel()
                    await session.clear()
                    await asyncio.wait([echo])
            echo.cancel()

    async def _echo(self, session: MediaSession) -> None:
        while (frame := await session.frame()) is not None:
            await session.say(frame)


def tone(hertz: int, seconds: float) -> bytes:
    """Return a sine of 8 kHz, 16 bits."""
    count = round(seconds * RATE_HZ)
    return struct.pack(f"<{count}h", *(round(LOUDNESS * math.sin(2 * math.pi * hertz * i / RATE_HZ)) for i in range(count)))


def create(settings: LineTestSettings, folder: Path) -> CallApplication:
    """Make it; see :class:`gateway.ports.plugins.CreateApplication`."""
    return LineTest()
