"""A call's voice for an application: sound and keys in, sound out, and the few things that it may have done with the call.

Sound is always 8 kHz, 16-bit, mono, little-endian, in frames of 20 ms; whoever brings it converts. SIP, AudioSocket and
chan_websocket each bring sessions, and pass one suite of tests.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from enum import StrEnum
from typing import Final, NewType, Protocol, runtime_checkable

import msgspec

from gateway.model.calls import Call
from gateway.model.ids import LegId, PbxName

RATE_HZ: Final = 8000
FRAME_S: Final = 0.02
FRAME_BYTES: Final = 320
"""160 samples."""
SILENCE: Final = bytes(FRAME_BYTES)
HEARD_FRAMES: Final = 50
"""Frames that wait for an application, one second; beyond it the oldest is dropped, and counted."""
SAID_FRAMES: Final = 50
"""Frames that wait to be heard by the caller; beyond it whoever says more waits."""

SessionId = NewType("SessionId", str)
"""Unique among a PBX's sessions."""


class SessionEndedBy(StrEnum):
    CALLER = "caller"
    """The caller, or the PBX in his place."""
    APPLICATION = "application"
    TRANSFER = "transfer"
    """The application sent the caller elsewhere."""
    FAULT = "fault"
    """The line to the PBX broke, or it said what it must not."""


class SessionEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a session ended."""

    by: SessionEndedBy
    detail: str = ""
    """For a person: of a fault, what to change and where."""


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Whose voice it is."""

    id: SessionId
    pbx: PbxName
    leg: LegId | None
    """The caller's leg at the PBX; None where it is not known, and then the caller cannot be sent elsewhere."""
    way: str
    """``sip``, ``audiosocket``, ``chan_websocket`` or ``unicast``."""
    variables: Mapping[str, str] = {}
    """What the PBX's dial plan, or the headers of the INVITE, say beside it. Callers' data: for no log."""


class MediaSession(Protocol):
    """One call's voice, from when it is up to when it ends; of one application, in one event loop.

    Nothing raises because the caller hung up: then nothing more is heard, what is said goes nowhere, and ``ended`` says why.
    """

    @property
    def info(self) -> SessionInfo: ...

    @property
    def ended(self) -> SessionEnd | None:
        """None while it lasts."""

    @property
    def dropped(self) -> int:
        """Frames of the caller that the application was too slow for."""

    async def frame(self) -> bytes | None:
        """Wait for the next frame of the caller (``FRAME_BYTES``); None when the session has ended.

        Cancelling is safe: no frame is lost. Of frames that wait, ``HEARD_FRAMES`` at most, the oldest is dropped.
        """

    async def digit(self) -> str | None:
        """Wait for the next key (``0-9 * # A-D``), told once for each press; None when the session has ended.

        Cancelling is safe: no key is lost.
        """

    async def say(self, sound: bytes) -> None:
        """Say this after what waits to be said; returns when it waits (``SAID_FRAMES`` at most) or was cleared.

        ``sound`` is of any length; a last frame that is not whole ends in silence. Cancelling is safe: what was not taken is
        not said.
        """

    async def said(self) -> None:
        """Wait until the caller has heard all, or it was cleared, or the session has ended. Cancelling is safe."""

    async def clear(self) -> None:
        """Fall silent now, whatever waits: the caller hears no more of it after 40 ms."""

    async def hang_up(self) -> None:
        """End the caller's call. Returns when the PBX was told; a session that has ended is left as it is."""

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Send the caller to a number, as it is dialled at the PBX, and end the session.

        Args:
            context: What the PBX, and whoever answers there, is told of him: names of letters, digits and ``_``. With a
                ``summary`` or a ``path`` it stands on the call's card too, see :func:`gateway.model.handover.note_of`.

        Raises:
            CommandRefusedError: It may not be, or the PBX refused it; the session goes on.
            PeerUnavailableError: The PBX takes no commands now; the session goes on.
            CommandUnansweredError: Whether it was done is not known; the session ends if it was.
        """


class DrivenCall(Protocol):
    """A caller in a menu of the PBX, for whom an application that does not hear him any more presses the keys."""

    def calls(self) -> AsyncGenerator[Call, None]:
        """Return his call as it was before he was sent there, as it is now, and again whenever it has changed, to its end.

        To be asked for once, and closed; whoever is cancelled while he waits hears no more of it.
        """

    async def press(self, digits: str) -> None:
        """Press keys in his place; raises as :meth:`LegCommands.press`."""

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        """Take him out of the menu, and send him elsewhere; raises as :meth:`LegCommands.transfer`."""


@runtime_checkable
class DrivableSession(MediaSession, Protocol):
    """One whose PBX takes keys for a caller that it has back."""

    async def drive(self, to: str, context: Mapping[str, str]) -> DrivenCall | None:
        """Send the caller into a menu of the PBX as :meth:`transfer` does, and keep his call at hand.

        Returns:
            None where the caller's leg is not known, or his call is live no more: then nothing was done.
        """


class CallApplication(Protocol):
    """What talks with callers: a menu, a bot, a recorder."""

    async def run(self, session: MediaSession) -> None:
        """Talk with one caller. When it returns the PBX has the caller back, and goes on with its own plan if it has one.

        It is cancelled only when the gateway stops. What it raises ends this one session, and is logged.
        """


@runtime_checkable
class ServedApplication(CallApplication, Protocol):
    """One that works beside its callers too: it learns, or minds what recognises speech."""

    async def serve(self) -> None:
        """Do so until cancelled; callers come meanwhile."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return what it counted since it was made, by what and which: ``("node", "track")``, ``("outcome", "served")``."""


class LegCommands(Protocol):
    """What applications have done with the legs of one PBX: commands like everybody's, written down, within the rules."""

    async def find(self, is_it: Callable[[LegId], bool], timeout_s: float) -> LegId | None:
        """Return the live leg that it is, waiting for the PBX's events so long; None when none came."""

    async def hang_up(self, leg: LegId) -> None:
        """End the leg's call.

        Raises:
            CommandRefusedError: It may not be, or the PBX refused it.
            PeerUnavailableError: The PBX takes no commands now.
            CommandUnansweredError: Whether it was done is not known.
        """

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        """Send the leg's caller elsewhere; raises as :meth:`hang_up`. See :meth:`MediaSession.transfer`."""

    async def press(self, leg: LegId, digits: str) -> None:
        """Press keys in the caller's place, for the PBX's menu to hear; raises as :meth:`hang_up`.

        Args:
            digits: Of ``0-9 * # A-D``.
        """

    def follow(self, leg: LegId) -> AsyncGenerator[Call, None]:
        """Return the leg's call as it is now, and again whenever it has changed, until it is live no more or the leg has left it.

        Of changes that follow each other at once the last is told. Close it when no more is asked;
        whoever is cancelled while he waits follows it anew.
        """


@runtime_checkable
class VoiceSource(Protocol):
    """A connector that brings its calls' voice itself."""

    def serve(self, application: CallApplication, commands: LegCommands) -> None:
        """Let the application have each call whose voice comes from now on."""
