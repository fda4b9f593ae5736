"""One connection to the PBX, by UDP, TCP or TLS: messages in and out.

By UDP the socket is connected: the system drops what comes from anybody else. A message that cannot be read costs itself by UDP,
and the connection by TCP, where nobody knows where the next one begins.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from connectors._kit.stream import Where, open_stream
from connectors.sip_mirror.protocol.message import SipDecoder, SipMessage, parse
from connectors.sip_mirror.settings import MirrorSettings, Transport
from gateway.model.errors import PeerProtocolError, PeerUnavailableError, TielineError

MAX_WAITING: Final = 10_000
"""Messages that wait to be read. By UDP more are dropped, and sent again by the PBX; by TCP the PBX waits."""
_READ_BYTES: Final = 64 * 1024
_KEEP_ALIVES: Final = frozenset({b"", b"\0" * 4})

log = structlog.get_logger(__name__)

Item = tuple[float, SipMessage] | TielineError
"""A message and when it came; or why nothing comes any more."""


class Link(Protocol):
    """An open connection."""

    @property
    def local(self) -> tuple[str, int]:
        """Our own address on it."""

    def send(self, data: bytes) -> None:
        """Send one message."""

    async def receive(self) -> Item:
        """Return what comes next. Cancelling is safe: nothing is lost."""

    async def close(self) -> None:
        """Close it."""


async def open_link(settings: MirrorSettings, clock: Callable[[], float]) -> Link:
    """Connect. Cancelling is safe.

    Raises:
        TielineError: The PBX cannot be reached; see :func:`connectors._kit.stream.open_stream`.
    """
    if settings.transport is Transport.UDP:
        return await _open_datagrams(settings.where, clock)
    reader, writer = await open_stream(settings.where)
    return _Stream(reader, writer, clock)


async def _open_datagrams(where: Where, clock: Callable[[], float]) -> "_Datagrams":
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(where.timeout_s):
            _, link = await loop.create_datagram_endpoint(lambda: _Datagrams(where, clock), remote_addr=(where.host, where.port))
    except TimeoutError as error:
        raise PeerUnavailableError(f"the name {where.host!r} was not found within {where.timeout_s:g} s") from error
    except socket.gaierror as error:
        raise PeerUnavailableError(f"the name {where.host!r} is not known here: {error.strerror}") from error
    except OSError as error:
        raise PeerUnavailableError(f"{where.address} cannot be reached: {error.strerror or error}") from error
    return link


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, where: Where, clock: Callable[[], float]) -> None:
        self._where = where
        self._clock = clock
        self._items: asyncio.Queue[Item] = asyncio.Queue(MAX_WAITING)
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The event loop's own class is no asyncio.DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.strip(b"\r\n") in _KEEP_ALIVES:
            return
        try:
            item = (self._clock(), parse(data))
        except PeerProtocolError as error:
            log.info("sip_message_unreadable", reason=str(error))
            return
        self._put(item)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError):
            self._put(PeerUnavailableError(f"nobody listens at {self._where.address}: {self._where.if_nobody_listens}"))

    def _put(self, item: Item) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._items.put_nowait(item)

    @property
    def local(self) -> tuple[str, int]:
        assert self._transport is not None  # the endpoint was made
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def send(self, data: bytes) -> None:
        assert self._transport is not None  # the endpoint was made
        self._transport.sendto(data)

    async def receive(self) -> Item:
        return await self._items.get()

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._decoder = SipDecoder()
        self._waiting: list[Item] = []

    @property
    def local(self) -> tuple[str, int]:
        host, port = self._writer.get_extra_info("sockname")[:2]
        return host, port

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def receive(self) -> Item:
        while not self._waiting:
            try:
                data = await self._reader.read(_READ_BYTES)
                if not data:
                    return PeerUnavailableError("the PBX closed the connection")
                at = self._clock()
                self._waiting = [(at, message) for message in self._decoder.receive_data(data)]
            except PeerProtocolError as error:
                return error
            except OSError as error:
                return PeerUnavailableError(f"the connection broke: {error.strerror or error}")
        return self._waiting.pop(0)

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
