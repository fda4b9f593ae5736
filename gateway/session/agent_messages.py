"""What is told of the agents of a PBX, in the words of events."""

from typing import Final

from gateway.session.committer import Message
from gateway.session.pbx_state import PbxState

STATE_CHANGED: Final = "agent.state_changed"


def agent_messages(state: PbxState) -> list[Message]:
    """Return what is to be told of agents who changed since the last time, in order."""
    return [
        Message(
            id=None,
            type=STATE_CHANGED,
            at=change.at,
            tenant=state.tenant,
            pbx=state.pbx,
            call_id=change.agent.call_id,
            data=change.agent.told(),
        )
        for change in state.agents.take_changes()
    ]
