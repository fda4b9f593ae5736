"""Recordings in a folder of this machine: the PBX's own, or one that is mounted from it.

What the PBX named is opened without following any link, part by part from the folder on, so that neither a name nor a link that
somebody put there leads outside.
"""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path, PurePosixPath
from typing import Final

from gateway.model.errors import (
    PeerError,
    PeerRefusedError,
    PeerUnavailableError,
    RecordingError,
    RecordingForbiddenError,
    RecordingMissingError,
    RecordingRefusedError,
)
from gateway.ports.recordings import Found

READ_BYTES: Final = 256 * 1024
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe of that name must not hold us up.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderSource:
    """See :class:`gateway.ports.recordings.RecordingSource`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def description(self) -> str:
        """The folder."""
        return str(self._folder)

    async def look(self, name: PurePosixPath) -> Found:
        """Return how the file is now."""
        return await asyncio.to_thread(self._look, name)

    async def read(self, name: PurePosixPath) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes."""
        opened = await asyncio.to_thread(self._open, name)
        try:
            while data := await asyncio.to_thread(self._read, opened, name):
                yield data
        finally:
            os.close(opened)

    async def delete(self, name: PurePosixPath) -> None:
        """Delete the file."""
        await asyncio.to_thread(self._delete, name)

    async def close(self) -> None:
        """Nothing is held open."""

    def _look(self, name: PurePosixPath) -> Found:
        opened = self._open(name)
        try:
            found = os.fstat(opened)
        finally:
            os.close(opened)
        return Found(size=found.st_size, changed_at=found.st_mtime)

    def _read(self, opened: int, name: PurePosixPath) -> bytes:
        try:
            return os.read(opened, READ_BYTES)
        except OSError as error:
            raise self._told(error, name) from error

    def _open(self, name: PurePosixPath) -> int:
        within = self._within(name)
        try:
            opened = os.open(name.name, _FILE_FLAGS, dir_fd=within)
        except OSError as error:
            raise self._told(error, name) from error
        finally:
            os.close(within)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise RecordingRefusedError(f"{self._folder / name} is no file")
        return opened

    def _delete(self, name: PurePosixPath) -> None:
        try:
            within = self._within(name)
            try:
                os.unlink(name.name, dir_fd=within)
            except OSError as error:
                raise self._told(error, name) from error
            finally:
                os.close(within)
        except RecordingMissingError:
            return

    def _within(self, name: PurePosixPath) -> int:
        """Open the folder that the file is in."""
        try:
            # The folder itself is the operator's word: a link is fine.
            within = os.open(self._folder, _FOLDER_FLAGS & ~os.O_NOFOLLOW)
        except OSError as error:
            raise self._away(error) from error
        for part in name.parts[:-1]:
            try:
                below = os.open(part, _FOLDER_FLAGS, dir_fd=within)
            except OSError as error:
                raise self._told(error, name) from error
            finally:
                os.close(within)
            within = below
        return within

    def _away(self, error: OSError) -> PeerError:
        if error.errno in (errno.EACCES, errno.EPERM):
            return PeerRefusedError(f"{self._folder}: {error.strerror}: give the gateway's user the right to read it")
        return PeerUnavailableError(f"{self._folder}: {error.strerror}: is it mounted?")

    def _told(self, error: OSError, name: PurePosixPath) -> RecordingError | PeerUnavailableError:
        path = self._folder / name
        match error.errno:
            case errno.ENOENT:
                return RecordingMissingError(f"{path} is not there")
            # By POSIX a link is ELOOP; where it was to be a folder, ENOTDIR.
            case errno.ELOOP | errno.ENOTDIR:
                return RecordingRefusedError(f"{path} is behind a link or no folder: links are not followed")
            case errno.EACCES | errno.EPERM:
                return RecordingForbiddenError(f"{path}: {error.strerror}: give the gateway's user the right to it")
            case errno.ENXIO | errno.EISDIR | errno.ENAMETOOLONG:
                return RecordingRefusedError(f"{path}: {error.strerror}")
            case _:
                return PeerUnavailableError(f"{self._folder}: {error.strerror}")
