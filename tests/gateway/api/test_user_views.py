import msgspec

from gateway.api.user_views import access_view, session_view, user_view
from gateway.model.access import AccessEntry, AccessKind
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role
from gateway.model.sessions import Session, SessionId
from gateway.model.users import User, UserId

ANN = User(
    id=UserId("u1"),
    login="ann",
    name="Ann",
    role=Role.ADMIN,
    password="$argon2id$secret",
    failures=3,
    oidc_issuer="https://login.example",
    oidc_subject="s1",
    created_at=1_800_000_000.0,
    created_by="user:u2",
)


def test_a_user_is_shown_without_his_password() -> None:
    told = msgspec.json.encode(user_view(ANN)).decode()
    assert "secret" not in told
    assert user_view(ANN).created_at == "2027-01-15T08:00:00.000Z"
    assert (user_view(ANN).locked_until, user_view(ANN).last_sign_in_at) == (None, None)


def test_a_session_is_shown_without_its_digest() -> None:
    session = Session(
        id=SessionId("ses_a"),
        digest=b"digest",
        user_id=ANN.id,
        tenant=DEFAULT_TENANT,
        way="password",
        address="192.0.2.1",
        agent="Browser",
        created_at=0.0,
        used_at=1.0,
    )
    assert "digest" not in msgspec.json.encode(session_view(session, None)).decode()
    assert session_view(session, "ses_a").current
    assert not session_view(session, "ses_b").current


def test_a_line_is_shown_as_it_is() -> None:
    entry = AccessEntry(
        id="e1",
        tenant=DEFAULT_TENANT,
        at=1_800_000_000.0,
        kind=AccessKind.SIGNED_OUT,
        user_id="u1",
        user_name="Ann",
        by="user:u1",
        address=None,
        detail="by himself",
    )
    assert msgspec.to_builtins(access_view(entry)) == {
        "entry_id": "e1",
        "at": "2027-01-15T08:00:00.000Z",
        "kind": "signed_out",
        "user_id": "u1",
        "user_name": "Ann",
        "by": "user:u1",
        "address": None,
        "detail": "by himself",
    }
