"""Queues, and the agents that they give callers to."""

import msgspec

from gateway.model import dialling, menus, talk
from gateway.model.calls import AgentTalk, QueueStay, Release
from gateway.model.change import Change
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    QueueJoined,
    QueueLeft,
)
from gateway.model.ids import LegId
from gateway.model.legs import PartyKind
from gateway.model.terms import DiversionReason, QueueResult


def queue_joined(change: Change, event: QueueJoined) -> None:
    """The caller waits in a queue; coming from another one that had nobody for him he overflowed."""
    call = change.call
    if change.leg(event.leg) is None or not change.is_near(event.leg):
        return
    if call.queues and call.queues[-1].leg == event.leg:
        last = call.queues[-1]
        if last.left_at is None and last.queue == event.queue:
            return
        if last.result in (QueueResult.TIMEOUT, QueueResult.LEFT):
            dialling.add_diversion(change, last.queue, event.queue, DiversionReason.NO_ANSWER)
    change.goes_on()
    menus.leave_menu(change)
    call.place = "queue"
    call.attempted = None
    call.queues += (QueueStay(queue=event.queue, leg=event.leg, joined_at=change.at),)
    change.tell("queue.caller_joined", queue=event.queue)


def queue_left(change: Change, event: QueueLeft) -> None:
    """The caller is out of the queue."""
    call = change.call
    if not call.queues or call.queues[-1].left_at is not None or call.queues[-1].queue != event.queue:
        return
    end_stay(change, event.result)
    abandoned = event.result is QueueResult.ABANDONED
    change.tell("queue.caller_abandoned" if abandoned else "queue.caller_left", queue=event.queue)


def end_stay(change: Change, result: QueueResult) -> None:
    """Close the last stay in a queue."""
    call = change.call
    last = call.queues[-1]
    call.queues = (*call.queues[:-1], msgspec.structs.replace(last, left_at=change.at, result=result))


def agent_connected(change: Change, event: AgentConnected) -> None:
    """The queue gave the caller to an agent."""
    call = change.call
    if not call.queues or call.queues[-1].queue != event.queue:
        return
    if call.queues[-1].left_at is None or call.queues[-1].result is QueueResult.TIMEOUT:
        end_stay(change, QueueResult.ANSWERED)
    extension = _extension_of(change, event.interface, event.agent_leg)
    if all(agent.agent != event.agent or agent.leg != event.agent_leg for agent in call.agents):
        call.agents += (AgentTalk(agent=event.agent, extension=extension, leg=event.agent_leg),)
        change.tell("call.agent_connected", agent=event.agent, extension=extension, queue=event.queue)
    talk.update(change)


def _extension_of(change: Change, interface: str, leg_id: LegId | None) -> str | None:
    leg = None if leg_id is None else change.call.legs.get(leg_id)
    if leg is not None and leg.kind is PartyKind.EXTENSION:
        return leg.party
    number = interface.partition("/")[2].partition("@")[0]
    return number if change.site.is_extension(number) else None


def agent_completed(change: Change, event: AgentCompleted) -> None:
    """The queue's own account of a conversation, for what a gap hid of it."""
    call = change.call
    if call.complete:
        return
    if not call.talk_known and len(call.agents) <= 1 and not call.transfers:
        call.talk_said = float(event.talk_s)
        call.queue_said = True
    if call.release is None and event.ended_by_agent is not None and not call.transfers:
        call.release = Release(by="called" if event.ended_by_agent else "caller", leg=event.leg, at=change.at)
