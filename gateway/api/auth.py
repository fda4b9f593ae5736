"""Who asks: by an API token, or in the demo anybody.

A token is looked up once and then known for :data:`FRESH_S`, so that a request costs the database nothing; one that is revoked
by the command line works on for that long. While the database fails, those who were known stay known.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from aiohttp import hdrs, web

from gateway.api.problems import ApiError, too_many_requests, unauthenticated
from gateway.api.surroundings import client_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.limits import Buckets, Rate, key_of
from gateway.model.principals import ALL_SCOPES, NOBODY, Principal, Role
from gateway.model.tokens import Token, TokenId, id_in
from gateway.ports.tokens import Tokens

DEMO: Final = Principal(id="demo", name="the demo's visitor", role=Role.ADMIN, scopes=ALL_SCOPES)

FRESH_S: Final = 5.0
"""Seconds for which a token is not looked up again."""
LOOK_UP_S: Final = 2.0
"""Seconds in which a database must say whether a token that is known is still good; then it counts as failing."""
USE_KEPT_EVERY_S: Final = 600.0
"""Seconds between two times that a token's last use is written down, so that reading calls writes nothing."""
FLUSH_S: Final = 60.0

_HOW: Final = "Send it as `Authorization: Bearer TOKEN`; `tieline token create` makes one"

_log = structlog.get_logger()


class DemoAuthenticator:
    """Takes everybody for the demo's visitor; see :class:`gateway.api.operations.Authenticator`."""

    async def principal(self, _request: web.Request) -> Principal:
        """Return the one there is."""
        return DEMO

    async def anybody(self, _request: web.Request) -> Principal:
        """Return the one there is."""
        return DEMO

    async def shown(self, _request: web.Request, _token: str | None) -> Principal:
        """Return the one there is."""
        return DEMO

    async def still(self, _principal: Principal) -> None:
        """Let the visitor stay."""


class _Known:
    """A token as it was read, when that was by the clock that never goes back, and until when its use is written down."""

    __slots__ = ("principal", "read_at", "token", "used_at")

    def __init__(self, token: Token, read_at: float) -> None:
        self.token = token
        self.principal = token.principal()
        self.read_at = read_at
        self.used_at = token.used_at


class TokenAuthenticator:
    """Knows who asks by the token that is shown; see :class:`gateway.api.operations.Authenticator`.

    Args:
        tokens: Where they are kept.
        per_token: How often each may ask.
        failures: How often an address may show what is no token of ours. Then what it shows and we do not know already is not
            even looked up.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        per_token: Buckets,
        failures: Buckets,
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._per_token = per_token
        self._failures = failures
        self._now = now
        self._clock = clock
        self._known: dict[TokenId, _Known] = {}
        self._seen: dict[TokenId, float] = {}
        """Last uses that are to be written down."""
        self.refused = 0
        """How often what was shown let nobody in."""

    async def principal(self, request: web.Request) -> Principal:
        """Return who made the request."""
        return await self._of(request, _bearer(request))

    async def anybody(self, request: web.Request) -> Principal:
        """Return who made the request, or nobody."""
        text = _bearer(request)
        return NOBODY if text is None else await self._of(request, text)

    async def shown(self, request: web.Request, token: str | None) -> Principal:
        """Return who opened a connection."""
        return await self._of(request, _bearer(request) if token is None else token)

    async def still(self, principal: Principal) -> None:
        """Look again whether a token lets in."""
        try:
            known = await self._looked_up(TokenId(principal.id))
        except StoreUnavailableError:
            return
        refusal = "the token is gone" if known is None else known.token.refusal(self._now())
        if refusal is not None:
            raise unauthenticated(f"{refusal[0].upper()}{refusal[1:]}.", fault="invalid_token")

    def changed(self, token: Token) -> None:
        """Take over at once what became of a token."""
        self._known[token.id] = _Known(token, self._clock())

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Write down when tokens were last used, now and then, until cancelled; cancelling is safe."""
        while True:
            await sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down what is to be; where the store fails it waits for the next time."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._tokens.used(seen)
        except StoreUnavailableError:
            self._seen = seen | self._seen

    async def _of(self, request: web.Request, text: str | None) -> Principal:
        if text is None:
            raise unauthenticated(f"This takes a token. {_HOW}.")
        address = client_of(request)
        known = await self._proved(text, address)
        refusal = known.token.refusal(self._now())
        if refusal is not None:
            raise self._failure(address, refusal)
        wait_s = self._per_token.take(known.token.id, self._clock())
        if wait_s > 0:
            raise too_many_requests(f"Too many requests come with the token {known.token.id} ({known.token.name})", wait_s)
        self._note_use(known)
        return known.principal

    async def _proved(self, text: str, address: str) -> _Known:
        token_id = id_in(text)
        known = None
        if token_id is not None:
            if token_id not in self._known:
                self._refuse_guessing(address)
            known = await self._looked_up(token_id)
        if known is None or not known.token.is_proved_by(text):
            raise self._failure(address, "the token that was shown is none of ours")
        return known

    async def _looked_up(self, token_id: TokenId) -> _Known | None:
        known, clock = self._known.get(token_id), self._clock()
        if known is not None and clock - known.read_at < FRESH_S:
            return known
        if known is not None:
            known.read_at = clock  # whoever asks meanwhile need not look too
        try:
            async with asyncio.timeout(None if known is None else LOOK_UP_S):
                token = await self._tokens.find(token_id)
        except (StoreUnavailableError, TimeoutError):
            if known is None:
                raise
            return known
        if token is None:
            self._known.pop(token_id, None)
            return None
        if known is None or known.token != token:
            known = self._known[token_id] = _Known(token, clock)
        return known

    def _refuse_guessing(self, address: str) -> None:
        wait_s = self._failures.wait_s(key_of(address), self._clock())
        if wait_s > 0:
            raise too_many_requests(f"Too many wrong tokens come from {address}", wait_s)

    def _failure(self, address: str, refusal: str) -> ApiError:
        self.refused += 1
        wait_s = self._failures.take(key_of(address), self._clock())
        if wait_s > 0:
            return too_many_requests(f"Too many wrong tokens come from {address}", wait_s)
        _log.warning("token_refused", address=address, reason=refusal)
        return unauthenticated(f"{refusal[0].upper()}{refusal[1:]}. {_HOW}.", fault="invalid_token")

    def _note_use(self, known: _Known) -> None:
        now = self._now()
        if known.used_at is None or now - known.used_at >= USE_KEPT_EVERY_S:
            known.used_at = self._seen[known.token.id] = now


def _bearer(request: web.Request) -> str | None:
    """Read the token of a request; it is never looked for in the query, which logs and histories keep."""
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.strip() else None


def limits_of(per_address: Rate, per_token: Rate, wrong_tokens: Rate, wrong_passwords: Rate) -> dict[str, Buckets]:
    """Return the buckets of all who ask, by what they count."""
    return {
        "address": Buckets(per_address),
        "token": Buckets(per_token),
        "wrong_token": Buckets(wrong_tokens),
        "wrong_password": Buckets(wrong_passwords),
    }


def authenticator_of(tokens: Tokens, limits: Mapping[str, Buckets], now: Callable[[], float]) -> TokenAuthenticator:
    """Make what knows who asks, within these limits."""
    per_token, failures = limits["token"], limits["wrong_token"]
    return TokenAuthenticator(tokens, per_token=per_token, failures=failures, now=now, clock=time.monotonic)
