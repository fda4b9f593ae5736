"""The voice of a call that a SIP worker holds, for an application; see :class:`gateway.ports.media.MediaSession`."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from connectors._kit.voice import Said, Voice
from connectors.sip import wire
from gateway.model.errors import CommandError, PeerError
from gateway.ports.media import SessionEndedBy, SessionInfo

AHEAD_FRAMES: Final = 4
"""That the worker is given before their time: 80 ms in which we may be late; a clearing empties them too."""

Ask = Callable[[wire.Order], Awaitable[wire.Done]]
Transfer = Callable[[str, Mapping[str, str]], Awaitable[None]]


class SipSession(Voice):
    """One call's voice; see :class:`gateway.ports.media.MediaSession`.

    Args:
        info: Whose it is.
        call: The worker's call.
        ask: Gives its worker an order.
        send: Sends it a frame.
        transfer: Sends the caller elsewhere, and raises when that was not done.
    """

    def __init__(
        self, info: SessionInfo, call: wire.CallNumber, ask: Ask, send: Callable[[wire.Frame], None], transfer: Transfer
    ) -> None:
        super().__init__(info, Said(lambda sound: self._put(wire.FrameKind.AUDIO, sound), ahead=AHEAD_FRAMES))
        self._call = call
        self._ask = ask
        self._send = send
        self._transfer = transfer
        self._sequence = 0
        self._ending = SessionEndedBy.CALLER

    async def run(self) -> None:
        """Send what is said at its pace, until the session has ended or this is cancelled."""
        await self.mouth.run()

    async def clear(self) -> None:
        """Fall silent now."""
        self.mouth.clear()
        self._put(wire.FrameKind.CLEAR)

    async def hang_up(self) -> None:
        """End the caller's call."""
        if self._ended is None:
            self._ending = SessionEndedBy.APPLICATION
            # Whose worker is gone has no call any more.
            with suppress(CommandError, PeerError):
                await self._ask(wire.HangUp(call=self._call))

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Send the caller to a number."""
        self.refuse_if_over()
        await self._transfer(to, context)
        self._ending = SessionEndedBy.TRANSFER
        self.end(SessionEndedBy.TRANSFER)

    def put(self, frame: wire.Frame) -> None:
        """Take a frame of the caller."""
        self.heard.put_sound(frame.sound)

    def press(self, digit: str) -> None:
        """Take a key of the caller."""
        self.heard.put_digit(digit)

    def end(self, by: SessionEndedBy | None = None, detail: str = "") -> None:
        """The call is over; None is whoever asked for it last, else the caller."""
        if self._ended is None:
            self.close(by or self._ending, detail)

    def _put(self, kind: wire.FrameKind, sound: bytes = b"") -> None:
        if self._ended is None:
            self._send(wire.Frame(kind, self._call, self._sequence & 0xFFFFFFFF, sound))
            self._sequence += 1
