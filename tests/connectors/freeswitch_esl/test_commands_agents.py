import pytest
from support.esl_script import SITE

from connectors.freeswitch_esl.commands_agents import Roster
from connectors.freeswitch_esl.settings import CommandSettings
from gateway.model.commands import LogIn, LogOut, SetPause, SetPenalty
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import QueueName

AGENTS = (
    "name|instance_id|uuid|type|contact|status|state\n"
    "1001@default|single_box||callback|[leg_timeout=10]user/1001@example.com|Available|Waiting\n"
    "wang|single_box||callback|{a=b}sofia/internal/1002@192.0.2.3:5060|Logged Out|Waiting\n"
    "+OK\n"
)
TIERS = (
    "queue|agent|state|level|position\nsupport@default|1001@default|Ready|1|1\nsales@default|1001@default|Ready|3|1\n"
    "support@default|wang|Ready|1|2\n+OK\n"
)
SUPPORT, SALES = QueueName("support@default"), QueueName("sales@default")


def planned(command: LogIn | LogOut | SetPause | SetPenalty, agents: str = AGENTS, tiers: str = TIERS) -> list[str]:
    acts = Roster("fs1", CommandSettings(agent="{extension}@default"), SITE, agents, tiers).plan(command)
    return [act.command.removeprefix("callcenter_config ") for act in acts]


def test_an_agent_is_found_by_the_telephone_that_his_calls_ring() -> None:
    assert planned(SetPause(extension="1002", paused=False)) == ["agent set status wang Available"]
    assert planned(SetPause(extension="1001", paused=True, reason="lunch")) == ["agent set status 1001@default 'On Break'"]


def test_whoever_was_on_demand_waits_for_the_next_again() -> None:
    idle = AGENTS.replace("Available|Waiting", "Available (On Demand)|Idle")
    assert planned(SetPause(extension="1001", paused=False), idle) == [
        "agent set status 1001@default Available",
        "agent set state 1001@default Waiting",
    ]


def test_logging_in_adds_what_is_missing_and_leaves_what_is_there() -> None:
    ready = ["agent set status wang Available", "agent set state wang Waiting"]
    assert planned(LogIn(queue=SALES, extension="1002", penalty=2)) == ["tier add sales@default wang 2 1", *ready]
    assert planned(LogIn(queue=SUPPORT, extension="1002", penalty=1)) == ready
    assert planned(LogIn(queue=SUPPORT, extension="1002", penalty=4)) == ["tier set level support@default wang 4", *ready]


def test_whoever_is_no_agent_yet_becomes_one() -> None:
    assert planned(LogIn(queue=SUPPORT, extension="1003")) == [
        "agent add 1003@default callback",
        "agent set contact 1003@default user/1003",
        "tier add support@default 1003@default 0 1",
        "agent set status 1003@default Available",
        "agent set state 1003@default Waiting",
    ]


def test_whoever_leaves_his_last_queue_is_logged_out() -> None:
    assert planned(LogOut(queue=SALES, extension="1001")) == ["tier del sales@default 1001@default"]
    left = ["tier del support@default wang", "agent set status wang 'Logged Out'"]
    assert planned(LogOut(queue=SUPPORT, extension="1002")) == left


def test_a_penalty_is_the_level_of_one_queue_or_of_all() -> None:
    assert planned(SetPenalty(extension="1001", penalty=7, queue=SALES)) == ["tier set level sales@default 1001@default 7"]
    assert len(planned(SetPenalty(extension="1001", penalty=7))) == 2


def test_nobody_takes_a_break_in_one_queue_of_several() -> None:
    with pytest.raises(CommandRefusedError, match="all his queues at once"):
        planned(SetPause(extension="1001", paused=True, queue=SALES))
    assert planned(SetPause(extension="1002", paused=True, queue=SUPPORT)) == ["agent set status wang 'On Break'"]


@pytest.mark.parametrize(
    "command",
    [
        LogIn(queue=QueueName("a b"), extension="1001"),
        LogIn(queue=SUPPORT, extension="1001", penalty=-1),
        LogIn(queue=QueueName("x'y"), extension="1001"),
        LogOut(queue=SALES, extension="1002"),
        SetPause(extension="1\n2", paused=True),
        SetPause(extension="1009", paused=True),
        SetPenalty(extension="1001", penalty=10_001),
    ],
)
def test_what_cannot_be_is_refused(command: LogIn | LogOut | SetPause | SetPenalty) -> None:
    with pytest.raises(CommandRefusedError):
        planned(command)
