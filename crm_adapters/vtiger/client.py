"""Vtiger's web services: sign-in by challenge, operations, queries.

Source: "Vtiger web services" (code.vtiger.com wiki, third-party app integration); capture ``vtiger82``. Status 200 says nothing:
``success`` does. A record that is not there and one that we may not see are the same to it, ``ACCESS_DENIED``.
"""

import asyncio
from collections.abc import Mapping
from hashlib import md5
from typing import Any, Final

import msgspec

from crm_adapters._kit.http import Answer, CrmHttp, printable
from crm_adapters.vtiger.settings import VtigerSettings
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

PATH: Final = "/webservice.php"
MAX_REASON_CHARACTERS: Final = 300
_SIGN_IN_AGAIN: Final = frozenset({"INVALID_SESSIONID", "AUTHENTICATION_REQUIRED", "INVALID_AUTH_TOKEN", "SESSION_EXPIRED"})
_DENIED: Final = frozenset({"ACCESS_DENIED", "INVALID_USER_CREDENTIALS", "AUTHENTICATION_FAILURE", *_SIGN_IN_AGAIN})
_GONE: Final = frozenset({"RECORD_NOT_FOUND", "RECORD_DELETED", "INVALID_ID_ATTRIBUTE"})
_PASSES: Final = frozenset({"DATABASE_ERROR", "DATABASE_QUERY_ERROR", "INTERNAL_SERVER_ERROR"})


class Session(msgspec.Struct, frozen=True):
    """Who we are while we are signed in."""

    name: str
    user: str
    """The id of the user, such as ``19x1``."""
    version: str


class _RefusedError(Exception):
    """The code and the words of an answer that failed."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


class VtigerClient:
    """One Vtiger.

    Args:
        settings: As configured.
        around: As given to the adapter.
    """

    def __init__(self, settings: VtigerSettings, around: CrmSurroundings) -> None:
        self.name = around.name
        self._settings = settings
        self._http = CrmHttp(around, settings.url)
        self._session: Session | None = None
        self._signing_in = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def session(self) -> Session:
        """Return who we are, signed in; all who want to know wait for one sign-in.

        Raises:
            CrmDeniedError: We are not let in.
        """
        async with self._signing_in:
            if self._session is None:
                self._session = await self._sign_in()
            return self._session

    async def query(self, statement: str) -> list[dict[str, Any]]:
        """Return the records of a query, which has no semicolon at its end."""
        found = await self._asked("GET", {"operation": "query", "query": f"{statement};"})
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise CrmRefusedError(f"{self.name}: Vtiger listed nothing that can be read")
        return found

    async def describe(self, kind: str) -> dict[str, str]:
        """Return the fields of such records with their types; none where we may not see them."""
        try:
            told = await self._asked("GET", {"operation": "describe", "elementType": kind})
        except (CrmDeniedError, CrmRefusedError):
            return {}
        listed = told.get("fields") if isinstance(told, dict) else None
        fields = [each for each in listed or () if isinstance(each, dict) and isinstance(each.get("type"), dict)]
        return {str(each.get("name")): str(each["type"].get("name")) for each in fields}

    async def create(self, kind: str, element: Mapping[str, str]) -> dict[str, Any]:
        """Make a record of this kind and return it."""
        text = msgspec.json.encode(element).decode()
        return self._record(await self._asked("POST", {"operation": "create", "elementType": kind, "element": text}))

    async def revise(self, record: str, element: Mapping[str, str]) -> None:
        """Change some fields of a record of ours.

        Raises:
            CrmGoneError: It is not there any more.
        """
        text = msgspec.json.encode({"id": record, **element}).decode()
        await self._ours("POST", {"operation": "revise", "element": text})

    async def delete(self, record: str) -> None:
        """Delete a record of ours.

        Raises:
            CrmGoneError: It is not there any more.
        """
        await self._ours("POST", {"operation": "delete", "id": record})

    async def _ours(self, method: str, values: Mapping[str, str]) -> Any:
        try:
            return await self._once_more(method, values)
        except _RefusedError as error:
            if error.code == "ACCESS_DENIED":
                # We made it, so that we might see it if it were there.
                raise CrmGoneError(f"{self.name}: Vtiger: {error}") from error
            raise self._error(error) from error

    async def _asked(self, method: str, values: Mapping[str, str]) -> Any:
        try:
            return await self._once_more(method, values)
        except _RefusedError as error:
            raise self._error(error) from error

    async def _once_more(self, method: str, values: Mapping[str, str]) -> Any:
        """Ask, and where the session has ended sign in and ask again, once."""
        session = await self.session()
        try:
            return await self._sent(method, {**values, "sessionName": session.name})
        except _RefusedError as error:
            if error.code not in _SIGN_IN_AGAIN:
                raise
        if self._session is session:
            self._session = None
        session = await self.session()
        return await self._sent(method, {**values, "sessionName": session.name})

    async def _sign_in(self) -> Session:
        login = self._settings.login
        try:
            challenge = await self._sent("GET", {"operation": "getchallenge", "username": login})
            token = challenge.get("token") if isinstance(challenge, dict) else None
            if not isinstance(token, str):
                raise CrmRefusedError(f"{self.name}: Vtiger gave no challenge: look at the url of {self.name}")
            # The protocol's own hash; it guards nothing that TLS does not.
            proof = md5(f"{token}{self._settings.key.reveal()}".encode(), usedforsecurity=False).hexdigest()
            told = await self._sent("POST", {"operation": "login", "username": login, "accessKey": proof})
        except _RefusedError as error:
            raise self._error(error) from error
        if not isinstance(told, dict) or not isinstance(told.get("sessionName"), str):
            raise CrmRefusedError(f"{self.name}: Vtiger let us in without a session")
        return Session(told["sessionName"], str(told.get("userId", "")), str(told.get("vtigerVersion", "?")))

    async def _sent(self, method: str, values: Mapping[str, str]) -> Any:
        if method == "GET":
            answer = await self._http.send("GET", PATH, params=values)
        else:
            answer = await self._http.send("POST", PATH, form=values)
        if not answer.ok:
            raise self._http.error_of(answer)
        told = self._decoded(answer)
        if told.get("success") is True:
            return told.get("result")
        error = told.get("error")
        code, said = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
        raise _RefusedError(str(code), printable(f"{code}: {said}"[:MAX_REASON_CHARACTERS]))

    def _decoded(self, answer: Answer) -> dict[str, Any]:
        try:
            told = answer.json()
        except ValueError as error:
            text = f"{self.name}: Vtiger answered no JSON: look at the url of {self.name}"
            raise CrmRefusedError(text) from error
        if not isinstance(told, dict):
            raise CrmRefusedError(f"{self.name}: Vtiger answered nothing that can be read")
        return told

    def _record(self, told: Any) -> dict[str, Any]:
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise CrmRefusedError(f"{self.name}: Vtiger made a record and did not say which")
        return told

    def _error(self, refused: _RefusedError) -> CrmError:
        text = f"{self.name}: Vtiger: {refused}"
        if refused.code in _DENIED:
            return CrmDeniedError(f"{text}. Look at login and key of {self.name}, and at the rights of its user in Vtiger")
        if refused.code in _GONE:
            return CrmGoneError(text)
        if refused.code in _PASSES:
            return CrmUnavailableError(text)
        return CrmRefusedError(text)
