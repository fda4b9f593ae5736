"""One side of a call at a scripted telephone: what it does when called, and what it saw.

A leg is one SIP dialog. It notes when what happened: that is the truth that call records are compared with.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rig import sip
from rig.rtp import Voice

if TYPE_CHECKING:
    from rig.phone import Phone


@dataclass(frozen=True, slots=True)
class Answer:
    """Ring, then pick up.

    ``rings=False`` opens without a 180, as an intercom does; ``early_media`` sends a 183 with a tone of its own instead.
    """

    after_s: float = 0.5
    rings: bool = True
    early_media: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse with a final code of 4xx to 6xx, after ringing when ``after_s`` is not 0."""

    code: int = 486
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Deflect:
    """Answer 302 with a Contact elsewhere, after ringing when ``after_s`` is not 0."""

    to: str
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring until the PBX gives up or the script says ``leg.answer()``."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Never answer anything: a telephone that lost its power."""


Behaviour = Answer | Reject | Deflect | Ring | Silent
State = Literal["dialling", "ringing", "up", "rejected", "cancelled", "ended"]


@dataclass(eq=False)
class PhoneLeg:
    """One SIP dialog of a telephone and what the telephone saw of it; times are seconds since the epoch."""

    phone: "Phone"
    call_id: str
    outgoing: bool
    peer_number: str
    """Dialled number when outgoing, else the caller's as shown."""
    dialled: str
    """User part of the INVITE's request URI: for a trunk the number that the PBX sent."""
    state: State = "dialling"
    invited_at: float = 0.0
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: Literal["phone", "pbx"] | None = None
    transferred_at: float | None = None
    """When the PBX accepted our REFER: from then on the far side is elsewhere."""
    held_at: float | None = None
    held_s: float = 0.0
    """Seconds for which we held the far side, until resumed, transferred or ended."""
    code: int = 0
    """The final response to the INVITE, given or received; 0 when none."""
    shown: str = ""
    """The From header of an incoming call."""
    notifies: list[str] = field(default_factory=list)
    voice: Voice = field(default_factory=Voice)
    local: str = ""
    remote: str = ""
    early: str = ""
    """The To header of a provisional response: an early dialog that a Replaces may name."""
    target: str = ""
    local_tag: str = field(default_factory=lambda: secrets.token_hex(4))
    sequence: int = 1
    direction: str = "sendrecv"
    sdp_version: int = 1
    invite: sip.SipMessage | None = None
    branch: str = ""
    ack: bytes = b""
    rang: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Ringing is over: the script said so, or the leg ended."""

    @property
    def connected_s(self) -> float:
        """Seconds from answer to end, 0 when either is missing."""
        return round(self.ended_at - self.answered_at, 3) if self.answered_at and self.ended_at else 0.0

    @property
    def remote_tag(self) -> str:
        """The PBX's tag of this dialog, early or not."""
        return sip.tag_of(self.remote) or sip.tag_of(self.early)

    async def until_ringing(self, timeout_s: float = 15) -> "PhoneLeg":
        """Wait for a 180 or 183, or for ringing ourselves."""
        async with asyncio.timeout(timeout_s):
            await self.rang.wait()
        return self

    async def until_up(self, timeout_s: float = 15) -> "PhoneLeg":
        """Wait until the dialog is answered."""
        async with asyncio.timeout(timeout_s):
            await self.answered.wait()
        return self

    async def until_ended(self, timeout_s: float = 20) -> "PhoneLeg":
        """Wait until the dialog is over, however."""
        async with asyncio.timeout(timeout_s):
            await self.ended.wait()
        return self

    def answer(self) -> None:
        """Pick up a leg that rings by ``Ring``."""
        self.released.set()

    async def hang_up(self) -> None:
        """BYE an answered leg, CANCEL one that we dialled, or 486 one that rings here."""
        await self.phone.hang_up(self)

    async def press(self, digits: str, tone_s: float = 0.12, gap_s: float = 0.25) -> None:
        """Press digits (RFC 4733)."""
        await self.voice.press(digits, tone_s, gap_s)

    async def hold(self) -> None:
        """Re-INVITE with ``sendonly``."""
        await self.phone.reinvite(self, "sendonly")
        self.held_at = time.time()

    async def resume(self) -> None:
        """Re-INVITE with ``sendrecv``."""
        await self.phone.reinvite(self, "sendrecv")
        self.hold_over()

    def hold_over(self) -> None:
        """Add what a hold lasted, if there is one."""
        if self.held_at is not None:
            self.held_s = round(self.held_s + time.time() - self.held_at, 3)
            self.held_at = None

    async def refer(self, to: str, replaces: "PhoneLeg | None" = None) -> int:
        """REFER the far side elsewhere and return the code; with ``replaces`` it is an attended transfer."""
        return await self.phone.refer(self, to, replaces)

    def log(self) -> dict[str, object]:
        """The leg as evidence for a truth."""
        return {
            "phone": self.phone.user,
            "dir": "phone->pbx" if self.outgoing else "pbx->phone",
            "dialled": self.dialled,
            "caller_shown": self.shown or None,
            "call_id": self.call_id,
            "invite": self.invited_at,
            "ringing": self.ringing_at,
            "answered": self.answered_at,
            "transferred": self.transferred_at,
            "held_s": self.held_s,
            "ended": self.ended_at,
            "ended_by": {"phone": "this phone", "pbx": "the PBX", None: None}[self.ended_by],
            "code": self.code,
            "state": self.state,
        }
