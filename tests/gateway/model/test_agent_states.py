import msgspec
import pytest
from support.building import START

from gateway.model.agent_interfaces import Membership
from gateway.model.agent_states import Agent, AgentState
from gateway.model.ids import CallId, QueueName
from gateway.model.times import rfc3339

SEAT = Membership(queue=QueueName("support"), member="Wang", interface="PJSIP/8001", penalty=2, logged_in_at=START)
AGENT = Agent(extension="8001", agent="Wang", name="Wang Fang", state=AgentState.READY, since=START, queues=(SEAT,))


def test_an_agent_is_told_in_full() -> None:
    assert AGENT.told() == {
        "extension": "8001",
        "agent": "Wang",
        "name": "Wang Fang",
        "state": "ready",
        "reason": None,
        "since": rfc3339(START),
        "call_id": None,
        "queue": None,
        "queues": ["support"],
        "memberships": [{"queue": "support", "paused": False, "reason": None, "penalty": 2, "logged_in_at": rfc3339(START)}],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"state": AgentState.BUSY},
        {"since": None},
        {"reason": "lunch"},
        {"call_id": CallId("01M81G2HX26T1BW0K9REE1GTYE")},
        {"queues": ()},
        {"queues": (msgspec.structs.replace(SEAT, paused=True),)},
        {"agent": "Li"},
        {"name": "Li"},
    ],
)
def test_what_is_told_is_what_makes_a_difference(change: dict[str, object]) -> None:
    changed = msgspec.structs.replace(AGENT, **change)
    assert not AGENT.says_as(changed)
    assert AGENT.told() != changed.told()


def test_what_is_not_told_makes_none() -> None:
    changed = msgspec.structs.replace(AGENT, queues=(msgspec.structs.replace(SEAT, device_state=2, last_call=START),))
    assert AGENT.says_as(changed)
    assert AGENT.told() == changed.told()
