"""API tokens in memory, and an authenticator that knows them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from gateway.api.auth import TokenAuthenticator
from gateway.model.ids import Tenant
from gateway.model.limits import Buckets, Rate
from gateway.model.principals import Role, Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, TokenId, made, written

NOW: Final = 1_800_000_000.0


class KeptTokens:
    """See :class:`gateway.ports.tokens.Tokens`."""

    def __init__(self) -> None:
        self.tokens: dict[TokenId, Token] = {}

    def give(self, *scopes: Scope, name: str = "wallboard", role: Role = Role.AGENT, extension: str | None = None) -> str:
        """Make a token that may do this, and return how it is written."""
        text = written(bytes([len(self.tokens) + 1] * RANDOM_BYTES))
        token = made(NewToken(name=name, scopes=scopes, role=role, extension=extension), text, created_by="the test", now=NOW)
        self.tokens[token.id] = token
        return text

    async def add(self, token: Token) -> None:
        self.tokens[token.id] = token

    async def find(self, token_id: TokenId) -> Token | None:
        return self.tokens.get(token_id)

    async def all(self, tenant: Tenant) -> Sequence[Token]:
        return [token for token in self.tokens.values() if token.tenant == tenant]

    async def revoke(self, tenant: Tenant, token_id: TokenId, at: float) -> Token | None:
        token = self.tokens.get(token_id)
        if token is None or token.tenant != tenant:
            return None
        self.tokens[token_id] = msgspec.structs.replace(token, revoked_at=token.revoked_at or at)
        return self.tokens[token_id]

    async def used(self, times: Mapping[TokenId, float]) -> None:
        for token_id, at in times.items():
            self.tokens[token_id] = msgspec.structs.replace(self.tokens[token_id], used_at=at)

    def authenticator(self) -> TokenAuthenticator:
        """Return one that knows these tokens; nobody asks it too often."""
        rate = Rate(per_second=1_000.0, burst=10_000)
        clock = asyncio.get_running_loop().time
        return TokenAuthenticator(self, per_token=Buckets(rate), failures=Buckets(rate), now=lambda: NOW, clock=clock)


def bearer(text: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {text}"}
