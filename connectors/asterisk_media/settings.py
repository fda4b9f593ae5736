"""What can be configured of the voice that an Asterisk brings."""

from ipaddress import ip_network
from typing import Annotated

import msgspec

from gateway.model.secret import Secret

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class AudioSocketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the dial plan's ``AudioSocket()`` reaches us. It is never encrypted: on loopback, or a network of your own."""

    host: str = "127.0.0.1"
    port: Port = 9092
    """0 takes any that is free."""


class WebSocketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the dial plan's ``Dial(WebSocket/…)`` reaches us (Asterisk 20.16, 21.11, 22.6, 23.0 and newer)."""

    host: str = "127.0.0.1"
    port: Port = 9093
    """0 takes any that is free."""
    username: str = "tieline"
    password: Secret | None = None
    """As ``websocket_client.conf`` has it; None asks for none."""
    certificate: str | None = None
    """PEM, the chain behind it: for ``tls_enabled = yes`` and ``wss://`` at the Asterisk."""
    key: str | None = None
    """PEM, without a password."""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")


class AsteriskMediaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one Asterisk; one of the two ways, or both."""

    audiosocket: AudioSocketSettings | None = None
    chan_websocket: WebSocketSettings | None = None
    allow: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("127.0.0.0/8", "::1/128")
    """Addresses and networks that the Asterisk calls from; nobody else is listened to."""
    max_calls: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 200
    """At once; a further one is turned away, and the dial plan goes on."""

    def __post_init__(self) -> None:
        if self.audiosocket is None and self.chan_websocket is None:
            raise ValueError("add `audiosocket: {}` or `chan_websocket: {}`, or both")
        for network in self.allow:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"allow: {network!r} is no address and no network such as 192.0.2.0/24") from error
