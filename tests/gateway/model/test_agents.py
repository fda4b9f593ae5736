import pytest
from support.building import SITE, START
from support.replaying import PBX, asterisk_captures, pbx_events
from support.shifts import Shift

from connectors.asterisk_ami.replay import site_of
from gateway.model.agent_states import Agent, AgentState
from gateway.model.agents import LISTING_S, AgentBook, AgentChanged
from gateway.model.board import Board
from gateway.model.events import AgentConnected, ConnectionLost, ConnectionMade, LegBridged
from gateway.model.ids import QueueName
from gateway.model.queue_rules import QueueRule
from gateway.model.reports import AgentLoggedIn, AgentLoggedOut
from gateway.model.site import Site
from gateway.model.terms import BridgeKind, LegRole, QueueResult

WRAP_UP_S = 10.0
WITH_WRAP_UP = Site(
    region="CN",
    extensions=r"^8\d{3}$",
    outside_prefix="0",
    trunks=("PJSIP/carrier",),
    queues=(QueueRule(queue="support", wrap_up_s=WRAP_UP_S),),
)


def test_an_agent_is_reserved_talks_writes_and_is_ready_again() -> None:
    shift = Shift(WITH_WRAP_UP).member("8001").later(5.0).rung("8001").later(3.0).given("8001").later(20.0)
    call = shift.agent("8001").call_id
    shift.hangs_up("caller", "8001").later(WRAP_UP_S + 1.0).device("8002", "NOT_INUSE")

    assert shift.states("8001") == ["ready", "reserved", "talking", "after_call_work", "ready"]
    changes = {change.agent.state: change for change in shift.changes}
    since = {state: change.agent.since for state, change in changes.items()}
    assert since[AgentState.RESERVED] == START + 5.0
    assert since[AgentState.TALKING] == START + 8.0
    assert since[AgentState.AFTER_CALL_WORK] == START + 28.0
    # It ended by itself, though something else was heard only later.
    assert since[AgentState.READY] == changes[AgentState.READY].at == START + 28.0 + WRAP_UP_S
    assert call is not None
    assert {changes[state].agent.call_id for state in (AgentState.RESERVED, AgentState.TALKING)} == {call}
    assert changes[AgentState.AFTER_CALL_WORK].agent.call_id == call
    assert changes[AgentState.READY].agent.call_id is None


def test_the_clock_ends_what_no_event_does() -> None:
    shift = Shift(WITH_WRAP_UP).member("8001").rung("8001").given("8001").hangs_up("caller", "8001")

    shift.passes(WRAP_UP_S - 1.0)
    assert shift.agent("8001").state is AgentState.AFTER_CALL_WORK
    shift.passes(2.0)
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.READY, START + WRAP_UP_S)


def test_the_members_own_wrap_up_counts() -> None:
    shift = Shift().member("8001", wrap_up_s=4.0).rung("8001").given("8001").hangs_up("caller", "8001")
    assert shift.agent("8001").state is AgentState.AFTER_CALL_WORK
    assert shift.passes(4.0).agent("8001").state is AgentState.READY


def test_a_caller_who_is_not_taken_leaves_the_agent_ready() -> None:
    shift = (
        Shift().member("8001").rung("8001").later(5.0).leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller", "8001")
    )
    assert shift.states("8001") == ["ready", "reserved", "ready"]


def test_a_pause_has_its_reason_and_its_time() -> None:
    shift = Shift().member("8001").later(7.0).member("8001", paused=True, reason="lunch")
    agent = shift.agent("8001")
    assert (agent.state, agent.reason, agent.since) == (AgentState.NOT_READY, "lunch", START + 7.0)

    # In one queue only, he still may be given a caller.
    shift.later(1.0).member("8001", "sales", logged_in_at=shift.now)
    agent = shift.agent("8001")
    assert (agent.state, agent.since) == (AgentState.READY, START + 8.0)
    assert [(served.queue, served.paused) for served in agent.queues] == [("sales", False), ("support", True)]


def test_a_pause_in_a_talk_shows_afterwards() -> None:
    shift = Shift().member("8001").rung("8001").given("8001").later(3.0).member("8001", paused=True, reason="")
    assert shift.agent("8001").state is AgentState.TALKING
    shift.later(2.0).hangs_up("caller", "8001")
    agent = shift.agent("8001")
    assert (agent.state, agent.reason, agent.since) == (AgentState.NOT_READY, None, START + 5.0)


