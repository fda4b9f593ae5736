"""Access tokens of programs that sign in by OAuth 2 (RFC 6749, client credentials): short-lived, and of one agent where that is
asked for, so that a CRM's server can hand a browser what may do no more than that agent.

They are kept in memory: a program whose token is none of ours any more asks for another, as it does each hour. One lets in
only while the API token behind it does.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import hdrs, web

from gateway.api.operations import Authenticator
from gateway.api.problems import unauthenticated
from gateway.model.principals import Principal
from gateway.model.tokens import digest_of

LIFE_S: Final = 3_600.0
PREFIX: Final = "tla_"
"""What an access token begins with."""
MAX_KEPT: Final = 20_000
"""About 1 kB each; with more, the eldest are forgotten."""
SECRET_BYTES: Final = 32


class _Given(msgspec.Struct, frozen=True):
    principal: Principal
    client: Principal
    until: float


class AccessTokens:
    """Knows those that it gave; others are the matter of another. See :class:`gateway.api.operations.Authenticator`.

    Args:
        others: Knows API tokens.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(self, others: Authenticator, *, now: Callable[[], float], random_bytes: Callable[[int], bytes]) -> None:
        self._others = others
        self._now = now
        self._random_bytes = random_bytes
        self._given: OrderedDict[bytes, _Given] = OrderedDict()

    def give(self, principal: Principal, client: Principal) -> str:
        """Return a token of this principal, which lets in as long as its client's does, and for an hour at most."""
        text = PREFIX + self._random_bytes(SECRET_BYTES).hex()
        digest = digest_of(text)
        self._given[digest] = _Given(principal, client, self._now() + LIFE_S)
        while len(self._given) > MAX_KEPT:
            self._given.popitem(last=False)
        return text

    async def principal(self, request: web.Request) -> Principal:
        """Return who made the request."""
        return await self._asked(request, _bearer(request), self._others.principal)

    async def anybody(self, request: web.Request) -> Principal:
        """Return who made the request, or nobody."""
        return await self._asked(request, _bearer(request), self._others.anybody)

    async def shown(self, request: web.Request, token: str | None) -> Principal:
        """Return who opened a connection."""
        text = _bearer(request) if token is None else token
        if text is not None and text.startswith(PREFIX):
            return await self._known(text)
        return await self._others.shown(request, token)

    async def still(self, principal: Principal) -> None:
        """Look again whether somebody may go on."""
        given = next((each for each in self._given.values() if each.principal is principal), None)
        if given is None:
            return await self._others.still(principal)
        self._refuse_late(given)
        return await self._others.still(given.client)

    async def _asked(
        self, request: web.Request, text: str | None, others: Callable[[web.Request], Awaitable[Principal]]
    ) -> Principal:
        if text is not None and text.startswith(PREFIX):
            return await self._known(text)
        return await others(request)

    async def _known(self, text: str) -> Principal:
        given = self._given.get(digest_of(text))
        if given is None:
            raise unauthenticated("The access token is none of ours. Ask /oauth/token for another.", fault="invalid_token")
        self._refuse_late(given)
        await self._others.still(given.client)
        return given.principal

    def _refuse_late(self, given: _Given) -> None:
        if self._now() >= given.until:
            raise unauthenticated("The access token has expired. Ask /oauth/token for another.", fault="invalid_token")


def _bearer(request: web.Request) -> str | None:
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.strip() else None
