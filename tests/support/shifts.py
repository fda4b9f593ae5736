"""A shift in a small call centre, event by event: what its agents are told to be."""

from typing import Any, Self

from support.building import SITE, START, Story

from gateway.model.agent_states import Agent
from gateway.model.agents import AgentBook, AgentChanged
from gateway.model.events import AgentConnected, ConnectionLost, ConnectionMade, PbxEvent, SnapshotDone
from gateway.model.queue_figures import DayBook
from gateway.model.reports import DeviceChanged, MemberChanged, QueuesListed
from gateway.model.site import Site
from gateway.model.terms import QueueResult


class Shift(Story):
    """A story whose agents are watched too. Agents are named by their extensions, by default at PJSIP telephones."""

    def __init__(self, site: Site = SITE, at: float = START) -> None:
        super().__init__(site, at)
        self.book = AgentBook(site)
        self.days = DayBook(site)
        self.changes: list[AgentChanged] = []

    def hear(self, event: PbxEvent) -> Self:
        step = self.board.apply(event)
        self.events.append(event)
        self.told += step.events
        self.calls |= {call.call_id: call for call in step.calls}
        self.book.apply(event, step.calls)
        for call in step.calls:
            self.days.put(call)
        self.changes += self.book.take_changes()
        return self

    def member(self, extension: str, queue: str = "support", **more: Any) -> Self:
        """A queue has this member, as he is now."""
        fields = {
            "member": f"Desk {extension}",
            "interface": f"PJSIP/{extension}",
            "device_state": 1,
            "paused": False,
            "reason": "",
            "penalty": 0,
            "removed": False,
        } | more
        return self.says(MemberChanged, queue=queue, **fields)

    def device(self, extension: str, state: str) -> Self:
        return self.says(DeviceChanged, device=f"PJSIP/{extension}", state=state)

    def rung(self, extension: str, queue: str = "support", leg: str = "caller") -> Self:
        """A caller waits in the queue, which rings this agent."""
        return self.comes_in(leg).connects(leg).queues(queue, leg).rings(extension, by=leg)

    def given(self, extension: str, queue: str = "support", leg: str = "caller") -> Self:
        """The agent takes the caller."""
        self.connects(extension).leaves_queue(queue, QueueResult.TIMEOUT, leg)
        self.says(
            AgentConnected,
            leg=leg,
            queue=queue,
            agent_leg=extension,
            agent=f"Desk {extension}",
            interface=f"PJSIP/{extension}",
        )
        return self.bridges(extension, leg, bridge=f"of {leg}")

    def passes(self, seconds: float) -> Self:
        """Time goes by, with the clock that the gateway lets tick."""
        self.later(seconds)
        self.book.tick(self.now)
        self.changes += self.book.take_changes()
        return self

    def is_away(self, seconds: float) -> Self:
        """The connection is lost and made again; what is listed is up to the test, :meth:`all_listed` ends it."""
        return self.says(ConnectionLost).later(seconds).says(ConnectionMade)

    def legs_listed(self) -> Self:
        return self.says(SnapshotDone)

    def all_listed(self) -> Self:
        return self.says(QueuesListed)

    def agent(self, extension: str) -> Agent:
        """Return who sits there."""
        found = self.book.find(extension)
        assert found is not None, f"nobody is known at {extension}"
        return found

    def states(self, extension: str) -> list[str]:
        """Return the states that were told of an agent, each change once."""
        told = [change.agent.state.value for change in self.changes if change.agent.extension == extension]
        return [state for index, state in enumerate(told) if index == 0 or told[index - 1] != state]
