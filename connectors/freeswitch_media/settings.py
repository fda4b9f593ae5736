"""What can be configured of the voice that a FreeSWITCH brings."""

from ipaddress import ip_network
from typing import Annotated

import msgspec


class FreeswitchMediaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the dial plan's ``socket`` reaches us. Nothing of it is encrypted: on loopback, or a network of your own."""

    host: str = "127.0.0.1"
    """IPv4 alone: FreeSWITCH's unicast knows no IPv6. The sound comes to the same address, to ports that the system picks."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8471
    """0 takes any that is free."""
    allow: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("127.0.0.0/8",)
    """Addresses and networks that the FreeSWITCH calls from; nobody else is listened to."""
    max_calls: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 200
    """At once; a further one is turned away, and the dial plan goes on."""

    def __post_init__(self) -> None:
        for network in self.allow:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"allow: {network!r} is no address and no network such as 192.0.2.0/24") from error
