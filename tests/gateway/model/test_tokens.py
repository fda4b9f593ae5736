import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.principals import ALL_SCOPES, Principal, Role, Scope
from gateway.model.tokens import RANDOM_BYTES, NewToken, Token, digest_of, excess, id_in, made, written

NOW = 1_800_000_000.0
TEXT = written(bytes(range(RANDOM_BYTES)))
WALL = NewToken(name="wallboard", scopes=(Scope.CALLS_READ, Scope.EVENTS_READ), days=2)


def token(wanted: NewToken = WALL) -> Token:
    return made(wanted, TEXT, created_by="command line", now=NOW)


def giver(*scopes: Scope, role: Role = Role.ADMIN, extension: str | None = None) -> Principal:
    return Principal(id="tl_aaaaaaaa", name="the giver", role=role, scopes=frozenset(scopes), extension=extension)


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_every_token_has_one_form_and_names_itself(random: bytes) -> None:
    text = written(random)

    assert re.fullmatch(r"tl_[a-z2-7]{8}_[a-z2-7]{52}", text)
    assert id_in(text) == text[:11]


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), st.integers(0, RANDOM_BYTES * 8 - 1))
def test_each_random_bit_makes_another_token(random: bytes, bit: int) -> None:
    other = (int.from_bytes(random, "big") ^ (1 << bit)).to_bytes(RANDOM_BYTES, "big")

    assert written(random) != written(other)
    assert digest_of(written(random)) != digest_of(written(other))


@pytest.mark.parametrize(
    "text", ["", "tl_", TEXT[:-1], TEXT + "a", TEXT.upper(), TEXT + "\n", "Bearer " + TEXT, "tl_aaaaaaaa_\ud800"]
)
def test_what_is_no_token_names_none(text: str) -> None:
    assert id_in(text) is None


def test_only_the_token_proves_itself() -> None:
    kept = token()

    assert kept.is_proved_by(TEXT)
    assert not kept.is_proved_by(TEXT[:-1] + ("a" if TEXT[-1] != "a" else "b"))
    assert not kept.is_proved_by("\ud800")


def test_nothing_that_is_kept_holds_the_secret() -> None:
    secret = TEXT.rsplit("_", 1)[1]

    assert secret not in repr(token())
    assert secret.encode() not in msgspec.msgpack.encode(token())


def test_a_token_lets_in_until_it_expires_or_is_revoked() -> None:
    kept = token()

    assert kept.refusal(NOW + 2 * 86_400 - 1) is None
    assert kept.refusal(NOW + 2 * 86_400) == f"the token {kept.id} (wallboard) has expired"
    assert msgspec.structs.replace(kept, revoked_at=NOW).refusal(NOW) == f"the token {kept.id} (wallboard) was revoked"
    assert token(NewToken(name="crm", scopes=(Scope.CALLS_READ,))).refusal(NOW * 2) is None


def test_who_comes_with_a_token_may_what_it_says() -> None:
    principal = token(NewToken(name="desk", scopes=(Scope.CALLS_PLACE,), extension="1001")).principal()

    assert (principal.id, principal.name, principal.role, principal.extension) == (TEXT[:11], "desk", Role.AGENT, "1001")
    assert principal.scopes == {Scope.CALLS_PLACE}


@pytest.mark.parametrize(
    ("by", "wanted", "why"),
    [
        (giver(*ALL_SCOPES), NewToken(name="n", scopes=tuple(Scope), role=Role.PARTNER), None),
        (
            giver(Scope.CALLS_READ, Scope.TOKENS_MANAGE),
            NewToken(name="n", scopes=(Scope.CALLS_READ, Scope.CALLS_PLACE)),
            "it would have the scopes calls:place, which the giver has not",
        ),
        (
            giver(*ALL_SCOPES, role=Role.SUPERVISOR),
            NewToken(name="n", scopes=(Scope.CALLS_READ,), role=Role.ADMIN),
            "it would have the role admin, and the giver has supervisor: only an admin gives other roles",
        ),
        (
            giver(*ALL_SCOPES, extension="1001"),
            NewToken(name="n", scopes=(Scope.CALLS_PLACE,), extension="1002"),
            "it would not be bound to extension 1001, as the giver is",
        ),
        (giver(*ALL_SCOPES, extension="1001"), NewToken(name="n", scopes=(Scope.CALLS_PLACE,), extension="1001"), None),
    ],
)
def test_nobody_gives_what_he_has_not(by: Principal, wanted: NewToken, why: str | None) -> None:
    assert excess(wanted, by) == why


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "", "scopes": ["calls:read"]}',
        b'{"name": "a\\nb", "scopes": ["calls:read"]}',
        b'{"name": "a", "scopes": []}',
        b'{"name": "a", "scopes": ["calls:steal"]}',
        b'{"name": "a", "scopes": ["calls:read"], "days": 0}',
        b'{"name": "a", "scopes": ["calls:read"], "extension": "10 01"}',
        b'{"name": "a", "scopes": ["calls:read"], "secret": "mine"}',
    ],
)
def test_what_cannot_be_a_token_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=NewToken)
