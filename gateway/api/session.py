"""``/api/v1/session`` and ``/api/v1/sign-in``: who is signed in, and how one can be."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.entrance import PASSWORD, Entrance
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.passwords import Passwords, refuse_weak
from gateway.api.problems import ApiError
from gateway.api.session_auth import SessionAuthenticator, cookie_name, is_secure
from gateway.model.access import AccessKind
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.passwords import MAX_CHARACTERS
from gateway.model.principals import Principal, Role, Scope
from gateway.model.sessions import SessionId
from gateway.model.users import MAX_LOGIN_CHARACTERS, SettingsChange, User, UserId, UserSettings, with_settings
from gateway.ports.users import Users

_Password = Annotated[str, Meta(min_length=1, max_length=4 * MAX_CHARACTERS)]


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants in."""

    login: Annotated[str, Meta(min_length=1, max_length=MAX_LOGIN_CHARACTERS)]
    password: _Password


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another password."""

    old: _Password
    new: _Password


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what he may do."""

    user_id: str
    login: str
    name: str
    role: Role
    pbx: str | None
    extension: str | None
    queues: Annotated[list[str], Meta(description="Those that his extension serves now.")]
    scopes: list[Scope]
    settings: UserSettings
    must_change_password: Annotated[
        bool, Meta(description="Whether his password was somebody else's choice: he may do nothing but choose another.")
    ]
    demo: bool
    """Whether this is the demo."""
    version: str
    """The gateway's."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A company's own sign-in (OpenID Connect)."""

    name: str
    url: str
    """Where the browser goes."""