def test_who_logs_out_of_his_last_queue_is_logged_out() -> None:
    shift = Shift().member("8001", member="Zhao Min", dynamic=True).later(4.0).member("8001", member="Zhao Min", removed=True)
    agent = shift.agent("8001")
    assert (agent.state, agent.since, agent.agent, agent.queues) == (AgentState.LOGGED_OUT, START + 4.0, "Zhao Min", ())


def test_a_shared_desk_has_another_agent_each_day() -> None:
    shift = Shift().member("8001", member="Zhao Min", logged_in_at=START)
    shift.later(60.0).member("8001", member="Zhao Min", removed=True).member("8001", member="Li Lei", logged_in_at=START + 60.0)
    agent = shift.agent("8001")
    assert (agent.extension, agent.agent, agent.name, agent.state) == ("8001", "Li Lei", "Li Lei", AgentState.READY)


def test_a_name_that_is_known_is_shown_instead_of_the_members() -> None:
    shift = Shift()
    shift.book.know([("8001", "Wang Fang"), ("8002", None)])
    shift.member("8001")
    assert (shift.agent("8001").name, shift.agent("8001").agent) == ("Wang Fang", "Desk 8001")
    assert (shift.agent("8002").name, shift.agent("8002").state) == (None, AgentState.LOGGED_OUT)


def test_a_name_by_hand_is_taken_back() -> None:
    book = AgentBook(SITE)
    book.know([("8001", "Wang"), ("8002", "Li")])
    book.know([("8001", None)])
    assert [(agent.extension, agent.name) for agent in book.agents] == [("8001", None), ("8002", "Li")]


def test_a_telephone_that_is_gone_takes_the_agent_offline() -> None:
    shift = Shift().member("8001").later(2.0).device("8001", "UNAVAILABLE")
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.OFFLINE, START + 2.0)
    assert shift.device("8001", "NOT_INUSE").agent("8001").state is AgentState.READY


@pytest.mark.parametrize("heard_first", ["device", "member"])
def test_it_does_not_matter_what_is_heard_first(heard_first: str) -> None:
    shift = Shift()
    if heard_first == "device":
        shift.device("8001", "UNAVAILABLE").member("8001")
    else:
        shift.member("8001").device("8001", "UNAVAILABLE")
    assert shift.agent("8001").state is AgentState.OFFLINE


def test_a_call_that_no_queue_gave_makes_him_busy() -> None:
    shift = Shift().member("8001").comes_in().later(1.0).rings("8001")
    assert (shift.agent("8001").state, shift.agent("8001").reason) == (AgentState.BUSY, "ringing")
    shift.later(2.0).answers("8001")
    assert (shift.agent("8001").state, shift.agent("8001").reason) == (AgentState.BUSY, "in_call")
    shift.hangs_up("8001", "caller")
    assert shift.states("8001") == ["ready", "busy", "ready"]


def test_who_dials_is_busy_at_once() -> None:
    shift = Shift().member("8001").later(1.0).phones("8001", "062551234")
    assert (shift.agent("8001").state, shift.agent("8001").reason, shift.agent("8001").since) == (
        AgentState.BUSY,
        "in_call",
        START + 1.0,
    )


def test_consulting_is_part_of_the_conversation() -> None:
    shift = Shift().member("8001").rung("8001").given("8001").later(2.0)
    shift.creates("second", "PJSIP/8001", LegRole.ORIGINATING, "second", number="8001", dialled="8002")
    assert shift.agent("8001").state is AgentState.TALKING
    # The caller gives up; the consultation goes on.
    shift.later(1.0).hangs_up("caller", "8001")
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.BUSY, START + 3.0)


def test_who_picks_a_caller_out_of_a_queue_is_an_agent() -> None:
    shift = Shift().rung("8001")
    shift.rings("8003", by="caller").given("8003")
    assert shift.agent("8003").state is AgentState.TALKING
    assert shift.book.find("8001") is None


def test_a_leg_that_stays_alone_is_a_call_again_after_a_moment() -> None:
    shift = Shift().member("8001").rung("8001").given("8001").later(5.0).leaves("caller")
    assert shift.agent("8001").state is AgentState.TALKING
    shift.passes(1.5)
    agent = shift.agent("8001")
    assert (agent.state, agent.reason, agent.since) == (AgentState.BUSY, "in_call", START + 5.0)
    shift.clears("8001")
    assert shift.agent("8001").state is AgentState.READY


def test_members_of_a_queue_are_told() -> None:
    shift = Shift().member("8002").member("8001").member("8003", "sales")
    assert [agent.extension for agent in shift.book.members(QueueName("support"))] == ["8001", "8002"]


