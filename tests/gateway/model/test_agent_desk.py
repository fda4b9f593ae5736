import pytest
from support.building import START

from gateway.model.agent_desk import Desk
from gateway.model.agent_interfaces import Membership
from gateway.model.agent_presence import Doing, Presence
from gateway.model.agent_states import AgentState
from gateway.model.ids import CallId, QueueName
from gateway.model.queue_rules import QueueRule, QueueRules

SUPPORT, SALES = QueueName("support"), QueueName("sales")
CALL, OTHER = CallId("01M81G2HX26T1BW0K9REE1GTYE"), CallId("01M81G2HX26T1BW0K9REE1GTYF")


def seat(queue: QueueName = SUPPORT, **more: object) -> Membership:
    return Membership(**{"queue": queue, "member": "Wang", "interface": "PJSIP/8001"} | more)  # type: ignore[arg-type]  # of the fields' types


def desk(*seats: Membership, rule: QueueRule | None = None) -> Desk:
    made = Desk("8001", QueueRules(() if rule is None else (rule,)))
    made.memberships = {each.queue: each for each in seats}
    return made


def after(one: Desk, at: float = START) -> AgentState:
    one.change(at, None, ())
    return one.now.state


@pytest.mark.parametrize(
    ("doing", "state"),
    [
        (Doing.RINGING, AgentState.BUSY),
        (Doing.RESERVED, AgentState.RESERVED),
        (Doing.IN_CALL, AgentState.BUSY),
        (Doing.TALKING, AgentState.TALKING),
    ],
)
def test_what_a_telephone_does_outdoes_what_the_queues_say(doing: Doing, state: AgentState) -> None:
    for one in (desk(), desk(seat()), desk(seat(paused=True))):
        one.present[CALL] = Presence(doing, CALL, SUPPORT, START)
        assert after(one) is state
        assert one.now.call_id == CALL


def test_of_two_calls_the_one_that_counts_more() -> None:
    one = desk(seat())
    one.present[CALL] = Presence(Doing.TALKING, CALL, SUPPORT, START)
    one.present[OTHER] = Presence(Doing.IN_CALL, OTHER, None, START)
    after(one)
    assert (one.now.state, one.now.call_id) == (AgentState.TALKING, CALL)


def test_a_break_outdoes_a_dead_telephone_and_both_the_time_after_a_call() -> None:
    one = desk(seat(wrap_up_s=10.0, device_state=5))
    one.end_talk(Presence(Doing.TALKING, CALL, SUPPORT, START), START)
    assert after(one) is AgentState.OFFLINE
    one.memberships = {SUPPORT: seat(paused=True, device_state=5)}
    assert after(one) is AgentState.NOT_READY
    one.memberships = {SUPPORT: seat()}
    assert after(one) is AgentState.AFTER_CALL_WORK


def test_a_queue_without_a_time_after_calls_has_none() -> None:
    one = desk(seat(), rule=QueueRule(queue="sales", wrap_up_s=10.0))
    one.end_talk(Presence(Doing.TALKING, CALL, SUPPORT, START), START)
    one.end_talk(Presence(Doing.TALKING, CALL, SALES, START), START)
    assert (one.wrap_up, after(one)) == (None, AgentState.READY)


def test_what_ends_by_itself_ends_in_order() -> None:
    one = desk(seat(wrap_up_s=10.0))
    one.end_talk(Presence(Doing.TALKING, CALL, SUPPORT, START), START)
    one.present[OTHER] = Presence(Doing.LINGERING, OTHER, None, None)
    after(one, START + 2.0)
    assert one.end_what_is_due() == START + 3.0
    assert after(one, START + 3.0) is AgentState.BUSY
    assert one.end_what_is_due() == START + 10.0
    assert one.wrap_up is None


def test_time_does_not_run_backwards() -> None:
    one = desk(seat())
    after(one, START + 10.0)
    one.memberships = {SUPPORT: seat(paused=True)}
    after(one, START + 4.0)
    assert (one.now.state, one.now.since) == (AgentState.NOT_READY, START + 10.0)


def test_another_reason_is_another_break() -> None:
    one = desk(seat(paused=True, reason="lunch"))
    after(one)
    one.memberships = {SUPPORT: seat(paused=True, reason="training")}
    after(one, START + 60.0)
    assert (one.now.reason, one.now.since) == ("training", START + 60.0)


def test_a_break_whose_beginning_one_queue_does_not_say_is_not_dated() -> None:
    one = desk(seat(paused=True, last_pause=START), seat(SALES, paused=True))
    one.discover(START + 60.0, None, ())
    assert (one.now.state, one.now.since) == (AgentState.NOT_READY, None)


def test_a_conversation_first_heard_of_in_a_list_has_no_beginning() -> None:
    one = desk(seat())
    one.present[CALL] = Presence(Doing.TALKING, CALL, SUPPORT, START)
    one.discover(START, None, ())
    assert (one.now.state, one.now.since) == (AgentState.TALKING, None)


def test_a_desk_without_a_name_has_the_members() -> None:
    one = desk(seat(member="PJSIP/8001"), seat(SALES, member="Wang"))
    one.rename(None)
    assert one.now.name == "Wang"
    one.rename("Fang")
    assert one.now.name == "Fang"


def test_an_agent_of_a_pool_is_logged_in_where_the_pool_says_so() -> None:
    one = desk(seat(device_state=5, pool_agent="500"))
    one.devices = {"PJSIP/8001": "INUSE"}
    one.present[CALL] = Presence(Doing.IN_CALL, CALL, None, START, waits_in_pool=True)
    states = []
    for pool in (("500",), ()):
        one.change(START, None, pool)
        states.append(one.now.state)
    assert states == [AgentState.READY, AgentState.LOGGED_OUT]


@pytest.mark.parametrize("member", ["PJSIP/8001", "8001@example.com", "8F0C2A0E-5b5b-4a7e-9d5e-0123456789ab", ""])
def test_what_is_an_address_or_a_uuid_is_nobodys_name(member: str) -> None:
    one = desk(seat(member=member))
    one.rename(None)
    assert one.now.name is None


def test_a_last_call_that_all_queues_have_alike_may_be_of_any_of_them() -> None:
    for seats, queue in (
        ([seat(last_call=START - 5, wrap_up_s=10.0), seat(SALES, last_call=START - 5, wrap_up_s=10.0)], None),
        ([seat(last_call=START - 5, wrap_up_s=10.0), seat(SALES, last_call=START - 50, wrap_up_s=10.0)], SUPPORT),
    ):
        one = desk(*seats)
        one.discover(START, None, ())
        assert (one.now.state, one.now.queue, one.now.since) == (AgentState.AFTER_CALL_WORK, queue, START - 5)


def test_what_is_told_late_makes_no_time_after_a_call_that_was_over_before() -> None:
    one = desk(seat())
    one.change(START, None, ())
    one.memberships[SUPPORT] = seat(last_call=START - 5, wrap_up_s=2.0)
    one.discover(START - 4, None, ())
    assert one.now.state is AgentState.READY
