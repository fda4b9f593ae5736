"""An API that people sign in to, on a database of its own, with a clock that the test sets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from gateway.api.auth import DemoAuthenticator, TokenAuthenticator
from gateway.api.doors import Doors
from gateway.api.guard import guard
from gateway.api.operations import Asked, Authenticator, Nothing, Operation, answer, operations_of, routes_of
from gateway.api.passwords import Passwords
from gateway.model.access import AccessEntry, AccessKind
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.model.limits import Buckets, Rate
from gateway.model.oidc import OidcSettings
from gateway.model.principals import Principal, Role, Scope
from gateway.model.sessions import SessionRules
from gateway.model.site import Site
from gateway.model.users import User, UserId
from gateway.ports.users import AccessFilter
from gateway.store.access_log import SqlAccessLog
from gateway.store.database import Database
from gateway.store.tokens import SqlTokens
from gateway.store.urls import parse_url
from gateway.store.users import SqlUsers

PBX: Final = PbxName("one")
PASSWORD: Final = "three words together"
PAGE: Final = {"X-Tieline": "page"}
OFTEN: Final = Rate(per_second=100_000, burst=1_000_000)
TICK_S: Final = 0.0078125
START: Final = 1_800_000_000.0


def quick() -> Passwords:
    """Return what hashes passwords in no time, and so for nobody but a test."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Clock:
    """The time, as the test says; a little goes by whenever somebody looks, so that what is written down has an order."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        self.time += TICK_S
        return self.time


class House:
    """What is served, and behind it."""

    def __init__(self, client: TestClient[web.Request, web.Application], doors: Doors, users: SqlUsers, clock: Clock) -> None:
        self.client = client
        self.doors = doors
        self.users = users
        self.clock = clock
        self.database: Database
        self.log: SqlAccessLog
        self.tokens: SqlTokens
        self._numbers = count(1)

    async def person(self, login: str = "ann", role: Role = Role.AGENT, **more: Any) -> User:
        """Make a user, whose password is :data:`PASSWORD`."""
        fields: dict[str, Any] = {"extension": "8001", "pbx": PBX, "name": login.capitalize()} | more
        number = next(self._numbers)
        password = fields.pop("password", PASSWORD)
        user = User(
            id=UserId(f"01M8000000000000000000{number:04}"),
            login=login,
            role=role,
            password=None if password is None else await self.doors.passwords.hashed(password),
            created_at=self.clock.time + number,
            created_by="the test",
            **fields,
        )
        entry = AccessEntry(
            id=f"01M7000000000000000000{number:04}",
            tenant=DEFAULT_TENANT,
            at=self.clock.time,
            kind=AccessKind.USER_MADE,
            user_id=user.id,
            user_name=user.name,
            by="the test",
            address=None,
            detail="",
        )
        assert await self.users.add(user, entry)
        return user

    async def sign_in(self, login: str = "ann", password: str = PASSWORD, **headers: str) -> ClientResponse:
        """Sign in; the client keeps the cookie."""
        return await self.client.post("/api/v1/session", json={"login": login, "password": password}, headers=headers)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        """Ask as a page of ours does."""
        more = {} if body is None else {"json": body}
        return await self.client.request(method, f"/api/v1{path}", headers=PAGE | headers, **more)

    async def audit(self) -> list[tuple[str, str | None, str]]:
        """Return what the audit has but for users made: kind, user, detail; the first first."""
        entries = await self.log.listed(DEFAULT_TENANT, AccessFilter(), before=None, limit=1_000)
        return [(each.kind.value, each.user_name, each.detail) for each in reversed(entries) if each.by != "the test"]


async def kind_of(response: ClientResponse) -> tuple[int, str]:
    """Return the status and the kind of a problem."""
    return response.status, str((await response.json())["type"]).removeprefix("urn:tieline:problem:")


class _Echo:
    """Tells who asks."""

    def operations(self) -> list[Operation]:
        def operation(method: str, path: str, scope: Scope | None, *, is_open: bool = False) -> Operation:
            return Operation(
                method=method, path=f"/api/v1{path}", handler=self._who, summary="Who", tag="test", scope=scope, open=is_open
            )

        return [
            operation("GET", "/who", None),
            operation("POST", "/who", None),
            operation("POST", "/place", Scope.CALLS_PLACE),
            operation("GET", "/anybody", None, is_open=True),
        ]

    async def _who(self, asked: Asked[Nothing, None]) -> web.Response:
        who = asked.principal
        return answer({"id": who.id, "extension": who.extension, "pbx": who.pbx, "session": who.session is not None})


@asynccontextmanager
async def house(
    folder: Path,
    *,
    demo: bool = False,
    rules: SessionRules | None = None,
    failures: Rate = OFTEN,
    sites: dict[PbxName, Site] | None = None,
    providers: Sequence[OidcSettings] = (),
) -> AsyncIterator[House]:
    """Serve what people need to come in."""
    database = Database(parse_url(f"sqlite:///{folder}/tieline.db"))
    await database.open()
    clock, users, log, tokens = Clock(), SqlUsers(database), SqlAccessLog(database), SqlTokens(database)
    buckets = {"token": Buckets(OFTEN), "wrong_password": Buckets(failures)}
    others: Authenticator = DemoAuthenticator()
    if not demo:
        others = TokenAuthenticator(tokens, per_token=Buckets(OFTEN), failures=Buckets(OFTEN), now=clock.now, clock=clock.now)
    doors = Doors(
        users,
        log,
        others,
        rules=rules or SessionRules(),
        limits=buckets,
        queues_of=_queues_of,
        sites=sites or {PBX: Site(extensions=r"^8\d{3}$")},
        providers=providers,
        demo_pbx=PBX if demo else None,
        now=clock.now,
        clock=clock.now,
        random_bytes=token_bytes,
        passwords=quick(),
    )
    await doors.prepare()
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(operations_of([*doors.groups(), _Echo()]), doors.authenticator))
    application.add_routes(doors.routes())
    try:
        async with TestClient(TestServer(application)) as client:
            made = House(client, doors, users, clock)
            made.database, made.log, made.tokens = database, log, tokens
            yield made
    finally:
        await database.close()


def _queues_of(principal: Principal) -> list[str]:
    return ["support"] if principal.extension else []
