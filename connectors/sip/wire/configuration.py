"""What a SIP worker is told to be."""

from enum import StrEnum

import msgspec

from connectors.sip.wire.values import DigitsBy


class Protocol(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Srtp(StrEnum):
    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker listens."""

    protocol: Protocol
    address: str
    """IPv4 or IPv6, as a number."""
    port: int
    public_address: str | None = None
    """What peers are told instead, behind a NAT."""
    certificate: str | None = None
    key: str | None = None
    authorities: str | None = None
    """Files in PEM, for TLS."""
    verify_peer: bool = True


class SipAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One identity at one PBX: registered, or a trunk known by its address."""

    name: str
    identity: str
    """``sip:user@domain``, what From says."""
    registrar: str | None
    """``sip:host:port;transport=tcp``; None for a trunk that does not register."""
    target: str
    """``sip:host:port;transport=tcp``: where calls are sent, the number before its ``@``."""
    user: str = ""
    password: str = ""
    expires_s: int = 300
    keepalive_s: int = 30
    """Seconds between OPTIONS to a trunk that does not register; 0 sends none."""
    srtp: Srtp = Srtp.OFF
    digits: DigitsBy = DigitsBy.RTP
    caller_in_from: bool = True
    """A number that is to be shown stands in From; else in P-Asserted-Identity alone, for PBXs that know us by From."""

    def __repr__(self) -> str:
        return f"SipAccount(name={self.name!r})"


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a worker answers at all."""

    allow: tuple[str, ...]
    """Networks in CIDR; what comes from elsewhere is dropped without an answer."""
    requests_per_s: float
    """By source, dialogs' own requests excepted; more are answered 503 for a while."""
    burst: int
    max_failures: int
    """Failed digests of one source after which it is locked out."""
    lockout_s: float


class Configure(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a worker is; sent once, before anything else, to one that is not configured."""

    request: int = 0
    fingerprint: str
    """Of all this; told again in :class:`Hello`, so that a later gateway sees whether a worker is as it wants it."""
    worker: str
    """Its name: ``trunk-1``."""
    user_agent: str
    transports: tuple[Transport, ...]
    rtp_first: int
    rtp_last: int
    """UDP ports for RTP and RTCP."""
    accounts: tuple[SipAccount, ...]
    codecs: tuple[str, ...]
    """In the order of preference, as PJSIP names them without ``/1``: ``PCMA/8000``; others are not offered."""
    session_expires_s: int
    """Of session timers (RFC 4028)."""
    guard: Guard
    max_calls: int
    """More are answered 503; never more than PJSIP was built for."""
    ice: bool = False
    stun: tuple[str, ...] = ()
    """Servers that ICE asks, ``host:port``."""
