"""Sends a template's requests: signs in, fills texts, follows pages, and reads from an answer whether it succeeded."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from crm_adapters._kit.http import MAX_REASON_CHARACTERS, Answer, CrmHttp, excerpt, printable, usual_reason
from crm_adapters.rest_template.plan import Plan, Request, Rule
from crm_adapters.rest_template.text import Known, look_up, written
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
    Recording,
)

UPLOAD_TIMEOUT_S: Final = 600.0
"""Seconds for the sound of a call of hours."""
MAX_ROWS: Final = 2_000
"""Of one search; who finds more has not searched."""

_MEANINGS: Final[Mapping[str, type[CrmError]]] = {
    "denied": CrmDeniedError,
    "unavailable": CrmUnavailableError,
    "gone": CrmGoneError,
    "refused": CrmRefusedError,
}


class Client:
    """One CRM.

    Args:
        plan: What its template says.
        values: What the operator gave.
        around: See :class:`gateway.ports.crm.CrmSurroundings`.
    """

    def __init__(self, plan: Plan, values: Mapping[str, str], around: CrmSurroundings) -> None:
        self.name = around.name
        self.values = values
        self._plan = plan
        base = written(plan.base({"values": values}))
        self._http = CrmHttp(around, base, reason_of=_reason_of)
        self._uploads = CrmHttp(around, base, timeout_s=UPLOAD_TIMEOUT_S, reason_of=_reason_of)
        self._session: dict[str, Any] | None = None
        self._signing = asyncio.Lock()

    async def ask(self, request: Request, known: Known, recording: Recording | None = None) -> Any:
        """Send one request and return what its answer says; None where it says that there is nothing.

        Raises:
            CrmError: It failed, by its status or by one of the template's rules.
        """
        session = await self._signed_in()
        answer = await self._send(request, known, session, recording)
        signs = self._plan.template.sign_in
        if signs is not None and answer.status in signs.again_on:
            async with self._signing:
                if self._session is session:
                    self._session = None
            session = await self._signed_in()
            answer = await self._send(request, known, session, recording)
        return self._said(request, answer)

    async def rows(self, request: Request, known: Known) -> list[Any]:
        """Send a search and return its rows, of all pages; at most :data:`MAX_ROWS`.

        Raises:
            CrmError: It failed.
        """
        found: list[Any] = []
        for page in range(request.most_pages):
            at = None if request.page_query is None else {request.page_query: str(request.first_page + page)}
            said = look_up(await self.ask(request, {**known, "page": at}), request.rows)
            rows = said if isinstance(said, list) else [] if not said and said != 0 else [said]
            new = [row for row in rows if row not in found]
            found += new
            if not new or len(found) >= MAX_ROWS:
                break
        return found[:MAX_ROWS]

    def known(self, **more: Any) -> dict[str, Any]:
        """Return what placeholders find besides the session."""
        return {"values": self.values, **more}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        await self._uploads.close()

    async def _signed_in(self) -> dict[str, Any]:
        signs = self._plan.sign_in
        if signs is None:
            return {}
        async with self._signing:
            if self._session is None:
                answer = await self._send(signs, self.known(), None, None)
                if answer.status in (400, 404, 422):
                    raise CrmDeniedError(f"{self.http_error(answer)}. Signing in failed: look at the values of {self.name}")
                said = self._said(signs, answer)
                kept = {name: text({"answer": said}) for name, text in self._plan.session.items()}
                missing = sorted(name for name, value in kept.items() if value is None or value is False)
                if missing:
                    raise CrmDeniedError(
                        f"{self.name}: signing in brought no {', '.join(missing)}: look at user and password among its values"
                    )
                self._session = kept
            return self._session

    def http_error(self, answer: Answer) -> CrmError:
        """Return what an answer's status means."""
        return self._http.error_of(answer)

    async def _send(
        self, request: Request, known: Known, session: Mapping[str, Any] | None, recording: Recording | None
    ) -> Answer:
        full = {"values": self.values, **known, "session": session or {}}
        headers: dict[str, str] = {}
        if session is not None:
            headers = {name: _line(text(full)) for name, text in self._plan.headers.items()}
            if self._plan.basic is not None:
                proof = b64encode(written(self._plan.basic(full)).encode()).decode()
                headers["Authorization"] = f"{self._plan.template.auth.scheme} {proof}"
        headers |= {name: _line(value) for name, value in request.headers(full).items()}
        query = {name: written(value) for name, value in request.query(full).items()} | (known.get("page") or {})
        form = {name: written(value) for name, value in request.form(full).items()}
        body: aiohttp.FormData | dict[str, str] | None = form or None
        http = self._http
        if request.file_field is not None:
            if recording is None:
                raise CrmRefusedError(f"{self.name}: its template sends a file where there is no recording")
            http = self._uploads
            body = aiohttp.FormData(form)
            name = written(request.file_name(full)).replace("\r", "").replace("\n", "")
            body.add_field(request.file_field, recording.read(), filename=name, content_type=recording.content_type)
        json = None if request.json is None else request.json(full)
        path = written(request.path(full))
        return await http.send(request.method, path, params=query, json=json, form=body, headers=headers)

    def _said(self, request: Request, answer: Answer) -> Any:
        is_json = True
        try:
            said = answer.json() if answer.body.strip() else None
        except (ValueError, RecursionError):
            is_json, said = False, excerpt(answer.body)
        for rule in self._plan.rules:
            if _fits(rule, answer.status, said):
                if rule.failure.means == "empty":
                    return None
                raise self._failed(rule, request, said)
        if answer.status in request.empty_on:
            return None
        if not answer.ok:
            raise self._http.error_of(answer)
        if not is_json:
            raise CrmRefusedError(f"{self.name}: {request.method} answered no JSON: look at the url among its values")
        return said

    def _failed(self, rule: Rule, request: Request, said: Any) -> CrmError:
        reason = printable(written(look_up(said, rule.reason or rule.at))[:MAX_REASON_CHARACTERS])
        cure = f". {rule.failure.cure}" if rule.failure.cure else ""
        return _MEANINGS[rule.failure.means](f"{self.name}: {request.method} failed: {reason}{cure}")


def _fits(rule: Rule, status: int, said: Any) -> bool:
    wanted = rule.failure
    if wanted.status is not None and status != wanted.status:
        return False
    value = look_up(said, rule.at)
    if wanted.equals is not None:
        return bool(value == wanted.equals)
    if wanted.differs is not None:
        return value is not None and bool(value != wanted.differs)
    if rule.matches is not None:
        return value is not None and rule.matches.search(written(value)) is not None
    return bool(value)


def _line(value: Any) -> str:
    """Return a header's value: what people wrote begins no other header."""
    return "".join(character for character in written(value) if character.isprintable())


def _reason_of(answer: Answer) -> str:
    try:
        return usual_reason(answer)
    except RecursionError:
        return "an answer with too many levels"
