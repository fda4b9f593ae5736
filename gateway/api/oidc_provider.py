"""Talks to an OpenID provider: what it can do, its keys, and a code for an identity.

Source: OpenID Connect Discovery 1.0; OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 7517 (keys).
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.model.oidc import ALGORITHMS, Identity, OidcRefusedError, OidcSettings, check_claims, identity_of

TIMEOUT_S: Final = 10.0
"""Seconds for each answer of the provider."""
MAX_ANSWER_BYTES: Final = 512 * 1024
FRESH_S: Final = 3_600.0
"""Seconds for which what the provider can do is known."""
KEYS_AGAIN_S: Final = 30.0
"""Seconds between two looks for a key that is not known yet: providers change theirs, and strangers make some up."""


_Answer = TypeVar("_Answer")


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: Annotated[str, msgspec.Meta(pattern="^https?://")]
    token_endpoint: Annotated[str, msgspec.Meta(pattern="^https?://")]
    jwks_uri: Annotated[str, msgspec.Meta(pattern="^https?://")]
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str | None = None


class OidcProvider:
    """One provider.

    Args:
        settings: Of it.
        now: Seconds since the epoch.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(self, settings: OidcSettings, *, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self.settings = settings
        self._now = now
        self._clock = clock
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def address(self, redirect_uri: str, *, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser goes to sign in.

        Raises:
            OidcRefusedError: The provider does not answer as it should.
        """
        metadata = await self._discovered()
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"

    async def identity(self, redirect_uri: str, *, code: str, issuer: str | None, nonce: str, verifier: str) -> Identity:
        """Return who signed in.

        Args:
            issuer: Who says that it answers (RFC 9207).

        Raises:
            OidcRefusedError: It is not sure, or the provider does not answer as it should.
        """
        metadata = await self._discovered()
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise OidcRefusedError("oidc-failed", "the answer does not say whose it is (iss), as this provider's do")
        if issuer not in (None, self.settings.issuer):
            raise OidcRefusedError("oidc-failed", f"the answer is {issuer!r}'s, not {self.settings.issuer!r}'s")
        tokens = await self._exchanged(metadata, redirect_uri, code, verifier)
        claims = dict(await self._verified(metadata, tokens.id_token))
        subject = check_claims(claims, self.settings, nonce=nonce, now=self._now())
        if metadata.userinfo_endpoint is not None and tokens.access_token is not None and self._lacks(claims):
            more = await self._userinfo(metadata.userinfo_endpoint, tokens.access_token)
            if more.get("sub") != subject:
                raise OidcRefusedError("oidc-failed", "the provider tells of another person than the ID token")
            claims = dict(more) | claims
        return identity_of(claims, self.settings, subject)

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a claim that we need is not in the ID token: many providers tell it at another place."""
        settings = self.settings
        needed = ["name", settings.match, *(["email_verified"] if settings.match == "email" else [])]
        needed += [] if settings.roles is None else [settings.roles.claim]
        needed += [] if settings.extension_claim is None else [settings.extension_claim]
        return any(name not in claims for name in needed)

    async def _discovered(self) -> Metadata:
        if self._metadata is not None and self._clock() - self._metadata[0] < FRESH_S:
            return self._metadata[1]
        url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await self._asked("GET", url, Metadata)
        if metadata.issuer != self.settings.issuer:
            raise OidcRefusedError(
                "oidc-failed", f"{url} calls itself {metadata.issuer!r}: write that as api.oidc issuer, if it is right"
            )
        self._metadata = (self._clock(), metadata)
        return metadata

    async def _exchanged(self, metadata: Metadata, redirect_uri: str, code: str, verifier: str) -> _Tokens:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        client, secret = self.settings.client_id, self.settings.client_secret.reveal()
        headers: dict[str, str] = {}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749, 2.3.1: each is written as in a form first.
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        return await self._asked("POST", metadata.token_endpoint, _Tokens, data=form, headers=headers)

    async def _userinfo(self, url: str, token: str) -> dict[str, Any]:
        return await self._asked("GET", url, dict[str, Any], headers={"Authorization": f"Bearer {token}"})

    async def _verified(self, metadata: Metadata, token: str) -> Mapping[str, Any]:
        try:
            return self._decoded(token, await self._known_keys(metadata))
        except (JoseError, ValueError) as error:
            first = error
        # The provider may have changed its keys.
        if self._keys is None or self._clock() - self._keys[0] < KEYS_AGAIN_S:
            raise _unsigned(first) from first
        self._keys = None
        try:
            return self._decoded(token, await self._known_keys(metadata))
        except (JoseError, ValueError) as error:
            raise _unsigned(error) from error

    def _decoded(self, token: str, keys: KeySet) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        return claims

    async def _known_keys(self, metadata: Metadata) -> KeySet:
        if self._keys is None:
            told = await self._asked("GET", metadata.jwks_uri, dict[str, Any])
            keys = told.get("keys")
            usable = [key for key in keys if _signs(key)] if isinstance(keys, list) else []
            try:
                self._keys = (self._clock(), KeySet.import_key_set({"keys": usable}))
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise OidcRefusedError("oidc-failed", f"{metadata.jwks_uri}: its keys cannot be read: {error}") from error
        return self._keys[1]

    async def _asked(self, method: str, url: str, kind: type[_Answer], **more: Any) -> _Answer:
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session,
                session.request(method, url, allow_redirects=False, **more) as response,
            ):
                data = await response.content.read(MAX_ANSWER_BYTES + 1)
                status = response.status
        except (ClientError, OSError, TimeoutError) as error:
            raise OidcRefusedError("oidc-unreachable", f"{url}: {str(error) or type(error).__name__}") from error
        if status != 200:
            raise OidcRefusedError("oidc-failed", f"{url} answers {status}{_reason(data)}")
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise OidcRefusedError("oidc-failed", f"{url}: its answer cannot be read: {error}") from error


class _Error(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


def _reason(data: bytes) -> str:
    try:
        told = msgspec.json.decode(data, type=_Error)
    except msgspec.MsgspecError:
        return ""
    return f" ({told.error}: {told.error_description})"[:300]


def _signs(key: Any) -> bool:
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _unsigned(error: Exception) -> OidcRefusedError:
    return OidcRefusedError("oidc-failed", f"the ID token is not signed by the provider: {error}")
