"""Bitrix24's REST API: one method or a batch of them, and which of its errors means what.

Sources: apidocs.bitrix24.com, "Error Codes", "Limits", "batch". An answer that has the key ``error`` failed, whatever its status;
a batch succeeds always and tells of its commands by ``result_error``; empty objects come as ``[]``.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import aiohttp

from crm_adapters._kit.http import MAX_REASON_CHARACTERS, Answer, CrmHttp, excerpt, printable
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

MAX_COMMANDS: Final = 50
"""Of a batch, by the vendor."""
PAGE: Final = 50
"""Rows of a page, by the vendor."""
UPLOAD_TIMEOUT_S: Final = 600.0
"""Seconds for the sound of a call of hours."""
LIMITED_S: Final = 5.0
"""Seconds for which nothing is asked after ``QUERY_LIMIT_EXCEEDED``: ten requests leak out of the bucket meanwhile."""
BLOCKED_S: Final = 60.0
"""Seconds after which a method that used up its computing time is asked again; its limit runs over ten minutes."""

_AWAY: Final = frozenset({"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"})
_CURES: Final[Mapping[str, str]] = {
    "NO_AUTH_FOUND": "Write the whole address of the inbound webhook as the url",
    "INVALID_CREDENTIALS": "The inbound webhook is gone or its address is another: copy it anew to the url",
    "INVALID_REQUEST": "Write the url with https",
    "EXPIRED_TOKEN": "The address is one of an application: write that of an inbound webhook as the url",
    "INSUFFICIENT_SCOPE": "Tick telephony, crm and user in the inbound webhook",
    "ERROR_METHOD_NOT_FOUND": "Tick telephony, crm and user in the inbound webhook, or update the portal",
    "WRONG_AUTH_TYPE": "This portal lets only an application register calls, and no inbound webhook",
    "USER_ACCESS_ERROR": "Let the webhook's user work with the application, in the portal",
    "ACCESS_DENIED": "Give the webhook's user the right to it in the portal, or look whether the plan includes the REST API",
    "PAYMENT_REQUIRED": "The portal's plan does not include this",
    "OVERLOAD_LIMIT": "The vendor has blocked the portal's REST API: ask his support",
    "PORTAL_DELETED": "The portal is closed: open its public part",
}
_GONE: Final = re.compile(r"(?!user\b).*\b(not found|не найден)", re.IGNORECASE | re.DOTALL)
"""What the description of a missing row holds; its code is empty or ``ERROR_CORE``. A user who is missing is no such row."""
_WEBHOOK: Final = re.compile(r"(?P<portal>https?://[\w.:\[\]-]+)/rest/(?P<user>[1-9]\d{0,9})/\w+/?", re.ASCII)
"""The address of an inbound webhook."""


class Bitrix24:
    """A portal, by the address of an inbound webhook.

    Raises:
        ConfigurationError: It is no such address.
    """

    def __init__(self, around: CrmSurroundings, url: Secret) -> None:
        found = _WEBHOOK.fullmatch(url.reveal().strip())
        if found is None:
            raise ConfigurationError(
                f"crm {around.name}: url is not the address of an inbound webhook; in Bitrix24, Developer resources, "
                "Other, Inbound webhook, copy the one like https://example.bitrix24.com/rest/1/TOKEN/"
            )
        self.name = around.name
        self.portal = found["portal"]
        """Where its pages are, without a stroke at the end."""
        self.user = int(found["user"])
        """The webhook's own user."""
        self._pace = around.pace
        self._http = CrmHttp(around, found[0])
        self._uploads = CrmHttp(around, self.portal, timeout_s=UPLOAD_TIMEOUT_S)

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call one method and return its ``result``.

        Raises:
            CrmError: It failed.
        """
        return self._said(method, await self._http.send("POST", f"/{method}.json", json=params)).get("result")

    async def batch(self, commands: Mapping[str, tuple[str, Mapping[str, Any]]]) -> "Batch":
        """Call up to :data:`MAX_COMMANDS` methods in one request. No text of people's goes into one: the portal replaces
        ``$result[…]`` in parameters.

        Raises:
            CrmError: One failed.
        """
        cmd = {key: f"{method}?{'&'.join(_pairs(params))}" for key, (method, params) in commands.items()}
        said = self._said("batch", await self._http.send("POST", "/batch.json", json={"halt": 0, "cmd": cmd})).get("result")
        said = said if isinstance(said, dict) else {}
        failed = said.get("result_error")
        for key, error in failed.items() if isinstance(failed, dict) else ():
            raise self._error(commands[key][0] if key in commands else "batch", error if isinstance(error, dict) else {}, None)
        return Batch(_object(said.get("result")), _object(said.get("result_total")))

    async def upload(self, url: str, field: str, file_name: str, content_type: str, content: AsyncIterator[bytes]) -> Any:
        """Send a file to the address that a method gave for it, piece by piece, and return the ``result``.

        Raises:
            CrmError: It failed, or the address is not this portal's.
        """
        if urlsplit(url).netloc != urlsplit(self.portal).netloc:
            raise CrmRefusedError(f"{self.name}: it wants a recording at {urlsplit(url).netloc[:100]!r}, which is not the portal")
        form = aiohttp.FormData()
        form.add_field(field, content, filename=file_name, content_type=content_type)
        return self._said("upload", await self._uploads.send("POST", url, form=form)).get("result")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        await self._uploads.close()

    def _said(self, method: str, answer: Answer) -> dict[str, Any]:
        """Return an answer's JSON.

        Raises:
            CrmError: It says of an error, or is none.
        """
        if 300 <= answer.status < 400:
            # Its new address has the token in it.
            there = urlsplit(answer.headers.get("location", ""))
            raise CrmDeniedError(f"{self.name}: the portal is at {there.scheme}://{there.netloc[:100]}: write that in the url")
        try:
            said = answer.json()
        except ValueError as error:
            if not answer.ok:
                raise self._http.error_of(answer) from error
            raise CrmRefusedError(f"{self.name}: {method} answered no JSON: {excerpt(answer.body)}") from error
        if not isinstance(said, dict) or ("result" not in said and "error" not in said):
            if not answer.ok:
                raise self._http.error_of(answer)
            raise CrmRefusedError(f"{self.name}: {method} answered neither a result nor an error: {excerpt(answer.body)}")
        if "error" in said:
            raise self._error(method, said, answer)
        return said

    def _error(self, method: str, said: Mapping[str, Any], answer: Answer | None) -> CrmError:
        code = str(said.get("error") or "")
        told = printable(str(said.get("error_description") or "")[:MAX_REASON_CHARACTERS])
        text = f"{self.name}: {method}: {printable(code[:100])}{': ' if code and told else ''}{told}"
        upper = code.upper()
        if upper in _AWAY:
            if upper == "QUERY_LIMIT_EXCEEDED":
                self._pace.put_off(LIMITED_S)
            after = {"QUERY_LIMIT_EXCEEDED": LIMITED_S, "OPERATION_TIME_LIMIT": BLOCKED_S}.get(upper)
            return CrmUnavailableError(text, retry_after_s=after)
        if upper in _CURES:
            return CrmDeniedError(f"{text}. {_CURES[upper]}")
        if upper in ("", "ERROR_CORE", "NOT_FOUND") and _GONE.match(told):
            return CrmGoneError(text)
        if answer is not None and answer.status in (401, 403):
            return CrmDeniedError(f"{text}. Give the webhook's user the right to it in the portal")
        if answer is not None and answer.status >= 500:
            return CrmUnavailableError(text)
        return CrmRefusedError(text)


class Batch:
    """What the commands of a batch answered."""

    def __init__(self, results: Mapping[str, Any], totals: Mapping[str, Any]) -> None:
        self._results = results
        self._totals = totals

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Return a list's rows."""
        found = self._results.get(key)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def named(self, key: str) -> dict[str, Any]:
        """Return an object."""
        return _object(self._results.get(key))

    def total(self, key: str) -> int:
        """Return how many rows a list has on all its pages."""
        found = self._totals.get(key)
        return found if isinstance(found, int) else 0


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _pairs(params: Mapping[str, Any], inside: str = "") -> Iterator[str]:
    """Return parameters as PHP reads them from a query: ``filter[@ID][0]=7``."""
    for key, value in params.items():
        name = f"{inside}[{quote_plus(str(key))}]" if inside else quote_plus(str(key))
        if isinstance(value, Mapping):
            yield from _pairs(value, name)
        elif isinstance(value, list | tuple):
            yield from _pairs({str(index): each for index, each in enumerate(value)}, name)
        else:
            yield f"{name}={quote_plus(str(value))}"
