"""Queues and their agents. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.asterisk_ami.mapping import listings
from connectors.asterisk_ami.mapping.state import Handler, Legs
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    PbxEvent,
    QueueJoined,
    QueueLeft,
)
from gateway.model.ids import LegId, QueueName
from gateway.model.terms import QueueResult

QUEUE_KEY_S: Final = 2.0
"""Seconds between a digit and leaving the queue within which the digit is why."""


def _queue_joined(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    leg = state.met(message, at, events)
    if leg is not None:
        leg.queue = QueueName(message.get("Queue"))
        events.append(QueueJoined(at=at, leg=leg.id, queue=leg.queue))
    return events


def _queue_left(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg_id = LegId(message.get("Uniqueid"))
    leg = state.legs.get(leg_id)
    if leg is None:
        return []
    leg.queue = None
    if leg.leaving:
        result = QueueResult.ABANDONED
    else:
        # QueueCallerAbandon comes on a time-out too, and when somebody redirects the caller.
        result = QueueResult.LEFT if 0.0 <= at - leg.digit_at < QUEUE_KEY_S else QueueResult.TIMEOUT
    return [QueueLeft(at=at, leg=leg_id, queue=QueueName(message.get("Queue")), result=result)]


def _agent_connect(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [
        AgentConnected(
            at=at,
            leg=LegId(message.get("Uniqueid")),
            queue=QueueName(message.get("Queue")),
            agent_leg=LegId(message.get("DestUniqueid")) or None,
            agent=message.get("MemberName"),
            interface=message.get("Interface"),
        )
    ]


def _agent_complete(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [
        AgentCompleted(
            at=at,
            leg=LegId(message.get("Uniqueid")),
            queue=QueueName(message.get("Queue")),
            agent=message.get("MemberName"),
            talk_s=listings.number(message.get("TalkTime")),
            ended_by_agent={"agent": True, "caller": False}.get(message.get("Reason")),
        )
    ]


HANDLERS: Final[Mapping[str, Handler]] = {
    "QueueCallerJoin": _queue_joined,
    "QueueCallerAbandon": _queue_left,
    "QueueCallerLeave": _queue_left,
    "AgentConnect": _agent_connect,
    "AgentComplete": _agent_complete,
}
