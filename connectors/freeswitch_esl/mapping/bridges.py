"""Who talks with whom, and how they are handed over. Pure.

FreeSWITCH bridges two legs and says so on one of them. That a leg was handed over shows in its ``Caller-Transfer-Source``, which
begins with the second and ends with the kind: ``bl_xfer`` (sent to an extension), ``uuid_br`` (bridged with another leg).
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.freeswitch_esl.mapping.agents import CONFIG
from connectors.freeswitch_esl.mapping.causes import NORMAL
from connectors.freeswitch_esl.mapping.marks import Mark
from connectors.freeswitch_esl.mapping.state import Handler, Legs, LegState
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import (
    AgentConnected,
    ConferenceJoined,
    LegBridged,
    LegRetrieved,
    LegTransferred,
    MenuLeft,
    PbxEvent,
    QueueLeft,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind, QueueResult, TransferKind

_ATTENDED: Final = "ATTENDED_TRANSFER"
_SENT_ELSEWHERE: Final = "bl_xfer"
_OTHER: Final = "-bleg"
_OPTIONS: Final = (_OTHER, "-both")


def _bridge(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    first, second = state.of(message, "Bridge-A-Unique-ID"), state.of(message, "Bridge-B-Unique-ID")
    if first is None or second is None or first is second:
        return []
    if first.peer == second.id:
        return []
    handed = _completed(state, first, second, at)
    events = [*state.part(first, at), *state.part(second, at)]
    bridge = BridgeId(f"{first.id}+{second.id}")
    # Who came last stands last: the caller's side waits for the other.
    for leg, other in ((second, first), (first, second)):
        events += _out_of_menu(leg, at)
        events += _out_of_queue(leg, other, at)
        leg.bridge, leg.peer, leg.last_peer, leg.last_device = bridge, other.id, other.id, other.device
        events.append(LegBridged(at=at, leg=leg.id, bridge=bridge, kind=BridgeKind.TALK, replaced=None))
    return events + handed


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


def _completed(state: Legs, first: LegState, second: LegState, at: float) -> list[PbxEvent]:
    """Return that a consultation became a transfer, where the third party is given the held one now."""
    for target, held in ((first, second), (second, first)):
        handed = state.handed.pop(target.id, None)
        if handed is not None:
            return [msgspec.structs.replace(handed, at=at)]
        parties = state.consultations.get(target.id)
        if parties is not None and parties[1] == held.id:
            del state.consultations[target.id]
            return [
                LegTransferred(
                    at=at,
                    kind=TransferKind.ATTENDED,
                    by=parties[0],
                    consult=parties[0],
                    transferee=held.id,
                    target=target.id,
                    to=target.number,
                )
            ]
    return []


def _unbridge(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    first, second = state.of(message, "Bridge-A-Unique-ID"), state.of(message, "Bridge-B-Unique-ID")
    speaker = state.of(message)
    events: list[PbxEvent] = []
    if speaker is not None and message.get("variable_endpoint_disposition") == _ATTENDED:
        events += _attended(state, speaker, at)
    if first is not None and (second is None or first.peer == second.id):
        state.parting = (first, at)
    elif second is not None and first is None:
        state.parting = (second, at)
    if speaker is not None:
        events += sent_elsewhere(state, speaker, message, at)
    return events


def _attended(state: Legs, consult: LegState, at: float) -> list[PbxEvent]:
    """Return that the party of this leg gives the one whom it consulted the one whom it holds, once those two are bridged."""
    for other in state.legs.values():
        if other is not consult and other.device == consult.device and other.peer is not None:
            handed = LegTransferred(
                at=at,
                kind=TransferKind.ATTENDED,
                by=other.id,
                consult=consult.id,
                transferee=other.peer,
                target=consult.peer,
                to=None,
            )
            if consult.peer is None:
                return [handed]
            state.handed[consult.peer] = handed
            if other.held:
                # His part of the call is over: nobody is held on his behalf while the two others are connected.
                other.held = False
                return [LegRetrieved(at=at, leg=other.id)]
            return []
    return []


def sent_elsewhere(state: Legs, leg: LegState, message: EslMessage, at: float) -> list[PbxEvent]:
    """Return that somebody sent this leg to another extension, where that is news: before it talked, that was its dial plan.

    The end of a bridge is told of the leg that called; one that was called shows it only where its own dial plan begins.
    """
    source = message.get("Caller-Transfer-Source")
    if source == leg.transfer or _SENT_ELSEWHERE not in source:
        leg.transfer = source
        return []
    leg.transfer = source
    if leg.id in state.commanded:
        state.commanded.discard(leg.id)
        return []
    if leg.last_peer is None:
        return []
    to = message.get("Caller-Destination-Number")
    by_phone = _user(message.get("variable_sip_refer_to")) == to
    by = leg.last_peer if by_phone else None
    kind = TransferKind.BLIND if by is not None else TransferKind.REDIRECT
    return [LegTransferred(at=at, kind=kind, by=by, consult=None, transferee=leg.id, target=None, to=to or None)]


def passes_on(state: Legs, leg: LegState, data: str, at: float) -> list[PbxEvent]:
    """Return what ``transfer`` does that a leg's dial plan executes: with the other one, when its party asked for it by a code.

    Args:
        state: The legs.
        leg: The leg that executes it.
        data: ``-bleg 1002 XML default``
        at: When.
    """
    option, _, rest = data.partition(" ")
    peer = state.legs.get(leg.peer) if leg.peer is not None else None
    if option == _OTHER and peer is not None:
        state.commanded.add(peer.id)
        to = rest.split()[0] if rest.split() else None
        return [LegTransferred(at=at, kind=TransferKind.BLIND, by=leg.id, consult=None, transferee=peer.id, target=None, to=to)]
    if peer is None and option not in _OPTIONS:
        # It goes on in its own dial plan: nobody sends it there.
        state.commanded.add(leg.id)
    return []


def _user(uri: str) -> str:
    """Return the user of ``<sip:1002@host>``."""
    return uri.strip().lstrip("<").partition(">")[0].partition(":")[2].partition("@")[0]


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
    option = words[0] if words and words[0] in _OPTIONS else ""
    to = words[1] if option and len(words) > 1 else words[0] if words and not option else None
    peer = state.legs.get(leg.peer) if leg.peer is not None else None
    sent = {_OTHER: [peer], "-both": [leg, peer]}.get(option, [leg])
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
        events = state.part(leg, at)
        leg.bridge = bridge
        joined: list[PbxEvent] = [
            ConferenceJoined(at=at, leg=leg.id, room=room),
            LegBridged(at=at, leg=leg.id, bridge=bridge, kind=BridgeKind.TALK, replaced=None),
        ]
        return events + joined
    if action == "del-member" and leg.bridge is not None:
        return state.part(leg, at)
    return []


HANDLERS: Final[Mapping[str, Handler]] = {
    "CHANNEL_BRIDGE": _bridge,
    "CHANNEL_UNBRIDGE": _unbridge,
    "API": _api,
    "CUSTOM conference::maintenance": _conference,
}