def test_an_agent_of_a_pool_is_at_the_telephone_where_he_logged_in() -> None:
    pool = {"interface": "Local/500@agents/n", "state_interface": "Agent:500", "member": "Sun Qi"}
    shift = Shift().member("8500", device_state=5, **pool)
    assert shift.agent("500").state is AgentState.LOGGED_OUT

    # The telephone is a member of its own as well.
    shift.member("8002", "sales").later(5.0).phones("8002", "*500").connects("8002")
    shift.says(AgentLoggedIn, agent="500", device="PJSIP/8002")
    shift.says(LegBridged, leg="8002", bridge="pool", kind=BridgeKind.HOLDING, replaced=None)
    desk = shift.agent("8002")
    assert (desk.agent, desk.state, [served.queue for served in desk.queues]) == (
        "Sun Qi",
        AgentState.READY,
        ["sales", "support"],
    )
    assert shift.agent("500").queues == ()

    shift.says(AgentLoggedOut, agent="500").clears("8002")
    assert (shift.agent("8002").state, shift.agent("8002").agent) == (AgentState.READY, "Desk 8002")
    assert (shift.agent("500").agent, [served.queue for served in shift.agent("500").queues]) == ("Sun Qi", ["support"])
    assert shift.agent("500").state is AgentState.LOGGED_OUT

    # Another process does not know where he is, but that he is there.
    again = Shift().member("8500", device_state=1, listed=True, **pool).all_listed()
    assert again.agent("500").state is AgentState.READY


def test_an_agent_of_a_pool_talks_where_he_sits() -> None:
    shift = Shift().member("8002").phones("8002", "*500").connects("8002").later(5.0)
    shift.comes_in().connects("caller").queues("support").helper("pipe", "caller").later(2.0)
    shift.says(AgentConnected, leg="caller", queue="support", agent_leg="pipe", agent="Sun Qi", interface="Local/500@agents")
    shift.bridges("8002", "caller").later(4.0).hangs_up("caller")

    # Asterisk keeps him connected: he waits for the next one.
    assert shift.passes(2.0).states("8002")[-2:] == ["talking", "busy"]
    (record,) = [record for record in shift.records() if record["queue"] == "support"]
    assert record["agents"] == [{"agent": "Sun Qi", "extension": "8002", "talk_s": 4.0}]


# What was not heard


def test_who_logs_in_does_it_now_and_who_was_a_member_before_was_so_before() -> None:
    shift = Shift().member("8001", logged_in_at=START - 1.0).member("8002", logged_in_at=START - 100.0)
    assert (shift.agent("8001").since, shift.agent("8002").since) == (START, None)


def test_members_are_told_when_all_are_listed() -> None:
    shift = Shift().member("8001", paused=True, reason="lunch", last_pause=START - 60.0, listed=True)
    shift.member("8001", "sales", listed=True)
    assert shift.changes == []

    shift.all_listed()
    assert shift.states("8001") == ["ready"]
    assert shift.agent("8001").since is None


def test_a_pause_that_was_there_before_us_began_when_the_pbx_says() -> None:
    shift = Shift().member("8001", paused=True, reason="lunch", last_pause=START - 60.0, listed=True).all_listed()
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.NOT_READY, START - 60.0)


def test_who_was_given_a_caller_before_us_talks() -> None:
    shift = Shift().lists("caller", "PJSIP/carrier", age_s=40.0, bridge="of caller")
    shift.lists("8001", "PJSIP/8001", role=LegRole.TERMINATING, root="caller", age_s=30.0, bridge="of caller").legs_listed()
    shift.member("8001", in_call=True, listed=True).member("8001", "sales", listed=True).all_listed()
    agent = shift.agent("8001")
    assert (agent.state, agent.queue, agent.since) == (AgentState.TALKING, "support", None)
    assert agent.call_id == shift.call().call_id

    # A call of his own afterwards is none of the queue's, whatever the PBX has not said yet.
    shift.later(5.0).hangs_up("caller", "8001").later(5.0).phones("8001", "062551234")
    assert shift.states("8001") == ["talking", "ready", "busy"]


def test_after_a_gap_nothing_is_guessed() -> None:
    shift = Shift().member("8001").later(10.0).is_away(5.0).member("8001", listed=True).legs_listed().all_listed()
    agent = shift.agent("8001")
    assert (agent.state, agent.since) == (AgentState.READY, None)
    assert shift.changes[-1].agent == agent


