"""Where the gateway stands: by which names it is reached, through which proxies, and so who its client is."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

FORWARDED_FOR: Final = "X-Forwarded-For"
LOCAL: Final = "127.0.0.1"
"""What a peer without an address counts as: it comes by a socket of this machine."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of every request, by the configuration."""

    names: frozenset[str] = frozenset()
    """Names and addresses by which it is reached, in small letters, beside those of loopback."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose word about their clients is taken."""
    encrypted: bool = False
    """Whether the gateway itself speaks TLS."""

    def trusts(self, address: str) -> bool:
        """Tell whether this is the address of one of the proxies."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self.proxies)

    def knows(self, host: str) -> bool:
        """Tell whether the ``Host`` of a request, with or without a port, is a name of ours."""
        name = name_in(host)
        return name is not None and (is_loopback_name(name) or name in self.names)


LOOPBACK_ONLY: Final = Surroundings()
SURROUNDINGS: Final = web.AppKey("surroundings", Surroundings)
"""Where an application keeps its own; without it, it is reached on loopback only."""


def surroundings_of(request: web.Request) -> Surroundings:
    """Return those of the application that was asked."""
    return request.app.get(SURROUNDINGS, LOOPBACK_ONLY)


def networks_of(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks (``192.0.2.0/24``).

    Raises:
        ValueError: One is none; the text says which.
    """
    return tuple(ip_network(each) for each in proxies)


def peer_of(request: web.Request) -> str:
    """Return the address that the connection comes from: the client's, or a proxy's."""
    return request.remote or LOCAL


def client_of(request: web.Request) -> str:
    """Return the client's address. Where a trusted proxy says another, what stands last and is no proxy is the client.

    What stands further left is what the client itself said, and is not looked at.
    """
    surroundings = surroundings_of(request)
    client = peer_of(request)
    said = ",".join(request.headers.getall(FORWARDED_FOR, ()))
    for word in reversed(said.split(",")):
        if not surroundings.trusts(client) or _parsed(word.strip()) is None:
            break
        client = word.strip()
    return client


def is_local(request: web.Request) -> bool:
    """Tell whether a program of this machine asks, and no proxy, which may ask for one of elsewhere."""
    peer = peer_of(request)
    return is_loopback_name(peer) and not surroundings_of(request).trusts(peer)


def name_in(host: str) -> str | None:
    """Read the name or address in a ``Host``, in small letters; None where there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_loopback_name(name: str) -> bool:
    """Tell whether a name is this machine's loopback."""
    parsed = _parsed(name)
    return name == "localhost" if parsed is None else parsed.is_loopback


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
