import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from support.doors import PBX, House, house, kind_of
from support.oidc_servers import Forger, agreed, forger, real_provider

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.oidc import OidcSettings, RoleClaim
from gateway.model.principals import Role
from gateway.model.secret import Secret
from gateway.model.users import User

GROUPS = RoleClaim(values={"cc-agents": Role.AGENT, "cc-leads": Role.SUPERVISOR})


def settings(issuer: str, **more: Any) -> OidcSettings:
    fields: dict[str, Any] = {"name": "acme", "client_id": "tieline", "client_secret": Secret("s3cret")}
    return OidcSettings(issuer=issuer, **fields | more)


async def begun(one: House, name: str = "acme", **query: str) -> str:
    """Begin to sign in; return where the browser is sent."""
    if abs(one.clock.time - time.time()) > 60:
        one.clock.time = time.time()  # the provider goes by the real one
    answered = await one.client.get(f"/api/v1/oidc/{name}", params=query, allow_redirects=False)
    assert answered.status == 303, await answered.text()
    return answered.headers["Location"]


async def back(one: House, path: str, **query: str) -> str:
    """Come back; return where the browser is sent."""
    answered = await one.client.get(path, params=query or None, allow_redirects=False)
    assert answered.status == 303, await answered.text()
    return answered.headers["Location"]


async def come(one: House, false: Forger, **changes: str) -> str:
    """Sign in by the forger; return where the browser is sent at last."""
    answer = false.answer_to(await begun(one))
    path = urlsplit(answer.pop("redirect_uri")).path
    return await back(one, path, **answer | changes)


async def signed_in(one: House) -> str | None:
    answered = await one.ask("GET", "/session")
    return (await answered.json())["login"] if answered.status == 200 else None


async def user_of(one: House, user: User) -> User:
    found = await one.users.find(DEFAULT_TENANT, user.id)
    assert found is not None
    return found


@pytest.fixture
async def false() -> AsyncIterator[Forger]:
    async with forger() as made:
        yield made


@pytest.fixture
async def one(tmp_path: Path, false: Forger) -> AsyncIterator[House]:
    async with house(tmp_path, providers=[settings(false.issuer)]) as made:
        yield made


async def test_by_a_real_provider_people_come_in_and_new_ones_are_made(tmp_path: Path) -> None:
    people = [
        {"sub": "1", "email": "ann@example.com", "email_verified": True, "name": "Ann Lee", "groups": ["cc-leads"]},
        {"sub": "2", "email": "new@example.com", "email_verified": True, "name": "New", "groups": ["cc-agents"], "desk": "8002"},
        {"sub": "3", "email": "guest@example.com", "email_verified": True, "name": "Guest", "groups": ["guests"]},
    ]
    async with real_provider(people) as issuer:
        company = settings(issuer, label="Acme", roles=GROUPS, create=True, extension_claim="desk")
        async with house(tmp_path, providers=[company]) as one:
            ann = await one.person("Ann@example.com")
            ways = await (await one.ask("GET", "/sign-in")).json()
            assert ways["oidc"] == [{"name": "Acme", "url": "/api/v1/oidc/acme"}]
            for subject, where, who in (("1", "/supervisor", "Ann@example.com"), ("2", "/", "new@example.com")):
                gone = await begun(one, next=where)
                assert urlsplit(gone).netloc == urlsplit(issuer).netloc
                assert await back(one, "/api" + (await agreed(gone, subject)).partition("/api")[2]) == where
                assert await signed_in(one) == who
            bound = await user_of(one, ann)
            assert (bound.role, bound.oidc_issuer, bound.oidc_subject) == (Role.SUPERVISOR, issuer, "1")
            made = await one.users.by_subject(DEFAULT_TENANT, issuer, "2")
            assert made is not None
            assert (made.name, made.role, made.extension, made.pbx) == ("New", Role.AGENT, "8002", PBX)

            await one.ask("DELETE", "/session")
            way = (await agreed(await begun(one), "3")).partition("/api")[2]
            assert await back(one, f"/api{way}") == "/?problem=oidc-no-role"
            assert await signed_in(one) is None
            assert [kind for kind, *_ in await one.audit()] == [
                *("user_changed", "signed_in", "user_made", "signed_in", "signed_out", "sign_in_failed")
            ]


