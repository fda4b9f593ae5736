from collections.abc import Sequence
from typing import Any, Final, Self

import pytest
from support.esl_captures import FREESWITCH
from support.esl_script import BEGAN_AT, SITE, Script

from connectors._kit.capture import Received, read_capture
from connectors.freeswitch_esl.mapping.agents import AGENTS, QUEUES, TIERS, rows_of, telephone_of
from connectors.freeswitch_esl.mapping.marks import mark_of
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.replay import GREETING, WIRE
from gateway.model.agent_states import AgentState
from gateway.model.agents import AgentBook
from gateway.model.board import Board
from gateway.model.events import PbxEvent, SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.queues import QueueBook
from gateway.model.reports import MemberChanged, QueueSeen, QueuesListed
from gateway.model.times import rfc3339

CC: Final = "CUSTOM callcenter::info"
SUPPORT, SALES = "support@gw.test", "sales@gw.test"
HEAD: Final = "name|instance_id|uuid|type|contact|status|state|wrap_up_time|last_bridge_end|last_status_change"
STRATEGIES: Final = f"name|strategy\n{SUPPORT}|longest-idle-agent\n{SALES}|top-down\n+OK\n"
NOW: Final = int(BEGAN_AT)


def agent(name: str = "1001@gw.test", status: str = "Available", state: str = "Waiting", contact: str = "", **more: int) -> str:
    contact = contact or f"[leg_timeout=6]user/{name}"
    given = {"wrap_up": 10, "ended": 0, "changed": NOW - 60} | more
    return f"{name}|single_box||callback|{contact}|{status}|{state}|{given['wrap_up']}|{given['ended']}|{given['changed']}"


def tier(queue: str = SUPPORT, name: str = "1001@gw.test", level: int = 1, state: str = "Ready") -> str:
    return f"{queue}|{name}|{state}|{level}|1"


class Floor(Script):
    """A FreeSWITCH with a call centre, and the agents and queues that the model makes of what it says."""

    def __init__(self, agents: Sequence[str] = (), tiers: Sequence[str] = ()) -> None:
        super().__init__()
        self.events.append(SnapshotDone(at=self.now))
        self.lists(QUEUES, STRATEGIES)
        self.lists_center(agents or [agent()], tiers or [tier()])

    def lists_center(self, agents: Sequence[str], tiers: Sequence[str]) -> Self:
        self.lists(AGENTS, "\n".join([HEAD, *agents, "+OK\n"]) if agents else "+OK\n")
        self.lists(TIERS, "\n".join(["queue|agent|state|level|position", *tiers, "+OK\n"]) if tiers else "+OK\n")
        return self

    def status(self, status: str, name: str = "1001@gw.test") -> Self:
        self.says(CC, CC__Agent=name, CC__Action="agent-status-change", CC__Agent__Status=status)
        return self

    def state(self, state: str, name: str = "1001@gw.test") -> Self:
        self.says(CC, CC__Agent=name, CC__Action="agent-state-change", CC__Agent__State=state)
        return self

    def api(self, argument: str) -> Self:
        self.says("API", API__Command="callcenter_config", API__Command__Argument=argument)
        return self

    def members(self) -> list[MemberChanged]:
        return [event for event in self.events if isinstance(event, MemberChanged)]

    def agents(self) -> dict[str, dict[str, Any]]:
        board, book = Board(PbxName("fs1"), self.site), AgentBook(self.site)
        for event in self.events:
            book.apply(event, board.apply(event).calls)
        return {each.extension: each.told() for each in book.agents}

    def agent(self, extension: str = "1001") -> dict[str, Any]:
        return self.agents()[extension]


def test_agents_are_shown_with_what_they_do_and_serve() -> None:
    floor = Floor([agent(), agent("1002@gw.test", "On Break"), agent("1003@gw.test", "Logged Out")],
                  [tier(), tier(SALES, level=3), tier(name="1002@gw.test"), tier(name="1003@gw.test")])  # fmt: skip
    agents = floor.agents()
    assert {extension: told["state"] for extension, told in agents.items()} == {
        "1001": AgentState.READY,
        "1002": AgentState.NOT_READY,
        "1003": AgentState.LOGGED_OUT,
    }
    assert (agents["1001"]["queues"], agents["1001"]["agent"], agents["1001"]["name"]) == ([SALES, SUPPORT], "1001@gw.test", None)
    assert [each["penalty"] for each in agents["1001"]["memberships"]] == [3, 1]
    # Nobody saw it begin, but the list says since when he is on his break.
    assert agents["1002"]["since"] == rfc3339(NOW - 60)
    assert agents["1001"]["since"] is None
    assert agents["1003"]["queues"] == []


