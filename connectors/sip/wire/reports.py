"""What a SIP worker tells the gateway."""

from enum import StrEnum

import msgspec

from connectors.sip.wire.values import CallNumber, DigitsBy, Header


class _Report(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class Hello(_Report, frozen=True):
    protocol: int
    pid: int
    pjsip: str
    """Its version."""
    codecs: tuple[str, ...]
    """All that it has."""
    max_calls: int
    """The real limit of this build, not what its configuration says."""
    fingerprint: str | None
    """Of :class:`Configure`; None before it."""
    draining: bool


class CallState(StrEnum):
    OFFERED = "offered"
    """It came in and was not answered, not even by 180."""
    CALLING = "calling"
    """We called, and heard nothing but 100."""
    ALERTING = "alerting"
    """180 or 183, either way."""
    CONNECTED = "connected"
    ENDED = "ended"


class CallInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it stands."""

    call: CallNumber
    reference: str
    """Of :class:`Place`; empty for a call that came in."""
    sip_call_id: str
    account: str
    """Empty for a call that fits none."""
    incoming: bool
    state: CallState
    local: str
    """The number called, for one that came in (Request-URI's user); else who we are."""
    remote: str
    """The peer's number: P-Asserted-Identity, else From; To for a call of ours. Empty when it was withheld."""
    remote_name: str
    source: str
    """``address:port`` that the call came from; empty for a call of ours."""
    headers: tuple[Header, ...]
    """``X-…``, User-to-User, Diversion, History-Info, P-Asserted-Identity, Privacy of the INVITE, as it came."""
    began_at: float
    """Seconds since the epoch, as all times here."""
    connected_at: float | None = None
    joined: CallNumber | None = None
    held: bool = False
    """We hold the peer."""
    held_by_peer: bool = False
    recording: str | None = None
    media_open: bool = False


class CallListed(_Report, frozen=True):
    """A call that there was when the gateway attached."""

    info: CallInfo


class AccountState(StrEnum):
    TRYING = "trying"
    USABLE = "usable"
    """Registered, or a trunk that answers OPTIONS; or one that is not asked."""
    REFUSED = "refused"
    """The PBX does not take our user or password."""
    UNREACHABLE = "unreachable"


class AccountChanged(_Report, frozen=True):
    """How an account stands; told for each after :class:`Listed`, too."""

    account: str
    state: AccountState
    code: int
    """SIP, 0 where there is none."""
    reason: str


class Listed(_Report, frozen=True):
    """All calls were listed; the worker is at work."""


class Heartbeat(_Report, frozen=True):
    calls: int
    lag_ms: float
    """By which PJSIP's thread was late since the last one."""
    rss_bytes: int
    dropped_frames: int
    """Since the process began, of media that the gateway did not take in time."""
    refused: int
    """Requests that the guard refused since the process began."""


class Done(_Report, frozen=True):
    request: int
    call: CallNumber | None = None
    """Of :class:`Place`."""


class Failed(_Report, frozen=True):
    """An order was not done; nothing happened."""

    request: int
    reason: str


class CallArrived(_Report, frozen=True):
    """A call came in that the guard lets through. The worker has said 100, and waits."""

    info: CallInfo


class CallChanged(_Report, frozen=True):
    """A call's state is another; after ``ENDED`` its number means nothing more."""

    call: CallNumber
    state: CallState
    code: int
    """SIP, of the response or of what ended it; 0 where there is none."""
    reason: str
    cause: int
    """Q.850, of a ``Reason`` header; 0 where there is none."""
    by_peer: bool
    """What ended it: the peer, else we."""
    at: float


class HoldChanged(_Report, frozen=True):
    call: CallNumber
    by_peer: bool
    held: bool
    at: float


class MediaChanged(_Report, frozen=True):
    """Sound flows, or not (any more)."""

    call: CallNumber
    active: bool
    codec: str
    encrypted: bool
    remote: str
    """``address:port`` of its RTP."""


class DigitHeard(_Report, frozen=True):
    call: CallNumber
    digit: str
    """One of ``0-9 * # A-D``."""
    by: DigitsBy
    at: float


class TransferProgress(_Report, frozen=True):
    """What the peer says of a transfer that we asked it for (NOTIFY); after ``final`` no more comes."""

    call: CallNumber
    code: int
    reason: str
    final: bool
    at: float


class ReferAsked(_Report, frozen=True):
    """The peer asked us to transfer it, and was declined (603): whoever may send REFER could dial at the site's cost."""

    call: CallNumber
    to: str
    at: float


class PlayEnded(_Report, frozen=True):
    call: CallNumber
    file: str
    complete: bool


class RecordingEnded(_Report, frozen=True):
    call: CallNumber
    file: str
    error: str
    """Empty when it was written to the end."""


class Drained(_Report, frozen=True):
    pass


class Severity(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Noted(_Report, frozen=True):
    """For the gateway's log: the worker keeps none of its own."""

    severity: Severity
    event: str
    facts: dict[str, str | int | float | bool | None] = {}
    """Under ``pii.*`` alone what a caller gave."""


Report = (
    Hello
    | CallListed
    | Listed
    | AccountChanged
    | Heartbeat
    | Done
    | Failed
    | CallArrived
    | CallChanged
    | HoldChanged
    | MediaChanged
    | DigitHeard
    | TransferProgress
    | ReferAsked
    | PlayEnded
    | RecordingEnded
    | Drained
    | Noted
)
