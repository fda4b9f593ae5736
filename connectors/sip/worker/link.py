"""The worker's end of its sockets: whoever connects last with a kind of connection has it. Nothing here waits."""

import select
import socket
from collections import deque
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec

from connectors.sip import wire
from gateway.model.errors import PeerProtocolError

MAX_WAITING_REPORTS: Final = 20_000
"""Reports that wait for a gateway that does not read; then it is taken for gone, and is told all calls when it comes again."""
MAX_WAITING_FRAMES: Final = 1500
"""Media frames that wait: 200 ms of 150 calls; then the oldest are dropped."""
PACKETS_AT_ONCE: Final = 256
"""Read in one turn, so that a flood of frames leaves time for SIP."""
_READ: Final = select.EPOLLIN


def encoded(report: wire.Report) -> bytes:
    """Return a report as a packet; what a peer wrote that is no UTF-8 becomes the sign for such."""
    try:
        return wire.encode(report)
    except UnicodeEncodeError:
        return wire.encode(msgspec.convert(_readable(msgspec.to_builtins(report)), type(report)))


def _readable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case dict():
            return {name: _readable(part) for name, part in value.items()}
        case list() | tuple():
            return [_readable(part) for part in value]
        case _:
            return value


class Listener(Protocol):
    """Who is told what the gateway says."""

    def attached(self) -> None:
        """Take note: a control connection is there; greet it."""

    def left(self) -> None:
        """Take note: it is gone."""

    def ordered(self, order: wire.Order) -> None:
        """Take an order."""

    def framed(self, frame: wire.Frame) -> None:
        """Take a media frame."""


class Link:
    """Both connections to the gateway. One thread calls all of it but ``say`` and ``send_frame``, which any may."""

    def __init__(self, listening: socket.socket, poller: select.epoll, listener: Listener) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._poller = poller
        self._listener = listener
        self._unnamed: dict[int, socket.socket] = {}
        self._control: socket.socket | None = None
        self._media: socket.socket | None = None
        self._reports: deque[wire.Report] = deque()
        self._frames: deque[bytes] = deque()
        self.dropped_frames = 0
        poller.register(listening.fileno(), _READ)

    @property
    def is_attached(self) -> bool:
        """Tell whether a gateway is there."""
        return self._control is not None

    def say(self, report: wire.Report) -> None:
        """Tell the gateway, with the next ``flush``; nobody is told while there is none."""
        if self._control is not None:
            self._reports.append(report)

    def send_frame(self, packet: bytes) -> None:
        """Send a media frame; the oldest that waits is dropped when the gateway does not take them."""
        media = self._media
        if media is None:
            return
        if not self._frames:
            try:
                media.send(packet)
            except BlockingIOError:
                pass
            except OSError:
                # That it is gone is seen by who reads it.
                return
            else:
                return
        if len(self._frames) >= MAX_WAITING_FRAMES:
            self.dropped_frames += 1
            with suppress(IndexError):
                self._frames.popleft()
        self._frames.append(packet)

    def ready(self, fd: int) -> None:
        """Take what came at a descriptor of ours."""
        if fd == self._listening.fileno():
            self._accept()
        elif fd in self._unnamed:
            self._name(self._unnamed[fd])
        elif self._control is not None and fd == self._control.fileno():
            self._read_orders(self._control)
        elif self._media is not None and fd == self._media.fileno():
            self._read_frames(self._media)

    def flush(self) -> None:
        """Write what waits."""
        while self._reports and self._control is not None:
            try:
                self._control.send(encoded(self._reports[0]))
            except BlockingIOError:
                if len(self._reports) > MAX_WAITING_REPORTS:
                    self._drop_control()
                return
            except OSError:
                self._drop_control()
                return
            self._reports.popleft()
        while self._frames and self._media is not None:
            try:
                self._media.send(self._frames[0])
            except OSError:
                return
            with suppress(IndexError):
                self._frames.popleft()

    def close(self) -> None:
        """End all connections."""
        for connection in (self._listening, *self._unnamed.values(), self._control, self._media):
            if connection is not None:
                connection.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, wire.MAX_MESSAGE_BYTES * 16)
        self._unnamed[connection.fileno()] = connection
        self._poller.register(connection.fileno(), _READ)

    def _name(self, connection: socket.socket) -> None:
        try:
            kind = wire.decode_attach(connection.recv(wire.MAX_MESSAGE_BYTES)).kind
        except BlockingIOError:
            return
        except (OSError, PeerProtocolError):
            del self._unnamed[connection.fileno()]
            self._end(connection)
            return
        del self._unnamed[connection.fileno()]
        if kind is wire.Attachment.CONTROL:
            earlier, self._control = self._control, connection
            self._reports.clear()
            self._listener.attached()
        else:
            earlier, self._media = self._media, connection
            self._frames.clear()
        if earlier is not None:
            self._end(earlier)

    def _read_orders(self, connection: socket.socket) -> None:
        for _ in range(PACKETS_AT_ONCE):
            try:
                packet = connection.recv(wire.MAX_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._drop_control()
                return
            try:
                order = wire.decode_order(packet)
            except PeerProtocolError as error:
                self.say(wire.Noted(severity=wire.Severity.ERROR, event="order_not_read", facts={"reason": str(error)}))
                continue
            self._listener.ordered(order)
            if self._control is not connection:
                return

    def _read_frames(self, connection: socket.socket) -> None:
        for _ in range(PACKETS_AT_ONCE):
            try:
                packet = connection.recv(wire.MAX_FRAME_BYTES)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._media = None
                self._end(connection)
                return
            try:
                self._listener.framed(wire.decode_frame(packet))
            except PeerProtocolError as error:
                self.say(wire.Noted(severity=wire.Severity.ERROR, event="frame_not_read", facts={"reason": str(error)}))

    def _drop_control(self) -> None:
        if self._control is not None:
            self._end(self._control)
            self._control = None
            self._reports.clear()
            self._listener.left()

    def _end(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            self._poller.unregister(connection.fileno())
        connection.close()
