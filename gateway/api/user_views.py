"""Users, their sessions and who came in, as the API shows them: never a password, nor what of it is kept."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.api.records import Time
from gateway.model.access import AccessEntry, AccessKind
from gateway.model.principals import Role
from gateway.model.sessions import Session
from gateway.model.times import rfc3339
from gateway.model.users import User


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign in."""

    user_id: str
    login: str
    name: str
    role: Role
    pbx: str | None
    extension: str | None
    language: str | None
    disabled: bool
    must_change_password: bool
    locked_until: Annotated[
        Time | None, Meta(description="Until when wrong passwords keep it locked, from strange addresses or from his own.")
    ]
    oidc_subject: Annotated[str | None, Meta(description="Who this is for the company's own sign-in.")]
    created_at: Time
    last_sign_in_at: Time | None


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """All users by login, those who may not sign in any more too."""

    users: list[UserView]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody is signed in, in one browser."""

    session_id: str
    way: Annotated[str, Meta(description="`password`, or the name of the company's own sign-in.")]
    address: str
    browser: Annotated[str, Meta(description="What it says it is.")]
    created_at: Time
    used_at: Annotated[Time, Meta(description="Told late and roughly.")]
    current: Annotated[bool, Meta(description="Whether it is the one that asks.")]


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """Where a user is signed in."""

    sessions: list[SessionView]


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """Who came in, was refused, or changed who may."""

    entry_id: str
    at: Time
    kind: AccessKind
    user_id: Annotated[str | None, Meta(description="Whom it is about; null where the login was nobody's.")]
    user_name: str | None
    by: Annotated[str, Meta(description="The principal that did it.")]
    address: Annotated[str | None, Meta(description="Null at the command line.")]
    detail: str


class AccessPage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, the last first."""

    entries: list[AccessView]
    next: Annotated[str | None, Meta(description="The cursor of the next page; null on the last one.")]


def user_view(user: User, locked_at_own: float | None = None) -> UserView:
    """Return a user as he is shown; ``locked_at_own`` is until when he is locked at addresses of his own."""
    locked_until = max((each for each in (user.locked_until, locked_at_own) if each is not None), default=None)
    return UserView(
        user_id=user.id,
        login=user.login,
        name=user.name,
        role=user.role,
        pbx=user.pbx,
        extension=user.extension,
        language=user.settings.language,
        disabled=user.disabled,
        must_change_password=user.one_time,
        locked_until=None if locked_until is None else rfc3339(locked_until),
        oidc_subject=user.oidc_subject,
        created_at=rfc3339(user.created_at),
        last_sign_in_at=None if user.last_sign_in_at is None else rfc3339(user.last_sign_in_at),
    )


def session_view(session: Session, current: str | None) -> SessionView:
    """Return a session as it is shown to who comes with the session ``current``."""
    return SessionView(
        session_id=session.id,
        way=session.way,
        address=session.address,
        browser=session.agent,
        created_at=rfc3339(session.created_at),
        used_at=rfc3339(session.used_at),
        current=session.id == current,
    )


def access_view(entry: AccessEntry) -> AccessView:
    """Return a line as it is shown."""
    return AccessView(
        entry_id=entry.id,
        at=rfc3339(entry.at),
        kind=entry.kind,
        user_id=entry.user_id,
        user_name=entry.user_name,
        by=entry.by,
        address=entry.address,
        detail=entry.detail,
    )
