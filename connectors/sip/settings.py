"""What can be configured of one PBX that is reached by SIP."""

from ipaddress import ip_network
from typing import Annotated, Final, Literal

import msgspec

from connectors.sip.wire import DigitsBy, Protocol, Srtp
from gateway.model.secret import Secret
from gateway.model.site import Site

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")]
"""A name, or an address as a number (IPv6 without brackets)."""

CODECS: Final = {"alaw": "PCMA/8000", "ulaw": "PCMU/8000", "g722": "G722/16000", "opus": "opus/48000"}
"""Codecs by the names that people know, and PJSIP's."""
Codec = Literal["alaw", "ulaw", "g722", "opus"]
_PORTS_PER_CALL: Final = 2
"""RTP and RTCP."""


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who we are at the PBX."""

    name: Word = "trunk"
    """Your name for it; legs to outside numbers are called ``SIP/<name>``."""
    host: Host
    """The PBX, or its SBC."""
    port: Port | None = None
    """None is 5060, with TLS 5061."""
    transport: Protocol = Protocol.UDP
    domain: Host | None = None
    """What stands behind the @ of our address, where that is not ``host``."""
    user: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.!~*+-]{1,80}$")] = "tieline"
    """Before the @; with a secret also the name that we authenticate with."""
    auth_user: Annotated[str, msgspec.Meta(pattern=r'^[^\s"\\]{1,128}$')] | None = None
    """The name that we authenticate with, where it is another one."""
    secret: Secret | None = None
    """The password. Without it we are known by our address alone."""
    register: bool | None = None
    """None registers when there is a secret."""
    expires_s: Annotated[int, msgspec.Meta(ge=60, le=86400)] = 300
    """For which a registration is asked."""
    options_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 30
    """Seconds between two OPTIONS to a PBX where we do not register; 0 sends none, and it is taken to be there."""
    srtp: Srtp = Srtp.OFF
    digits: DigitsBy = DigitsBy.RTP
    """How keys are sent: ``rtp`` is RFC 4733, ``info`` is SIP INFO. Both are heard."""
    caller: Literal["from", "asserted"] | None = None
    """Where the PBX looks for the number that is shown: From, or P-Asserted-Identity alone, as most want it of who has a
    password. None is the latter where there is a secret."""
    worker: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    """Which worker has it; None is all of them, which an account that registers cannot be where there are several."""

    @property
    def registers(self) -> bool:
        """Tell whether we register."""
        return self.secret is not None if self.register is None else self.register

    @property
    def sip_port(self) -> int:
        """Where the PBX listens."""
        return self.port or (5061 if self.transport is Protocol.TLS else 5060)


class ListenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the workers listen: the first at these ports, each further one at the next."""

    address: Host = "0.0.0.0"  # noqa: S104  # a trunk is reached from the PBX; the guard drops whoever it does not know
    """``0.0.0.0``, ``::``, or one address of this machine."""
    port: Port = 5070
    """UDP and TCP; not 5060, so that a PBX may run on the same machine."""
    udp: bool = True
    tcp: bool = True
    tls_port: Port | None = None
    """None listens without TLS; a connection that we open can have it all the same."""
    certificate_file: str | None = None
    key_file: str | None = None
    ca_file: str | None = None
    """Certificates (PEM) to trust, also of the PBX where an account's ``transport`` is ``tls``."""
    verify: bool = True
    """False takes any certificate of the PBX."""
    rtp_ports: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4,5}-[0-9]{4,5}$")] = "20000-23999"
    """UDP ports for voice, divided among the workers: two for each call."""
    public_address: Host | None = None
    """Behind a NAT the address that the PBX reaches us at."""
    stun: tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,253}(:[0-9]{1,5})?$")], ...] = ()
    """Servers (``host`` or ``host:port``) that tell it when a worker starts, where it changes. The NAT must keep the ports."""
    ice: bool = False
    """Offer all ways to each call's peer, who tries which one works (RFC 8445); asks the servers of ``stun`` for each call."""

    @property
    def rtp_range(self) -> tuple[int, int]:
        """The first and the last port for voice."""
        first, _, last = self.rtp_ports.partition("-")
        return int(first), int(last)


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom we answer at all: a port for SIP on the internet is found within the hour."""

    allow: tuple[str, ...] = ()
    """Addresses and networks (``192.0.2.0/24``); empty is the addresses of the accounts' hosts."""
    requests_per_s: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 500.0
    """From one source; more are refused for a while."""
    burst: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    max_failures: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    """Wrong passwords of one source, after which it is not answered for ``lockout_s``."""
    lockout_s: Seconds = 600.0

    def __post_init__(self) -> None:
        for network in self.allow:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"allow: {network!r} is no address and no network such as 192.0.2.0/24") from error


class SipSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one PBX, by SIP."""

    accounts: Annotated[tuple[AccountSettings, ...], msgspec.Meta(min_length=1, max_length=64)]
    workers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    """Processes that hold the calls: the PBX sees so many members of a trunk. One holds 150 calls with voice for applications."""
    calls_per_worker: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 150
    """More are answered 503, so that the PBX asks another member."""
    listen: ListenSettings = ListenSettings()
    codecs: Annotated[tuple[Codec, ...], msgspec.Meta(min_length=1)] = ("alaw", "ulaw", "g722", "opus")
    """In the order of preference."""
    session_expires_s: Annotated[int, msgspec.Meta(ge=90, le=86400)] = 1800
    """Of a call, after which the peer must have said that it is still there (RFC 4028)."""
    guard: GuardSettings = GuardSettings()
    user_agent: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,80}$")] = "Tieline"
    site: Site = Site()
    transfer: Literal["refer", "connect"] = "refer"
    """How a call is handed over. By REFER the PBX takes the party over, and Tieline is out of it; what is told of him goes into
    Refer-To, which not every PBX gives to its dial plan (Asterisk does not). By ``connect`` Tieline calls the number, tells it
    in headers of that INVITE, and stays between the two."""
    recordings: str | None = None
    """The folder for recordings of calls; None is ``recordings`` in this PBX's folder of ``state_dir``."""

    command_timeout_s: Seconds = 10.0
    """For a worker's answer to an order."""
    hang_after_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 2.0
    """Seconds without a heartbeat after which a worker counts as hung, and is killed."""
    retry_min_s: Seconds = 0.2
    retry_max_s: Seconds = 30.0
    """Seconds between two starts of a worker that dies: from the one, longer each time, to the other."""

    def __post_init__(self) -> None:
        if self.retry_min_s > self.retry_max_s:
            raise ValueError("retry_min_s is more than retry_max_s")
        self._check_accounts()
        self._check_transports()
        self._check_ports()

    def _check_accounts(self) -> None:
        names = [account.name for account in self.accounts]
        if len(set(names)) < len(names):
            raise ValueError("accounts: two have the same name")
        for account in self.accounts:
            if account.worker is not None and account.worker > self.workers:
                raise ValueError(f"accounts: {account.name} is for worker {account.worker}, and there are {self.workers}")
            if account.registers and account.worker is None and self.workers > 1:
                # A registrar would ring all the workers at once.
                raise ValueError(
                    f"accounts: {account.name} registers, so it needs `worker: 1` or another: each worker has users of its own"
                )
            if account.registers and account.secret is None:
                raise ValueError(f"accounts: {account.name} is to register and has no secret")
        for worker in range(1, self.workers + 1):
            if not self.accounts_of(worker):
                raise ValueError(f"accounts: none is for worker {worker}")

    def _check_transports(self) -> None:
        listen = self.listen
        there = {Protocol.UDP: listen.udp, Protocol.TCP: listen.tcp, Protocol.TLS: True}
        for account in self.accounts:
            if not there[account.transport]:
                raise ValueError(
                    f"accounts: {account.name} has `transport: {account.transport}`, and listen has `{account.transport}: false`"
                )

    def _check_ports(self) -> None:
        listen = self.listen
        first, last = listen.rtp_range
        if last > 65535 or last - first + 1 < _PORTS_PER_CALL * self.workers:
            raise ValueError("listen: rtp_ports are too few, or no range of ports")
        if (listen.tls_port is None) != (listen.certificate_file is None):
            raise ValueError("listen: tls_port and certificate_file go together")
        if listen.tls_port is not None and abs(listen.tls_port - listen.port) < self.workers:
            raise ValueError("listen: port and tls_port are too near for so many workers")
        if max(listen.port, listen.tls_port or 0) + self.workers - 1 > 65535:
            raise ValueError("listen: port and workers lead beyond 65535")

    def accounts_of(self, worker: int) -> tuple[AccountSettings, ...]:
        """Return the accounts that a worker, counted from 1, has."""
        return tuple(account for account in self.accounts if account.worker in (None, worker))
