"""What an agent may see at this moment: by where he sits, and by the queues that the PBX says he serves."""

from gateway.model.principals import Principal
from gateway.session.engine import Engine


class Sights:
    """Looks up what somebody's extension is part of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def queues_of(self, principal: Principal) -> list[str]:
        """Return the queues that the principal's extension serves now, by name."""
        state = None if principal.pbx is None else self._engine.pbxs.get(principal.pbx)
        if state is None or principal.extension is None:
            return []
        agent = state.agents.find(principal.extension)
        return [] if agent is None else sorted(served.queue for served in agent.queues)
