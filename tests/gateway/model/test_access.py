from gateway.model.access import AccessKind, entry_of
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role
from gateway.model.users import User, UserId

ANN = User(id=UserId("u1"), login="ann", name="Ann", role=Role.ADMIN, created_at=0.0, created_by="the test")


def test_a_line_names_whom_it_is_about_and_who_did_it() -> None:
    made = entry_of(
        AccessKind.PASSWORD_SET,
        ANN,
        tenant=DEFAULT_TENANT,
        by="user:u2",
        address="192.0.2.1",
        detail="a one-time password",
        at=1_800_000_000.0,
        random=bytes(10),
    )
    assert (made.user_id, made.user_name, made.by, made.kind) == ("u1", "Ann", "user:u2", "password_set")
    assert len(made.id) == 26


def test_lines_of_a_later_time_have_a_later_id() -> None:
    ids = [
        entry_of(
            AccessKind.SIGN_IN_FAILED,
            None,
            tenant=DEFAULT_TENANT,
            by="nobody",
            address=None,
            detail="",
            at=1_800_000_000.0 + second,
            random=bytes([255 - second] * 10),
        ).id
        for second in range(5)
    ]
    assert ids == sorted(ids)
