"""Recordings kept in a bucket of S3 or of a server that speaks its language: four requests, signed by ourselves.

Keys are addressed by path (``endpoint/bucket/key``), which every such server understands.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from ssl import create_default_context
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from gateway.model.errors import RecordingMissingError, StorageError, StorageFullError
from gateway.recordings.settings import S3Settings
from gateway.recordings.signing import EMPTY_SHA256, encoded, signed

READ_BYTES: Final = 256 * 1024
_TOLD_CHARACTERS: Final = 300
"""Of a server's own words, which are XML."""


class S3Storage:
    """See :class:`gateway.ports.recordings.RecordingStorage`.

    Args:
        incoming: A folder of this machine for files on their way in.
        now: Seconds since the epoch.
    """

    def __init__(self, settings: S3Settings, incoming: Path, *, timeout_s: float, now: Callable[[], float]) -> None:
        self._settings = settings
        self._endpoint = settings.endpoint or f"https://s3.{settings.region}.amazonaws.com"
        self._incoming = incoming
        self._timeout_s = timeout_s
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    @property
    def description(self) -> str:
        """The bucket, where it is, and what its keys begin with."""
        return f"{self._endpoint.rstrip('/')}/{self._settings.bucket}/{self._settings.prefix}"

    @property
    def incoming(self) -> Path:
        """A folder of this machine."""
        return self._incoming

    async def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> None:
        """Send the file; the server checks what it got by the digest."""
        size = (await asyncio.to_thread(file.stat)).st_size
        headers = {"content-type": media_type}
        if self._settings.encryption is not None:
            headers["x-amz-server-side-encryption"] = self._settings.encryption
        async with (
            aclosing(_sent(file)) as body,
            self._asked("PUT", key, headers, body=body, body_bytes=size, sha256=sha256),
        ):
            return

    async def read(self, key: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """Yield a part of an object."""
        if length == 0:
            return
        async with self._asked("GET", key, {"range": f"bytes={start}-{start + length - 1}"}) as response:
            left = length
            async for data in response.content.iter_chunked(READ_BYTES):
                left -= len(data)
                yield data
            if left:
                raise StorageError(f"{self.description}{key} is {abs(left)} bytes off what it was when it was kept")

    async def delete(self, key: str) -> None:
        """Delete the object."""
        try:
            async with self._asked("DELETE", key, {}):
                return
        except RecordingMissingError:
            return

    async def close(self) -> None:
        """Let go of connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        key: str,
        headers: dict[str, str],
        *,
        body: AsyncIterator[bytes] | None = None,
        body_bytes: int = 0,
        sha256: str = EMPTY_SHA256,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        base = urlsplit(self._endpoint)
        path = encoded(f"{base.path.rstrip('/')}/{self._settings.bucket}/{self._settings.prefix}{key}")
        at = self._settings
        proved = signed(
            method,
            base.netloc,
            path,
            headers,
            access_key=at.access_key,
            secret_key=at.secret_key.reveal(),
            region=at.region,
            sha256_of_body=sha256,
            at=self._now(),
        )
        if body is not None:
            proved["content-length"] = str(body_bytes)
        url = URL(f"{base.scheme}://{base.netloc}{path}", encoded=True)
        try:
            async with self._opened().request(method, url, headers=proved, data=body, allow_redirects=False) as response:
                if response.status not in (200, 204, 206):
                    raise self._refused(
                        response.status, (await response.content.read(4 * _TOLD_CHARACTERS)).decode("utf-8", "replace"), key
                    )
                yield response
        except TimeoutError as error:
            raise StorageError(f"{self.description}: no answer within {self._timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise StorageError(f"{self.description}: {error}") from error

    def _refused(self, status: int, said: str, key: str) -> StorageError | RecordingMissingError:
        words = " ".join(said.split())[:_TOLD_CHARACTERS]
        if status == 404 and "NoSuchBucket" not in said:
            return RecordingMissingError(f"{self.description}{key} is gone")
        if status == 507 or "QuotaExceeded" in said or "XMinioStorageFull" in said:
            return StorageFullError(f"{self.description}: the server has no room: {words}")
        cures = {
            301: "set recordings.s3.region or endpoint to the bucket's own",
            400: "check recordings.s3.region and endpoint",
            403: "check recordings.s3.access_key and secret_key, what that user may do, and this machine's clock",
            404: "make the bucket, or correct recordings.s3.bucket",
        }
        return StorageError(
            f"{self.description}: the server answers {status} ({words}): {cures.get(status, 'it is tried again')}"
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            options: dict[str, Any] = {}
            if self._settings.ca_file is not None:
                try:
                    options["connector"] = aiohttp.TCPConnector(ssl=create_default_context(cafile=self._settings.ca_file))
                except OSError as error:
                    raise StorageError(f"recordings.s3.ca_file {self._settings.ca_file} cannot be read: {error}") from error
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=self._timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False, **options)
        return self._session


async def _sent(file: Path) -> AsyncGenerator[bytes, None]:
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        while data := await asyncio.to_thread(opened.read, READ_BYTES):
            yield data
    finally:
        # Whoever sends it may have been answered before the end, and waits for nothing more.
        opened.close()
