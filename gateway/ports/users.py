"""Where people and their sessions are kept, and who came in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.model.access import AccessEntry, AccessKind
from gateway.model.ids import Tenant
from gateway.model.sessions import Session, SessionId
from gateway.model.users import User, UserId


class Users(Protocol):
    """People who may sign in, those who may not any more too, for audits name them; and their sessions.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change whose answer was lost. What
    changes something takes the line of the audit that goes with it: both are kept, or none.
    """

    async def add(self, user: User, entry: AccessEntry) -> bool:
        """Keep a new user; False where somebody has the login already."""

    async def find(self, tenant: Tenant, user_id: UserId) -> User | None:
        """Return a user; None when there is none."""

    async def by_login(self, tenant: Tenant, login: str) -> User | None:
        """Return the user who signs in so, however it is written."""

    async def by_subject(self, tenant: Tenant, issuer: str, subject: str) -> User | None:
        """Return who this is for an OpenID provider."""

    async def all(self, tenant: Tenant) -> Sequence[User]:
        """Return all users, by login."""

    async def any_there(self, tenant: Tenant) -> bool:
        """Tell whether there is a user at all."""

    async def change(
        self, tenant: Tenant, user_id: UserId, how: Callable[[User], User], entry: AccessEntry | None = None
    ) -> User | None:
        """Change a user by a function of what he is at that moment; return him as he is then, None when there is none.

        Raises:
            StoreTakenError: Somebody has the login already.
        """

    async def begin(self, session: Session, entry: AccessEntry) -> None:
        """Keep a new session."""

    async def by_session(self, digest: bytes) -> tuple[User, Session] | None:
        """Return the session of this digest, of whichever tenant, and whose it is."""

    async def sessions(self, tenant: Tenant, user_id: UserId) -> Sequence[Session]:
        """Return a user's sessions that are kept, the last begun first."""

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
        """End a user's sessions, ``only`` one or all ``but`` one; return how many there were."""

    async def used(self, times: Mapping[SessionId, float]) -> None:
        """Keep when these were last seen, in seconds since the epoch."""

    async def prune_sessions(self, tenant: Tenant, *, before: float) -> int:
        """Delete the sessions that began before this time; return how many."""


class AccessFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines; None is any."""

    kind: AccessKind | None = None
    user_id: str | None = None
    by: str | None = None
    from_at: float | None = None
    """At this time or later, in seconds since the epoch."""
    to_at: float | None = None
    """Before it."""


class AccessLog(Protocol):
    """Who came in. Every method may raise ``StoreUnavailableError``."""

    async def write(self, entry: AccessEntry) -> None:
        """Keep a line for good."""

    async def listed(self, tenant: Tenant, wanted: AccessFilter, *, before: str | None, limit: int) -> Sequence[AccessEntry]:
        """Return lines, the last first, beginning before one of this id."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete the lines of before this time; return how many."""