def test_a_pause_goes_on_over_a_gap_with_its_exact_time() -> None:
    shift = Shift().member("8001").later(0.7).member("8001", paused=True, reason="lunch", last_pause=START)
    shift.later(10.0).is_away(5.0).legs_listed()
    shift.member("8001", paused=True, reason="lunch", last_pause=START, listed=True).all_listed()
    assert shift.agent("8001").since == START + 0.7

    shift.is_away(5.0).legs_listed()
    shift.member("8001", paused=True, reason="lunch", last_pause=START + 18.0, listed=True).all_listed()
    assert shift.agent("8001").since == START + 18.0


def test_a_conversation_goes_on_over_a_gap() -> None:
    shift = Shift().member("8001").rung("8001").later(2.0).given("8001").later(8.0).is_away(3.0)
    shift.lists("caller", "PJSIP/carrier", bridge="of caller")
    shift.lists("8001", "PJSIP/8001", role=LegRole.TERMINATING, root="caller", bridge="of caller").legs_listed()
    shift.member("8001", listed=True).all_listed()
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.TALKING, START + 2.0)
    assert shift.states("8001") == ["ready", "reserved", "talking"]


def test_a_conversation_that_ended_unheard_leaves_no_trace_but_its_wrap_up() -> None:
    shift = Shift(WITH_WRAP_UP).member("8001").rung("8001").given("8001").later(8.0).is_away(6.0).legs_listed()
    shift.member("8001", last_call=START + 10.0, listed=True).all_listed()
    agent = shift.agent("8001")
    assert (agent.state, agent.since, agent.call_id) == (AgentState.AFTER_CALL_WORK, START + 10.0, None)
    assert (shift.passes(6.0).agent("8001").state, shift.agent("8001").since) == (AgentState.READY, START + 20.0)


def test_who_is_not_listed_any_more_has_logged_out() -> None:
    shift = Shift().member("8001").member("8002").is_away(5.0).legs_listed().member("8002", listed=True).all_listed()
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.LOGGED_OUT, None)
    assert shift.agent("8002").state is AgentState.READY


def test_where_members_may_not_be_listed_what_is_known_has_to_do() -> None:
    shift = Shift().member("8001", logged_in_at=START).is_away(5.0).legs_listed()
    assert shift.agent("8001").since == START
    before = len(shift.changes)
    shift.passes(LISTING_S)
    assert (shift.agent("8001").state, shift.agent("8001").since) == (AgentState.READY, None)
    assert len(shift.changes) == before + 1


def test_another_process_goes_on() -> None:
    first = Shift().member("8001").later(0.5).member("8001", paused=True, reason="lunch", last_pause=START)
    first.member("8002").rung("8002").given("8002")
    kept = first.book.take_unkept()
    assert {agent.extension for agent in kept} == {"8001", "8002"}
    assert first.book.take_unkept() == []
    first.book.keep_again(kept)
    assert first.book.take_unkept() == kept

    second = Shift(at=first.now)
    second.board.restore(first.calls.values())
    second.book.restore(kept, first.calls.values())
    second.is_away(4.0)
    second.lists("caller", "PJSIP/carrier", bridge="of caller")
    second.lists("8002", "PJSIP/8002", role=LegRole.TERMINATING, root="caller", bridge="of caller").legs_listed()
    second.member("8001", paused=True, reason="lunch", last_pause=START, listed=True).member("8002", listed=True).all_listed()

    assert (second.agent("8001").state, second.agent("8001").since) == (AgentState.NOT_READY, START + 0.5)
    assert (second.agent("8002").state, second.agent("8002").since) == (AgentState.TALKING, START + 0.5)
    assert second.changes == []


def test_nothing_is_told_of_an_agent_while_nobody_listens() -> None:
    shift = Shift(WITH_WRAP_UP).member("8001").rung("8001").given("8001").hangs_up("caller", "8001").says(ConnectionLost)
    shift.passes(WRAP_UP_S + 5.0)
    assert shift.states("8001")[-1] == "after_call_work"
    shift.says(ConnectionMade).legs_listed().member("8001", last_call=START, listed=True).all_listed()
    assert (shift.states("8001")[-1], shift.agent("8001").since) == ("ready", None)


def test_two_replays_tell_the_same() -> None:
    def told() -> list[AgentChanged]:
        changes = []
        for folder in asterisk_captures()[::25]:
            site = site_of(folder)
            board, book = Board(PBX, site), AgentBook(site)
            for event in pbx_events(folder):
                book.apply(event, board.apply(event).calls)
            changes += book.take_changes()
        return changes

    assert told() == told() != []


def test_an_agent_who_was_never_heard_of_is_logged_out() -> None:
    book = AgentBook(SITE)
    book.know([("8001", "Wang")])
    assert book.agents == [Agent(extension="8001", name="Wang")]
