"""Sessions: that a person is signed in, in one browser. What the browser shows is 256 random bits; what is kept is their SHA-256,
for the reasons that hold for tokens (docs/decisions/0012-tokens.md)."""

import re
from base64 import b32encode, urlsafe_b64encode
from hashlib import sha256
from typing import Annotated, Final, NewType

import msgspec

from gateway.model.ids import Tenant
from gateway.model.users import UserId

SessionId = NewType("SessionId", str)
"""``ses_`` and twelve letters or digits: what lists call it."""

SECRET_BYTES: Final = 32
ID_BYTES: Final = 8
MAX_AGENT_CHARACTERS: Final = 200
"""Of what a browser says of itself, that is kept."""
SECONDS_AN_HOUR: Final = 3_600.0
SECONDS_A_DAY: Final = 86_400.0

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class SessionRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long people stay signed in."""

    idle_hours: Annotated[float, msgspec.Meta(gt=0, le=8_760)] = 12.0
    """Hours without a request after which a session is over."""
    days: Annotated[float, msgspec.Meta(gt=0, le=365)] = 7.0
    """Days after which it is over in any case."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a session. Times are seconds since the epoch."""

    id: SessionId
    digest: bytes
    """SHA-256 of what the browser shows."""
    user_id: UserId
    tenant: Tenant
    way: str
    """``password``, or the name of an OpenID provider."""
    address: str
    """The client's, when it began."""
    agent: str
    """What the browser says it is."""
    created_at: float
    used_at: float
    """When it was last seen, told late and roughly."""
    ended_at: float | None = None
    """When it was ended before its time; None where it was not."""

    def refusal(self, rules: SessionRules, now: float, *, used_at: float | None = None) -> str | None:
        """Say why it lets nobody in any more; None while it does. ``used_at`` is later than what is kept."""
        if self.ended_at is not None:
            return "this session was ended"
        if now >= self.created_at + rules.days * SECONDS_A_DAY:
            return f"you signed in {rules.days:g} days ago, and a session ends then"
        if now >= (used_at or self.used_at) + rules.idle_hours * SECONDS_AN_HOUR:
            return f"the session was not used for {rules.idle_hours:g} hours"
        return None


def cookie_of(random: bytes) -> str:
    """Write what a browser shows from :data:`SECRET_BYTES` random bytes."""
    assert len(random) == SECRET_BYTES
    return urlsafe_b64encode(random).decode().rstrip("=")


def is_cookie(text: str) -> bool:
    """Tell whether this may be what a browser of ours shows."""
    return _FORM.fullmatch(text) is not None


def digest_of(text: str) -> bytes:
    """Return what is kept of what a browser shows."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def session_id(random: bytes) -> SessionId:
    """Return an id of :data:`ID_BYTES` random bytes."""
    return SessionId("ses_" + b32encode(random).decode().rstrip("=").lower())
