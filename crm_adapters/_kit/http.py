"""HTTP as adapters need it: within the CRM's quota, bounded in time and size, each failure one of four errors.

What a status means follows RFC 9110 and what CRMs do: 401 is a wrong key, 403 a missing right, 429 and every 5xx pass by
themselves, 404 and 410 mean that it is gone, any other 4xx will not get better. What a body says besides is the adapter's to
read: :meth:`CrmHttp.send` returns every answer, :meth:`CrmHttp.call` those that succeeded.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypedDict, Unpack

import aiohttp
import msgspec

from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

TIMEOUT_S: Final = 20.0
"""Seconds for one request; CRMs with automation behind a field take ten."""
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
"""Of an answer; a longer one is none."""
MAX_PAUSE_S: Final = 3_600.0
"""Who asks to be left alone for longer is asked again after an hour."""
MAX_REASON_CHARACTERS: Final = 300
"""Of what a CRM says of an error, in ours."""
CONNECTIONS: Final = 8
"""To one CRM."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a CRM answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status says that it succeeded; the body may say otherwise."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return what the body says.

        Raises:
            ValueError: It is no JSON, or nested without end.
        """
        try:
            return msgspec.json.decode(self.body)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error


class Sent(TypedDict, total=False):
    """What goes with a request; one of ``json``, ``form`` and ``data`` at most."""

    params: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    json: Any
    """None is nothing."""
    form: Mapping[str, str] | aiohttp.FormData | None
    data: Any
    """As it is: bytes, or an async iterator of them."""


class CrmHttp:
    """One CRM's HTTP. Connections open with the first request.

    Args:
        around: Whose quota is kept, and what errors begin with.
        url: Without a stroke at its end; what :meth:`send` asks for is put behind it.
        headers: Of each request.
        timeout_s: For one request and its whole answer.
        reason_of: Reads what an answer that failed says of it, for people; by default known keys of JSON.
    """

    def __init__(
        self,
        around: CrmSurroundings,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        reason_of: Callable[[Answer], str] | None = None,
    ) -> None:
        self.name = around.name
        self._pace = around.pace
        self._url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout_s = timeout_s
        self._reason_of = reason_of or usual_reason
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, path: str, **sent: Unpack[Sent]) -> Any:
        """Send a request and return what its answer says in JSON; None of an empty one.

        Raises:
            CrmError: It did not succeed, or its answer is no JSON.
        """
        answer = await self.send(method, path, **sent)
        if not answer.ok:
            raise self.error_of(answer)
        if not answer.body.strip():
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise CrmRefusedError(f"{self.name}: {method} {path} answered no JSON: {excerpt(answer.body)}") from error

    async def send(self, method: str, path: str, **sent: Unpack[Sent]) -> Answer:
        """Send a request when it is our turn and return the answer, whatever it says, but 429 and the like.

        ``path`` may be a whole address too.

        Raises:
            CrmUnavailableError: It cannot be reached, does not answer in time, or wants to be left alone (429, 503 with
                ``Retry-After``).
            CrmRefusedError: Its answer is longer than :data:`MAX_ANSWER_BYTES`.
        """
        await self._pace.turn()
        url = path if path.startswith(("http://", "https://")) else self._url + path
        headers = dict(sent.get("headers") or {})
        body, form = sent.get("data"), sent.get("form")
        if sent.get("json") is not None:
            body = msgspec.json.encode(sent["json"])
            headers.setdefault("Content-Type", "application/json")
        elif form is not None:
            body = form if isinstance(form, aiohttp.FormData) else dict(form)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._opened().request(
                    method, url, params=sent.get("params"), data=body, headers=self._headers | headers, allow_redirects=False
                ) as response,
            ):
                held = await response.content.read(MAX_ANSWER_BYTES + 1)
                while not response.content.at_eof() and len(held) <= MAX_ANSWER_BYTES:
                    held += await response.content.read(MAX_ANSWER_BYTES + 1 - len(held))
                answered = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(status=response.status, headers=answered, body=held)
        except TimeoutError as error:
            raise CrmUnavailableError(f"{self.name}: {_place(url)} did not answer within {self._timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an address that is none.
            raise CrmUnavailableError(f"{self.name}: {_place(url)} cannot be reached: {_cause(error)}") from error
        if len(answer.body) > MAX_ANSWER_BYTES:
            raise CrmRefusedError(f"{self.name}: {_place(url)} answered more than {MAX_ANSWER_BYTES} bytes")
        if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
            busy = self.error_of(answer)
            if isinstance(busy, CrmUnavailableError) and busy.retry_after_s is not None:
                self._pace.put_off(busy.retry_after_s)
            raise busy
        return answer

    def error_of(self, answer: Answer) -> CrmError:
        """Return what an answer that failed means."""
        said = self._reason_of(answer)
        text = f"{self.name}: status {answer.status}{': ' + said if said else ''}"
        status = answer.status
        if status == 429 or status == 408 or status >= 500:
            return CrmUnavailableError(text, retry_after_s=pause_of(answer.headers))
        if status == 401:
            return CrmDeniedError(f"{text}. It does not know us: look at the key or password of {self.name} in the configuration")
        if status == 403:
            return CrmDeniedError(f"{text}. Give the user that {self.name} signs in as the right to it, in the CRM")
        if status in (404, 410):
            return CrmGoneError(text)
        if 300 <= status < 400:
            there = answer.headers.get("location", "")
            return CrmDeniedError(f"{text}. It sends us to {there[:200]}: write that as the url of {self.name}")
        return CrmRefusedError(text)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session


def pause_of(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a CRM wants to be left alone; None where it does not say (``Retry-After``, RFC 9110 10.2.3).

    A time of day is measured by its own clock, its ``Date``.
    """
    wanted = headers.get("retry-after", "").strip()
    if wanted.isascii() and wanted.replace(".", "", 1).isdigit():
        return min(float(wanted), MAX_PAUSE_S)
    try:
        pause = parsedate_to_datetime(wanted) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause.total_seconds(), 0.0), MAX_PAUSE_S)