class DemoLogin(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the demo."""

    login: str
    password: str
    name: str
    role: Role


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How one signs in."""

    password: bool
    first: Annotated[bool, Meta(description="Whether there is no user yet: `tieline user add` makes the first one.")]
    oidc: list[Provider]
    demo: Annotated[list[DemoLogin], Meta(description="Of the demo; nobody anywhere else.")]


class Sessions:
    """Signs people in and out, and tells who is in.

    Args:
        users: Where they are kept.
        entrance: Lets them in.
        authenticator: Knows them by their sessions.
        passwords: Makes hashes.
        queues_of: The queues that a principal's extension serves now.
        providers: Of OpenID.
        demo: Who may be in the demo; None where this is none.
        now: Seconds since the epoch.
        version: The gateway's.
    """

    def __init__(
        self,
        users: Users,
        entrance: Entrance,
        authenticator: SessionAuthenticator,
        passwords: Passwords,
        *,
        queues_of: Callable[[Principal], list[str]],
        providers: Sequence[Provider],
        demo: Sequence[DemoLogin] | None,
        now: Callable[[], float],
        version: str,
    ) -> None:
        self._users = users
        self._entrance = entrance
        self._authenticator = authenticator
        self._passwords = passwords
        self._queues_of = queues_of
        self._providers = providers
        self._demo = demo
        self._now = now
        self._version = version

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/sign-in",
                handler=self._ways,
                summary="Say how one signs in",
                tag="session",
                scope=None,
                open=True,
                answers={200: Ways},
                problems=(503,),
            ),
            Operation(
                method="POST",
                path="/api/v1/session",
                handler=self._sign_in,
                summary="Sign in",
                tag="session",
                scope=None,
                open=True,
                body=SignIn,
                examples={"an agent": {"login": "ivy", "password": "three words together"}},
                answers={200: Me},
                problems=(503,),
            ),
            Operation(
                method="GET",
                path="/api/v1/session",
                handler=self._show,
                summary="Say who is signed in",
                tag="session",
                scope=None,
                answers={200: Me},
                problems=(503,),
            ),
            Operation(
                method="DELETE",
                path="/api/v1/session",
                handler=self._sign_out,
                summary="Sign out",
                tag="session",
                scope=None,
                answers={204: None},
                problems=(503,),
            ),
            Operation(
                method="PUT",
                path="/api/v1/session/settings",
                handler=self._set,
                summary="Keep how a person likes his pages",
                tag="session",
                scope=None,
                body=SettingsChange,
                examples={"in Chinese, without a sound": {"language": "zh", "sound": False}},
                answers={200: Me},
                problems=(503,),
            ),
            Operation(
                method="PUT",
                path="/api/v1/session/password",
                handler=self._change_password,
                summary="Choose another password",
                tag="session",
                scope=None,
                body=NewPassword,
                answers={204: None},
                problems=(503,),
            ),
        ]

    async def _ways(self, _asked: Asked[Nothing, None]) -> web.Response:
        first = not await self._users.any_there(DEFAULT_TENANT)
        return answer(Ways(password=True, first=first, oidc=list(self._providers), demo=list(self._demo or ())))

    async def _sign_in(self, asked: Asked[Nothing, SignIn]) -> web.Response:
        """The answer sets a cookie. What is changed by it must carry the header `X-Tieline: page`.

        An unknown name and a wrong password are answered alike. After some wrong ones nothing is looked at for a while: 429.
        """
        user = await self._entrance.by_password(asked.request, asked.body.login, asked.body.password)
        # The cookie belongs to the answer, which tells of the session that it is for.
        response = web.Response(content_type="application/json")
        session = await self._entrance.let_in(asked.request, response, user, PASSWORD)
        response.body = msgspec.json.encode(self._me(user, session.id))
        return response

    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        user = await self._user(asked)
        return answer(self._me(user, asked.principal.session or ""))

    async def _sign_out(self, asked: Asked[Nothing, None]) -> web.Response:
        user, session = await self._user(asked), SessionId(asked.principal.session or "")
        entry = self._entrance.entry(AccessKind.SIGNED_OUT, user, asked.request, "by himself")
        await self._users.end(user.tenant, user.id, self._now(), only=session, entry=entry)
        self._authenticator.forget(user.id)
        response = web.Response(status=204)
        response.del_cookie(cookie_name(asked.request), path="/", secure=is_secure(asked.request), httponly=True, samesite="Lax")
        return response

    async def _set(self, asked: Asked[Nothing, SettingsChange]) -> web.Response:
        user = await self._user(asked)
        changed = await self._users.change(user.tenant, user.id, lambda his: with_settings(his, asked.body))
        self._authenticator.forget(user.id)
        return answer(self._me(changed or user, asked.principal.session or ""))

    async def _change_password(self, asked: Asked[Nothing, NewPassword]) -> web.Response:
        """All other sessions of this person end."""
        user, body = await self._user(asked), asked.body
        await self._entrance.check(asked.request, user, body.old)
        refuse_weak(body.new, login=user.login, name=user.name)
        if body.new == body.old:
            raise ApiError(422, "weak-password", "This password is not taken", "Choose another password: it is the present one.")
        kept = await self._passwords.hashed(body.new)
        entry = self._entrance.entry(AccessKind.PASSWORD_CHANGED, user, asked.request, "by himself")
        await self._users.change(
            user.tenant, user.id, lambda his: msgspec.structs.replace(his, password=kept, one_time=False), entry
        )
        await self._users.end(user.tenant, user.id, self._now(), but=SessionId(asked.principal.session or ""))
        self._authenticator.forget(user.id)
        return web.Response(status=204)

    async def _user(self, asked: Asked[Any, Any]) -> User:
        """Return who is signed in; a program with a token is not."""
        principal = asked.principal
        user = None
        if principal.session is not None:
            user = await self._users.find(principal.tenant, UserId(principal.id.removeprefix("user:")))
        if user is None:
            raise ApiError(401, "not-signed-in", "Not signed in", "This is about a person who has signed in.")
        return user

    def _me(self, user: User, session: str) -> Me:
        principal = user.principal(session)
        return Me(
            user_id=user.id,
            login=user.login,
            name=user.name,
            role=user.role,
            pbx=user.pbx,
            extension=user.extension,
            queues=self._queues_of(principal),
            scopes=sorted(principal.scopes),
            settings=user.settings,
            must_change_password=user.one_time,
            demo=self._demo is not None,
            version=self._version,
        )
