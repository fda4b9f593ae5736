"""Lets people in: a right password makes a session, wrong ones are counted and lock.

Nobody learns whether there is a login: an unknown one, a wrong password and a user who may not come in any more are answered
alike and after the same work, and an unknown login is locked as a known one is.

Nobody keeps another out for ever: what comes from addresses where a person has signed in before is counted apart from what
strangers try with his login. Besides, an address has only so many wrong passwords, whoever's.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
import structlog
from aiohttp import hdrs, web

from gateway.api.passwords import Passwords
from gateway.api.problems import ApiError, locked_out
from gateway.api.session_auth import SessionAuthenticator, cookie_name, is_secure
from gateway.api.surroundings import client_of
from gateway.model.access import AccessEntry, AccessKind, entry_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, TAIL_BYTES
from gateway.model.limits import Buckets, key_of
from gateway.model.lockouts import after_failure
from gateway.model.principals import NOBODY
from gateway.model.sessions import (
    ID_BYTES,
    MAX_AGENT_CHARACTERS,
    SECONDS_A_DAY,
    SECRET_BYTES,
    Session,
    cookie_of,
    digest_of,
    session_id,
)
from gateway.model.users import User, login_key
from gateway.ports.users import AccessLog, Users

MAX_COUNTED: Final = 20_000
"""Logins and addresses whose wrong passwords are counted in memory, about 200 bytes each."""
PASSWORD: Final = "password"  # noqa: S105  # the word itself
"""The way of a session that began with one."""

_log = structlog.get_logger()


class _Count(NamedTuple):
    failures: int = 0
    locked_until: float | None = None

    def wait_s(self, now: float) -> float:
        return 0.0 if self.locked_until is None else max(0.0, self.locked_until - now)


class Entrance:
    """Signs people in and out.

    Args:
        users: Where they and their sessions are kept.
        log: Where those who were refused are written down.
        passwords: Tells whether one is right.
        sessions: Who knows people by their sessions.
        failures: How many wrong passwords an address has.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        users: Users,
        log: AccessLog,
        passwords: Passwords,
        sessions: SessionAuthenticator,
        *,
        failures: Buckets,
        now: Callable[[], float],
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._users = users
        self._log = log
        self._passwords = passwords
        self._sessions = sessions
        self._failures = failures
        self._now = now
        self._clock = clock
        self._random_bytes = random_bytes
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        """Wrong passwords by login of nobody, and by user and address of his; a user's other ones are kept with him."""

    async def by_password(self, request: web.Request, login: str, password: str) -> User:
        """Return whom this lets in.

        Raises:
            ApiError: 401: they do not go together; 429: too many did not.
        """
        self._refuse_guessing(request)
        user = await self._users.by_login(DEFAULT_TENANT, login)
        place = None if user is None else await self._place_of(user, request)
        # Counted before it is looked at, so that many at once are no more than one after the other.
        count = await self._counted(user, login, place)
        is_right = await self._passwords.is_right(password, None if user is None else user.password)
        if user is None or user.disabled or not is_right:
            await self._refuse(request, user, count)
            raise ApiError(401, "wrong-login", "Not signed in", "The name and the password do not go together.")
        fresh = await self._passwords.hashed(password) if self._passwords.is_outdated(user.password or "") else user.password
        self._counts.pop(_key(user.id, place), None)
        changed = await self._users.change(
            user.tenant,
            user.id,
            lambda now: msgspec.structs.replace(
                now,
                failures=0,
                locked_until=None,
                # Somebody may have set another one while this was looked at.
                password=fresh if now.password == user.password else now.password,
            ),
        )
        return changed or user

    async def check(self, request: web.Request, user: User, password: str) -> None:
        """Make sure that it is the user who sits there.

        Raises:
            ApiError: 401: the password is wrong; 429: too many were.
        """
        self._refuse_guessing(request)
        key = _key(user.id, "signed in")
        self._count(key)
        if not await self._passwords.is_right(password, user.password):
            await self._refuse(request, user, self._counts[key])
            raise ApiError(403, "wrong-password", "Wrong password", "The password is not the present one.")
        self._counts.pop(key, None)

    async def let_in(self, request: web.Request, response: web.StreamResponse, user: User, way: str) -> Session:
        """Begin a session and give its cookie to the browser."""
        now, text = self._now(), cookie_of(self._random_bytes(SECRET_BYTES))
        session = Session(
            id=session_id(self._random_bytes(ID_BYTES)),
            digest=digest_of(text),
            user_id=user.id,
            tenant=user.tenant,
            way=way,
            address=key_of(client_of(request)),
            agent=_printable(request.headers.get(hdrs.USER_AGENT, ""))[:MAX_AGENT_CHARACTERS],
            created_at=now,
            used_at=now,
        )
        await self._users.begin(session, self.entry(AccessKind.SIGNED_IN, user, request, f"by {way}"))
        await self._users.change(user.tenant, user.id, lambda his: msgspec.structs.replace(his, last_sign_in_at=now))
        self._sessions.forget(user.id)
        response.set_cookie(
            cookie_name(request),
            text,
            max_age=int(self._sessions.rules.days * SECONDS_A_DAY),
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="Lax",
        )
        _log.info("signed_in", user=user.id, way=way)
        return session

    def entry(
        self, kind: AccessKind, user: User | None, request: web.Request, detail: str, *, by: str | None = None
    ) -> AccessEntry:
        """Return a line of the audit about a user, by himself where nobody else is named."""
        return entry_of(
            kind,
            user,
            tenant=DEFAULT_TENANT if user is None else user.tenant,
            by=by or (NOBODY.id if user is None else user.principal_id),
            address=client_of(request),
            detail=detail,
            at=self._now(),
            random=self._random_bytes(TAIL_BYTES),
        )

    def locks(self) -> dict[str, float]:
        """Return until when users are locked at addresses of their own, in seconds since the epoch by the user's id."""
        found: dict[str, float] = {}
        for key, count in self._counts.items():
            if count.wait_s(self._now()) > 0:
                whose, _, _ = key.partition("\0")
                found[whose] = max(found.get(whose, 0.0), count.locked_until or 0.0)
        return found

    def unlock(self, user: User) -> None:
        """Forget the wrong passwords that are counted for a user at his own addresses."""
        for key in [key for key in self._counts if key.startswith(_key(user.id, ""))]:
            del self._counts[key]

    def _refuse_guessing(self, request: web.Request) -> None:
        address = client_of(request)
        wait_s = self._failures.wait_s(key_of(address), self._clock())
        if wait_s > 0:
            raise locked_out(f"Too many wrong passwords come from {address}", wait_s)

    async def _place_of(self, user: User, request: web.Request) -> str | None:
        """Return the address where it is one from which he has signed in before."""
        address = key_of(client_of(request))
        sessions = await self._users.sessions(user.tenant, user.id)
        return address if any(session.address == address for session in sessions) else None

    async def _counted(self, user: User | None, login: str, place: str | None) -> _Count:
        """Count one more try and return how many there are.

        Raises:
            ApiError: 429: it is locked.
        """
        if user is None:
            return self._count(_key("nobody", login_key(login)))
        if place is not None:
            return self._count(_key(user.id, place))
        now, before = self._now(), user

        def counted(his: User) -> User:
            nonlocal before
            before = his
            if _Count(his.failures, his.locked_until).wait_s(now) > 0:
                return his
            failures, locked_until = after_failure(his.failures, his.locked_until, now)
            return msgspec.structs.replace(his, failures=failures, locked_until=locked_until)

        after = await self._users.change(user.tenant, user.id, counted) or user
        wait_s = _Count(before.failures, before.locked_until).wait_s(now)
        if wait_s > 0:
            raise locked_out(_LOCKED, wait_s)
        return _Count(after.failures, after.locked_until)

    def _count(self, key: str) -> _Count:
        now = self._now()
        count = self._counts.get(key, _Count())
        wait_s = count.wait_s(now)
        if wait_s > 0:
            raise locked_out(_LOCKED, wait_s)
        self._counts[key] = counted = _Count(*after_failure(*count, now))
        self._counts.move_to_end(key)
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)
        return counted

    async def _refuse(self, request: web.Request, user: User | None, count: _Count) -> None:
        self._failures.take(key_of(client_of(request)), self._clock())
        locked = count.wait_s(self._now()) > 0
        kind = AccessKind.LOCKED_OUT if locked else AccessKind.SIGN_IN_FAILED
        if user is not None and user.disabled:
            detail = "the user is disabled"
        elif user is None:
            detail = "there is no such login"
        else:
            detail = f"wrong password, the {count.failures}. in a row"
        await self.note_refusal(request, user, detail, kind)

    async def note_refusal(
        self, request: web.Request, user: User | None, detail: str, kind: AccessKind = AccessKind.SIGN_IN_FAILED
    ) -> None:
        """Write down that somebody was not let in; where the store fails he is not let in either, and the log has it."""
        address = client_of(request)
        _log.warning("sign_in_refused", address=address, user=None if user is None else user.id, reason=detail)
        try:
            await self._log.write(self.entry(kind, user, request, detail, by=NOBODY.id))
        except StoreUnavailableError:
            _log.warning("access_not_written", reason=detail)


_LOCKED: Final = "Too many wrong passwords came with this name"


def _key(whose: str, what: str | None) -> str:
    return f"{whose}\0{what}"


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
