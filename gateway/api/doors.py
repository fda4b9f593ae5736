"""All that people need to come in, put together."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from aiohttp import web

from gateway.api.access import Access
from gateway.api.access_tokens import AccessTokens
from gateway.api.entrance import Entrance
from gateway.api.oauth import OAuth
from gateway.api.oidc import Oidc
from gateway.api.operations import Authenticator, Group
from gateway.api.passwords import Passwords, one_time
from gateway.api.session import DemoLogin, Sessions
from gateway.api.session_auth import SessionAuthenticator
from gateway.api.users import Users as UsersApi
from gateway.model.access import AccessKind, entry_of
from gateway.model.ids import DEFAULT_TENANT, TAIL_BYTES, PbxName, Tenant, ulid
from gateway.model.limits import Buckets
from gateway.model.oidc import OidcSettings
from gateway.model.principals import Principal, Role
from gateway.model.sessions import SessionRules
from gateway.model.site import Site
from gateway.model.tokens import COMMAND_LINE
from gateway.model.users import User, UserId
from gateway.ports.users import AccessLog, Users

PLACES_DAYS: Final = 90.0
"""Days for which a session that is over is kept: so long its address is one of its owner's."""
_DEMO_USERS: Final = (
    ("ivy", "Ivy Cheung", Role.AGENT, "1001"),
    ("tom", "Tom Becker", Role.AGENT, "1002"),
    ("lin", "Lin Yan", Role.SUPERVISOR, "1003"),
    ("admin", "Sam Admin", Role.ADMIN, None),
)
"""Login, name, role, and the desk of the simulated call centre: the agents' ring there."""


class Doors:
    """Who may come in, and what the API shows of it.

    Args:
        users: Where people are kept.
        log: Who came in.
        others: Knows who shows no cookie.
        rules: How long sessions last.
        limits: ``token`` (of one session) and ``wrong_token`` (of one address).
        queues_of: The queues that a principal's extension serves now.
        sites: The PBXs and what their numbers mean.
        providers: Companies' own sign-ins.
        demo_pbx: The simulated PBX at whose desks the demo's users sit; None where this is not the demo.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
        random_bytes: Gives so many bytes that nobody can foresee.
        passwords: Hashes them as is recommended, where none is given.
    """

    def __init__(
        self,
        users: Users,
        log: AccessLog,
        others: Authenticator,
        *,
        rules: SessionRules,
        limits: Mapping[str, Buckets],
        queues_of: Callable[[Principal], list[str]],
        sites: Mapping[PbxName, Site],
        providers: Sequence[OidcSettings],
        demo_pbx: PbxName | None,
        now: Callable[[], float],
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        passwords: Passwords | None = None,
    ) -> None:
        self._users = users
        self._log = log
        self._demo_pbx = demo_pbx
        self._now = now
        self._random_bytes = random_bytes
        self.passwords = passwords or Passwords()
        given = AccessTokens(others, now=now, random_bytes=random_bytes)
        self._oauth = OAuth(others, given, users)
        self.authenticator = SessionAuthenticator(users, given, rules=rules, per_session=limits["token"], now=now, clock=clock)
        self._entrance = Entrance(
            users,
            log,
            self.passwords,
            self.authenticator,
            failures=limits["wrong_password"],
            now=now,
            clock=clock,
            random_bytes=random_bytes,
        )
        self._oidc = Oidc(
            providers,
            users,
            self._entrance,
            self.authenticator,
            sites=sites,
            now=now,
            clock=clock,
            random_bytes=random_bytes,
        )
        self.demo_logins: list[DemoLogin] = []
        """Who may sign in to the demo; known once it is prepared."""
        self._sessions = Sessions(
            users,
            self._entrance,
            self.authenticator,
            self.passwords,
            queues_of=queues_of,
            providers=self._oidc.shown,
            demo=None if demo_pbx is None else self.demo_logins,
            now=now,
            version=version("tieline"),
        )

        self._people = UsersApi(
            users,
            self._entrance,
            self.authenticator,
            self.passwords,
            sites=sites,
            now=now,
            random_bytes=random_bytes,
        )

    def groups(self) -> Sequence[Group]:
        """Return what the API does about people."""
        return [self._sessions, self._people, Access(self._log)]

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what browsers come by that is none of the API."""
        return [*self._oidc.routes(), *self._oauth.routes()]

    async def has_users(self) -> bool:
        """Tell whether anybody can sign in."""
        return await self._users.any_there(DEFAULT_TENANT)

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete the sessions that began before this time; return how many."""
        return await self._users.prune_sessions(tenant, before=before)

    async def prepare(self) -> None:
        """Make the demo's users where this is the demo: with one password, another at each start."""
        await self.passwords.nobodys()
        if self._demo_pbx is None or self.demo_logins:
            return
        password = one_time()
        kept = await self.passwords.hashed(password)
        for login, name, role, extension in _DEMO_USERS:
            now = self._now()
            user = User(
                id=UserId(ulid(now, self._random_bytes(TAIL_BYTES))),
                login=login,
                name=name,
                role=role,
                pbx=None if extension is None else self._demo_pbx,
                extension=extension,
                password=kept,
                created_at=now,
                created_by=COMMAND_LINE,
            )
            entry = entry_of(
                AccessKind.USER_MADE,
                user,
                tenant=DEFAULT_TENANT,
                by=COMMAND_LINE,
                address=None,
                detail="for the demo",
                at=now,
                random=self._random_bytes(TAIL_BYTES),
            )
            await self._users.add(user, entry)
            self.demo_logins.append(DemoLogin(login=login, password=password, name=name, role=role))
