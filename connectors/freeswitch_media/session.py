"""A call's voice on one outbound event socket of a FreeSWITCH."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from connectors._kit.voice import Said, Voice
from connectors.freeswitch_media.protocol import HANG_UP, export
from gateway.model.errors import CommandError, CommandRefusedError, PeerUnavailableError
from gateway.model.handover import for_pbx
from gateway.model.ids import LegId
from gateway.ports.media import LegCommands, SessionEndedBy, SessionInfo

PBX_ENDS_S: Final = 3.0
"""Seconds in which a FreeSWITCH that took a command tells that the leg is gone from us."""


class Line(Protocol):
    """How a session's wishes cross to the FreeSWITCH. Nothing of it raises."""

    def send(self, command: bytes) -> None:
        """Send a command whose answer tells nothing."""

    async def run(self, commands: Sequence[bytes]) -> None:
        """Send applications to run, and wait until they have, but not for long. Cancelling is safe."""

    def leave(self) -> None:
        """Give the caller back to the dial plan, and close."""


class FreeswitchSession(Voice):
    """See :class:`gateway.ports.media.MediaSession`.

    Args:
        send: Takes a frame to the FreeSWITCH, which sends the caller nothing by itself: silence goes there too.
    """

    def __init__(self, info: SessionInfo, line: Line, send: Callable[[bytes], None], commands: LegCommands) -> None:
        super().__init__(info, Said(send, unbroken=True))
        self._line = line
        self._commands = commands
        self._wanted: SessionEndedBy | None = None
        self._over = asyncio.Event()

    async def clear(self) -> None:
        """Fall silent; FreeSWITCH holds nothing back that could be heard after it."""
        self.mouth.clear()

    async def hang_up(self) -> None:
        """End the caller's call: by command where his leg is known, so that it is written down, else on this line."""
        if self._ended is not None:
            return
        self._wanted = SessionEndedBy.APPLICATION
        self.mouth.clear()
        if self._info.leg is not None:
            with suppress(CommandError, PeerUnavailableError):
                await self._commands.hang_up(self._info.leg)
                await self._pbx_ends()
        if self._ended is None:
            self._line.send(HANG_UP)
            await self._pbx_ends()
        await self.leave()

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Send the caller elsewhere."""
        self.refuse_if_over()
        if self._info.leg is None:
            # This line could do it, past the rules that say who may be reached.
            raise CommandRefusedError(
                f"{self._info.pbx} does not tell of this leg: let the same PBX stand under `connectors` with `freeswitch_esl`, "
                "connected"
            )
        self._wanted = SessionEndedBy.TRANSFER
        try:
            await self._command(self._info.leg, to, context)
        except BaseException:
            self._wanted = None
            raise
        self.mouth.clear()
        await self._pbx_ends()
        await self.leave()

    async def leave(self) -> None:
        """Give the caller back to the dial plan, if he is still here."""
        if self._ended is None:
            self._wanted = self._wanted or SessionEndedBy.APPLICATION
            self._line.leave()
            await self._pbx_ends()
            self.end(SessionEndedBy.APPLICATION)

    def end(self, by: SessionEndedBy, detail: str = "") -> None:
        """Take note that the leg is gone from us; the first reason stays, and what we wanted ourselves goes before."""
        if self._ended is None:
            self.close(self._wanted or by, detail)
            self._over.set()

    async def _command(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        try:
            await self._commands.transfer(leg, to, context)
        except CommandRefusedError:
            told = for_pbx(context)
            if not told:
                raise
            # A connector may have no way to tell its PBX anything with a call. This line has one; and the rules judge once more.
            await self._line.run(export(told))
            await self._commands.transfer(leg, to, {})

    async def _pbx_ends(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PBX_ENDS_S):
                await self._over.wait()
