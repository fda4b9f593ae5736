"""Where API tokens are kept."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.model.ids import Tenant
from gateway.model.tokens import Token, TokenId


class Tokens(Protocol):
    """The tokens that were ever made; those that let nobody in any more too, for audits name them.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change whose answer was lost.
    """

    async def add(self, token: Token) -> None:
        """Keep a new token.

        Raises:
            StoreTakenError: There is one of this id.
        """

    async def find(self, token_id: TokenId) -> Token | None:
        """Return the token of this id, of whichever tenant; None when there is none."""

    async def all(self, tenant: Tenant) -> Sequence[Token]:
        """Return all tokens of a tenant, the oldest first."""

    async def revoke(self, tenant: Tenant, token_id: TokenId, at: float) -> Token | None:
        """Let nobody in with it from ``at`` (seconds since the epoch) on; return it, or None when there is none.

        One that was revoked before stays revoked since then.
        """

    async def used(self, times: Mapping[TokenId, float]) -> None:
        """Keep when these were last seen, in seconds since the epoch."""
