"""Odoo's API, by either of its dialects: models, their records, their methods.

Sources: odoo.com, "External API" (JSON-RPC ``/jsonrpc``, 14 to 18) and "External JSON-2 API" (19); captures ``odoo14``,
``odoo14-oca``, ``odoo19-json2``. JSON-RPC answers 200 whatever happened, and says in ``error.data.name`` what did; JSON-2 has
statuses, but 500 for what a caller did wrong too. Only the last word of such a name counts: forks call their modules otherwise.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from crm_adapters._kit.http import Answer, CrmHttp, printable, usual_reason
from crm_adapters.odoo.settings import OdooSettings
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

MAX_REASON_CHARACTERS: Final = 300
_DENIED: Final = frozenset({"AccessDenied", "AccessError", "Unauthorized", "Forbidden", "SessionExpiredException"})
_GONE: Final = frozenset({"MissingError"})
_PASSES: Final = frozenset(
    {"OperationalError", "InterfaceError", "SerializationFailure", "TransactionRollbackError", "LockNotAvailable", "PoolError"}
)

Domain = Sequence[Any]
"""Odoo's, such as ``[["phone", "=", "1"]]``: values stand in it as JSON, so that nothing in them is read as more."""


class OdooClient:
    """One database of an Odoo.

    Args:
        settings: As configured.
        around: As given to the adapter.
    """

    def __init__(self, settings: OdooSettings, around: CrmSurroundings) -> None:
        self.name = around.name
        self._settings = settings
        headers = {}
        if settings.api == "json2":
            headers = {"Authorization": f"Bearer {settings.key.reveal()}", "X-Odoo-Database": settings.database}
        self._http = CrmHttp(around, settings.url, headers=headers)
        self._ids = count(1)
        self._uid: int | None = None
        self._signing_in = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def version(self) -> str:
        """Return such as ``14.0``; nobody needs to be signed in for it."""
        if self._settings.api == "json2":
            told = await self._http.call("GET", "/web/version")
            return str(told.get("version", "?")) if isinstance(told, dict) else "?"
        told = await self._rpc("common", "version", [])
        return str(told.get("server_version", "?")) if isinstance(told, dict) else "?"

    async def sign_in(self) -> None:
        """Find out whether we are let in.

        Raises:
            CrmDeniedError: We are not.
        """
        if self._settings.api == "json2":
            await self.read("res.users", [["id", "=", 0]], ["login"], limit=1)
        else:
            await self._user()

    async def read(self, model: str, domain: Domain, fields: Sequence[str], *, limit: int) -> list[dict[str, Any]]:
        """Return the records that a domain describes."""
        if self._settings.api == "json2":
            found = await self._json2(model, "search_read", {"domain": domain, "fields": fields, "limit": limit})
        else:
            found = await self._execute(model, "search_read", [domain], {"fields": fields, "limit": limit})
        if not isinstance(found, list) or not all(isinstance(each, dict) and isinstance(each.get("id"), int) for each in found):
            raise CrmRefusedError(f"{self.name}: Odoo listed {model} as nothing that can be read")
        return found

    async def fields(self, model: str) -> dict[str, str]:
        """Return a model's fields with their types; none where there is no such model, or we may not see it."""
        try:
            if self._settings.api == "json2":
                found = await self._json2(model, "fields_get", {"attributes": ["type"]})
            else:
                found = await self._execute(model, "fields_get", [], {"attributes": ["type"]})
        except (CrmRefusedError, CrmDeniedError):
            return {}
        found = found if isinstance(found, dict) else {}
        return {name: str(about.get("type")) for name, about in found.items() if isinstance(about, dict)}

    async def default(self, model: str, field: str, context: Mapping[str, Any]) -> Any:
        """Return what a field of a new record would be, with such ``default_…`` values; None where it would be nothing."""
        if self._settings.api == "json2":
            found = await self._json2(model, "default_get", {"fields": [field, "res_model"], "context": context})
        else:
            found = await self._execute(model, "default_get", [[field, "res_model"]], {"context": context})
        return found.get(field) if isinstance(found, dict) else None

    async def create(self, model: str, values: Mapping[str, Any]) -> int:
        """Make a record; return its id."""
        if self._settings.api == "json2":
            made = await self._json2(model, "create", {"vals_list": [values]})
            made = made[0] if isinstance(made, list) and made else made
        else:
            made = await self._execute(model, "create", [values], {})
        if not isinstance(made, int) or isinstance(made, bool):
            raise CrmRefusedError(f"{self.name}: Odoo made a {model} and did not say which")
        return made

    async def write(self, model: str, record: int, values: Mapping[str, Any]) -> None:
        """Change a record.

        Raises:
            CrmGoneError: It is not there.
        """
        if self._settings.api == "json2":
            await self._json2(model, "write", {"ids": [record], "vals": values})
        else:
            await self._execute(model, "write", [[record], values], {})

    async def unlink(self, model: str, record: int) -> None:
        """Delete a record."""
        await self.method(model, "unlink", record)

    async def method(self, model: str, name: str, record: int, **values: Any) -> Any:
        """Call a record's method."""
        if self._settings.api == "json2":
            return await self._json2(model, name, {"ids": [record], **values})
        return await self._execute(model, name, [[record]], values)

    async def _execute(self, model: str, method: str, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
        settings = self._settings
        user = await self._user()
        args = [settings.database, user, settings.key.reveal(), model, method, positional, named]
        try:
            return await self._rpc("object", "execute_kw", args)
        except CrmDeniedError:
            self._uid = None  # the key may have been changed, and be right again
            raise

    async def _user(self) -> int:
        """Return our id, signed in."""
        async with self._signing_in:
            if self._uid is None:
                settings = self._settings
                args = [settings.database, settings.login, settings.key.reveal(), {}]
                uid = await self._rpc("common", "authenticate", args)
                if not isinstance(uid, int) or isinstance(uid, bool):
                    raise CrmDeniedError(
                        f"{self.name}: Odoo does not know {settings.login} with this key in database {settings.database}: "
                        f"change login or key of {self.name}"
                    )
                self._uid = uid
            return self._uid

    async def _rpc(self, service: str, method: str, args: Sequence[Any]) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self._ids), "params": params}
        answer = await self._http.send("POST", "/jsonrpc", json=body)
        if not answer.ok:
            raise self._http.error_of(answer)
        told = self._decoded(answer)
        error = told.get("error") if isinstance(told, dict) else None
        if isinstance(error, dict):
            data = error.get("data")
            raise self._error(data if isinstance(data, dict) else error)
        if not isinstance(told, dict) or "result" not in told:
            raise CrmRefusedError(f"{self.name}: Odoo answered without a result: look at the url of {self.name}")
        return told["result"]

    async def _json2(self, model: str, method: str, body: Mapping[str, Any]) -> Any:
        answer = await self._http.send("POST", f"/json/2/{model}/{method}", json=body)
        told = self._decoded(answer) if answer.ok or answer.status != 502 else None
        if answer.ok:
            return told
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            raise self._error(told)
        raise self._http.error_of(answer)

    def _decoded(self, answer: Answer) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            if not answer.ok:
                return None
            said = usual_reason(answer) or "a page"
            raise CrmRefusedError(f"{self.name}: Odoo answered no JSON but {said}: look at the url of {self.name}") from error

    def _error(self, data: Mapping[str, Any]) -> CrmError:
        """Return what an error of Odoo's means."""
        kind = str(data.get("name", "")).rpartition(".")[2]
        said = printable(str(data.get("message", ""))[:MAX_REASON_CHARACTERS])
        text = f"{self.name}: Odoo: {kind}: {said}"
        if kind in _DENIED:
            return CrmDeniedError(f"{text}. Look at the key of {self.name}, and at the rights of its user in Odoo")
        if kind in _GONE:
            return CrmGoneError(text)
        if "does not exist" in said and "database" in said:
            return CrmDeniedError(f"{text}. Change the database of {self.name}")
        if kind in _PASSES:
            return CrmUnavailableError(text)
        return CrmRefusedError(text)
