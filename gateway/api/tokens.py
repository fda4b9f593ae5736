"""``/api/v1/tokens``: which API tokens there are, a new one, and one that lets nobody in any more."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from aiohttp import web

from gateway.api.auth import TokenAuthenticator
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, not_found
from gateway.api.records import Time
from gateway.model.principals import Role, Scope
from gateway.model.times import rfc3339
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, TokenId, excess, made, written
from gateway.ports.tokens import Tokens as KeptTokens

_log = structlog.get_logger()


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its secret."""

    id: str
    """What the token begins with."""
    name: str
    role: Role
    scopes: list[Scope]
    extension: str | None
    """The one device whose calls it may place and control."""
    created_at: Time
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None
    used_at: Time | None
    """About when it was last shown."""


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens, the oldest first; those that let nobody in any more too."""

    tokens: list[TokenView]


class GivenToken(TokenView, frozen=True, kw_only=True):
    """A new token: the one time that it is told."""

    token: str


class Tokens:
    """Lists, gives and revokes API tokens.

    Args:
        kept: Where they are.
        authenticator: Who learns of a revoked one at once; None where nobody needs one.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        kept: KeptTokens,
        authenticator: TokenAuthenticator | None,
        *,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._kept = kept
        self._authenticator = authenticator
        self._now = now
        self._random_bytes = random_bytes

    def operations(self) -> list[Operation]:
        """Return what it does."""
        return [
            Operation(
                method="GET",
                path="/api/v1/tokens",
                handler=self._list,
                summary="List the API tokens",
                tag="tokens",
                scope=Scope.TOKENS_MANAGE,
                answers={200: TokenList},
            ),
            Operation(
                method="POST",
                path="/api/v1/tokens",
                handler=self._give,
                summary="Make an API token",
                tag="tokens",
                scope=Scope.TOKENS_MANAGE,
                body=NewToken,
                examples={
                    "a wallboard": {"name": "wallboard", "scopes": ["calls:read", "events:read", "queues:read"], "days": 365}
                },
                answers={201: GivenToken},
                problems=(403,),
            ),
            Operation(
                method="DELETE",
                path="/api/v1/tokens/{token_id}",
                handler=self._revoke,
                summary="Revoke an API token",
                tag="tokens",
                scope=Scope.TOKENS_MANAGE,
                answers={200: TokenView},
                problems=(404,),
            ),
        ]

    async def _list(self, asked: Asked[Nothing, None]) -> web.Response:
        tokens = await self._kept.all(asked.principal.tenant)
        return answer(TokenList(tokens=[TokenView(**_told(token)) for token in tokens]))

    async def _give(self, asked: Asked[Nothing, NewToken]) -> web.Response:
        """Nobody gives more than he has himself. The answer has the token, which cannot be told again."""
        principal, wanted = asked.principal, asked.body
        more = excess(wanted, principal)
        if more is not None:
            raise ApiError(403, "more-than-own", "More than you may give", f"This token cannot be given: {more}.")
        text = written(self._random_bytes(RANDOM_BYTES))
        token = made(wanted, text, created_by=principal.id, now=self._now(), tenant=principal.tenant)
        await self._kept.add(token)
        _log.info("token_made", token=token.id, name=token.name, by=principal.id)
        return answer(GivenToken(token=text, **_told(token)), 201)

    async def _revoke(self, asked: Asked[Nothing, None]) -> web.Response:
        """It lets nobody in from now on; who listens to the events with it is cut off within seconds."""
        token_id = asked.path("token_id")
        token = await self._kept.revoke(asked.principal.tenant, TokenId(token_id), self._now())
        if token is None:
            raise not_found(f"There is no token {token_id}.")
        if self._authenticator is not None:
            self._authenticator.changed(token)
        _log.info("token_revoked", token=token.id, name=token.name, by=asked.principal.id)
        return answer(TokenView(**_told(token)))


def _told(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "scopes": sorted(token.scopes),
        "extension": token.extension,
        "created_at": rfc3339(token.created_at),
        "created_by": token.created_by,
        "expires_at": None if token.expires_at is None else rfc3339(token.expires_at),
        "revoked_at": None if token.revoked_at is None else rfc3339(token.revoked_at),
        "used_at": None if token.used_at is None else rfc3339(token.used_at),
    }
