"""Asks a STUN server which address we have outside of our NAT.

It is asked here and not by PJSIP, whose one thread would stand still until the answer, for each call anew.
Source: RFC 8489, binding requests without authentication.
"""

import asyncio
import secrets
import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Final

from gateway.model.errors import PeerUnavailableError

PORT: Final = 3478
"""Where such servers listen."""
WAITS_S: Final = (0.5, 1.0, 1.5)
"""Seconds for an answer before the request is sent again, and in the end given up."""
_COOKIE: Final = 0x2112A442
_REQUEST: Final = 0x0001
_SUCCESS: Final = 0x0101
_XOR_MAPPED_ADDRESS: Final = 0x0020
_IPV4: Final = 1
_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_ADDRESS: Final = struct.Struct("!BBHI")


def request(transaction: bytes) -> bytes:
    """Return a binding request; ``transaction`` are twelve bytes that nobody guesses."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def mapped_address(data: bytes, transaction: bytes) -> str | None:
    """Return the IPv4 address that an answer to this request tells; None when it is none, or tells none."""
    if len(data) < _HEADER.size or _HEADER.unpack_from(data)[::2] != (_SUCCESS, _COOKIE) or data[8:20] != transaction:
        return None
    at = _HEADER.size
    while at + _ATTRIBUTE.size <= len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if kind == _XOR_MAPPED_ADDRESS and length == _ADDRESS.size and at + length <= len(data):
            _, family, _, address = _ADDRESS.unpack_from(data, at)
            return str(IPv4Address(address ^ _COOKIE)) if family == _IPV4 else None
        # Each attribute begins at a multiple of four.
        at += (length + 3) // 4 * 4
    return None


async def public_address(servers: tuple[str, ...]) -> str:
    """Return the address that the first server tells which answers; ``host`` or ``host:port``.

    Raises:
        PeerUnavailableError: None does.
    """
    for server in servers:
        with suppress(OSError, TimeoutError):
            return await _ask(server)
    raise PeerUnavailableError(
        f"listen.stun: no answer from {', '.join(servers)}: are these STUN servers, and does a firewall let UDP out to them? "
        f"Where the address never changes, write it as listen.public_address instead"
    )


async def _ask(server: str) -> str:
    host, _, port = server.partition(":")
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, int(port or PORT), family=socket.AF_INET, type=socket.SOCK_DGRAM)
    transaction = secrets.token_bytes(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        await loop.sock_connect(asking, found[0][4])
        for wait_s in WAITS_S:
            await loop.sock_sendall(asking, request(transaction))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while True:
                        address = mapped_address(await loop.sock_recv(asking, 2048), transaction)
                        if address is not None:
                            return address
    raise TimeoutError
