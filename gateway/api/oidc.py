"""``/api/v1/oidc/{name}``: where a browser goes to sign in by its company's account, and comes back.

Both are for browsers that are on their way, and for no program; a provider adds parameters of its own, so they are not described
with the API. What was begun is kept here, under a cookie of the browser that began it, for one answer within some minutes: an
answer that another browser began, that comes twice, or that another provider gives is none.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec
import structlog
from aiohttp import web

from gateway.api.entrance import Entrance
from gateway.api.oidc_provider import OidcProvider
from gateway.api.problems import not_found
from gateway.api.session import Provider
from gateway.api.session_auth import SessionAuthenticator, is_secure
from gateway.model.access import AccessKind
from gateway.model.errors import StoreTakenError
from gateway.model.ids import DEFAULT_TENANT, TAIL_BYTES, PbxName, ulid
from gateway.model.oidc import Identity, OidcRefusedError, OidcSettings
from gateway.model.sessions import SECRET_BYTES, cookie_of, digest_of
from gateway.model.site import Site
from gateway.model.users import NewUser, User, UserId, at_only_pbx, differences, lack, made
from gateway.ports.users import Users

PATH: Final = "/api/v1/oidc"
BEGUN_S: Final = 600.0
"""Seconds in which somebody comes back."""
MAX_BEGUN: Final = 10_000
"""Sign-ins under way, about 0.5 kB each; with more, the first begun are forgotten."""

_log = structlog.get_logger()


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way."""

    provider: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    at: float


