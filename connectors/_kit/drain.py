"""Keeps a PBX's socket empty while what it said waits to be read: first in memory, then on disk, then not at all.

A PBX cuts whoever reads too slowly, in the middle of a message. So the reader puts what came here at once and never waits for
those who read it; when memory is full it goes to a spool file, and when that is full or the disk refuses, :class:`SpoolError`
says that the time from here on is lost.
"""

import asyncio
import os
import struct
import tempfile
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from gateway.model.errors import TielineError

_HEAD: Final = struct.Struct("<dBI")
"""Before each piece in the spool: time, direction, length."""
TAKE_BYTES: Final = 256 * 1024
"""Bytes that one ``take`` returns, about: enough to be quick, few enough to let other tasks run."""


class SpoolError(TielineError):
    """Memory and spool are full, or the disk fails: give the connection up and declare a gap. An operator looks at the disk."""


class Direction(IntEnum):
    RECEIVED = 0
    SENT = 1


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Bytes that came in one read, or that we sent."""

    at: float
    """Seconds since the epoch."""
    direction: Direction
    data: bytes


class Drain:
    """One connection's bytes, in order, from one reader to one consumer. Not for threads."""

    def __init__(self, state_dir: Path, memory_bytes: int, spool_bytes: int, spooling: Callable[[bool], None]) -> None:
        """Make an empty drain; the spool file is made when it is needed, and has no name: a crash leaves nothing behind.

        Args:
            state_dir: Folder for the spool file; made if missing.
            memory_bytes: Bytes kept in memory before the spool is used.
            spool_bytes: Bytes of the spool file at most.
            spooling: Called with True when the spool comes into use, and with False when it is empty again.
        """
        self._state_dir = state_dir
        self._memory_bytes = memory_bytes
        self._spool_bytes = spool_bytes
        self._spooling = spooling
        self._pieces: deque[Piece] = deque()
        self._held = 0
        self._spool: BinaryIO | None = None
        self._read_to = 0
        self._written_to = 0
        self._putting = asyncio.Lock()
        self._changed = asyncio.Event()
        self._finished = False
        self._writing: asyncio.Future[None] | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes that came and have not been taken."""
        return self._held + self._written_to - self._read_to

    async def put(self, piece: Piece) -> None:
        """Keep what came. Waits for the disk at most, never for the consumer.

        After ``finish`` it does nothing. Cancelling is safe, but nothing can be put afterwards.

        Raises:
            SpoolError: There is no room for it. What was kept before can still be taken.
        """
        async with self._putting:
            if self._finished:
                return
            if self._spool is None:
                if self._held + len(piece.data) <= self._memory_bytes:
                    self._held += len(piece.data)
                    self._pieces.append(piece)
                    self._changed.set()
                    return
                await self._open_spool()
            await self._write(_HEAD.pack(piece.at, piece.direction, len(piece.data)) + piece.data)
            self._changed.set()

    def finish(self) -> None:
        """Say that nothing more comes."""
        self._finished = True
        self._changed.set()

    async def take(self) -> list[Piece]:
        """Return the next pieces; empty when all was taken after ``finish``. Cancelling is safe: nothing is lost."""
        while True:
            if self._pieces:
                return self._take_from_memory()
            if self._spool is not None:
                if self._read_to < self._written_to:
                    return await self._take_from_spool(self._spool)
                if not self._putting.locked():
                    self._close_spool()
            if self._finished and self._spool is None:
                return []
            self._changed.clear()
            await self._changed.wait()

    def close(self) -> None:
        """Let go of the spool file and of all that waits."""
        self._pieces.clear()
        self._held = 0
        if self._spool is not None:
            self._close_spool()

    def _take_from_memory(self) -> list[Piece]:
        taken: list[Piece] = []
        size = 0
        while self._pieces and size < TAKE_BYTES:
            piece = self._pieces.popleft()
            size += len(piece.data)
            taken.append(piece)
        self._held -= size
        return taken

    async def _take_from_spool(self, spool: BinaryIO) -> list[Piece]:
        limit = min(self._written_to - self._read_to, TAKE_BYTES)
        data = await self._read(spool, limit, self._read_to)
        taken: list[Piece] = []
        at = 0
        while at + _HEAD.size <= len(data):
            time, direction, length = _HEAD.unpack_from(data, at)
            end = at + _HEAD.size + length
            if end > len(data) and taken:
                break
            body = data[at + _HEAD.size : end]
            if end > len(data):
                # One piece alone may be longer than what we read at once.
                body += await self._read(spool, end - len(data), self._read_to + len(data))
            taken.append(Piece(time, Direction(direction), body))
            at = end
        self._read_to += at
        return taken

    async def _read(self, spool: BinaryIO, size: int, offset: int) -> bytes:
        try:
            return await asyncio.to_thread(os.pread, spool.fileno(), size, offset)
        except OSError as error:
            raise SpoolError(f"the spool in {self._state_dir} cannot be read: {error.strerror}") from error

    async def _open_spool(self) -> None:
        try:
            self._spool = await asyncio.to_thread(self._make_spool)
        except OSError as error:
            raise SpoolError(f"no spool file in {self._state_dir}: {error.strerror}") from error
        self._read_to = self._written_to = 0
        self._spooling(True)

    def _make_spool(self) -> BinaryIO:
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(buffering=0, dir=self._state_dir, prefix="spool-")

    async def _write(self, data: bytes) -> None:
        assert self._spool is not None
        if self._written_to + len(data) > self._spool_bytes:
            raise SpoolError(f"the spool in {self._state_dir} holds {self._spool_bytes} bytes, which is all that it may")
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(None, _write_all, self._spool.fileno(), data, self._written_to)
        try:
            # The thread writes on when we are cancelled: then nothing may be written after it to the same place.
            await asyncio.shield(self._writing)
        except asyncio.CancelledError:
            self.finish()
            raise
        except OSError as error:
            raise SpoolError(f"the spool in {self._state_dir} cannot be written: {error.strerror}") from error
        self._written_to += len(data)

    def _close_spool(self) -> None:
        spool, self._spool = self._spool, None
        assert spool is not None
        if self._writing is None or self._writing.done():
            spool.close()
        else:
            # A thread must not find another file under the number of the one it writes to.
            self._writing.add_done_callback(lambda _written: spool.close())
        self._read_to = self._written_to = 0
        self._spooling(False)


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
