"""People and their sessions in a database; of passwords the hashes, of sessions the digests."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.access import AccessEntry
from gateway.model.ids import PbxName, Tenant
from gateway.model.principals import Role
from gateway.model.sessions import Session, SessionId
from gateway.model.users import User, UserId, UserSettings, login_key
from gateway.store.access_log import ACCESS_LOG, entry_row
from gateway.store.database import Database
from gateway.store.metadata import METADATA

USERS: Final = sa.Table(
    "users",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("login_key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("pbx", sa.Text),
    sa.Column("extension", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", sa.Double),
    sa.Column("oidc_issuer", sa.Text),
    sa.Column("oidc_subject", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("last_sign_in_at", sa.Double),
    sa.UniqueConstraint("tenant", "login_key", name="users_once"),
    sa.UniqueConstraint("tenant", "oidc_issuer", "oidc_subject", name="users_once_by_subject"),
)
"""``settings`` is JSON; ``login_key`` is what a login is found by."""

SESSIONS: Final = sa.Table(
    "sessions",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("used_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.UniqueConstraint("digest", name="sessions_once"),
    sa.Index("sessions_by_user", "tenant", "user_id"),
)
"""A digest is one tenant's: by it the tenant is known."""


class SqlUsers:
    """See :class:`gateway.ports.users.Users`.

    Args:
        database: Open, but for ``beside_gateway``.
        beside_gateway: Write without the lock by which a gateway keeps others out: a user stands by himself.
    """

    def __init__(self, database: Database, *, beside_gateway: bool = False) -> None:
        self._database = database
        self._writing = database.writing_beside if beside_gateway else database.writing

    async def add(self, user: User, entry: AccessEntry) -> bool:
        """Keep a new user."""
        async with self._writing() as connection:
            there = sa.select(USERS.c.user_id).where(USERS.c.tenant == user.tenant, USERS.c.login_key == login_key(user.login))
            if (await connection.execute(there)).first() is not None:
                return False
            await connection.execute(sa.insert(USERS), [_row(user)])
            await connection.execute(sa.insert(ACCESS_LOG), [entry_row(entry)])
        return True

    async def find(self, tenant: Tenant, user_id: UserId) -> User | None:
        """Return a user."""
        return await self._one(USERS.c.tenant == tenant, USERS.c.user_id == user_id)

    async def by_login(self, tenant: Tenant, login: str) -> User | None:
        """Return the user who signs in so."""
        return await self._one(USERS.c.tenant == tenant, USERS.c.login_key == login_key(login))

    async def by_subject(self, tenant: Tenant, issuer: str, subject: str) -> User | None:
        """Return who this is for an OpenID provider."""
        return await self._one(USERS.c.tenant == tenant, USERS.c.oidc_issuer == issuer, USERS.c.oidc_subject == subject)

    async def all(self, tenant: Tenant) -> Sequence[User]:
        """Return all users, by login."""
        rows = await self._database.rows(sa.select(USERS).where(USERS.c.tenant == tenant).order_by(USERS.c.login_key))
        return [_user(row) for row in rows]

    async def any_there(self, tenant: Tenant) -> bool:
        """Tell whether there is a user at all."""
        return bool(await self._database.rows(sa.select(USERS.c.user_id).where(USERS.c.tenant == tenant).limit(1)))

    async def change(
        self, tenant: Tenant, user_id: UserId, how: Callable[[User], User], entry: AccessEntry | None = None
    ) -> User | None:
        """Change a user."""
        this = sa.and_(USERS.c.tenant == tenant, USERS.c.user_id == user_id)
        async with self._writing() as connection:
            row = (await connection.execute(sa.select(USERS).where(this).with_for_update())).first()
            if row is None:
                return None
            changed = how(_user(row))
            await connection.execute(sa.update(USERS).where(this).values(_row(changed)))
            if entry is not None:
                await connection.execute(sa.insert(ACCESS_LOG), [entry_row(entry)])
        return changed

    async def begin(self, session: Session, entry: AccessEntry) -> None:
        """Keep a new session."""
        row = msgspec.structs.asdict(session)
        async with self._writing() as connection:
            await connection.execute(sa.insert(SESSIONS), [row | {"session_id": row.pop("id")}])
            await connection.execute(sa.insert(ACCESS_LOG), [entry_row(entry)])

    async def by_session(self, digest: bytes) -> tuple[User, Session] | None:
        """Return the session of this digest, and whose it is."""
        for found in await self._database.rows(sa.select(SESSIONS).where(SESSIONS.c.digest == digest)):
            session = _session(found)
            whose = sa.select(USERS).where(USERS.c.tenant == session.tenant, USERS.c.user_id == session.user_id)
            for row in await self._database.rows(whose):
                return _user(row), session
        return None

    async def sessions(self, tenant: Tenant, user_id: UserId) -> Sequence[Session]:
        """Return a user's sessions, the last begun first."""
        wanted = sa.select(SESSIONS).where(SESSIONS.c.tenant == tenant, SESSIONS.c.user_id == user_id)
        rows = await self._database.rows(wanted.order_by(SESSIONS.c.created_at.desc(), SESSIONS.c.session_id))
        return [_session(row) for row in rows]

    async def end(
        self,
        tenant: Tenant,
        user_id: UserId,
        at: float,
        *,
        only: SessionId | None = None,
        but: SessionId | None = None,
        entry: AccessEntry | None = None,
    ) -> int:
        """End a user's sessions."""
        conditions = [SESSIONS.c.tenant == tenant, SESSIONS.c.user_id == user_id, SESSIONS.c.ended_at.is_(None)]
        if only is not None:
            conditions.append(SESSIONS.c.session_id == only)
        if but is not None:
            conditions.append(SESSIONS.c.session_id != but)
        async with self._writing() as connection:
            ended = await connection.execute(sa.update(SESSIONS).where(*conditions).values(ended_at=at))
            if entry is not None and ended.rowcount:
                await connection.execute(sa.insert(ACCESS_LOG), [entry_row(entry)])
            return ended.rowcount

    async def used(self, times: Mapping[SessionId, float]) -> None:
        """Keep when these were last seen."""
        seen = sa.update(SESSIONS).where(SESSIONS.c.session_id == sa.bindparam("seen_id"))
        async with self._writing() as connection:
            await connection.execute(
                seen.values(used_at=sa.bindparam("seen_at")), [{"seen_id": each, "seen_at": at} for each, at in times.items()]
            )

    async def prune_sessions(self, tenant: Tenant, *, before: float) -> int:
        """Delete the sessions that began before this time."""
        async with self._writing() as connection:
            gone = sa.delete(SESSIONS).where(SESSIONS.c.tenant == tenant, SESSIONS.c.created_at < before)
            return (await connection.execute(gone)).rowcount

    async def _one(self, *conditions: sa.ColumnElement[bool]) -> User | None:
        rows = await self._database.rows(sa.select(USERS).where(*conditions))
        return _user(rows[0]) if rows else None


def _row(user: User) -> dict[str, Any]:
    row = msgspec.structs.asdict(user)
    return row | {
        "user_id": row.pop("id"),
        "login_key": login_key(user.login),
        "role": user.role.value,
        "settings": msgspec.json.encode(user.settings).decode(),
    }


def _user(row: Any) -> User:
    fields = dict(row._mapping)
    del fields["login_key"]
    return User(
        **fields
        | {
            "id": UserId(fields.pop("user_id")),
            "tenant": Tenant(row.tenant),
            "role": Role(row.role),
            "pbx": None if row.pbx is None else PbxName(row.pbx),
            "settings": msgspec.json.decode(row.settings, type=UserSettings),
        }
    )


def _session(row: Any) -> Session:
    fields = dict(row._mapping)
    return Session(**fields | {"id": SessionId(fields.pop("session_id"))})
