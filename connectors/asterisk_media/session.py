"""A call's voice on one line to an Asterisk, whichever of the two protocols the line speaks."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Final, Protocol

from connectors._kit.voice import Said, Voice
from gateway.model.calls import Call
from gateway.model.errors import CommandError, CommandRefusedError, PeerUnavailableError
from gateway.model.ids import LegId
from gateway.ports.media import LegCommands, SessionEndedBy, SessionInfo

PBX_ENDS_S: Final = 3.0
"""Seconds in which an Asterisk that took a command closes the line by itself."""


class Line(Protocol):
    """How a session's sound and wishes cross to the Asterisk. Nothing of it waits or raises."""

    def send_sound(self, frame: bytes) -> None: ...

    def flush(self) -> None:
        """Have the Asterisk forget what it has not played."""

    def leave(self) -> None:
        """Give the caller back to the dial plan, and close."""


class AsteriskSession(Voice):
    """See :class:`gateway.ports.media.MediaSession`.

    Args:
        ahead: Frames that the Asterisk keeps for us; 0 where it plays what it gets when it gets it.
        unbroken: Send silence where nothing is said, because the Asterisk makes none by itself.
    """

    def __init__(self, info: SessionInfo, line: Line, commands: LegCommands, *, ahead: int, unbroken: bool) -> None:
        super().__init__(info, Said(line.send_sound, ahead=ahead, unbroken=unbroken))
        self._line = line
        self._commands = commands
        self._wanted: SessionEndedBy | None = None
        self._over = asyncio.Event()

    async def clear(self) -> None:
        """Fall silent."""
        self.mouth.clear()
        if self._ended is None:
            self._line.flush()

    async def hang_up(self) -> None:
        """End the caller's call: by command where his leg is known, else the dial plan's next line ends it."""
        if self._ended is not None:
            return
        self._wanted = SessionEndedBy.APPLICATION
        self.mouth.clear()
        if self._info.leg is not None:
            # What cannot be commanded is left to the dial plan, whose next line is Hangup().
            with suppress(CommandError, PeerUnavailableError):
                await self._commands.hang_up(self._info.leg)
                await self._pbx_ends()
        await self.leave()

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Send the caller elsewhere."""
        self.refuse_if_over()
        if self._info.leg is None:
            raise CommandRefusedError(
                f"{self._info.pbx} does not say which leg this is: take the dial plan's lines from "
                "`tieline pbx snippet asterisk_media`, and let the same PBX stand under `connectors`, connected"
            )
        self._wanted = SessionEndedBy.TRANSFER
        try:
            await self._commands.transfer(self._info.leg, to, context)
        except BaseException:
            self._wanted = None
            raise
        self.mouth.clear()
        await self._pbx_ends()
        await self.leave()

    async def drive(self, to: str, context: Mapping[str, str]) -> "LegInMenu | None":
        """Send the caller into a menu, and keep his call at hand; see :class:`gateway.ports.media.DrivableSession`."""
        self.refuse_if_over()
        if self._info.leg is None:
            return None
        calls = self._commands.follow(self._info.leg)
        before = await anext(calls, None)
        if before is None:
            return None
        try:
            await self.transfer(to, context)
        except BaseException:
            await calls.aclose()
            raise
        return LegInMenu(self._info.leg, self._commands, before, calls)

    async def leave(self) -> None:
        """Give the caller back to the dial plan, if he is still here."""
        if self._ended is None:
            self._wanted = self._wanted or SessionEndedBy.APPLICATION
            self._line.leave()
            await self._pbx_ends()
            self.end(SessionEndedBy.APPLICATION)

    def end(self, by: SessionEndedBy, detail: str = "") -> None:
        """Take note that the line is closed; the first reason stays, and what we wanted ourselves goes before."""
        if self._ended is None:
            self.close(self._wanted or by, detail)
            self._over.set()

    async def until_ended(self) -> None:
        """Wait until the line is closed."""
        await self._over.wait()

    async def _pbx_ends(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PBX_ENDS_S):
                await self._over.wait()


class LegInMenu:
    """See :class:`gateway.ports.media.DrivenCall`.

    Args:
        before: The call before the caller was sent into the menu.
        calls: What it was since.
    """

    def __init__(self, leg: LegId, commands: LegCommands, before: Call, calls: AsyncGenerator[Call, None]) -> None:
        self._leg = leg
        self._commands = commands
        self._before = before
        self._calls = calls

    async def calls(self) -> AsyncGenerator[Call, None]:
        """Tell the call as it was before, then each change."""
        async with aclosing(self._calls):
            yield self._before
            async for call in self._calls:
                yield call

    async def press(self, digits: str) -> None:
        """Press keys in the caller's place."""
        await self._commands.press(self._leg, digits)

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Take the caller out of the menu."""
        await self._commands.transfer(self._leg, to, context)