class Oidc:
    """Signs people in by their company's account.

    Args:
        providers: By name.
        users: Where people are kept.
        entrance: Lets them in.
        authenticator: Who learns of a user who has changed.
        sites: The PBXs and what their numbers mean.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        providers: Sequence[OidcSettings],
        users: Users,
        entrance: Entrance,
        authenticator: SessionAuthenticator,
        *,
        sites: Mapping[PbxName, Site],
        now: Callable[[], float],
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._providers = {each.name: OidcProvider(each, now=now, clock=clock) for each in providers}
        self._users = users
        self._entrance = entrance
        self._authenticator = authenticator
        self._sites = sites
        self._now = now
        self._clock = clock
        self._random_bytes = random_bytes
        self._begun: OrderedDict[bytes, _Begun] = OrderedDict()

    @property
    def shown(self) -> list[Provider]:
        """The providers as the sign-in shows them."""
        settings = [each.settings for each in self._providers.values()]
        return [Provider(name=each.label or each.name, url=f"{PATH}/{each.name}") for each in settings]

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what is answered where."""
        return [web.get(f"{PATH}/{{name}}", self._begin), web.get(f"{PATH}/{{name}}/callback", self._come_back)]

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        provider = self._provider(request)
        name, text = provider.settings.name, self._secret()
        begun = _Begun(
            provider=name,
            state=self._secret(),
            nonce=self._secret(),
            verifier=self._secret(),
            redirect_uri=f"{'https' if is_secure(request) else 'http'}://{request.host}{PATH}/{name}/callback",
            next=_own_path(request.query.get("next", "")),
            at=self._clock(),
        )
        try:
            url = await provider.address(begun.redirect_uri, state=begun.state, nonce=begun.nonce, verifier=begun.verifier)
        except OidcRefusedError as error:
            return await self._refused(request, name, error, None)
        self._begun[digest_of(text)] = begun
        if len(self._begun) > MAX_BEGUN:
            self._begun.popitem(last=False)
        response = _sent_to(url)
        response.set_cookie(
            _cookie_name(request),
            text,
            max_age=int(BEGUN_S),
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="Lax",
        )
        return response

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        provider = self._provider(request)
        name, user = provider.settings.name, None
        try:
            begun = self._taken(request, name)
            if "error" in request.query:
                detail = f"{request.query['error']}: {request.query.get('error_description', '')}"[:300]
                raise OidcRefusedError("oidc-failed", f"the provider says {detail}")
            identity = await provider.identity(
                begun.redirect_uri,
                code=request.query.get("code", ""),
                issuer=request.query.get("iss"),
                nonce=begun.nonce,
                verifier=begun.verifier,
            )
            user = await self._user(request, provider.settings, identity)
            if user.disabled:
                raise OidcRefusedError("oidc-no-user", "the user is disabled")
        except OidcRefusedError as error:
            return await self._refused(request, name, error, user)
        response = _sent_to(begun.next)
        await self._entrance.let_in(request, response, user, name)
        response.del_cookie(_cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="Lax")
        return response

    def _taken(self, request: web.Request, name: str) -> _Begun:
        """Return what this browser began; it is over by that."""
        begun = self._begun.pop(digest_of(request.cookies.get(_cookie_name(request), "")), None)
        if begun is None or self._clock() - begun.at > BEGUN_S:
            raise OidcRefusedError("oidc-stale", "this browser began no sign-in, or too long ago, or came back before")
        if begun.provider != name or begun.state != request.query.get("state"):
            raise OidcRefusedError("oidc-stale", "the answer is not the one to what this browser began (state)")
        return begun

    async def _user(self, request: web.Request, settings: OidcSettings, identity: Identity) -> User:
        """Return whose identity this is: who came by it before, or whose login it names, or a new one."""
        user = await self._users.by_subject(DEFAULT_TENANT, identity.issuer, identity.subject)
        if user is None and identity.login is not None:
            user = await self._users.by_login(DEFAULT_TENANT, identity.login)
            if user is not None and user.oidc_subject is not None:
                raise OidcRefusedError("oidc-no-user", f"{user.login!r} is bound to another account of the provider already")
        if user is not None:
            return await self._bound(request, settings, user, identity)
        if not settings.create or identity.role is None or identity.login is None:
            raise OidcRefusedError("oidc-no-user", "there is no user for this account")
        return await self._new(request, settings, identity)

    async def _bound(self, request: web.Request, settings: OidcSettings, user: User, identity: Identity) -> User:
        """Return the user as his provider says that he is now."""

        def bound(his: User) -> User:
            changed = msgspec.structs.replace(his, oidc_issuer=identity.issuer, oidc_subject=identity.subject)
            if identity.role is not None:
                changed = msgspec.structs.replace(changed, role=identity.role)
            if identity.extension is not None and identity.extension != his.extension:
                changed = msgspec.structs.replace(changed, extension=identity.extension, pbx=None)
            return at_only_pbx(changed, self._sites)

        wanted = bound(user)
        if wanted == user:
            return user
        self._refuse_lacking(wanted)
        detail = f"by {settings.name}: {differences(user, wanted)}"
        entry = self._entrance.entry(AccessKind.USER_CHANGED, user, request, detail, by=f"oidc:{settings.name}")
        changed = await self._users.change(user.tenant, user.id, bound, entry)
        self._authenticator.forget(user.id)
        return changed or wanted

    async def _new(self, request: web.Request, settings: OidcSettings, identity: Identity) -> User:
        now, by = self._now(), f"oidc:{settings.name}"
        try:
            wanted = msgspec.convert(
                {"login": identity.login, "name": identity.name or identity.login, "role": identity.role}, NewUser
            )
        except msgspec.ValidationError as error:
            raise OidcRefusedError("oidc-no-user", f"no user can be made of this account: {error}") from error
        user_id = UserId(ulid(now, self._random_bytes(TAIL_BYTES)))
        user = made(wanted, user_id, password=None, one_time=False, created_by=by, now=now)
        user = msgspec.structs.replace(
            user, extension=identity.extension, oidc_issuer=identity.issuer, oidc_subject=identity.subject
        )
        user = at_only_pbx(user, self._sites)
        self._refuse_lacking(user)
        entry = self._entrance.entry(AccessKind.USER_MADE, user, request, f"{user.login}, {user.role}", by=by)
        try:
            is_new = await self._users.add(user, entry)
        except StoreTakenError:
            is_new = False
        if not is_new:
            raise OidcRefusedError("oidc-no-user", f"somebody signs in as {user.login!r} already")
        return user

    def _refuse_lacking(self, user: User) -> None:
        reason = lack(user, self._sites)
        if reason is not None:
            raise OidcRefusedError("oidc-no-user", reason)

    async def _refused(self, request: web.Request, name: str, error: OidcRefusedError, user: User | None) -> web.StreamResponse:
        """Send the browser back to the sign-in, which has words for the kind; the reason is for the operator."""
        await self._entrance.note_refusal(request, user, f"by {name}: {error}")
        response = _sent_to(f"/?problem={quote(error.kind)}")
        response.del_cookie(_cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="Lax")
        return response

    def _provider(self, request: web.Request) -> OidcProvider:
        provider = self._providers.get(request.match_info["name"])
        if provider is None:
            raise not_found("There is no such sign-in: api.oidc names those that there are.")
        return provider

    def _secret(self) -> str:
        return cookie_of(self._random_bytes(SECRET_BYTES))


def _cookie_name(request: web.Request) -> str:
    return "__Host-tieline-oidc" if is_secure(request) else "tieline-oidc"


def _sent_to(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url})


def _own_path(text: str) -> str:
    """Return where to go on: a page of ours, else the one that forwards by role."""
    return text if text.startswith("/") and text[1:2].isalpha() and text.isascii() and text.isprintable() else "/"