def test_queues_are_shown_with_their_strategy_and_members() -> None:
    floor = Floor([agent(), agent("1002@gw.test", "On Break")], [tier(), tier(name="1002@gw.test", level=4)])
    book = QueueBook(PbxName("fs1"))
    for event in floor.events:
        book.apply(event)
    sales, support = book.queues({})
    assert (sales.queue, sales.strategy, sales.members) == (SALES, "top-down", ())
    assert [(each.interface, each.paused, each.penalty) for each in support.members] == [
        ("user/1001", False, 1),
        ("user/1002", True, 4),
    ]
    assert [event.waiting for event in floor.named(QueueSeen) if isinstance(event, QueueSeen)] == [0, 0]
    assert len(floor.named(QueuesListed)) == 1


def test_a_break_is_told_as_it_begins_and_ends() -> None:
    floor = Floor().later(5.0).status("On Break").later(60.0)
    told = floor.agent()
    assert (told["state"], told["reason"], told["since"]) == (AgentState.NOT_READY, None, rfc3339(BEGAN_AT + 5.0))
    assert floor.members()[-1].last_pause == BEGAN_AT + 5.0
    assert floor.status("Available").agent()["state"] is AgentState.READY


def test_a_break_that_we_command_has_the_reason_that_was_given() -> None:
    job = mark_of("set_pause", "", "01ORDER", 0, "午餐 lunch")
    floor = Floor()
    floor.sends("callcenter_config agent set status 1001@gw.test 'On Break'", job)
    floor.status("On Break")
    assert floor.agent()["reason"] == "午餐 lunch"
    # Said again, by whom it may be, it is the same break; the next is another.
    assert floor.later(20.0).lists_center([agent(status="On Break", changed=NOW)], [tier()]).agent()["reason"] == "午餐 lunch"
    assert floor.status("On Break").agent()["reason"] == "午餐 lunch"
    assert floor.status("Available").status("On Break").agent()["reason"] is None


def test_a_reason_whose_break_never_came_is_not_the_next_breaks() -> None:
    floor = Floor()
    floor.sends("callcenter_config agent set status 1001@gw.test 'On Break'", mark_of("set_pause", "", "01ORDER", 0, "lunch"))
    assert floor.later(60.0).status("On Break").agent()["reason"] is None


def test_logging_in_and_out_are_told_with_their_time() -> None:
    floor = Floor([agent(status="Logged Out")]).later(5.0).status("Available").state("Waiting")
    assert floor.agent()["state"] is AgentState.READY
    assert floor.members()[-1].logged_in_at == BEGAN_AT + 5.0
    assert floor.agent()["since"] == rfc3339(BEGAN_AT + 5.0)
    gone = floor.later(9.0).status("Logged Out").agent()
    assert (gone["state"], gone["queues"]) == (AgentState.LOGGED_OUT, [])


def test_one_who_is_available_on_demand_takes_nobody_until_he_asks_for_the_next() -> None:
    floor = Floor([agent(status="Available (On Demand)")])
    assert floor.agent()["state"] is AgentState.READY
    assert floor.state("Idle").agent()["state"] is AgentState.NOT_READY
    assert floor.state("Waiting").agent()["state"] is AgentState.READY


def calling(floor: Floor) -> Floor:
    """A caller waits in the queue, which rings 1001."""
    queue = {"CC__Queue": SUPPORT, "CC__Member__Session__UUID": "a"}
    floor.comes_in(dialled="6001").answers("a").says(CC, "a", CC__Action="member-queue-start", **queue).later(1.0)
    floor.state("Receiving")
    floor.says(CC, CC__Agent="1001@gw.test", CC__Action="agent-offering", **queue)
    floor.dials("b", "1001", by="", variable_cc_member_session_uuid="a").later(1.0)
    return floor


def taken(floor: Floor) -> Floor:
    queue = {"CC__Queue": SUPPORT, "CC__Member__Session__UUID": "a", "CC__Agent": "1001@gw.test"}
    calling(floor).answers("b").says(CC, "b", CC__Action="bridge-agent-start", **queue).bridges()
    return floor.state("In a queue call")