async def test_whoever_has_come_once_is_known_by_his_subject(one: House, false: Forger) -> None:
    ann = await one.person("ann@example.com")
    assert await come(one, false) == "/"
    false.claims = {"email": "married@example.com"}
    assert await come(one, false) == "/"
    assert await signed_in(one) == "ann@example.com"

    false.claims = {"sub": "s-2"}
    await one.ask("DELETE", "/session")
    assert await come(one, false) == "/?problem=oidc-no-user"
    assert (await user_of(one, ann)).oidc_subject == "s-1"


async def test_an_address_that_nobody_verified_is_nobodys(one: House, false: Forger) -> None:
    await one.person("ann@example.com")
    for verified in (False, None, "true"):
        false.claims = {"email_verified": verified}
        false.userinfo = {"sub": "s-1"}
        assert await come(one, false) == "/?problem=oidc-no-user"
    false.userinfo = {"sub": "s-1", "email_verified": True}
    false.claims = {"email_verified": None}
    assert await come(one, false) == "/"


async def test_who_is_disabled_stays_out(one: House, false: Forger) -> None:
    await one.person("ann@example.com", disabled=True)
    assert await come(one, false) == "/?problem=oidc-no-user"
    assert await signed_in(one) is None


def unsigned(claims: dict[str, Any], header: dict[str, Any], signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, signature])


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["tieline", "another"]},
        {"aud": ["tieline", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        pytest.param({"iat": int(time.time()) + 3600}, id="made in an hour"),
        {"iat": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_ours_lets_nobody_in(one: House, false: Forger, claims: dict[str, Any]) -> None:
    await one.person("ann@example.com")
    false.claims = claims
    assert await come(one, false) == "/?problem=oidc-failed"
    assert await signed_in(one) is None
    assert (await one.audit())[-1][0] == "sign_in_failed"


async def test_forged_signatures_let_nobody_in(one: House, false: Forger) -> None:
    await one.person("ann@example.com")
    other = RSAKey.generate_key(2048, {"kid": "one"})
    shown = json.dumps(false.key.as_dict(private=False))
    forges: list[Callable[[dict[str, Any]], str]] = [
        lambda claims: unsigned(claims, {"alg": "none"}),
        lambda claims: unsigned(claims, {"alg": "None", "kid": "one"}, "x"),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, other),
        lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s3cret" * 8)),
        lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(shown)),
        lambda _claims: "no token at all",
        lambda _claims: ".",
    ]
    for forge in forges:
        answer = false.answer_to(await begun(one))
        (claims,) = [json.loads(base64.urlsafe_b64decode(false.made().split(".")[1] + "=="))]
        false.id_token = forge(claims)
        assert await back(one, urlsplit(answer.pop("redirect_uri")).path, **answer) == "/?problem=oidc-failed"
        assert await signed_in(one) is None
    false.id_token = None
    assert await come(one, false) == "/"


async def test_a_state_counts_once_and_in_the_browser_that_has_it(one: House, false: Forger, tmp_path: Path) -> None:
    await one.person("ann@example.com")
    assert await come(one, false, state="another") == "/?problem=oidc-stale"
    answer = false.answer_to(await begun(one))
    path = urlsplit(answer.pop("redirect_uri")).path
    jar = list(one.client.session.cookie_jar)
    one.client.session.cookie_jar.clear()
    assert await back(one, path, **answer) == "/?problem=oidc-stale"
    kept = "; ".join(f"{cookie.key}={cookie.value}" for cookie in jar)
    answered = await one.client.get(path, params=answer, headers={"Cookie": kept}, allow_redirects=False)
    assert answered.headers["Location"] == "/"
    await one.ask("DELETE", "/session")
    again = await one.client.get(path, params=answer, headers={"Cookie": kept}, allow_redirects=False)
    assert again.headers["Location"] == "/?problem=oidc-stale"
    assert await signed_in(one) is None


async def test_who_comes_back_too_late_begins_again(one: House, false: Forger) -> None:
    await one.person("ann@example.com")
    answer = false.answer_to(await begun(one))
    one.clock.time += 601
    assert await back(one, urlsplit(answer.pop("redirect_uri")).path, **answer) == "/?problem=oidc-stale"


async def test_an_answer_of_another_provider_is_none(tmp_path: Path, false: Forger) -> None:
    async with forger() as evil:
        both = [settings(false.issuer), settings(evil.issuer, name="evil")]
        async with house(tmp_path, providers=both) as one:
            await one.person("ann@example.com")
            # Begun at the one, answered at the other's address.
            answer = false.answer_to(await begun(one))
            answer.pop("redirect_uri")
            assert await back(one, "/api/v1/oidc/evil/callback", **answer) == "/?problem=oidc-stale"
            # Begun at the evil one, which sends the browser on to the good one's answer (mix-up).
            answer = evil.answer_to(await begun(one, "evil"))
            path = urlsplit(answer.pop("redirect_uri")).path
            assert await back(one, path, **answer, iss=false.issuer) == "/?problem=oidc-failed"
            # Its own ID token says that it is the good one's.
            evil.claims = {"iss": false.issuer}
            answer = evil.answer_to(await begun(one, "evil"))
            assert await back(one, path, code="c", state=answer["state"]) == "/?problem=oidc-failed"
            assert evil.asked
            assert not false.asked
            assert await signed_in(one) is None


async def test_a_provider_that_names_itself_in_answers_does_so_in_all(one: House, false: Forger) -> None:
    await one.person("ann@example.com")
    false.metadata = {"authorization_response_iss_parameter_supported": True}
    assert await come(one, false) == "/?problem=oidc-failed"
    assert await come(one, false, iss=false.issuer) == "/"


async def test_the_code_goes_with_our_secret_and_the_verifier_of_its_challenge(one: House, false: Forger) -> None:
    from hashlib import sha256

    await one.person("ann@example.com")
    gone = await begun(one)
    query = parse_qs(urlsplit(gone).query)
    answer = false.answer_to(gone)
    redirect_uri = answer.pop("redirect_uri")
    await back(one, urlsplit(redirect_uri).path, **answer)
    (asked,) = false.asked
    digest = sha256(asked["code_verifier"].encode()).digest()
    assert query["code_challenge"] == [base64.urlsafe_b64encode(digest).decode().rstrip("=")]
    assert query["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == redirect_uri
    assert asked["authorization"] == "Basic " + base64.b64encode(b"tieline:s3cret").decode()
    assert redirect_uri.endswith("/api/v1/oidc/acme/callback")

    false.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    one.doors._oidc._providers["acme"]._metadata = None
    await come(one, false)
    assert (false.asked[-1]["client_secret"], false.asked[-1]["authorization"]) == ("s3cret", "")


async def test_new_keys_are_looked_for_and_not_at_everybodys_wish(one: House, false: Forger) -> None:
    await one.person("ann@example.com")
    await come(one, false)
    assert false.key_looks == 1
    false.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    false.shown_keys.append(false.key)
    false.header = {"alg": "RS256", "kid": "two"}
    one.clock.time += 60
    provider = one.doors._oidc._providers["acme"]
    assert provider._keys is not None
    provider._keys = (provider._keys[0] - 3_600, provider._keys[1])
    assert await come(one, false) == "/"
    assert false.key_looks == 2
    false.header = {"alg": "RS256", "kid": "three"}
    assert await come(one, false) == "/?problem=oidc-failed"
    assert await come(one, false) == "/?problem=oidc-failed"
    assert false.key_looks == 2


async def test_a_provider_that_is_away_or_another_is_told_so(one: House, false: Forger) -> None:
    one.clock.time = time.time()
    false.status = 500
    assert await begun(one) == "/?problem=oidc-failed"
    false.status, false.metadata = 200, {"issuer": "https://another.example"}
    assert await begun(one) == "/?problem=oidc-failed"
    assert "calls itself 'https://another.example'" in (await one.audit())[-1][2]
    one.doors._oidc._providers["acme"].settings = msgspec.structs.replace(settings("http://127.0.0.1:9"))
    assert await begun(one) == "/?problem=oidc-unreachable"


async def test_what_the_provider_refuses_is_told_to_the_operator(one: House, false: Forger) -> None:
    answer = false.answer_to(await begun(one))
    path = urlsplit(answer["redirect_uri"]).path
    assert await back(one, path, state=answer["state"], error="access_denied") == "/?problem=oidc-failed"
    assert (await one.audit())[-1][2] == "by acme: the provider says access_denied: "


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aX: y", "javascript:1"])
async def test_nobody_is_sent_to_another_site(one: House, false: Forger, where: str) -> None:
    await one.person("ann@example.com")
    answer = false.answer_to(await begun(one, next=where))
    assert await back(one, urlsplit(answer.pop("redirect_uri")).path, **answer) == "/"


async def test_there_is_no_other_provider(one: House) -> None:
    assert await kind_of(await one.client.get("/api/v1/oidc/other")) == (404, "not-found")
    assert await kind_of(await one.client.get("/api/v1/oidc/other/callback")) == (404, "not-found")
