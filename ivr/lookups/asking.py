"""Asks a system over HTTP: with a deadline, again where that changes nothing, and never elsewhere than the handler says."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from gateway.model.secret import Secret
from ivr.definition.values import Handler
from ivr.lookups.answers import AnswerError, taken
from ivr.lookups.requests import Request, UnfitError, moved, request_of
from ivr.turns.values import LookUpProblem, LookUpResult

MAX_ANSWER_BYTES: Final = 256 * 1024
"""Bytes of an answer that are read; a longer one is none."""
FIRST_PAUSE_S: Final = 0.2
"""Seconds before the second try; each further pause is twice as long."""
_NOT_FOUND: Final = frozenset({404, 410})
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that may pass."""
_SECRET: Final = re.compile(r"\$\{(env|file):([^}]+)\}")


class _UnusableError(Exception):
    """No answer that can be used; its text says why, without values that people told."""

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.passing = passing
        """Whether another try may do better."""


class Asked(NamedTuple):
    """What a system said, and for whoever runs it why it could not be used."""

    result: LookUpResult
    why: str = ""


class Systems:
    """The company's systems, as the handlers of a dialog describe them."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        client: aiohttp.ClientSession,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        """``client`` stays the caller's to close.

        ``hosts`` says where hosts really are, as a test's or the example's: ``{"delivery.example": "http://127.0.0.1:8099"}``.
        """
        self._handlers = handlers
        self._client = client
        self._pause = pause
        self._hosts = dict(hosts or {})

    async def ask(self, name: str, arguments: Mapping[str, str]) -> Asked:
        """Ask the system behind a handler; cancelling is safe, though what was sent may have been done.

        Nothing is raised for what a system does: it is "down" when it does not answer in time, or not with what was agreed.
        """
        handler = self._handlers[name]
        try:
            request = moved(request_of(handler, arguments), self._hosts)
            secret = await asyncio.to_thread(read_secret, handler.secret) if handler.secret else None
        except UnfitError as error:
            return Asked(LookUpResult(handler=name, problem=LookUpProblem.DOWN), str(error))
        again = handler.retries if (handler.method == "GET" if handler.idempotent is None else handler.idempotent) else 0
        tries = 0
        while True:
            try:
                values = await self._once(handler, request, secret)
            except _UnusableError as error:
                if not error.passing or tries == again:
                    return Asked(LookUpResult(handler=name, problem=LookUpProblem.DOWN), str(error))
            else:
                if values is None:
                    return Asked(LookUpResult(handler=name, problem=LookUpProblem.NOT_FOUND))
                return Asked(LookUpResult(handler=name, values=values))
            await self._pause(FIRST_PAUSE_S * 2**tries)
            tries += 1

    async def _once(self, handler: Handler, request: Request, secret: Secret | None) -> dict[str, str] | None:
        headers = {"Accept": "application/json", **request.headers}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret.reveal()}"
        try:
            async with asyncio.timeout(handler.timeout_s):
                # A redirect could lead the bearer token, and what people told, to another host.
                async with self._client.request(
                    request.method, URL(request.url, encoded=True), headers=headers, data=request.body, allow_redirects=False
                ) as response:
                    if response.status in _NOT_FOUND:
                        return None
                    if not 200 <= response.status < 300:
                        raise _UnusableError(f"status {response.status}", passing=response.status in _AGAIN)
                    return taken(await _body(response), handler.take)
        except TimeoutError:
            raise _UnusableError(f"no answer within {handler.timeout_s:g} s (timeout_s)", passing=True) from None
        except AnswerError as error:
            raise _UnusableError(str(error), passing=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _UnusableError(f"{type(error).__name__}: {error}", passing=True) from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise _UnusableError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes", passing=False)
    return bytes(body)


def read_secret(text: str) -> Secret:
    """Return what ``${env:NAME}`` or ``${file:/path}`` stands for; it reads a file.

    Raises:
        UnfitError: It is neither, or there is none.
    """
    written = _SECRET.fullmatch(text)
    if written is None:
        raise UnfitError("secret: write ${env:NAME} or ${file:/path}, never the secret itself")
    kind, where = written.groups()
    try:
        found = os.environ.get(where, "") if kind == "env" else Path(where).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnfitError(f"secret: {where}: {error}") from error
    if not found or not found.isprintable():
        raise UnfitError(
            f"secret: {'the variable' if kind == 'env' else 'the file'} {where} is missing, empty or of several lines"
        )
    return Secret(found)
