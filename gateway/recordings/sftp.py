"""Recordings of a PBX that is reached by SFTP, by asyncssh: our key, and the PBX's own key, which is pinned.

Nothing of the user's SSH configuration, agent or known hosts is read: what the configuration says is all there is.
"""

import asyncio
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import PurePosixPath
from typing import Any, Final, cast

import asyncssh

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
from gateway.recordings.settings import SftpSettings

READ_BYTES: Final = 256 * 1024


class SftpSource:
    """See :class:`gateway.ports.recordings.RecordingSource`. One connection, opened when it is needed and anew when it broke."""

    def __init__(self, settings: SftpSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._turn = asyncio.Lock()

    @property
    def description(self) -> str:
        """Whom it asks, and for which folder."""
        at = self._settings
        return f"sftp://{at.user}@{at.host}:{at.port}{at.path}"

    async def look(self, name: PurePosixPath) -> Found:
        """Return how the file is now."""
        async with self._asked(name) as client:
            async with asyncio.timeout(self._timeout_s):
                found = await self._checked(client, name)
        return Found(size=found.size or 0, changed_at=None if found.mtime is None else float(found.mtime))

    async def read(self, name: PurePosixPath) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes."""
        async with self._asked(name) as client:
            async with asyncio.timeout(self._timeout_s):
                await self._checked(client, name)
                file = await client.open(self._path(name), "rb")
            try:
                while True:
                    async with asyncio.timeout(self._timeout_s):
                        data = await file.read(READ_BYTES)
                    if not data:
                        return
                    yield cast(bytes, data)  # opened for bytes
            finally:
                with suppress(OSError, asyncssh.Error, TimeoutError):
                    async with asyncio.timeout(self._timeout_s):
                        await file.close()

    async def delete(self, name: PurePosixPath) -> None:
        """Delete the file."""
        with suppress(RecordingMissingError):
            async with self._asked(name) as client:
                async with asyncio.timeout(self._timeout_s):
                    await self._checked(client, name)
                    await client.remove(self._path(name))

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with suppress(TimeoutError, OSError, asyncssh.Error):
                async with asyncio.timeout(self._timeout_s):
                    await connection.wait_closed()

    async def _checked(self, client: asyncssh.SFTPClient, name: PurePosixPath) -> asyncssh.SFTPAttrs:
        """Return what a file is, having refused what leads out of the folder: no part of its path may be a link."""
        path = PurePosixPath(self._settings.path)
        found = asyncssh.SFTPAttrs()
        for last, part in enumerate(name.parts, 1 - len(name.parts)):
            path /= part
            found = await client.lstat(str(path))
            kind = found.permissions or 0
            if not (stat.S_ISREG(kind) if last == 0 else stat.S_ISDIR(kind)):
                what = "a link: links are not followed" if stat.S_ISLNK(kind) else "no file" if last == 0 else "no folder"
                raise RecordingRefusedError(f"{self.description}/{name}: {path} is {what}")
        return found

    def _path(self, name: PurePosixPath) -> str:
        return str(PurePosixPath(self._settings.path) / name)

    @asynccontextmanager
    async def _asked(self, name: PurePosixPath) -> AsyncIterator[asyncssh.SFTPClient]:
        """Give the client, and tell its errors in our words."""
        try:
            yield await self._connected()
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise RecordingMissingError(f"{self.description}/{name} is not there") from error
        except asyncssh.SFTPPermissionDenied as error:
            raise RecordingForbiddenError(
                f"{self.description}/{name}: {error.reason}: give {self._settings.user} the right to it"
            ) from error
        except asyncssh.SFTPConnectionLost as error:
            await self.close()
            raise PeerUnavailableError(f"{self.description}: the connection was lost") from error
        except asyncssh.SFTPError as error:
            raise PeerUnavailableError(f"{self.description}: {error.reason}") from error
        except (asyncssh.Error, OSError) as error:
            await self.close()
            raise self._told(error) from error

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._turn:
            if self._client is not None and self._connection is not None and not self._connection.is_closed():
                return self._client
            at = self._settings
            try:
                pinned = asyncssh.import_public_key(at.host_key)
            except asyncssh.KeyImportError as error:
                raise PeerRefusedError(
                    f"{self.description}: recordings.sources: host_key is no public key ({error}): take a line of the PBX's "
                    "/etc/ssh/ssh_host_ed25519_key.pub"
                ) from error
            try:
                key = await asyncio.to_thread(asyncssh.read_private_key, at.key_file)
            except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
                raise PeerRefusedError(f"{self.description}: key_file {at.key_file} cannot be read: {error}") from error
            options: dict[str, Any] = {
                "known_hosts": ([pinned], [], []),
                "server_host_key_algs": _algorithms_of(pinned),
                "client_keys": [key],
                "config": None,
                "agent_path": None,
                "preferred_auth": ["publickey"],
                "keepalive_interval": self._timeout_s,
            }
            async with asyncio.timeout(self._timeout_s):
                connection = await asyncssh.connect(at.host, at.port, username=at.user, **options)
                try:
                    client = await connection.start_sftp_client()
                except BaseException:
                    connection.close()
                    raise
            self._connection, self._client = connection, client
            return client

    def _told(self, error: asyncssh.Error | OSError) -> PeerError | RecordingError:
        match error:
            case asyncssh.HostKeyNotVerifiable() | asyncssh.KeyExchangeFailed():
                return PeerRefusedError(
                    f"{self.description}: it is not the machine whose key is `host_key` ({error.reason}): correct the key if the "
                    "machine was set up anew, and look into it if not"
                )
            case asyncssh.PermissionDenied():
                return PeerRefusedError(
                    f"{self.description}: it does not take our key: add the public half of {self._settings.key_file} to "
                    f"authorized_keys of {self._settings.user}"
                )
            case TimeoutError():
                return PeerUnavailableError(f"{self.description}: no answer within {self._timeout_s:g} s")
            case asyncssh.Error():
                return PeerUnavailableError(f"{self.description}: {error.reason}")
            case _:
                return PeerUnavailableError(f"{self.description}: {error.strerror or error}")


def _algorithms_of(key: asyncssh.SSHKey) -> list[str]:
    """Return the algorithms by which this key can prove itself, so that a server with several keys shows this one."""
    name = key.get_algorithm()
    return ["rsa-sha2-512", "rsa-sha2-256"] if name == "ssh-rsa" else [name]
