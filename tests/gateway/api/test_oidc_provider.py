import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from support.oidc_servers import Forger, forger

from gateway.api.oidc_provider import FRESH_S, OidcProvider
from gateway.model.oidc import Identity, OidcRefusedError, OidcSettings
from gateway.model.secret import Secret


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time


@pytest.fixture
async def false() -> AsyncIterator[Forger]:
    async with forger() as made:
        yield made


def provider(false: Forger, clock: Clock, **more: str) -> OidcProvider:
    fields = {"client_id": "tieline", "client_secret": Secret("a b:c")} | more
    settings = OidcSettings(name="acme", issuer=false.issuer, **fields)  # type: ignore[arg-type]  # fields of several types
    return OidcProvider(settings, now=time.time, clock=clock.now)


async def asked(one: OidcProvider, false: Forger, nonce: str = "n") -> Identity:
    false.nonce = nonce
    return await one.identity("http://localhost/back", code="c", issuer=None, nonce=nonce, verifier="v")


async def test_what_a_provider_can_do_is_asked_now_and_then(false: Forger) -> None:
    clock = Clock()
    one = provider(false, clock)
    url = await one.address("http://localhost/back", state="s", nonce="n", verifier="v")
    assert url.startswith(f"{false.issuer}/authorize?")
    query = parse_qs(urlsplit(url).query)
    assert (query["response_type"], query["scope"]) == (["code"], ["openid profile email"])
    false.metadata = {"authorization_endpoint": f"{false.issuer}/other?tenant=1"}
    assert (await one.address("http://localhost/back", state="s", nonce="n", verifier="v")) == url
    clock.time += FRESH_S
    again = await one.address("http://localhost/back", state="s", nonce="n", verifier="v")
    assert again.startswith(f"{false.issuer}/other?tenant=1&response_type=code")


async def test_what_the_id_token_lacks_is_asked_for(false: Forger) -> None:
    one = provider(false, Clock())
    false.claims = {"name": None}
    false.userinfo = {"sub": "s-1", "name": "Ann Lee", "email": "other@example.com"}
    found = await asked(one, false)
    # What is signed counts more.
    assert (found.name, found.login, found.subject) == ("Ann Lee", "ann@example.com", "s-1")
    false.userinfo = {"sub": "s-2", "name": "Eve"}
    with pytest.raises(OidcRefusedError, match="tells of another person"):
        await asked(one, false)


async def test_secrets_with_signs_in_them_are_written_as_in_a_form(false: Forger) -> None:
    import base64

    await asked(provider(false, Clock()), false)
    assert false.asked[0]["authorization"] == "Basic " + base64.b64encode(b"tieline:a%20b%3Ac").decode()


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"token_endpoint": "javascript:alert(1)"}, "its answer cannot be read"),
        ({"jwks_uri": 7}, "its answer cannot be read"),
        ({"issuer": "https://another.example"}, "calls itself 'https://another.example'"),
    ],
)
async def test_what_a_provider_says_of_itself_must_make_sense(false: Forger, metadata: dict[str, object], reason: str) -> None:
    false.metadata = metadata
    with pytest.raises(OidcRefusedError, match=reason):
        await provider(false, Clock()).address("http://localhost/back", state="s", nonce="n", verifier="v")


async def test_keys_that_are_no_keys_are_passed_over(false: Forger) -> None:
    class Odd:
        def as_dict(self, *, private: bool) -> dict[str, object]:
            return {"kty": "oct", "k": "c2VjcmV0", "kid": "one", "private": private}

    false.shown_keys = [Odd(), *false.shown_keys]  # type: ignore[list-item]  # a key of another kind
    assert (await asked(provider(false, Clock()), false)).subject == "s-1"
    false.shown_keys = []
    with pytest.raises(OidcRefusedError, match="No keys to import"):
        await asked(provider(false, Clock()), false)
