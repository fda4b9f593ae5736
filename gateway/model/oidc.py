"""Signing in by a company's own account (OpenID Connect): what is asked of an identity, and whose it is here. Pure.

Source: OpenID Connect Core 1.0, 3.1.3.7 (which ID tokens are taken); RFC 9207 (who answered).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeGuard

import msgspec

from gateway.model.errors import TielineError
from gateway.model.principals import Role
from gateway.model.secret import Secret

LEEWAY_S: Final = 60.0
"""Seconds by which the provider's clock may differ from ours."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that are taken: those of which the provider alone has the key. Not ``none``, and none that our own secret makes."""
_ORDER: Final = (Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.PARTNER)
"""Whose groups lead to several roles has the first of these."""


class OidcRefusedError(TielineError):
    """Somebody is not let in by his company's account; the text is for the operator, the kind for the page."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class RoleClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the provider says what somebody is."""

    claim: str = "groups"
    """A claim with a word or a list of words."""
    values: dict[str, Role]
    """The role that each word leads to; who has none of them is not let in."""


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    """Part of our address that it sends browsers back to: ``https://HOST/api/v1/oidc/NAME/callback``."""
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    """What its button says; None is the name."""
    issuer: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$")]
    """As the provider's ``/.well-known/openid-configuration`` says it; http is for this machine only."""
    client_id: Annotated[str, msgspec.Meta(min_length=1)]
    client_secret: Secret
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    match: Literal["email", "preferred_username"] = "email"
    """The claim that is the login of a user who is here already; an ``email`` counts where the provider has verified it."""
    roles: RoleClaim | None = None
    """None leaves roles as they are here."""
    create: bool = False
    """Make a user of who is none yet; takes ``roles``."""
    extension_claim: str | None = None
    """Where the provider says at which extension somebody sits."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, as his provider says it."""

    issuer: str
    subject: str
    login: str | None
    """By the claim that matches logins; None where it is missing or not verified."""
    name: str | None
    role: Role | None
    extension: str | None


def check_claims(claims: Mapping[str, Any], settings: OidcSettings, *, nonce: str, now: float) -> str:
    """Return the subject of an ID token whose signature is right.

    Raises:
        OidcRefusedError: It was made by another, for another, for another sign-in, or is too old.
    """
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    expires, issued = claims.get("exp"), claims.get("iat")
    subject = claims.get("sub")
    if claims.get("iss") != settings.issuer:
        raise _wrong(f"its issuer is {claims.get('iss')!r}, not {settings.issuer!r}")
    if not isinstance(audiences, list) or settings.client_id not in audiences:
        raise _wrong(f"it is for {audiences!r}, not for {settings.client_id!r}")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != settings.client_id:
        raise _wrong(f"it was given to {claims.get('azp')!r}, not to {settings.client_id!r}")
    if not _is_number(expires) or expires + LEEWAY_S <= now:
        raise _wrong("it has expired: are both clocks right?")
    if not _is_number(issued) or issued - LEEWAY_S > now:
        raise _wrong("it was made in the future: are both clocks right?")
    if claims.get("nonce") != nonce:
        raise _wrong("it is not of this sign-in (nonce)")
    if not isinstance(subject, str) or not subject:
        raise _wrong("it does not say whose it is (sub)")
    return subject


def identity_of(claims: Mapping[str, Any], settings: OidcSettings, subject: str) -> Identity:
    """Return who the claims say that somebody is.

    Raises:
        OidcRefusedError: Roles are the provider's matter, and it gives him none.
    """
    login = claims.get(settings.match)
    if settings.match == "email" and claims.get("email_verified") is not True:
        login = None
    name = claims.get("name")
    extension = None if settings.extension_claim is None else claims.get(settings.extension_claim)
    return Identity(
        issuer=settings.issuer,
        subject=subject,
        login=login if isinstance(login, str) and login else None,
        name=name if isinstance(name, str) and name else None,
        role=None if settings.roles is None else _role(claims, settings.roles),
        extension=str(extension) if isinstance(extension, str | int) and not isinstance(extension, bool) and extension else None,
    )


def _role(claims: Mapping[str, Any], wanted: RoleClaim) -> Role:
    given = claims.get(wanted.claim)
    words = given if isinstance(given, list) else [given]
    found = {wanted.values[word] for word in words if isinstance(word, str) and word in wanted.values}
    for role in _ORDER:
        if role in found:
            return role
    raise OidcRefusedError("oidc-no-role", f"none of his {wanted.claim!r} ({words!r}) leads to a role")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(reason: str) -> OidcRefusedError:
    return OidcRefusedError("oidc-failed", f"the ID token is not taken: {reason}")