def test_an_agent_is_reserved_talks_and_writes() -> None:
    floor = calling(Floor([agent(wrap_up=10)]))
    assert floor.agent()["state"] is AgentState.RESERVED
    assert floor.members()[-1].device_state == 6
    floor = taken(Floor([agent(wrap_up=10)]))
    told = floor.agent()
    assert (told["state"], told["queue"]) == (AgentState.TALKING, SUPPORT)
    assert (floor.members()[-1].in_call, floor.members()[-1].device_state) == (True, 2)
    floor.later(30.0).hangs_up("a", itself=True).unbridges().hangs_up("b").state("Waiting")
    assert (floor.agent()["state"], floor.agent()["queue"]) == (AgentState.AFTER_CALL_WORK, SUPPORT)
    assert floor.members()[-1].in_call is False
    assert floor.later(11.0).status("Available").comes_in("x", dialled="1009").agent()["state"] is AgentState.READY


def test_the_record_names_the_extension_of_an_agent_with_another_name() -> None:
    name = "8f0c2a0e-5b5b-4a7e-9d5e-0123456789ab"
    floor = Floor([agent(name, contact="{call_timeout=10,sip_h_caller_destination=${caller_destination}}user/1001@gw.test")],
                  [tier(name=name)])  # fmt: skip
    queue = {"CC__Queue": SUPPORT, "CC__Member__Session__UUID": "a", "CC__Agent": name}
    floor.comes_in(dialled="6001").answers("a").says(CC, "a", CC__Action="member-queue-start", **queue)
    floor.says(CC, CC__Action="bridge-agent-start", **queue)
    assert floor.record()["agents"][0]["extension"] == "1001"
    told = floor.agent()
    assert (told["agent"], told["name"]) == (name, None)


def test_what_only_the_lists_tell_is_asked_for_when_it_changes() -> None:
    floor = Floor()
    assert floor.mapper.take_stale() == ()
    for argument in ("tier add sales@gw.test 1001@gw.test 1 1", "agent set contact 1001@gw.test user/1001", "queue reload x"):
        floor.api(argument)
        assert floor.mapper.is_stale
        assert floor.mapper.take_stale() == (QUEUES, AGENTS, TIERS)
    for argument in ("agent list", "agent set status 1001@gw.test Available", "agent set state 1001@gw.test Waiting", ""):
        assert floor.api(argument).mapper.take_stale() == ()


def test_who_is_not_in_the_lists_is_looked_for_once() -> None:
    floor = Floor().status("Available", "ghost")
    assert floor.mapper.take_stale()
    assert floor.lists_center([agent()], [tier()]).status("On Break", "ghost").mapper.take_stale() == ()
    floor.says(CC, CC__Agent="1001@gw.test", CC__Action="agent-offering", CC__Queue=SALES)
    assert floor.mapper.take_stale()


def test_a_new_tier_is_a_membership_since_it_was_made() -> None:
    floor = Floor().later(5.0)
    floor.sends(f"callcenter_config tier add {SALES} 1001@gw.test 2 1", mark_of("log_in", "", "01ORDER", 0))
    floor.later(0.2).lists_center([agent()], [tier(), tier(SALES, level=2)])
    assert [(each.queue, each.logged_in_at) for each in floor.members()[-1:]] == [(SALES, BEGAN_AT + 5.0)]
    assert floor.agent()["queues"] == [SALES, SUPPORT]
    assert [each["logged_in_at"] for each in floor.agent()["memberships"]][1] is None


def test_a_tier_or_an_agent_that_is_deleted_is_gone() -> None:
    floor = Floor([agent()], [tier(), tier(SALES)]).lists_center([agent()], [tier(SALES)])
    assert floor.agent()["queues"] == [SALES]
    assert floor.lists_center([], []).agent()["state"] is AgentState.LOGGED_OUT


def test_an_agent_who_changes_his_telephone_sits_at_the_other_one() -> None:
    floor = Floor().lists_center([agent(contact="user/1002")], [tier()])
    assert floor.agent("1001")["state"] is AgentState.LOGGED_OUT
    assert floor.agent("1002")["state"] is AgentState.READY


def test_at_a_shared_desk_whoever_leaves_does_not_take_the_other_with_him() -> None:
    agents = [agent("wang", contact="user/1001"), agent("li", contact="user/1001")]
    floor = Floor(agents, [tier(name="wang"), tier(name="li")]).status("Logged Out", "li")
    assert floor.agent()["state"] is AgentState.READY
    floor.lists_center(agents[:1], [tier(name="wang")])
    assert floor.agent()["state"] is AgentState.READY
    assert floor.status("Logged Out", "wang").agent()["state"] is AgentState.LOGGED_OUT


