import pytest

from gateway.model.principals import ALL_SCOPES, Principal, Role, Scope
from gateway.model.topics import SCOPES, allowed, missing


def program(*scopes: Scope) -> Principal:
    return Principal(id="tl_aaaaaaaa", name="a program", role=Role.AGENT, scopes=frozenset(scopes))


EVERYBODY = program(*ALL_SCOPES)
LISTENER = program(Scope.EVENTS_READ, Scope.CALLS_READ)


@pytest.mark.parametrize(
    ("topics", "scope"),
    [
        (("*",), None),
        (("call", "call.ended"), None),
        (("gateway.gap",), None),
        (("call", "queue.caller_joined"), Scope.QUEUES_READ),
        (("customer",), Scope.CUSTOMERS_READ),
        (("agent.state_changed",), Scope.AGENTS_READ),
        (("nothing.of_ours",), None),
        ((), None),
    ],
)
def test_a_topic_takes_the_scope_of_its_subject(topics: tuple[str, ...], scope: Scope | None) -> None:
    assert missing(topics, LISTENER) is scope
    assert missing(topics, EVERYBODY) is None


def test_without_the_scope_of_the_stream_nothing_is_heard() -> None:
    assert missing(("call",), program(Scope.CALLS_READ)) is Scope.EVENTS_READ
    assert missing((), program(Scope.CALLS_READ)) is Scope.EVENTS_READ


def test_everything_is_what_one_may_hear() -> None:
    assert allowed(("*",), EVERYBODY) == ("*",)
    assert allowed(("*", "call"), LISTENER) == ("call", "command", "gateway", "session")
    assert allowed(("*",), program(Scope.EVENTS_READ)) == ("gateway",)


def test_what_was_chosen_stays() -> None:
    assert allowed(("call.ended", "gateway"), LISTENER) == ("call.ended", "gateway")
    assert allowed((), LISTENER) == ()


@pytest.mark.parametrize("subject", sorted(SCOPES.keys() - {"gateway"}))
def test_nothing_of_a_subject_is_heard_without_its_scope(subject: str) -> None:
    others = program(*(ALL_SCOPES - {SCOPES[subject]}))

    assert subject not in allowed(("*",), others)
    assert {"gateway", subject} <= set(allowed(("*",), program(Scope.EVENTS_READ, SCOPES[subject])))
