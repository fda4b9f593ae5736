"""What can be configured of one PBX whose telephones' lamps are watched."""

from enum import StrEnum
from typing import Annotated

import msgspec

from connectors._kit.stream import Where
from connectors._kit.tls import TlsSettings
from gateway.model.secret import Secret
from gateway.model.site import Site

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")]
Extension = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.*#+-]{1,40}$")]


class Transport(StrEnum):
    """What carries the messages."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class MirrorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one PBX that tells the dialogs of its telephones (RFC 4235), as it does for the lamps of a secretary's telephone."""

    host: Host
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    """None is 5060, with TLS 5061."""
    transport: Transport = Transport.UDP
    domain: Host | None = None
    """What stands behind the @ of the PBX's addresses, where that is not ``host``."""
    user: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.!~*+-]{1,80}$")] = "tieline"
    """Our own name at the PBX: one that may watch the telephones."""
    auth_user: Annotated[str, msgspec.Meta(pattern=r'^[^\s"\\]{1,128}$')] | None = None
    """The name that we authenticate with, where it is another one."""
    secret: Secret | None = None
    """Its password. Without it we are known by our address alone."""
    extensions: Annotated[tuple[Extension, ...], msgspec.Meta(min_length=1, max_length=2000)]
    """The telephones to watch."""
    mailboxes: Annotated[tuple[Extension, ...], msgspec.Meta(max_length=2000)] = ()
    """Whose voicemail to watch (RFC 3842), by the numbers that the PBX knows the mailboxes by: mostly the telephones' own."""
    expires_s: Annotated[int, msgspec.Meta(ge=60, le=86400)] = 600
    """For which a subscription is asked; it is renewed in time."""
    tls: TlsSettings | None = None
    """How to know the PBX, where ``transport`` is ``tls``; None trusts whom the system trusts."""
    site: Site = Site()

    connect_timeout_s: Seconds = 10.0
    ping_interval_s: Seconds = 5.0
    dead_after_s: Seconds = 15.0
    """Seconds without a single answer, though asked, after which the PBX counts as gone."""
    retry_min_s: Seconds = 0.5
    retry_max_s: Seconds = 30.0
    """Seconds between attempts to reach a PBX that is away: from the one, longer each time, to the other, less some chance."""
    refused_retry_min_s: Seconds = 30.0
    refused_retry_max_s: Seconds = 900.0
    """The same for a PBX that refuses us: often enough to see the cure, too seldom to be locked out."""

    def __post_init__(self) -> None:
        if self.retry_min_s > self.retry_max_s:
            raise ValueError("retry_min_s is more than retry_max_s")
        if self.refused_retry_min_s > self.refused_retry_max_s:
            raise ValueError("refused_retry_min_s is more than refused_retry_max_s")
        if self.dead_after_s <= self.ping_interval_s:
            raise ValueError("dead_after_s must be more than ping_interval_s")
        if len(set(self.extensions)) < len(self.extensions):
            raise ValueError("extensions: one stands there twice")
        if len(set(self.mailboxes)) < len(self.mailboxes):
            raise ValueError("mailboxes: one stands there twice")
        if self.tls is not None and self.transport is not Transport.TLS:
            raise ValueError("tls: needs `transport: tls`")

    @property
    def where(self) -> Where:
        """Return whom to connect to."""
        tls = self.transport is Transport.TLS
        return Where(
            host=self.host,
            port=self.port or (5061 if tls else 5060),
            tls=(self.tls or TlsSettings()) if tls else None,
            timeout_s=self.connect_timeout_s,
            if_nobody_listens=f"does the PBX listen there by {self.transport.upper()}?",
            if_no_tls="`port` must be the PBX's own for TLS",
        )

    @property
    def address(self) -> str:
        """Return ``host:port`` as people write it."""
        return self.where.address

    @property
    def sip_domain(self) -> str:
        """Return what stands behind the @, with the port where it is not the usual one."""
        name = self.domain or self.host
        name = f"[{name}]" if ":" in name else name
        return f"{name}:{self.port}" if self.domain is None and self.port is not None else name
