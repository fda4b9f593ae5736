import pytest
from support.replaying import CAPTURES, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.ids import CallId
from gateway.model.principals import ALL_SCOPES, Principal, Role, Scope
from gateway.model.topics import SCOPES, allowed, audible, missing, subjects_of_call, subjects_of_data, topics_of_type


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
        (("extension:1001", "call:01M81G2HX26T1BW0K9REE1GTYE"), None),
        (("queue:support",), Scope.QUEUES_READ),
        (("agent:Alice",), Scope.AGENTS_READ),
        (("nothing:of_ours",), None),
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
    assert allowed(("*", "call"), LISTENER) == ("call", "callback", "command", "conversation", "gateway", "session")
    assert allowed(("*",), program(Scope.EVENTS_READ)) == ("gateway",)


def test_what_was_chosen_stays() -> None:
    assert allowed(("call.ended", "gateway"), LISTENER) == ("call.ended", "gateway")
    assert allowed((), LISTENER) == ()


@pytest.mark.parametrize("subject", sorted(SCOPES.keys() - {"gateway"}))
def test_nothing_of_a_subject_is_heard_without_its_scope(subject: str) -> None:
    others = program(*(ALL_SCOPES - {SCOPES[subject]}))

    assert subject not in allowed(("*",), others)
    assert {"gateway", subject} <= set(allowed(("*",), program(Scope.EVENTS_READ, SCOPES[subject])))


def test_what_may_be_heard_at_all_is_what_the_scopes_say() -> None:
    assert audible(EVERYBODY) is None
    assert audible(LISTENER) == frozenset({"call", "callback", "command", "conversation", "gateway", "session"})


def test_an_event_is_told_to_the_topics_of_its_type() -> None:
    assert topics_of_type("call.menu_entered") == ("*", "call", "call.menu_entered")


def test_a_call_is_about_all_who_had_a_part_in_it() -> None:
    folder = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
    (call,) = run(pbx_events(folder), site_of(folder))[0].values()

    assert set(subjects_of_call(call)) == {f"call:{call.call_id}", "extension:1001", "agent:Agent One", "queue:support"}


def test_a_customer_outside_is_no_extension() -> None:
    folder = CAPTURES / "asterisk" / "22" / "outbound"
    (call,) = run(pbx_events(folder), site_of(folder))[0].values()

    assert set(subjects_of_call(call)) == {f"call:{call.call_id}", "extension:1001"}


def test_what_is_no_calls_own_is_about_those_whom_it_names() -> None:
    data = {"extension": "1001", "agent": "Alice", "queues": ["support", "sales"], "call_id": None, "state": "ready"}

    assert subjects_of_data(None, data) == ("extension:1001", "agent:Alice", "queue:support", "queue:sales")
    assert subjects_of_data(CallId("c"), {"queue": "support"}) == ("call:c", "queue:support")
    assert subjects_of_data(None, {"extension": 7, "queues": [1], "reason": "queue:x"}) == ()
