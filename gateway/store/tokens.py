"""API tokens in a database: their digests, never themselves."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from gateway.model.ids import Tenant
from gateway.model.principals import ALL_SCOPES, Role, Scope
from gateway.model.tokens import Token, TokenId
from gateway.store.database import Database
from gateway.store.metadata import METADATA

TOKENS: Final = sa.Table(
    "tokens",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("token_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("extension", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Double),
    sa.Column("revoked_at", sa.Double),
    sa.Column("used_at", sa.Double),
    sa.UniqueConstraint("token_id", name="tokens_once"),
)
"""Scopes stand with spaces between them; times are seconds since the epoch. An id is one tenant's: by it the tenant is known."""


class SqlTokens:
    """See :class:`gateway.ports.tokens.Tokens`.

    Args:
        database: Open, but for ``beside_gateway``.
        beside_gateway: Write without the lock by which a gateway keeps others out: a token stands by itself, so that it can be
            made while the gateway runs.
    """

    def __init__(self, database: Database, *, beside_gateway: bool = False) -> None:
        self._database = database
        self._writing = database.writing_beside if beside_gateway else database.writing

    async def add(self, token: Token) -> None:
        """Keep a new token."""
        async with self._writing() as connection:
            await connection.execute(sa.insert(TOKENS), [_row(token)])

    async def find(self, token_id: TokenId) -> Token | None:
        """Return the token of this id."""
        found = await self._tokens(TOKENS.c.token_id == token_id)
        return found[0] if found else None

    async def all(self, tenant: Tenant) -> list[Token]:
        """Return all tokens of a tenant, the oldest first."""
        return await self._tokens(TOKENS.c.tenant == tenant)

    async def revoke(self, tenant: Tenant, token_id: TokenId, at: float) -> Token | None:
        """Let nobody in with it any more."""
        this = sa.and_(TOKENS.c.tenant == tenant, TOKENS.c.token_id == token_id)
        async with self._writing() as connection:
            await connection.execute(sa.update(TOKENS).where(this, TOKENS.c.revoked_at.is_(None)).values(revoked_at=at))
        found = await self._tokens(this)
        return found[0] if found else None

    async def used(self, times: Mapping[TokenId, float]) -> None:
        """Keep when these were last seen."""
        seen = sa.update(TOKENS).where(TOKENS.c.token_id == sa.bindparam("seen_id")).values(used_at=sa.bindparam("seen_at"))
        async with self._writing() as connection:
            await connection.execute(seen, [{"seen_id": token_id, "seen_at": at} for token_id, at in times.items()])

    async def _tokens(self, condition: sa.ColumnElement[bool]) -> list[Token]:
        wanted = sa.select(TOKENS).where(condition).order_by(TOKENS.c.created_at, TOKENS.c.token_id)
        rows = await self._database.rows(wanted)
        return [_token(row) for row in rows]


def _row(token: Token) -> dict[str, Any]:
    return {
        "tenant": token.tenant,
        "token_id": token.id,
        "name": token.name,
        "digest": token.digest,
        "role": token.role.value,
        "scopes": " ".join(sorted(token.scopes)),
        "extension": token.extension,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "used_at": token.used_at,
    }


def _token(row: Any) -> Token:
    return Token(
        id=TokenId(row.token_id),
        name=row.name,
        digest=row.digest,
        role=Role(row.role),
        # A scope that a later version gave means nothing here, and takes nothing from the others.
        scopes=frozenset(Scope(word) for word in row.scopes.split() if word in ALL_SCOPES),
        extension=row.extension,
        tenant=Tenant(row.tenant),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
