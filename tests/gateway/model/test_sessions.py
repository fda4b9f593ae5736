import pytest

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.sessions import (
    ID_BYTES,
    SECRET_BYTES,
    Session,
    SessionRules,
    cookie_of,
    digest_of,
    is_cookie,
    session_id,
)
from gateway.model.users import UserId

HOUR, DAY = 3_600.0, 86_400.0
RULES = SessionRules()


def session(**more: float) -> Session:
    return Session(
        id=session_id(bytes(ID_BYTES)),
        digest=b"",
        user_id=UserId("u1"),
        tenant=DEFAULT_TENANT,
        way="password",
        address="192.0.2.1",
        agent="",
        created_at=0.0,
        used_at=more.pop("used_at", 0.0),
        ended_at=more.pop("ended_at", None),
    )


def test_a_cookie_is_long_enough_and_kept_as_a_digest() -> None:
    text = cookie_of(bytes(range(SECRET_BYTES)))
    assert len(text) == 43
    assert is_cookie(text)
    assert len(digest_of(text)) == 32
    assert text.encode() not in digest_of(text)


@pytest.mark.parametrize("text", ["", "x", "x" * 42, "x" * 44, "x" * 42 + "é", "x" * 42 + "\n", "\ud800" * 43])
def test_what_is_no_cookie_is_seen_without_a_look(text: str) -> None:
    assert not is_cookie(text)


def test_an_id_says_nothing_of_the_cookie() -> None:
    assert session_id(bytes(ID_BYTES)).startswith("ses_")


@pytest.mark.parametrize(
    ("now", "used_at", "reason"),
    [
        (12 * HOUR - 1, 0.0, None),
        (12 * HOUR, 0.0, "not used for 12 hours"),
        (7 * DAY - 1, 7 * DAY - 2, None),
        (7 * DAY, 7 * DAY - 1, "you signed in 7 days ago"),
    ],
)
def test_a_session_ends_by_itself(now: float, used_at: float, reason: str | None) -> None:
    told = session(used_at=used_at).refusal(RULES, now)
    assert told == session().refusal(RULES, now, used_at=used_at or None)
    assert (told is None) if reason is None else (reason in (told or ""))


def test_a_session_that_was_ended_stays_so() -> None:
    assert session(ended_at=1.0).refusal(RULES, 2.0) == "this session was ended"
