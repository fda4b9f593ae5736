"""Who asks, where a browser shows the cookie of a session; whoever shows none is the matter of another authenticator.

A browser sends its cookies with whatever any page asks of us. So what changes something must carry a header that only a page of
ours can send, and the event stream the ``Origin`` of one (the guard has compared it with our name).

A session is looked up once and then known for some seconds, as tokens are, so that a request costs the database nothing. While
the database fails, those who were known stay known.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from gateway.api.auth import FLUSH_S, FRESH_S, LOOK_UP_S, USE_KEPT_EVERY_S
from gateway.api.operations import Authenticator
from gateway.api.problems import ApiError, too_many_requests
from gateway.api.surroundings import peer_of, surroundings_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.limits import Buckets
from gateway.model.principals import Principal
from gateway.model.sessions import Session, SessionId, SessionRules, digest_of, is_cookie
from gateway.model.users import User, UserId
from gateway.ports.users import Users

PAGE_HEADER: Final = "X-Tieline"
PAGE: Final = "page"
"""What a page of ours sends in :data:`PAGE_HEADER` with all that changes something."""
MAX_KNOWN: Final = 20_000
"""Sessions in memory, some 2 kB each; with more, those looked up first are looked up again."""
_SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


def is_secure(request: web.Request) -> bool:
    """Tell whether the browser came by TLS: to us, or to a proxy that does it for us."""
    surroundings = surroundings_of(request)
    return surroundings.encrypted or surroundings.trusts(peer_of(request))


def cookie_name(request: web.Request) -> str:
    """Return what the cookie is called: by ``__Host-`` no other host of the domain can set one."""
    return "__Host-tieline" if is_secure(request) else "tieline"


class _Known:
    """A session as it was read, when that was by the clock that never goes back, and when it was used and that written down."""

    __slots__ = ("principal", "read_at", "session", "used_at", "user", "written_at")

    def __init__(self, user: User, session: Session, read_at: float) -> None:
        self.user = user
        self.session = session
        self.principal = user.principal(session.id)
        self.read_at = read_at
        self.used_at = self.written_at = session.used_at


class SessionAuthenticator:
    """Knows people by their cookie; see :class:`gateway.api.operations.Authenticator`.

    Args:
        users: Where they and their sessions are kept.
        others: Who knows those that show no cookie.
        rules: How long a session lasts.
        per_session: How often each may ask.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(
        self,
        users: Users,
        others: Authenticator,
        *,
        rules: SessionRules,
        per_session: Buckets,
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._users = users
        self._others = others
        self.rules = rules
        self._per_session = per_session
        self._now = now
        self._clock = clock
        self._known: dict[bytes, _Known] = {}
        self._digests: dict[SessionId, bytes] = {}
        self._seen: dict[SessionId, float] = {}
        """Last uses that are to be written down."""

    async def principal(self, request: web.Request) -> Principal:
        """Return who made the request."""
        cookie = _cookie(request)
        if cookie is None:
            return await self._others.principal(request)
        principal = await self._of(cookie)
        _refuse_forged(request)
        return principal

    async def anybody(self, request: web.Request) -> Principal:
        """Return who made the request; a session that is over is nobody's, so that its owner can sign in again."""
        cookie = _cookie(request)
        if cookie is not None:
            try:
                principal = await self._of(cookie)
                _refuse_forged(request)
            except ApiError:
                pass
            else:
                return principal
        return await self._others.anybody(request)

    async def shown(self, request: web.Request, token: str | None) -> Principal:
        """Return who opened a connection."""
        cookie = _cookie(request)
        if token is not None or cookie is None:
            return await self._others.shown(request, token)
        principal = await self._of(cookie)
        if request.headers.get(hdrs.ORIGIN) is None:
            raise _forged("A connection that rides on a cookie must carry the Origin of its page.")
        return principal

    async def still(self, principal: Principal) -> None:
        """Look again whether somebody may go on."""
        if principal.session is None:
            return await self._others.still(principal)
        digest = self._digests.get(SessionId(principal.session))
        if digest is None:
            raise _over("this session was ended")
        try:
            known = await self._looked_up(digest)
        except StoreUnavailableError:
            return None
        refusal = self._refusal(known)
        if refusal is not None or known is None:
            raise _over(refusal or "this session is gone")
        if known.principal != principal:
            raise ApiError(401, "session-changed", "Load the page again", "What you may do has changed: load the page again.")
        return None

    def forget(self, user_id: UserId) -> None:
        """Look all sessions of a user up anew when they are shown next, for something of him has changed."""
        for known in self._known.values():
            if known.user.id == user_id:
                known.read_at = float("-inf")

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Write down when sessions were last used, now and then, until cancelled; cancelling is safe."""
        while True:
            await sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down what is to be; where the store fails it waits for the next time."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._users.used(seen)
        except StoreUnavailableError:
            self._seen = seen | self._seen

    async def _of(self, cookie: str) -> Principal:
        known = await self._looked_up(digest_of(cookie)) if is_cookie(cookie) else None
        refusal = self._refusal(known)
        if refusal is not None or known is None:
            raise _over(refusal or "this session is none of ours")
        wait_s = self._per_session.take(known.session.id, self._clock())
        if wait_s > 0:
            raise too_many_requests(f"Too many requests come from {known.user.name}'s session", wait_s)
        self._note_use(known)
        return known.principal

    def _refusal(self, known: _Known | None) -> str | None:
        if known is None:
            return None
        if known.user.disabled:
            return "this user may not sign in any more"
        return known.session.refusal(self.rules, self._now(), used_at=known.used_at)

    async def _looked_up(self, digest: bytes) -> _Known | None:
        known, clock = self._known.get(digest), self._clock()
        if known is not None and clock - known.read_at < FRESH_S:
            return known
        if known is not None and known.read_at > float("-inf"):
            known.read_at = clock  # whoever asks meanwhile need not look too
        try:
            async with asyncio.timeout(None if known is None else LOOK_UP_S):
                found = await self._users.by_session(digest)
        except (StoreUnavailableError, TimeoutError):
            if known is None:
                raise
            return known
        if found is None:
            self._drop(digest)
            return None
        self._drop(digest)
        fresh = self._known[digest] = _Known(*found, clock)
        self._digests[fresh.session.id] = digest
        if known is not None:
            fresh.used_at, fresh.written_at = max(fresh.used_at, known.used_at), max(fresh.written_at, known.written_at)
        if len(self._known) > MAX_KNOWN:
            self._drop(next(iter(self._known)))
        return fresh

    def _drop(self, digest: bytes) -> None:
        known = self._known.pop(digest, None)
        if known is not None:
            self._digests.pop(known.session.id, None)

    def _note_use(self, known: _Known) -> None:
        known.used_at = self._now()
        if known.used_at - known.written_at >= USE_KEPT_EVERY_S:
            known.written_at = self._seen[known.session.id] = known.used_at


def _cookie(request: web.Request) -> str | None:
    """Read the cookie; a token that is shown as well goes first, for a program shows it on purpose."""
    return None if hdrs.AUTHORIZATION in request.headers else request.cookies.get(cookie_name(request))


def _refuse_forged(request: web.Request) -> None:
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get(PAGE_HEADER) != PAGE:
        raise _forged(f"What changes something and rides on a cookie must carry the header `{PAGE_HEADER}: {PAGE}`.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise _forged("The browser says that a page of another site asks.")


def _forged(detail: str) -> ApiError:
    return ApiError(403, "forged-request", "Not from a page of ours", detail)


def _over(reason: str) -> ApiError:
    return ApiError(401, "session-over", "Sign in again", f"{reason[0].upper()}{reason[1:]}. Sign in again.")
