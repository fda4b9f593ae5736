"""``/api/v1/users``: who may sign in, and who is in."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.entrance import Entrance
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.passwords import Passwords, one_time, refuse_weak
from gateway.api.problems import ApiError, not_found
from gateway.api.session_auth import SessionAuthenticator
from gateway.api.user_views import SessionList, UserList, UserView, session_view, user_view
from gateway.model.access import AccessKind
from gateway.model.errors import StoreTakenError
from gateway.model.ids import TAIL_BYTES, PbxName, ulid
from gateway.model.passwords import MAX_CHARACTERS
from gateway.model.principals import Principal, Role, Scope
from gateway.model.roles import SCOPES_OF
from gateway.model.sessions import SessionId
from gateway.model.site import Site
from gateway.model.users import NewUser, User, UserChange, UserId, at_only_pbx, differences, lack, made, with_change
from gateway.ports.users import Users as KeptUsers

_Password = Annotated[str, Meta(min_length=1, max_length=4 * MAX_CHARACTERS)]


class NewUserWithPassword(NewUser, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user shall be, and how he comes in the first time."""

    password: _Password | None = None
    """Null makes one, which the answer tells once. He chooses another when he comes."""


class GivenUser(UserView, frozen=True, kw_only=True):
    """A new user."""

    one_time_password: Annotated[str | None, Meta(description="The one time that it is told; null where it was given.")]


class PasswordSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody comes in who has forgotten his."""

    password: _Password | None = None
    """Null makes one, which the answer tells once. He chooses another when he comes."""


class GivenPassword(msgspec.Struct, frozen=True, kw_only=True):
    """What was set."""

    one_time_password: Annotated[str | None, Meta(description="The one time that it is told; null where it was given.")]


class Users:
    """Lists, makes and changes users, and ends their sessions.

    Args:
        kept: Where they are.
        entrance: Writes the lines of the audit.
        authenticator: Who learns at once of what has changed.
        passwords: Makes hashes.
        sites: The PBXs and what their numbers mean.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        kept: KeptUsers,
        entrance: Entrance,
        authenticator: SessionAuthenticator,
        passwords: Passwords,
        *,
        sites: Mapping[PbxName, Site],
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._kept = kept
        self._entrance = entrance
        self._authenticator = authenticator
        self._passwords = passwords
        self._sites = sites
        self._now = now
        self._random_bytes = random_bytes

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one, changed = "/api/v1/users/{user_id}", (403, 404, 409, 422, 503)
        agent = {"login": "anna", "name": "Anna Li", "role": "agent", "extension": "8001"}
        return [
            self._operation("GET", "/api/v1/users", self._list, "List the users", UserList),
            self._operation(
                "POST",
                "/api/v1/users",
                self._add,
                "Make a user",
                GivenUser,
                status=201,
                body=NewUserWithPassword,
                examples={"an agent": agent},
                problems=(403, 409, 422, 503),
            ),
            self._operation("GET", one, self._show, "Show a user", UserView),
            self._operation(
                "PATCH",
                one,
                self._change,
                "Change a user",
                UserView,
                body=UserChange,
                examples={"another desk": {"extension": "8002"}},
                problems=changed,
            ),
            self._operation("DELETE", one, self._disable, "Let a user in no more", UserView, problems=changed),
            self._operation(
                "POST",
                f"{one}/password",
                self._set_password,
                "Set a user's password",
                GivenPassword,
                body=PasswordSetting,
                problems=changed,
            ),
            self._operation("POST", f"{one}/unlock", self._unlock, "Forget a user's wrong passwords", UserView),
            self._operation("GET", f"{one}/sessions", self._sessions, "List where a user is signed in", SessionList),
            self._operation("DELETE", f"{one}/sessions", self._end_all, "Sign a user out everywhere", None, status=204),
            self._operation("DELETE", f"{one}/sessions/{{session_id}}", self._end, "End one session", None, status=204),
        ]

    def _operation(
        self,
        method: str,
        path: str,
        handler: Any,
        summary: str,
        answered: Any,
        *,
        status: int = 200,
        problems: tuple[int, ...] = (404, 503),
        **more: Any,
    ) -> Operation:
        return Operation(
            method=method,
            path=path,
            handler=handler,
            summary=summary,
            tag="users",
            scope=Scope.USERS_MANAGE,
            answers={status: answered},
            problems=problems,
            **more,
        )

    async def _list(self, asked: Asked[Nothing, None]) -> web.Response:
        locks = self._entrance.locks()
        users = await self._kept.all(asked.principal.tenant)
        return answer(UserList(users=[user_view(user, locks.get(user.id)) for user in users]))

    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        user = await self._found(asked)
        return answer(user_view(user, self._entrance.locks().get(user.id)))

    async def _add(self, asked: Asked[Nothing, NewUserWithPassword]) -> web.Response:
        """Nobody makes a user who may more than himself."""
        body, principal = asked.body, asked.principal
        _refuse_more(principal, body.role)
        password = body.password or one_time()
        refuse_weak(password, login=body.login, name=body.name)
        now = self._now()
        user = made(
            body,
            UserId(ulid(now, self._random_bytes(TAIL_BYTES))),
            password=None,
            one_time=True,
            created_by=principal.id,
            now=now,
        )
        user = self._checked(at_only_pbx(msgspec.structs.replace(user, tenant=principal.tenant), self._sites))
        user = msgspec.structs.replace(user, password=await self._passwords.hashed(password))
        entry = self._entrance.entry(AccessKind.USER_MADE, user, asked.request, f"{user.login}, {user.role}", by=principal.id)
        if not await self._kept.add(user, entry):
            raise _login_taken(user.login)
        given = GivenUser(
            **msgspec.structs.asdict(user_view(user)), one_time_password=None if body.password is not None else password
        )
        return answer(given, 201)

    async def _change(self, asked: Asked[Nothing, UserChange]) -> web.Response:
        """A role or a desk counts at once; who may not come in any more is signed out."""
        user, principal = await self._found(asked), asked.principal
        wanted = self._checked(at_only_pbx(with_change(user, asked.body), self._sites))
        _refuse_more(principal, user.role)
        _refuse_more(principal, wanted.role)
        if user.principal_id == principal.id and (wanted.disabled or wanted.role is not user.role):
            raise ApiError(409, "own-account", "Your own account", "Nobody takes his own role away: have another admin do it.")
        kind = AccessKind.USER_CHANGED
        if wanted.disabled is not user.disabled:
            kind = AccessKind.USER_DISABLED if wanted.disabled else AccessKind.USER_ENABLED
        entry = self._entrance.entry(kind, user, asked.request, differences(user, wanted), by=principal.id)
        try:
            changed = await self._kept.change(
                user.tenant, user.id, lambda now: at_only_pbx(with_change(now, asked.body), self._sites), entry
            )
        except StoreTakenError as error:
            raise _login_taken(wanted.login) from error
        if wanted.disabled:
            await self._kept.end(user.tenant, user.id, self._now())
        self._authenticator.forget(user.id)
        return answer(user_view(changed or wanted))

    async def _disable(self, asked: Asked[Nothing, None]) -> web.Response:
        """He is signed out everywhere and comes in no more. What he did stays in the audit, so nobody is ever deleted."""
        as_change: Asked[Nothing, UserChange] = Asked(asked.request, asked.principal, asked.query, UserChange(disabled=True))
        return await self._change(as_change)

    async def _set_password(self, asked: Asked[Nothing, PasswordSetting]) -> web.Response:
        """He is signed out everywhere, and may do nothing with it but choose another."""
        user, principal = await self._found(asked), asked.principal
        _refuse_more(principal, user.role)
        password = asked.body.password or one_time()
        refuse_weak(password, login=user.login, name=user.name)
        kept = await self._passwords.hashed(password)
        entry = self._entrance.entry(AccessKind.PASSWORD_SET, user, asked.request, "a one-time password", by=principal.id)
        await self._kept.change(
            user.tenant,
            user.id,
            lambda now: msgspec.structs.replace(now, password=kept, one_time=True, failures=0, locked_until=None),
            entry,
        )
        await self._kept.end(user.tenant, user.id, self._now())
        self._authenticator.forget(user.id)
        return answer(GivenPassword(one_time_password=None if asked.body.password is not None else password))

    async def _unlock(self, asked: Asked[Nothing, None]) -> web.Response:
        user = await self._found(asked)
        entry = self._entrance.entry(AccessKind.USER_UNLOCKED, user, asked.request, "", by=asked.principal.id)
        changed = await self._kept.change(
            user.tenant, user.id, lambda now: msgspec.structs.replace(now, failures=0, locked_until=None), entry
        )
        self._entrance.unlock(user)
        return answer(user_view(changed or user))

    async def _sessions(self, asked: Asked[Nothing, None]) -> web.Response:
        """Those that let in, the last begun first."""
        user, now = await self._found(asked), self._now()
        sessions = await self._kept.sessions(user.tenant, user.id)
        live = [each for each in sessions if each.refusal(self._authenticator.rules, now) is None]
        return answer(SessionList(sessions=[session_view(each, asked.principal.session) for each in live]))

    async def _end_all(self, asked: Asked[Nothing, None]) -> web.Response:
        user = await self._found(asked)
        await self._end_sessions(asked, user, None)
        return web.Response(status=204)

    async def _end(self, asked: Asked[Nothing, None]) -> web.Response:
        user, session_id = await self._found(asked), SessionId(asked.path("session_id"))
        if not await self._end_sessions(asked, user, session_id):
            raise not_found(f"{user.name} has no session {session_id} that lets in.")
        return web.Response(status=204)

    async def _end_sessions(self, asked: Asked[Nothing, None], user: User, only: SessionId | None) -> int:
        detail = "all" if only is None else only
        entry = self._entrance.entry(AccessKind.SESSIONS_ENDED, user, asked.request, detail, by=asked.principal.id)
        ended = await self._kept.end(user.tenant, user.id, self._now(), only=only, entry=entry)
        self._authenticator.forget(user.id)
        return ended

    async def _found(self, asked: Asked[Any, Any]) -> User:
        user_id = asked.path("user_id")
        user = await self._kept.find(asked.principal.tenant, UserId(user_id))
        if user is None:
            raise not_found(f"There is no user {user_id}.")
        return user

    def _checked(self, user: User) -> User:
        reason = lack(user, self._sites)
        if reason is not None:
            raise ApiError(422, "bad-user", "No such user can be", f"{reason[0].upper()}{reason[1:]}.")
        return user


def _refuse_more(principal: Principal, role: Role) -> None:
    more = sorted(SCOPES_OF[role] - principal.scopes)
    if more:
        detail = f"A user with the role {role} has the scopes {', '.join(more)}, which {principal.name} has not."
        raise ApiError(403, "more-than-own", "More than you may give", detail)


def _login_taken(login: str) -> ApiError:
    return ApiError(409, "login-taken", "Taken", f"Somebody signs in as {login!r} already: take another login.")
