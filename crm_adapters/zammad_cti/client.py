"""Zammad's REST API: events of calls, and the search for users.

Sources: docs.zammad.org, "Generic CTI", "User", "Introduction" (tokens). What is answered to an event that came already, and how
much of an error is told, is Zammad's source: a second ``newCall`` is status 500 with ``Object already exists!``; most other
errors of a 500 are ``Error ID …: Please contact your administrator.``
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from crm_adapters._kit.http import Answer, CrmHttp, usual_reason
from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.ports.crm import CrmDeniedError, CrmError, CrmRefusedError, CrmSurroundings

MAX_FOUND: Final = 50
"""Users that are read of one form of a number."""
_ALREADY: Final = re.compile(r"already exists|duplicate", re.IGNORECASE)
_DIRECTION: Final = re.compile(r"direction", re.IGNORECASE)
_CTI: Final = "Switch on CTI (generic) in Zammad, Manage, Integrations, and save its settings once"


class Zammad:
    """One Zammad."""

    def __init__(self, around: CrmSurroundings, settings: ZammadSettings) -> None:
        self.name = around.name
        self.url = settings.url.rstrip("/")
        """Without a stroke at the end."""
        self._endpoint = f"/api/v1/cti/{quote(settings.token.reveal(), safe='')}"
        self._key = settings.key
        self._http = CrmHttp(around, self.url, headers={"Accept": "application/json"})

    @property
    def finds(self) -> bool:
        """Whether it may be searched."""
        return self._key is not None

    async def tell(self, event: Mapping[str, Any]) -> None:
        """Tell of an event; a ``newCall`` that it knows already is done.

        Raises:
            CrmError: It was not taken.
        """
        answer = await self._http.send("POST", self._endpoint, json=event)
        if answer.ok or (event["event"] == "newCall" and _ALREADY.search(usual_reason(answer))):
            return
        raise self._error(answer, _CTI)

    async def listens(self) -> None:
        """Ask whether events would be taken, by one that cannot be: Zammad looks at its own settings before it.

        Raises:
            CrmError: They would not.
        """
        answer = await self._http.send("POST", self._endpoint, json={"event": "newCall", "direction": "none"})
        if answer.status != 422 or not _DIRECTION.search(usual_reason(answer)):
            raise self._error(answer, _CTI)

    async def search(self, written: str) -> list[dict[str, Any]]:
        """Return the users in whom something stands.

        Raises:
            CrmError: It could not be searched.
        """
        said = await self._read("/api/v1/users/search", {"query": written, "limit": str(MAX_FOUND), "expand": "true"})
        return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []

    async def me(self) -> str:
        """Return whose key it is.

        Raises:
            CrmError: It is nobody's.
        """
        said = await self._read("/api/v1/users/me", {})
        return str(said.get("login")) if isinstance(said, dict) else "nobody"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _read(self, path: str, params: Mapping[str, str]) -> Any:
        key = "" if self._key is None else self._key.reveal()
        answer = await self._http.send("GET", path, params=params, headers={"Authorization": f"Token token={key}"})
        if not answer.ok:
            raise self._error(answer, "Give the key's user the role Agent, and the key the permission ticket.agent")
        try:
            return answer.json()
        except ValueError as error:
            raise CrmRefusedError(f"{self.name}: {path} answered no JSON") from error

    def _error(self, answer: Answer, cure: str) -> CrmError:
        """Return what an answer that failed means, without the endpoint's token."""
        if 300 <= answer.status < 400:
            there = urlsplit(answer.headers.get("location", ""))
            return CrmDeniedError(f"{self.name}: Zammad is at {there.scheme}://{there.netloc[:100]}: write that as the url")
        if answer.status in (200, 403, 404, 422):
            return CrmDeniedError(f"{self.name}: status {answer.status}: {usual_reason(answer)}. {cure}")
        return self._http.error_of(answer)
