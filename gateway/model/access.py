"""Who came in, who was refused, who changed who may, and who gave work to whom: the part of the audit that no command makes."""

from enum import StrEnum

import msgspec

from gateway.model.ids import Tenant, ulid
from gateway.model.users import User


class AccessKind(StrEnum):
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED_OUT = "locked_out"
    """So many wrong passwords came that the next is not looked at for a while."""
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a word, no secret
    """By the person."""
    PASSWORD_SET = "password_set"  # noqa: S105  # as above
    """By somebody else."""
    USER_MADE = "user_made"
    USER_CHANGED = "user_changed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    USER_UNLOCKED = "user_unlocked"
    SESSIONS_ENDED = "sessions_ended"
    CALLBACK_ASSIGNED = "callback_assigned"
    """A call to return was given to somebody by somebody else."""


class AccessEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of it."""

    id: str
    """A ULID."""
    tenant: Tenant
    at: float
    """Seconds since the epoch."""
    kind: AccessKind
    user_id: str | None
    """Whom it is about; None where there is no such login. That is not kept: people type their passwords there."""
    user_name: str | None
    by: str
    """The principal that did it; ``nobody`` where none was known."""
    address: str | None
    """The client's; None at the command line."""
    detail: str
    """What it was this time, for a person."""


def entry_of(
    kind: AccessKind, user: User | None, *, tenant: Tenant, by: str, address: str | None, detail: str, at: float, random: bytes
) -> AccessEntry:
    """Return a line about a user; ``random`` are :data:`gateway.model.ids.TAIL_BYTES` random bytes."""
    return AccessEntry(
        id=ulid(at, random),
        tenant=tenant,
        at=at,
        kind=kind,
        user_id=None if user is None else user.id,
        user_name=None if user is None else user.name,
        by=by,
        address=address,
        detail=detail,
    )
