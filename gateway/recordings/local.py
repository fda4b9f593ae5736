"""Recordings kept in a folder of this machine: a tree by day, files for the gateway's user alone, each whole or not there."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from gateway.model.errors import RecordingMissingError, StorageError, StorageFullError

READ_BYTES: Final = 256 * 1024
PUT_ATTEMPTS: Final = 3
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600


class LocalStorage:
    """See :class:`gateway.ports.recordings.RecordingStorage`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def description(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def incoming(self) -> Path:
        """On the same disk, so that a file comes into its place at once."""
        return self._folder / "incoming"

    async def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> None:
        """Move the file into its place."""
        try:
            await asyncio.to_thread(self._put, self._folder / key, file)
        except OSError as error:
            raise self._told(error) from error

    async def read(self, key: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """Yield a part of a file."""
        opened = -1
        try:
            opened = await asyncio.to_thread(os.open, self._folder / key, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            at, end = start, start + length
            while at < end:
                data = await asyncio.to_thread(os.pread, opened, min(READ_BYTES, end - at), at)
                if not data:
                    raise StorageError(f"{self._folder / key} is shorter than it was when it was kept")
                at += len(data)
                yield data
        except FileNotFoundError as error:
            raise RecordingMissingError(f"{self._folder / key} is gone") from error
        except OSError as error:
            raise self._told(error) from error
        finally:
            if opened >= 0:
                os.close(opened)

    async def delete(self, key: str) -> None:
        """Delete the file; folders that are empty by that go too."""
        try:
            await asyncio.to_thread(self._delete, self._folder / key)
        except OSError as error:
            raise self._told(error) from error

    async def close(self) -> None:
        """Nothing is held open."""

    def _put(self, target: Path, file: Path) -> None:
        file.chmod(FILE_MODE)
        _sync(file)
        for attempt in range(PUT_ATTEMPTS):
            try:
                # Each folder made here, not only the last, is for us alone.
                for folder in reversed([each for each in target.parents if each.is_relative_to(self._folder)]):
                    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
                file.replace(target)
                break
            except FileNotFoundError:
                # A delete may take an empty folder away just now.
                if attempt == PUT_ATTEMPTS - 1:
                    raise
        _sync(target.parent)

    def _delete(self, target: Path) -> None:
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == self._folder:
                return
            try:
                folder.rmdir()
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    return
                raise

    def _told(self, error: OSError) -> StorageError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StorageFullError(f"{self._folder}: {error.strerror}: make room there, or lower recordings.days")
        return StorageError(f"{self._folder}: {error.strerror}: recordings.folder must be a folder that the gateway may write to")


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
