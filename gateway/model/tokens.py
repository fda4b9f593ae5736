"""API tokens: what a program shows to be let in, how it is written, and what of it is kept.

A token is ``tl_<id>_<secret>``: 40 random bits that name it and 256 that prove it. What is kept is the SHA-256 of the whole:
a secret of 256 random bits cannot be guessed from its hash, however fast that hash is (docs/decisions/0012-tokens.md).
"""

import re
from base64 import b32encode
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Final, NewType

import msgspec

from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.principals import Principal, Role, Scope

TokenId = NewType("TokenId", str)
"""``tl_`` and eight letters or digits: what a token begins with, and what lists and audits call it."""

ID_BYTES: Final = 5
SECRET_BYTES: Final = 32
RANDOM_BYTES: Final = ID_BYTES + SECRET_BYTES
"""How much chance a new token is made of."""
MAX_NAME_CHARACTERS: Final = 100
MAX_DAYS: Final = 3_650
SECONDS_A_DAY: Final = 86_400.0
COMMAND_LINE: Final = "command line"
"""Who made a token that was made beside the API."""

_FORM: Final = re.compile(r"(?P<id>tl_[a-z2-7]{8})_[a-z2-7]{52}")

TokenName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What people call it: the program that has it, or the machine."""
Days = Annotated[float, msgspec.Meta(gt=0, le=MAX_DAYS)]
DeviceNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_.+*#-]+$")]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a token. Times are seconds since the epoch."""

    id: TokenId
    name: str
    digest: bytes
    """SHA-256 of the token."""
    role: Role
    scopes: frozenset[Scope]
    extension: str | None
    """The one device whose calls it may place and control; None does not bind it to one."""
    tenant: Tenant = DEFAULT_TENANT
    created_at: float
    created_by: str
    """Id of the principal that made it, or :data:`COMMAND_LINE`."""
    expires_at: float | None
    """None is never."""
    revoked_at: float | None = None
    used_at: float | None = None
    """When it was last seen, told late and roughly; None is never."""

    def is_proved_by(self, text: str) -> bool:
        """Tell whether this is the token, in a time that says nothing of how much of it is right."""
        return compare_digest(self.digest, digest_of(text))

    def refusal(self, now: float) -> str | None:
        """Say why it lets nobody in any more; None while it does."""
        if self.revoked_at is not None:
            return f"the token {self.id} ({self.name}) was revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return f"the token {self.id} ({self.name}) has expired"
        return None

    def principal(self) -> Principal:
        """Return who comes with it."""
        return Principal(
            id=self.id, name=self.name, role=self.role, scopes=self.scopes, extension=self.extension, tenant=self.tenant
        )


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token shall be."""

    name: TokenName
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=len(Scope))]
    """What it may do."""
    role: Role = Role.AGENT
    """By which rules of dialling it goes."""
    extension: DeviceNumber | None = None
    """The one device whose calls it may place and control."""
    days: Days | None = None
    """How long it lets in; null is until it is revoked."""


def written(random: bytes) -> str:
    """Write a token from :data:`RANDOM_BYTES` random bytes."""
    assert len(random) == RANDOM_BYTES
    return f"tl_{_letters(random[:ID_BYTES])}_{_letters(random[ID_BYTES:])}"


def id_in(text: str) -> TokenId | None:
    """Read which token this would be; None for what is none."""
    found = _FORM.fullmatch(text)
    return None if found is None else TokenId(found["id"])


def digest_of(text: str) -> bytes:
    """Return what is kept of a token."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def made(wanted: NewToken, text: str, *, created_by: str, now: float, tenant: Tenant = DEFAULT_TENANT) -> Token:
    """Make what is kept of a new token, which is written ``text``."""
    token_id = id_in(text)
    assert token_id is not None
    return Token(
        id=token_id,
        name=wanted.name,
        digest=digest_of(text),
        role=wanted.role,
        scopes=frozenset(wanted.scopes),
        extension=wanted.extension,
        tenant=tenant,
        created_at=now,
        created_by=created_by,
        expires_at=None if wanted.days is None else now + wanted.days * SECONDS_A_DAY,
    )


def excess(wanted: NewToken, giver: Principal) -> str | None:
    """Say what of the token its giver does not have himself; None when he may give it."""
    more = sorted(frozenset(wanted.scopes) - giver.scopes)
    if more:
        return f"it would have the scopes {', '.join(more)}, which {giver.name} has not"
    if giver.role is not Role.ADMIN and wanted.role is not giver.role:
        return f"it would have the role {wanted.role}, and {giver.name} has {giver.role}: only an admin gives other roles"
    if giver.extension is not None and wanted.extension != giver.extension:
        return f"it would not be bound to extension {giver.extension}, as {giver.name} is"
    return None


def _letters(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()
