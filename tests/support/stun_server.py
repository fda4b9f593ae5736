"""A STUN server: tells each who asks where it seems to come from; or, like one behind which a NAT stands, another address.

Source: RFC 8489, binding requests without authentication.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_COOKIE: Final = 0x2112A442
_REQUEST, _SUCCESS = 0x0001, 0x0101
_XOR_MAPPED_ADDRESS: Final = 0x0020
_IPV4: Final = 1


class StunServer(asyncio.DatagramProtocol):
    """Made by ``stun_server``."""

    def __init__(self, mapped: str | None) -> None:
        self.port = 0
        self.asked = 0
        self._mapped = mapped
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a binding request."""
        kind, _, cookie = struct.unpack("!HHI", data[:8])
        if kind != _REQUEST or cookie != _COOKIE:
            return
        self.asked += 1
        (seen,) = struct.unpack("!I", socket.inet_aton(self._mapped or addr[0]))
        address = struct.pack("!HHBBHI", _XOR_MAPPED_ADDRESS, 8, 0, _IPV4, addr[1] ^ (_COOKIE >> 16), seen ^ _COOKIE)
        self._transport.sendto(struct.pack("!HHI", _SUCCESS, len(address), _COOKIE) + data[8:20] + address, addr)


@asynccontextmanager
async def stun_server(mapped: str | None = None) -> AsyncIterator[StunServer]:
    """Run one; ``mapped`` is the address that it tells instead of the one that it sees, with the port that it sees."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: StunServer(mapped), local_addr=("127.0.0.1", 0)
    )
    yield server
    transport.close()
