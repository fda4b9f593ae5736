"""Where a webhook may go: to the internet, not into the company's own network, but for hosts that the operator allows.

Who may add a webhook must not by it reach what only the gateway can reach (server-side request forgery).
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from gateway.model.errors import TargetError

MAX_URL_CHARACTERS: Final = 2_000

_NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits."""


def check_url(url: str, allowed: Collection[str]) -> str:
    """Return the host of a URL to which messages may be sent.

    Args:
        url: Of an endpoint.
        allowed: Hosts in our own network, names or addresses, that the operator trusts.

    Raises:
        TargetError: It is none, or may not be used; the text says what would be right.
    """
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or any(character.isspace() or character < " " for character in url):
        raise TargetError(f"an address has {MAX_URL_CHARACTERS} ASCII characters at most, and no spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise TargetError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in ("https", "http") or not host:
        raise TargetError(f"{url!r} is no address: write https://host/path")
    if parts.username is not None or parts.password is not None:
        raise TargetError("an address holds no user or password: the signature says who sends")
    if host in allowed:
        return host
    if parts.scheme != "https":
        raise TargetError(f"{url!r} is not encrypted: write https, or let webhooks.allow in the configuration name {host}")
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        raise TargetError(refusal(host, host))
    return host


def refusal(host: str, address: str) -> str:
    """Say why an address is not connected to, and what to change."""
    return f"{host} is {address}, in a network of our own: let webhooks.allow in the configuration name {host} if that is meant"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is on the internet, whatever IPv6 address it is written into."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
