"""Recordings of a PBX whose folder a web server serves."""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from ssl import SSLError, create_default_context
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from gateway.model.errors import (
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
    RecordingForbiddenError,
    RecordingMissingError,
)
from gateway.ports.recordings import Found
from gateway.recordings.settings import HttpSettings

READ_BYTES: Final = 256 * 1024


class HttpSource:
    """See :class:`gateway.ports.recordings.RecordingSource`. Redirects are not followed: the token is for this server alone."""

    def __init__(self, settings: HttpSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    @property
    def description(self) -> str:
        """The folder's address."""
        return self._settings.url.rstrip("/")

    async def look(self, name: PurePosixPath) -> Found:
        """Return how the file is now."""
        async with self._asked("HEAD", name) as response:
            size = response.headers.get("Content-Length")
            if size is None:
                raise PeerProtocolError(f"{self.description}: the server does not say how long it is")
            return Found(size=int(size), changed_at=_time(response.headers.get("Last-Modified")))

    async def read(self, name: PurePosixPath) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes."""
        async with self._asked("GET", name) as response:
            async for data in response.content.iter_chunked(READ_BYTES):
                yield data

    async def delete(self, name: PurePosixPath) -> None:
        """Delete the file."""
        try:
            async with self._asked("DELETE", name):
                return
        except RecordingMissingError:
            return

    async def close(self) -> None:
        """Let go of connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _asked(self, method: str, name: PurePosixPath) -> AsyncIterator[aiohttp.ClientResponse]:
        where = f"{self.description}/{name}"
        url = URL(f"{self.description}/{quote(str(name))}", encoded=True)
        try:
            async with self._opened().request(method, url, allow_redirects=False) as response:
                self._refuse(response.status, where)
                yield response
        except aiohttp.ClientConnectorCertificateError as error:
            cure = "set ca_file to the authority that signed it"
            raise PeerRefusedError(
                f"{self.description}: its certificate is not trusted ({error.certificate_error}): {cure}"
            ) from error
        except TimeoutError as error:
            raise PeerUnavailableError(f"{self.description}: no answer within {self._timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PeerUnavailableError(f"{self.description}: {error}") from error

    def _refuse(self, status: int, where: str) -> None:
        if status in (200, 202, 204):
            return
        if status in (404, 410):
            raise RecordingMissingError(f"{where} is not there")
        if status == 403:
            raise RecordingForbiddenError(f"{where}: the server does not give it to us (403): give it the right to its folder")
        if status in (405, 501):
            raise PeerRefusedError(
                f"{self.description}: the server takes no such request ({status}): let it take HEAD, GET and, to delete, DELETE"
            )
        if status == 401:
            raise PeerRefusedError(
                f"{self.description}: the server refuses us ({status}): correct token, or username and password, or its rights"
            )
        raise PeerUnavailableError(f"{self.description}: the server answers {status}")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            at = self._settings
            options: dict[str, Any] = {}
            if at.ca_file is not None:
                try:
                    options["connector"] = aiohttp.TCPConnector(ssl=create_default_context(cafile=at.ca_file))
                except (OSError, SSLError) as error:
                    raise PeerRefusedError(f"{self.description}: ca_file {at.ca_file} cannot be read: {error}") from error
            said = self._authorization()
            if said is not None:
                options["headers"] = {"Authorization": said}
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=self._timeout_s)
            # Sound that was squeezed for the way would have another length than the file.
            self._session = aiohttp.ClientSession(
                timeout=timeout, auto_decompress=False, skip_auto_headers=("Accept-Encoding",), **options
            )
        return self._session

    def _authorization(self) -> str | None:
        at = self._settings
        if at.token is not None:
            return f"Bearer {at.token.reveal()}"
        if at.username is not None and at.password is not None:
            # RFC 7617: in UTF-8.
            return "Basic " + b64encode(f"{at.username}:{at.password.reveal()}".encode()).decode()
        return None


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
