"""What the gateway tells a SIP worker to do."""

import msgspec

from connectors.sip.wire.configuration import Configure
from connectors.sip.wire.values import CallNumber, DigitsBy, Header


class _Order(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    request: int = 0
    """Counted up by the gateway as it sends; the answer names it."""


class Place(_Order, frozen=True):
    """Call somebody. :class:`Done` names the call, and comes before any report of it."""

    account: str
    to: str
    """A number, sent to the account's target, or a whole ``sip:`` URI."""
    reference: str
    """The gateway's own id of the call: it comes back in :class:`CallInfo`."""
    caller: str | None = None
    """The number shown (From and P-Asserted-Identity); None is the account's."""
    caller_name: str | None = None
    headers: tuple[Header, ...] = ()
    """``X-…`` and ``User-to-User``."""
    ring_s: float = 60.0
    """Seconds after which it is given up (CANCEL)."""
    urgent: bool = False
    """For an emergency call there is room beyond ``Configure.max_calls``, and when the worker drains."""


class Ring(_Order, frozen=True):
    """Say 180, or 183 with early media, to a call that came in."""

    call: CallNumber
    early_media: bool = False


class Answer(_Order, frozen=True):
    call: CallNumber
    headers: tuple[Header, ...] = ()


class Reject(_Order, frozen=True):
    call: CallNumber
    code: int
    """SIP, 400 to 699."""
    cause: int = 0
    """Q.850, for a ``Reason`` header; 0 sends none."""


class HangUp(_Order, frozen=True):
    """End a call in whatever state it is: CANCEL, 603 or BYE."""

    call: CallNumber
    cause: int = 16


class Hold(_Order, frozen=True):
    call: CallNumber


class Retrieve(_Order, frozen=True):
    call: CallNumber


class Refer(_Order, frozen=True):
    """Blind transfer; :class:`TransferProgress` tells on."""

    call: CallNumber
    to: str
    """As in :class:`Place`."""
    headers: tuple[Header, ...] = ()
    """Put into Refer-To, as ``?Name=value``, for the PBX's own screen pop."""


class ReferReplacing(_Order, frozen=True):
    """Attended transfer: the peer of ``call`` is to take our place in ``other``."""

    call: CallNumber
    other: CallNumber


class Join(_Order, frozen=True):
    """Let two calls hear each other (third-party connect)."""

    call: CallNumber
    other: CallNumber


class Part(_Order, frozen=True):
    call: CallNumber
    other: CallNumber


class SendDigits(_Order, frozen=True):
    call: CallNumber
    digits: str
    by: DigitsBy | None = None
    """None is the account's."""


class Play(_Order, frozen=True):
    """Play a WAV file (8 kHz, 16-bit, mono) from the start, instead of any that plays; :class:`PlayEnded` tells its end."""

    call: CallNumber
    file: str
    loop: bool = False


class StopPlaying(_Order, frozen=True):
    call: CallNumber


class Record(_Order, frozen=True):
    """Write what both sides say into a WAV file (8 kHz, 16-bit, mono)."""

    call: CallNumber
    file: str


class PauseRecording(_Order, frozen=True):
    """Record silence, or go on."""

    call: CallNumber
    paused: bool


class StopRecording(_Order, frozen=True):
    call: CallNumber


class OpenMedia(_Order, frozen=True):
    """Begin to send the call's frames to the media connection, and to play those that come from there."""

    call: CallNumber


class CloseMedia(_Order, frozen=True):
    call: CallNumber


class Drain(_Order, frozen=True):
    """Take no new calls (503, so that the PBX asks another trunk member), unregister, and say :class:`Drained` with the last."""


class Stop(_Order, frozen=True):
    """End all calls and the process."""


Order = (
    Configure
    | Place
    | Ring
    | Answer
    | Reject
    | HangUp
    | Hold
    | Retrieve
    | Refer
    | ReferReplacing
    | Join
    | Part
    | SendDigits
    | Play
    | StopPlaying
    | Record
    | PauseRecording
    | StopRecording
    | OpenMedia
    | CloseMedia
    | Drain
    | Stop
)