def usual_reason(answer: Answer) -> str:
    """Return what an answer says of its failure: a text under one of the usual keys, else its beginning where it is no page."""
    try:
        said = answer.json()
    except ValueError:
        return "" if answer.body.lstrip()[:1] == b"<" else excerpt(answer.body)
    for key in ("error_description", "message", "detail", "error", "errors"):
        found = said.get(key) if isinstance(said, dict) else None
        if isinstance(found, dict):
            found = found.get("message")
        if isinstance(found, str) and found:
            return printable(found[:MAX_REASON_CHARACTERS])
    return excerpt(answer.body)


def excerpt(body: bytes) -> str:
    """Return the beginning of a body, for an error's text."""
    return printable(body[:MAX_REASON_CHARACTERS].decode("utf-8", "replace"))


def printable(text: str) -> str:
    """Return what a CRM said without the characters that no log or terminal takes, in single spaces."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _cause(error: Exception) -> str:
    """Return why there was no connection, and what to look at."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
            return f"its certificate is not trusted ({why}): put its CA among those of this machine, and look at the url"
        case aiohttp.ClientConnectorDNSError():
            return "nobody knows a host of that name: look at the url, and at this machine's DNS"
        case aiohttp.ClientConnectorSSLError():
            return "it does not speak TLS there: look at the url's https:// and port"
        case aiohttp.ClientConnectorError():
            why = os.strerror(error.errno) if error.errno else str(error)
            return f"{why}: is it on, is the url right, is a firewall between?"
        case ValueError():
            # The address may hold a password.
            return "it is no address: look at the url"
        case _:
            return str(error) or type(error).__name__


def _place(url: str) -> str:
    """Return an address without what may be secret in it."""
    return url.partition("?")[0].split("//", 1)[-1].split("/", 1)[0].rpartition("@")[2]
