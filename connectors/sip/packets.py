"""Unix sockets of kind SOCK_SEQPACKET: named in a folder, a packet a message, never waited for."""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.model.errors import PeerUnavailableError

BACKLOG: Final = 8
"""Connections that wait: a gateway makes two."""
PACKETS_AT_ONCE: Final = 64
"""Read in one turn of the loop, so that a busy worker leaves time for others."""
SEND_BUFFER_BYTES: Final = 1024 * 1024
"""Asked of the kernel, which may give less (net.core.wmem_max)."""


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a name for a socket's path that fits into its address, which holds 107 bytes."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_at(path: Path) -> socket.socket:
    """Return a socket that listens at a path, for this user alone; whatever was there before is taken away.

    Raises:
        OSError: The folder is missing, or not ours.
    """
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _short(path) as name:
            listening.bind(name)
        path.chmod(0o600)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def connect_to(path: Path) -> socket.socket:
    """Return a connection to who listens at a path.

    Raises:
        PeerUnavailableError: Nobody does.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setblocking(False)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        with _short(path) as name:
            connection.connect(name)
    except OSError as error:
        connection.close()
        raise PeerUnavailableError(f"nobody answers at {path}: {error.strerror or error}") from error
    return connection


class PacketLink:
    """One connection: what is sent goes out at once or waits in bounded memory; what arrives is handed on.

    Args:
        connection: Connected; it is closed by :meth:`close`.
        max_bytes: Of a packet; a longer one ends the connection.
        max_waiting: Packets that may wait to be sent.
        drops_oldest: What happens when more do: the oldest is forgotten and counted, else the connection ends.
        take: Gets each packet.
        ended: Told once why the connection ended, unless :meth:`close` ended it.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        max_bytes: int,
        max_waiting: int,
        drops_oldest: bool,
        take: Callable[[bytes], None],
        ended: Callable[[str], None],
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._max_bytes = max_bytes
        self._max_waiting = max_waiting
        self._drops_oldest = drops_oldest
        self._take = take
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque()
        self._reading = False
        self._open = True
        self.dropped = 0
        """Packets that were forgotten."""
        self.resume()

    @property
    def waiting(self) -> int:
        """Packets that wait to be sent."""
        return len(self._waiting)

    def send(self, packet: bytes) -> None:
        """Send it, now or when there is room; on a connection that has ended it is lost."""
        if not self._open:
            return
        if self._waiting:
            self._wait_with(packet)
            return
        try:
            self._connection.send(packet)
        except BlockingIOError:
            self._wait_with(packet)
            self._loop.add_writer(self._connection, self._send_waiting)
        except OSError as error:
            self._end(error.strerror or str(error))

    def pause(self) -> None:
        """Take nothing more for now: it waits at the other side."""
        if self._open and self._reading:
            self._reading = False
            self._loop.remove_reader(self._connection)

    def resume(self) -> None:
        """Take again what arrives."""
        if self._open and not self._reading:
            self._reading = True
            self._loop.add_reader(self._connection, self._receive)

    def read_rest(self) -> None:
        """Take all that has arrived, of a process that has ended."""
        while self._open and self._receive():
            pass

    def close(self) -> None:
        """End the connection; what waits is lost."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
            self._connection.close()
            self._waiting.clear()

    def _wait_with(self, packet: bytes) -> None:
        if len(self._waiting) >= self._max_waiting:
            if not self._drops_oldest:
                self._end(f"it takes nothing: {len(self._waiting)} messages wait")
                return
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(packet)

    def _send_waiting(self) -> None:
        try:
            while self._waiting:
                self._connection.send(self._waiting[0])
                self._waiting.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        self._loop.remove_writer(self._connection)

    def _receive(self) -> bool:
        """Take some packets; tell whether there may be more."""
        for _ in range(PACKETS_AT_ONCE):
            if not self._reading:
                return False
            try:
                packet = self._connection.recv(self._max_bytes + 1)
            except BlockingIOError:
                return False
            except OSError as error:
                self._end(error.strerror or str(error))
                return False
            if not packet:
                self._end("it closed the connection")
                return False
            if len(packet) > self._max_bytes:
                self._end(f"it sent more than {self._max_bytes} bytes at once")
                return False
            self._take(packet)
        return True

    def _end(self, reason: str) -> None:
        if self._open:
            self.close()
            self._ended(reason)
