"""Posts one message to one address, and says what came of it.

Only to where messages may go: the address that a name has is looked up by us, judged, and connected to as it was judged.
"""

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.model.errors import TargetError
from gateway.model.targets import check_url, is_public, refusal
from gateway.model.webhooks import Outcome

CONNECTIONS: Final = 64
"""Open at once to all endpoints together."""
SHOWN_CHARACTERS: Final = 200
"""Of what a receiver says about its failure."""
READ_BYTES: Final = 16 * 1024
"""Of an answer; nobody needs the rest."""
REDIRECTS: Final = range(300, 400)


class GuardedResolver(AbstractResolver):
    """Looks names up and gives only addresses to which messages may go.

    Args:
        allowed: Hosts in our own network that the operator trusts.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: It has none, or none to which messages may go.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
        judged: list[ResolveResult] = []
        for kind, _, protocol, _, where in found:
            address = str(where[0])
            if host in self._allowed or is_public(ip_address(address.partition("%")[0])):
                judged.append(
                    ResolveResult(
                        hostname=host, host=address, port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
                    )
                )
        if not judged:
            raise OSError(None, refusal(host, str(found[0][4][0]) if found else "nowhere"))
        return judged

    async def close(self) -> None:
        """Do nothing: there is nothing open."""


class Sender:
    """Posts messages; one for all endpoints.

    Args:
        allowed: Hosts in our own network that the operator trusts.
        timeout_s: Seconds in which a receiver must have answered.
        clock: Seconds that only grow.
        now: Seconds since the epoch.
    """

    def __init__(
        self, allowed: Collection[str], *, timeout_s: float, clock: Callable[[], float], now: Callable[[], float]
    ) -> None:
        self._allowed = frozenset(allowed)
        self._timeout_s = timeout_s
        self._clock = clock
        self._now = now
        self._session: ClientSession | None = None
        self._agent = f"Tieline/{version('tieline')}"

    async def close(self) -> None:
        """Let go of all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post a message once. Cancelling is safe: it may have arrived, and is sent again under the same id."""
        began_at = self._clock()
        try:
            host = check_url(url, self._allowed)
        except TargetError as error:
            return Outcome(status=None, why=str(error))
        try:
            async with asyncio.timeout(self._timeout_s):
                outcome = await self._post(url, body, headers)
        except TimeoutError:
            why = f"{host}: no answer within {self._timeout_s:g} s"
            return Outcome(status=None, why=why, took_s=self._clock() - began_at)
        except (ClientError, OSError, ValueError) as error:  # a host that no name service takes is a ValueError
            return Outcome(status=None, why=f"{host}: {_reason(error)}", took_s=self._clock() - began_at)
        return Outcome(
            status=outcome.status, why=outcome.why, retry_after_s=outcome.retry_after_s, took_s=self._clock() - began_at
        )

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        said = {"Content-Type": "application/json", "User-Agent": self._agent, **headers}
        async with self._open_session().post(url, data=body, headers=said, allow_redirects=False) as response:
            text = (await response.content.read(READ_BYTES)).decode("utf-8", "replace").strip()
            status = response.status
            if 200 <= status < 300:
                return Outcome(status=status)
            why = f"{status} {response.reason or ''}".strip()
            if status in REDIRECTS:
                why += f": it leads to {response.headers.get('Location', 'nowhere')}, which is not followed: change the address"
            elif text:
                why += f": {text[:SHOWN_CHARACTERS]}"
            return Outcome(status=status, why=why, retry_after_s=_seconds(response.headers.get("Retry-After"), self._now()))

    def _open_session(self) -> ClientSession:
        if self._session is None:
            connector = TCPConnector(
                resolver=GuardedResolver(self._allowed), use_dns_cache=False, limit=CONNECTIONS, enable_cleanup_closed=False
            )
            self._session = ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _seconds(text: str | None, now: float) -> float | None:
    """Read ``Retry-After``, seconds or a date (RFC 9110, 10.2.3); None where it is neither."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return text or type(error).__name__
