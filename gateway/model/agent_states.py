"""An agent as others see him: his state with its reason and since when, and the queues that he serves."""

from enum import StrEnum
from typing import Any

import msgspec

from gateway.model.agent_interfaces import Membership
from gateway.model.ids import CallId, QueueName
from gateway.model.times import rfc3339


class AgentState(StrEnum):
    LOGGED_OUT = "logged_out"
    """Serves no queue, and has no call."""
    READY = "ready"
    """May be given a caller."""
    NOT_READY = "not_ready"
    """Paused in all of his queues; the reason is what he gave for it."""
    RESERVED = "reserved"
    """His telephone rings for a queue."""
    TALKING = "talking"
    """With a caller whom a queue gave him, his holding and consulting included."""
    AFTER_CALL_WORK = "after_call_work"
    """The queue leaves him alone for a while after a conversation."""
    BUSY = "busy"
    """With a call that no queue gave: the reason is ``ringing`` or ``in_call``."""
    OFFLINE = "offline"
    """Logged in, but his telephone cannot be reached."""


class WrapUp(msgspec.Struct, frozen=True, kw_only=True):
    """The time after a conversation in which a queue gives no other; seconds since the epoch."""

    queue: QueueName | None
    """None where several may have given the conversation before it."""
    call_id: CallId | None
    since: float
    until: float


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits at one extension, and what he does."""

    extension: str
    agent: str | None = None
    """Who is logged in, or was last: the queue member's name, which is another than the extension's where desks are shared."""
    name: str | None = None
    """For people."""
    state: AgentState = AgentState.LOGGED_OUT
    reason: str | None = None
    since: float | None = None
    """Seconds since the epoch; None where nobody saw it begin."""
    call_id: CallId | None = None
    """Of the states that are about a call."""
    queue: QueueName | None = None
    """The queue that gave the call."""
    queues: tuple[Membership, ...] = ()
    """Those that he serves, by name."""
    wrap_up: WrapUp | None = None
    """It may still run while he is busy otherwise."""

    def says_as(self, other: "Agent") -> bool:
        """Tell whether what is told of them is the same."""
        return _told_of(self) == _told_of(other)

    def told(self) -> dict[str, Any]:
        """Return what is told of the agent; times are RFC 3339 in UTC."""
        return {
            "extension": self.extension,
            "agent": self.agent,
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "since": None if self.since is None else rfc3339(self.since),
            "call_id": self.call_id,
            "queue": self.queue,
            "queues": [served.queue for served in self.queues],
            "memberships": [
                {
                    "queue": served.queue,
                    "paused": served.paused,
                    "reason": served.reason or None,
                    "penalty": served.penalty,
                    "logged_in_at": None if served.logged_in_at is None else rfc3339(served.logged_in_at),
                }
                for served in self.queues
            ],
        }


def _told_of(agent: Agent) -> tuple[object, ...]:
    return (
        agent.state,
        agent.since,
        agent.reason,
        agent.call_id,
        agent.queue,
        agent.agent,
        agent.name,
        [(served.queue, served.paused, served.reason, served.penalty, served.logged_in_at) for served in agent.queues],
    )
