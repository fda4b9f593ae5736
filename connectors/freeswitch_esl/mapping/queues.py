"""Callers who wait, and who may be given them: mod_callcenter, mod_fifo, parking lots, telephones. Pure.

mod_callcenter's events about an agent name no leg: they are joined by ``CC-Member-Session-UUID``, the caller's.
"""

from collections.abc import Mapping
from typing import Final

from connectors.freeswitch_esl.mapping.registrations import GONE, REGISTER
from connectors.freeswitch_esl.mapping.state import Handler, Legs, LegState
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    LegParked,
    LegUnparked,
    MenuLeft,
    PbxEvent,
    QueueJoined,
    QueueLeft,
)
from gateway.model.ids import LegId, QueueName
from gateway.model.reports import MemberChanged
from gateway.model.terms import QueueResult

_CANCELLED: Final = {
    "TIMEOUT": QueueResult.TIMEOUT,
    "NO_AGENT_TIMEOUT": QueueResult.TIMEOUT,
    "EXIT_WITH_KEY": QueueResult.LEFT,
}
_MANUAL: Final = "manual_calls"
"""What mod_fifo names when its consumers call and are called without it."""


def _callcenter(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    return _member(state, message, at) + state.center.note(message, at)


def _member(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    """Return what it says of a caller, whom mod_callcenter calls a member."""
    leg = state.of(message, "CC-Member-Session-UUID")
    if leg is None:
        return []
    queue = QueueName(message.get("CC-Queue"))
    match message.get("CC-Action"):
        case "member-queue-start":
            return join(leg, queue, at)
        case "bridge-agent-start":
            agent = message.get("CC-Agent")
            leg.queue = None
            return [
                QueueLeft(at=at, leg=leg.id, queue=queue, result=QueueResult.TIMEOUT),
                AgentConnected(
                    at=at,
                    leg=leg.id,
                    queue=queue,
                    agent_leg=LegId(message.get("CC-Agent-UUID") or message.get("Unique-ID")) or None,
                    agent=agent,
                    interface=state.center.interface_of(agent),
                ),
            ]
        case "bridge-agent-end":
            return [
                AgentCompleted(
                    at=at,
                    leg=leg.id,
                    queue=queue,
                    agent=message.get("CC-Agent"),
                    talk_s=_talked(message),
                    ended_by_agent=None,
                )
            ]
        case "member-queue-end" if leg.queue is not None:
            return leave(leg, _result(message), at)
        case _:
            return []


def _result(message: EslMessage) -> QueueResult:
    if message.get("CC-Cause") == "Terminated":
        return QueueResult.TIMEOUT
    reason = _CANCELLED.get(message.get("CC-Cancel-Reason"))
    if reason is not None:
        return reason
    return QueueResult.ABANDONED if message.get("Answer-State") == "hangup" else QueueResult.LEFT


def _talked(message: EslMessage) -> int:
    answered, ended = message.get("CC-Agent-Answered-Time"), message.get("CC-Bridge-Terminated-Time")
    if not (answered.isdigit() and ended.isdigit()):
        return 0
    return max(int(ended) - int(answered), 0)


def join(leg: LegState, queue: QueueName, at: float) -> list[PbxEvent]:
    """Put a caller into a queue."""
    events: list[PbxEvent] = []
    if leg.menu is not None:
        leg.menu = None
        events.append(MenuLeft(at=at, leg=leg.id))
    leg.queue = queue
    events.append(QueueJoined(at=at, leg=leg.id, queue=queue))
    return events


def leave(leg: LegState, result: QueueResult, at: float) -> list[PbxEvent]:
    """Take a caller out of the queue."""
    if leg.queue is None:
        return []
    queue, leg.queue = leg.queue, None
    return [QueueLeft(at=at, leg=leg.id, queue=queue, result=result)]


def _fifo(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    queue = QueueName(message.get("FIFO-Name"))
    match message.get("FIFO-Action"):
        case "push":
            return join(leg, queue, at)
        case "abort":
            return leave(leg, QueueResult.ABANDONED if message.get("Answer-State") == "hangup" else QueueResult.LEFT, at)
        case "timeout":
            return leave(leg, QueueResult.TIMEOUT, at)
        case "consumer_start" | "consumer_stop" as action if state.site.is_extension(leg.number) and queue != _MANUAL:
            return [_consumer(leg, queue, at, stays=action == "consumer_start")]
        case _:
            return []


def _consumer(leg: LegState, queue: QueueName, at: float, *, stays: bool) -> PbxEvent:
    """Tell who takes the callers of a queue of mod_fifo, with his telephone off the hook."""
    return MemberChanged(
        at=at,
        queue=queue,
        member=leg.number or "",
        interface=f"user/{leg.number}",
        device_state=0,
        paused=False,
        reason="",
        penalty=0,
        removed=not stays,
        dynamic=True,
        logged_in_at=at if stays else None,
    )


def _registration(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    return state.registrations.note(message, at)


def _valet(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    slot = message.get("Valet-Extension")
    match message.get("Action"):
        case "hold":
            leg.parked = True
            parker = state.legs.get(leg.last_peer) if leg.last_peer is not None else None
            return [LegParked(at=at, leg=leg.id, slot=slot, by=leg.last_device if parker is None else parker.device)]
        case "bridge" if leg.parked:
            leg.parked = False
            return [LegUnparked(at=at, leg=leg.id, by=LegId(message.get("Bridge-To-UUID")) or None, timed_out=False)]
        case "exit" if leg.parked:
            leg.parked = False
            return [LegUnparked(at=at, leg=leg.id, by=None, timed_out=True)]
        case _:
            return []


HANDLERS: Final[Mapping[str, Handler]] = {
    "CUSTOM callcenter::info": _callcenter,
    "CUSTOM fifo::info": _fifo,
    "CUSTOM valet_parking::info": _valet,
    **dict.fromkeys((REGISTER, *sorted(GONE)), _registration),
}
