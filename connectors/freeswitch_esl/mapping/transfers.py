"""Who hands whom over to whom. Pure.

That a leg was handed over shows in its ``Caller-Transfer-Source``, which begins with the second and ends with the kind:
``bl_xfer`` (sent to an extension), ``uuid_br`` (bridged with another leg).

Source: what a REFER with Replaces does is in ``sofia.c``, what a telephone does that hangs up while it consults by ``att_xfer``
in ``mod_dptools.c`` and ``switch_ivr_originate.c``.
"""

from typing import Final

import msgspec

from connectors.freeswitch_esl.mapping.causes import ATTENDED
from connectors.freeswitch_esl.mapping.state import Legs, LegState
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import LegRetrieved, LegTransferred, PbxEvent
from gateway.model.ids import LegId
from gateway.model.terms import TransferKind

SENT_ELSEWHERE: Final = "bl_xfer"
OTHER: Final = "-bleg"
OPTIONS: Final = (OTHER, "-both")
_WHILE_RINGING: Final = "satt:"
"""How ``transfer_to`` begins on the leg of who hands the one he held over while the other one still rings: his id follows."""


def attended(state: Legs, consult: LegState, at: float) -> list[PbxEvent]:
    """Return that the party of this leg gives the one whom it consulted the one whom it holds, once those two are bridged."""
    if consult.gave:
        return []
    consult.gave = True
    first_legs = _first_legs(state, consult)
    handed = [
        LegTransferred(
            at=at,
            kind=TransferKind.ATTENDED,
            by=each.id,
            consult=consult.id,
            transferee=each.peer,
            target=consult.peer,
            to=None,
        )
        for each in first_legs
    ]
    if consult.peer is None:
        return [*handed] if len(handed) == 1 else []
    state.handed[consult.peer] = handed
    if len(first_legs) == 1 and first_legs[0].held:
        # His part of the call is over: nobody is held on his behalf while the two others are connected.
        first_legs[0].held = False
        return [LegRetrieved(at=at, leg=first_legs[0].id)]
    return []


def _first_legs(state: Legs, consult: LegState) -> list[LegState]:
    """Return the legs that may be the first one of the party of this second one: at a trunk there are many."""
    found = [
        each for each in state.legs.values() if each is not consult and each.device == consult.device and each.peer is not None
    ]
    if len(found) < 2:
        return found
    return [each for each in found if each.refers == consult.id] or [each for each in found if each.held] or found


def completed(state: Legs, first: LegState, second: LegState, at: float) -> list[LegTransferred]:
    """Return that a consultation became a transfer, where these two are bridged because of it."""
    for target, held in ((first, second), (second, first)):
        handed = state.handed.pop(target.id, None)
        if handed:
            # Whom he held is sure now: it is who hears the other one.
            by = next((each.by for each in handed if each.transferee == held.id), held.last_peer)
            return [msgspec.structs.replace(handed[0], at=at, by=by, transferee=held.id)]
        parties = state.consultations.get(target.id)
        if parties is not None and parties[1] == held.id:
            del state.consultations[target.id]
            return [_given(TransferKind.ATTENDED, parties[0], parties[1], target, at)]
    return []


def _given(kind: TransferKind, by: LegId, held: LegId, target: LegState, at: float) -> LegTransferred:
    """Return that whoever consulted by ``att_xfer`` gave this one whom he held, by hanging up."""
    return LegTransferred(at=at, kind=kind, by=by, consult=by, transferee=held, target=target.id, to=target.number)


