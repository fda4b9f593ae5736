from support.building import SITE, START
from support.replaying import PBX

from gateway.model.agents import AgentChanged
from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged
from gateway.session.agent_messages import STATE_CHANGED, agent_messages
from gateway.session.pbx_state import PbxState


def test_what_changed_is_told_once() -> None:
    state = PbxState(PBX, SITE, now=START)
    state.apply(
        MemberChanged(
            at=START,
            queue=QueueName("support"),
            member="Wang",
            interface="PJSIP/8001",
            device_state=1,
            paused=True,
            reason="lunch",
            penalty=0,
            removed=False,
            logged_in_at=START,
        ),
        START,
    )
    agent = state.agents.find("8001")
    assert agent is not None
    change = AgentChanged(at=START, agent=agent)
    (message,) = agent_messages(state)

    assert (message.type, message.pbx, message.at, message.id) == (STATE_CHANGED, PBX, change.at, None)
    assert message.data == agent.told()
    assert (message.data["state"], message.data["reason"]) == ("not_ready", "lunch")
    assert agent_messages(state) == []
