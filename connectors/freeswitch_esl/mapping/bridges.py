"""Who talks with whom, and what commands do to that. Pure.

FreeSWITCH bridges two legs and says so on one of them.
"""

from collections.abc import Mapping
from typing import Final

from connectors.freeswitch_esl.mapping.agents import CONFIG
from connectors.freeswitch_esl.mapping.causes import NORMAL
from connectors.freeswitch_esl.mapping.legs import answered
from connectors.freeswitch_esl.mapping.marks import Mark
from connectors.freeswitch_esl.mapping.state import Handler, Legs, LegState
from connectors.freeswitch_esl.mapping.transfers import OPTIONS, OTHER, attended, completed, sent_elsewhere
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import (
    AgentConnected,
    ConferenceJoined,
    LegBridged,
    LegTransferred,
    MenuLeft,
    PbxEvent,
    QueueLeft,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind, QueueResult, TransferKind

_ATTENDED: Final = "ATTENDED_TRANSFER"


def _bridge(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    first, second = state.of(message, "Bridge-A-Unique-ID"), state.of(message, "Bridge-B-Unique-ID")
    if first is None or second is None or first is second:
        return []
    if first.peer == second.id:
        return []
    if first.unanswered or second.unanswered:
        # One of them hears what the other one's side plays before it answers: an announcement, or how it rings.
        first.early, second.early = second.id, first.id
        return []
    return join(state, first, second, at)


def join(state: Legs, first: LegState, second: LegState, at: float) -> list[PbxEvent]:
    """Let two legs talk with each other."""
    handed = completed(state, first, second, at)
    events: list[PbxEvent] = [*state.part(first, at), *state.part(second, at)]
    bridge = BridgeId(f"{first.id}+{second.id}")
    # Who came last stands last: the caller's side waits for the other.
    for leg, other in ((second, first), (first, second)):
        events += _out_of_menu(leg, at)
        events += _out_of_queue(leg, other, at)
        leg.early = None
        leg.bridge, leg.peer, leg.last_peer, leg.last_device = bridge, other.id, other.id, other.device
        events.append(LegBridged(at=at, leg=leg.id, bridge=bridge, kind=BridgeKind.TALK, replaced=None))
    for leg in (first, second):
        third = state.legs.get(state.thirds.get(leg.id, leg.id))
        if third is not None and third is not leg:
            events += _in_with(state, third, bridge, at)
    return [*events, *handed]


def join_as_third(state: Legs, leg: LegState, target: LegState, at: float) -> list[PbxEvent]:
    """Return that a party who was consulted hears both others, and both hear him, as long as the one who consulted is there."""
    state.thirds[target.id] = leg.id
    if target.bridge is None or target.peer == leg.id:
        # He comes back to the one he holds next.
        return []
    return _in_with(state, leg, target.bridge, at)


def leave_as_third(state: Legs, leg: LegState, at: float) -> list[PbxEvent]:
    """Return that the conversation of three is over for this one."""
    state.thirds = {key: third for key, third in state.thirds.items() if third != leg.id}
    return state.part(leg, at) if leg.peer is None else []


def _in_with(state: Legs, leg: LegState, bridge: BridgeId, at: float) -> list[PbxEvent]:
    """Put a leg into a bridge in which others are."""
    events = state.part(leg, at)
    leg.bridge, leg.early = bridge, None
    return [*events, LegBridged(at=at, leg=leg.id, bridge=bridge, kind=BridgeKind.TALK, replaced=None)]


def _answer(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    events = answered(leg, at)
    other = None if leg.early is None else state.legs.get(leg.early)
    if other is not None and other.early == leg.id and not other.unanswered:
        events += join(state, other, leg, at)
    return events


def _out_of_menu(leg: LegState, at: float) -> list[PbxEvent]:
    if leg.menu is None:
        return []
    leg.menu = None
    return [MenuLeft(at=at, leg=leg.id)]


def _out_of_queue(leg: LegState, agent: LegState, at: float) -> list[PbxEvent]:
    """A queue that does not say itself whom it gave the caller to says it by the bridge."""
    if leg.queue is None:
        return []
    queue, leg.queue = leg.queue, None
    return [
        QueueLeft(at=at, leg=leg.id, queue=queue, result=QueueResult.TIMEOUT),
        AgentConnected(
            at=at,
            leg=leg.id,
            queue=queue,
            agent_leg=agent.id,
            agent=agent.number or agent.device,
            interface=agent.device if agent.number is None else f"user/{agent.number}",
        ),
    ]


def _unbridge(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    first, second = state.of(message, "Bridge-A-Unique-ID"), state.of(message, "Bridge-B-Unique-ID")
    speaker = state.of(message)
    events: list[PbxEvent] = []
    for leg in (first, second):
        if leg is not None:
            leg.early = None
    if speaker is not None and message.get("variable_endpoint_disposition") == _ATTENDED:
        events += attended(state, speaker, at)
    if first is not None and (second is None or first.peer == second.id):
        state.parting = (first, at)
    elif second is not None and first is None:
        state.parting = (second, at)
    if speaker is not None:
        events += sent_elsewhere(state, speaker, message, at)
    return events


def _api(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    command, argument = message.get("API-Command"), message.get("API-Command-Argument")
    if command == CONFIG:
        # The event comes when it has been done.
        state.center.changed(argument, at)
        return []
    return commanded(state, command, argument, at, Mark())


def commanded(state: Legs, command: str, argument: str, at: float, mark: Mark) -> list[PbxEvent]:
    """Return what a command says before it is done; saying it twice changes nothing.

    Args:
        state: The legs.
        command: ``uuid_kill``
        argument: ``UUID NORMAL_CLEARING``
        at: When it was sent.
        mark: Who asked for it, where it was us.
    """
    if command == CONFIG:
        state.center.asked(argument, at, mark)
        return []
    words = argument.split()
    leg = state.legs.get(LegId(words[0])) if words else None
    if leg is None:
        return []
    if command == "uuid_kill" and not leg.released:
        leg.released = True
        if mark.kind == "complete_transfer":
            # Whoever hands his parties over by leaving ends no call.
            return []
        return [ReleaseRequested(at=at, leg=leg.id, by_party=False, cause=NORMAL, sip=0)]
    if command == "uuid_transfer" and mark.kind == "park":
        # The lot says itself who parks whom.
        state.commanded.add(leg.id)
        return []
    if command == "uuid_transfer":
        return _redirected(state, leg, words[1:], at, mark)
    return []


def _redirected(state: Legs, leg: LegState, words: list[str], at: float, mark: Mark) -> list[PbxEvent]:
    option = words[0] if words and words[0] in OPTIONS else ""
    to = words[1] if option and len(words) > 1 else words[0] if words and not option else None
    peer = state.legs.get(leg.peer) if leg.peer is not None else None
    sent = {OTHER: [peer], "-both": [leg, peer]}.get(option, [leg])
    by = leg.peer if mark.kind == "blind_transfer" else None
    kind = TransferKind.REDIRECT if by is None else TransferKind.BLIND
    events: list[PbxEvent] = []
    for each in sent:
        if each is not None and each.id not in state.commanded:
            state.commanded.add(each.id)
            events.append(LegTransferred(at=at, kind=kind, by=by, consult=None, transferee=each.id, target=None, to=to))
    return events


def _conference(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg, action = state.of(message), message.get("Action")
    room = message.get("Conference-Name")
    if leg is None:
        return []
    if action == "add-member":
        bridge = BridgeId(message.get("Conference-Unique-ID") or f"conference {room}")
        *parted, bridged = _in_with(state, leg, bridge, at)
        return [*parted, ConferenceJoined(at=at, leg=leg.id, room=room), bridged]
    if action == "del-member" and leg.peer is None:
        # Otherwise it talks with somebody elsewhere already.
        return state.part(leg, at)
    return []


HANDLERS: Final[Mapping[str, Handler]] = {
    "CHANNEL_ANSWER": _answer,
    "CHANNEL_BRIDGE": _bridge,
    "CHANNEL_UNBRIDGE": _unbridge,
    "API": _api,
    "CUSTOM conference::maintenance": _conference,
}