def left(state: Legs, leg: LegState, message: EslMessage, at: float) -> list[PbxEvent]:
    """Return what the end of a leg says of handing over, before it is told."""
    handed = state.handed.pop(leg.id, [])
    if len(handed) == 1:
        # Who leaves before the two are bridged was given the other one all the same.
        return [*handed]
    target = None if leg.consulting is None else state.legs.get(leg.consulting)
    if target is not None and target.unanswered and leg.held_peer is not None:
        # It goes on ringing, for the one he held.
        leg.consulting = None
        return [_given(TransferKind.BLONDE, leg.id, leg.held_peer, target, at)]
    if leg.bridge is not None or leg.terminating:
        return []
    other = message.get("variable_transfer_to")
    held = state.legs.get(LegId(other.removeprefix(_WHILE_RINGING))) if other.startswith(_WHILE_RINGING) else None
    if held is None and message.get("Hangup-Cause") == ATTENDED:
        first_legs = _first_legs(state, leg)
        held = state.legs.get(first_legs[0].peer or leg.id) if len(first_legs) == 1 else None
    return [] if held is None or held is leg else _handed_on(state, held, leg, at)


def _handed_on(state: Legs, held: LegState, consult: LegState, at: float) -> list[PbxEvent]:
    """Return that a party hands over whom it holds to what its second leg called, and nobody there has answered."""
    if consult.gave:
        return []
    consult.gave = True
    # Its dial plan shows it too.
    state.commanded.add(held.id)
    return [_handing(held, consult, at)]


def _handing(held: LegState, consult: LegState, at: float) -> LegTransferred:
    by = held.peer or held.last_peer
    return LegTransferred(
        at=at,
        kind=TransferKind.ATTENDED,
        by=by,
        consult=consult.id,
        transferee=held.id,
        target=None,
        to=consult.dialled,
    )


def _consulted_for(state: Legs, leg: LegState, message: EslMessage, to: str) -> LegState | None:
    """Return the second leg of the party that this one talked with, where it is why this one is sent elsewhere."""
    second = state.of(message, "variable_att_xfer_kill_uuid")
    if second is not None or leg.last_peer is None:
        return second
    first = state.legs.get(leg.last_peer)
    if first is not None and first.refers is not None:
        return state.legs.get(first.refers)
    if leg.last_device is None or state.site.is_trunk(leg.last_device):
        return None
    own = (each for each in state.legs.values() if each.device == leg.last_device and each.id != leg.last_peer)
    return next((each for each in own if each.bridge is None and not each.terminating and each.dialled == to), None)


def sent_elsewhere(state: Legs, leg: LegState, message: EslMessage, at: float) -> list[PbxEvent]:
    """Return that somebody sent this leg to another extension, where that is news: before it talked, that was its dial plan.

    The end of a bridge is told of the leg that called; one that was called shows it only where its own dial plan begins.
    """
    source = message.get("Caller-Transfer-Source")
    if source == leg.transfer or SENT_ELSEWHERE not in source:
        leg.transfer = source
        return []
    leg.transfer = source
    if leg.id in state.commanded:
        state.commanded.discard(leg.id)
        return []
    if leg.last_peer is None:
        return []
    to = message.get("Caller-Destination-Number")
    if _user(message.get("variable_sip_refer_to")) == to:
        return [_sent(leg, TransferKind.BLIND, leg.last_peer, to, at)]
    consult = _consulted_for(state, leg, message, to)
    if consult is not None:
        if consult.gave:
            return []
        consult.gave = True
        return [_handing(leg, consult, at)]
    if message.get("variable_att_xfer_kill_uuid"):
        # The second leg is gone, and said so.
        return []
    return [_sent(leg, TransferKind.REDIRECT, None, to, at)]


def _sent(leg: LegState, kind: TransferKind, by: LegId | None, to: str, at: float) -> LegTransferred:
    return LegTransferred(at=at, kind=kind, by=by, consult=None, transferee=leg.id, target=None, to=to or None)


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
    if option == OTHER and peer is not None:
        state.commanded.add(peer.id)
        to = rest.split()[0] if rest.split() else None
        return [LegTransferred(at=at, kind=TransferKind.BLIND, by=leg.id, consult=None, transferee=peer.id, target=None, to=to)]
    if peer is None and option not in OPTIONS:
        # It goes on in its own dial plan: nobody sends it there.
        state.commanded.add(leg.id)
    return []


def _user(uri: str) -> str:
    """Return the user of ``<sip:1002@host>``."""
    return uri.strip().lstrip("<").partition(">")[0].partition(":")[2].partition("@")[0]
