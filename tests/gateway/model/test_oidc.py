from typing import Any

import pytest

from gateway.model.oidc import Identity, OidcRefusedError, OidcSettings, RoleClaim, check_claims, identity_of
from gateway.model.principals import Role
from gateway.model.secret import Secret

NOW = 1_800_000_000.0
ROLES = RoleClaim(values={"agents": Role.AGENT, "leads": Role.SUPERVISOR})


def settings(**more: Any) -> OidcSettings:
    return OidcSettings(name="acme", issuer="https://login.example", client_id="us", client_secret=Secret("s"), **more)


def claims(**more: Any) -> dict[str, Any]:
    return {"iss": "https://login.example", "aud": "us", "sub": "s1", "exp": NOW + 5, "iat": NOW, "nonce": "n"} | more


@pytest.mark.parametrize(
    "more", [{}, {"aud": ["us"]}, {"aud": ["us", "them"], "azp": "us"}, {"exp": NOW - 59}, {"iat": NOW + 59}], ids=str
)
def test_an_id_token_for_us_is_taken(more: dict[str, Any]) -> None:
    assert check_claims(claims(**more), settings(), nonce="n", now=NOW) == "s1"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"iss": "https://login.example/"}, "its issuer is"),
        ({"aud": []}, "it is for"),
        ({"aud": {"us": 1}}, "it is for"),
        ({"azp": "them"}, "it was given to 'them'"),
        ({"exp": NOW - 60}, "it has expired"),
        ({"exp": True}, "it has expired"),
        ({"iat": NOW + 61}, "in the future"),
        ({"nonce": "m"}, "nonce"),
        ({"sub": ""}, "sub"),
    ],
    ids=str,
)
def test_any_other_is_not(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(OidcRefusedError, match=reason) as caught:
        check_claims(claims(**more), settings(), nonce="n", now=NOW)
    assert caught.value.kind == "oidc-failed"


def test_who_somebody_is_comes_from_the_claims() -> None:
    told = claims(email="ann@example.com", email_verified=True, name="Ann", groups=["x", "leads"], desk=8001)
    found = identity_of(told, settings(roles=ROLES, extension_claim="desk"), "s1")
    assert found == Identity(
        issuer="https://login.example", subject="s1", login="ann@example.com", name="Ann", role=Role.SUPERVISOR, extension="8001"
    )


def test_an_address_counts_where_it_is_verified_and_a_name_as_it_is() -> None:
    assert identity_of(claims(email="a@example.com"), settings(), "s1").login is None
    assert identity_of(claims(email="a@example.com", email_verified="true"), settings(), "s1").login is None
    assert identity_of(claims(preferred_username="ann"), settings(match="preferred_username"), "s1").login == "ann"
    assert identity_of(claims(preferred_username=["ann"]), settings(match="preferred_username"), "s1").login is None


@pytest.mark.parametrize(
    ("groups", "role"), [("agents", Role.AGENT), (["agents", "leads"], Role.SUPERVISOR), ([7, "agents"], Role.AGENT)]
)
def test_of_several_groups_the_one_that_may_more_counts(groups: Any, role: Role) -> None:
    assert identity_of(claims(groups=groups), settings(roles=ROLES), "s1").role is role


@pytest.mark.parametrize("groups", [None, [], "guests", {"agents": 1}, [["agents"]]])
def test_whose_groups_lead_to_no_role_is_refused(groups: Any) -> None:
    with pytest.raises(OidcRefusedError, match="leads to a role") as caught:
        identity_of(claims(groups=groups), settings(roles=ROLES), "s1")
    assert caught.value.kind == "oidc-no-role"
