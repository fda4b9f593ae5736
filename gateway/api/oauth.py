"""``POST /oauth/token``: an access token for a program, by its client credentials (RFC 6749 4.4, RFC 6750).

An API token (``tieline token create``) is a client: what it begins with is its id, the whole of it its secret. With the scope
``agent:LOGIN`` the access token is that agent's: it may do what he may and the client may, at his telephone alone.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec
import structlog
from aiohttp import hdrs, web

from gateway.api.access_tokens import LIFE_S, AccessTokens
from gateway.api.operations import Authenticator
from gateway.api.problems import ApiError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Principal, Role, Scope
from gateway.model.roles import SCOPES_OF
from gateway.ports.users import Users

MAX_BYTES: Final = 8 * 1024
_AGENT: Final = "agent:"

_log = structlog.get_logger()


class OAuthError(Exception):
    """What is answered to a client that gets none (RFC 6749 5.2)."""

    def __init__(self, error: str, detail: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail
        self.status = status
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """Return it as the standard has it."""
        body = msgspec.json.encode({"error": self.error, "error_description": self.detail})
        return web.Response(status=self.status, body=body, content_type="application/json", headers=self.headers)


class OAuth:
    """Gives access tokens.

    Args:
        clients: Knows API tokens.
        given: Keeps the access tokens.
        users: Has the agents.
    """

    def __init__(self, clients: Authenticator, given: AccessTokens, users: Users) -> None:
        self._clients = clients
        self._given = given
        self._users = users

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what is answered where."""
        return [web.post("/oauth/token", self._token)]

    async def _token(self, request: web.Request) -> web.Response:
        try:
            told = await self._answer(request)
        except OAuthError as error:
            return error.response()
        headers = {hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"}
        return web.Response(body=msgspec.json.encode(told), content_type="application/json", headers=headers)

    async def _answer(self, request: web.Request) -> dict[str, Any]:
        if request.content_type != "application/x-www-form-urlencoded" or (request.content_length or 0) > MAX_BYTES:
            raise OAuthError("invalid_request", "send a form, as application/x-www-form-urlencoded")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        client = await self._client(request, form)
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials")
        principal = await self._asked_for(client, form.get("scope", "").split())
        _log.info("access_token_given", client=client.id, name=client.name, agent=principal.login)
        shown = [f"{_AGENT}{principal.login}"] if principal.login is not None else []
        return {
            "access_token": self._given.give(principal, client),
            "token_type": "Bearer",
            "expires_in": int(LIFE_S),
            "scope": " ".join([*shown, *sorted(principal.scopes)]),
        }

    async def _client(self, request: web.Request, form: Mapping[str, str]) -> Principal:
        """Return the client that the request proves."""
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        challenge = {"WWW-Authenticate": 'Basic realm="tieline"'}
        try:
            client = await self._clients.shown(request, secret or "none")
        except ApiError as error:
            if error.status == web.HTTPTooManyRequests.status_code:
                raise
            raise OAuthError("invalid_client", "the client's id or secret is wrong", 401, challenge) from error
        if client.id != client_id:
            raise OAuthError("invalid_client", "the client's id or secret is wrong", 401, challenge)
        return client

    async def _asked_for(self, client: Principal, wanted: list[str]) -> Principal:
        agents = [each.removeprefix(_AGENT) for each in wanted if each.startswith(_AGENT)]
        names = [each for each in wanted if not each.startswith(_AGENT)]
        unknown = sorted(set(names) - set(client.scopes))
        if unknown:
            raise OAuthError("invalid_scope", f"the client has not the scope {', '.join(unknown)}")
        scopes = frozenset(Scope(name) for name in names) or client.scopes
        if not agents:
            return msgspec.structs.replace(client, scopes=scopes)
        if len(agents) > 1:
            raise OAuthError("invalid_scope", "a token is one agent's")
        if client.extension is not None:
            raise OAuthError("invalid_scope", f"the client is bound to extension {client.extension}: it stands for nobody else")
        user = await self._users.by_login(DEFAULT_TENANT, agents[0])
        if user is None or user.disabled or user.extension is None:
            raise OAuthError("invalid_scope", f"no agent with a telephone signs in as {agents[0]}")
        return Principal(
            id=f"{client.id}:{user.login}",
            name=user.name,
            login=user.login,
            role=Role.AGENT,
            scopes=scopes & SCOPES_OF[Role.AGENT],
            extension=user.extension,
            pbx=user.pbx,
            sees_own_only=True,
            tenant=client.tenant,
        )


def _basic(request: web.Request) -> tuple[str, str] | None:
    """Read HTTP's own credentials (RFC 6749 2.3.1: each part is form-encoded)."""
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)