def test_after_a_time_without_a_connection_all_is_listed_anew() -> None:
    floor = Floor([agent(), agent("1002@gw.test")], [tier(), tier(name="1002@gw.test")]).later(5.0).status("On Break")
    floor.events += floor.mapper.connection_lost(floor.now)
    floor.later(60.0).events += floor.mapper.connection_made(floor.now)
    floor.events.append(SnapshotDone(at=floor.now))
    floor.lists(QUEUES, STRATEGIES)
    floor.lists_center([agent(status="On Break", changed=NOW + 5)], [tier()])
    assert floor.agent("1001")["since"] == rfc3339(BEGAN_AT + 5.0)
    assert (floor.agent("1001")["state"], floor.agent("1002")["state"]) == (AgentState.NOT_READY, AgentState.LOGGED_OUT)


def test_wrap_up_that_nobody_saw_begin_is_found_by_the_lists() -> None:
    floor = Floor([agent(wrap_up=30, ended=NOW - 10)])
    assert (floor.agent()["state"], floor.agent()["queue"]) == (AgentState.AFTER_CALL_WORK, SUPPORT)
    several = Floor([agent(wrap_up=30, ended=NOW - 10)], [tier(), tier(SALES)])
    assert (several.agent()["state"], several.agent()["queue"]) == (AgentState.AFTER_CALL_WORK, None)


@pytest.mark.parametrize("text", ["-ERR callcenter_config Command not found!\n", "-USAGE\n"])
def test_without_a_call_centre_there_are_no_agents(text: str) -> None:
    script = Script().lists(QUEUES, text)
    assert [type(event) for event in script.named(QueueSeen, MemberChanged, QueuesListed)] == [QueuesListed]
    assert script.mapper.lists == ()
    assert Floor().mapper.lists == (QUEUES, AGENTS, TIERS)


def test_a_tier_of_nobody_and_a_row_of_nothing_are_passed_over() -> None:
    floor = Floor([agent(), "|||", "x"], [tier(), tier(name="deleted"), "||||", "y"])
    assert [each.member for each in floor.members()] == ["1001@gw.test"]


@pytest.mark.parametrize(
    ("contact", "number"),
    [
        ("user/1001@gw.test", "1001"),
        ("[leg_timeout=6]sofia/internal/1001@127.0.0.1:27101", "1001"),
        ("{a=b,c=${d}}user/1001", "1001"),
        ("loopback/1001/default", "1001"),
        ("sofia/gateway/carrier/13800138000", "13800138000"),
        ("sofia/gateway/carrier/13800138000|user/1002", "1002"),
        ("error/user_busy", None),
        ("", None),
    ],
)
def test_a_contact_says_which_telephone_it_calls(contact: str, number: str | None) -> None:
    assert telephone_of(contact, SITE) == number


def test_rows_are_read_by_their_columns_whatever_a_contact_holds() -> None:
    assert rows_of("a|b\n1|2\n+OK\n") == [{"a": "1", "b": "2"}]
    assert rows_of("") == rows_of("-ERR no\n") == rows_of("+OK\n") == []
    (row,) = rows_of(f"{HEAD}\n{agent(contact='user/1001|user/1002')}\n+OK\n")
    assert (row["contact"], row["status"]) == ("user/1001|user/1002", "Available")


def recorded(name: str) -> list[PbxEvent]:
    """What a recorded FreeSWITCH's lists of agents and tiers say."""
    decoder, script = EslDecoder(), Script()
    for item in read_capture(FREESWITCH / name, WIRE, GREETING):
        if isinstance(item, Received):
            for message in decoder.receive_data(item.data):
                if message.body.startswith("name|instance_id"):
                    script.lists(AGENTS, message.body)
                elif message.body.startswith("queue|agent|"):
                    script.lists(TIERS, message.body)
    return script.events


def test_what_a_real_one_lists_is_read() -> None:
    members = {event.member: event for event in recorded("resync_midcall") if isinstance(event, MemberChanged)}
    assert {name: (each.interface, each.paused, each.removed, each.in_call) for name, each in members.items()} == {
        "1001@gw.test": ("user/1001", False, False, True),
        "1002@gw.test": ("user/1002", True, False, False),
        "1003@gw.test": ("user/1003", False, True, False),
    }
