"""Legs as they come, are called and go. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.freeswitch_esl.mapping.causes import NO_ROUTE, NORMAL, SHUTDOWN, cause_of
from connectors.freeswitch_esl.mapping.dialstring import device_of, is_helper, number_of, twin_name
from connectors.freeswitch_esl.mapping.state import Handler, Legs, LegState, known
from connectors.freeswitch_esl.mapping.transfers import left
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import (
    ConsultationStarted,
    DialEnded,
    LegAlerting,
    LegCleared,
    LegConnected,
    LegCreated,
    LegCutOff,
    LegDialled,
    LegHeld,
    LegRetrieved,
    LegSeen,
    LegsTwinned,
    MenuExpired,
    PbxEvent,
    PbxStopped,
    RecordingStarted,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DialResult, LegRole, Service

NO_NUMBER: Final = frozenset({"", "0000000000", "anonymous", "Anonymous", "unknown", "restricted"})
"""What FreeSWITCH writes where no number was sent."""
_RESULTS: Final = {
    17: DialResult.BUSY,
    18: DialResult.NO_ANSWER,
    19: DialResult.NO_ANSWER,
    1: DialResult.UNREACHABLE,
    3: DialResult.UNREACHABLE,
    20: DialResult.UNREACHABLE,
    26: DialResult.CANCELLED,
    NORMAL: DialResult.CANCELLED,
}
_FOR_WHOM: Final = ("variable_cc_member_session_uuid", "variable_originator")
"""What names who waits in the queue, and who is being connected."""
_RECEIVED: Final = "recv_"
"""How ``sip_hangup_disposition`` begins where the telephone itself ended its leg."""


def _create(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg_id = LegId(message.get("Unique-ID"))
    if not leg_id or leg_id in state.legs or state.is_gone(leg_id):
        return []
    name = message.get("Channel-Name")
    helper = is_helper(name)
    terminating = message.get("Call-Direction") == "outbound"
    root = root_of(state, message, leg_id) if terminating else leg_id
    number = _number(state, message, terminating=terminating)
    leg = LegState(leg_id, name, device_of(name, message.get("variable_sip_gateway_name")), number, terminating=terminating)
    state.add(leg)
    dialled = known(message.get("Caller-Destination-Number"))
    events: list[PbxEvent] = []
    if not terminating:
        leg.dialled = dialled
    else:
        leg.unanswered = True
        leg.dialled_for = None if root == leg_id else root
        events += _consultation(state, leg, at)
    created = LegCreated(
        at=at,
        leg=leg_id,
        name=name,
        device=leg.device,
        role=LegRole.HELPER if helper else LegRole.TERMINATING if terminating else LegRole.ORIGINATING,
        root=_call_of(state, root, leg_id),
        number=number,
        display=known(message.get("Caller-Callee-ID-Name" if terminating else "Caller-Caller-ID-Name")),
        dialled=None if terminating else dialled,
        place=known(message.get("Caller-Context")),
    )
    missed = _missed(state, message) if terminating and root == leg_id else None
    events.append(created if missed is None else _seen(created, missed))
    if helper:
        # Several pairs at once to one number share their names; older versions do not say whose other end it is.
        twin = state.of(message, "variable_other_loopback_leg_uuid") or state.by_name.get(twin_name(name) or "")
        if twin is not None:
            events.append(LegsTwinned(at=at, leg=twin.id, twin=leg_id))
    if terminating:
        events.append(LegDialled(at=at, leg=leg.dialled_for, target=leg_id, number=number_of(name) or number))
    return events


def _number(state: Legs, message: EslMessage, *, terminating: bool) -> str | None:
    if terminating:
        number = message.get("Caller-Destination-Number") or message.get("Caller-Callee-ID-Number")
        user = message.get("variable_dialed_user")
        if not number.lstrip("+").isdigit() and state.site.is_extension(user):
            # Some telephones, browsers above all, register under a name made up for the day.
            number = user
        return known(number)
    number = message.get("Caller-Caller-ID-Number")
    return None if number in NO_NUMBER or message.get("Caller-Privacy-Hide-Number") == "true" else number


def root_of(state: Legs, message: EslMessage, leg_id: LegId) -> LegId:
    """Return the leg for which FreeSWITCH calls this one: who waits in the queue, or who is being connected."""
    for key in (*_FOR_WHOM, "Other-Leg-Unique-ID", "Channel-Call-UUID"):
        root = LegId(message.get(key))
        if root and root != leg_id and root in state.legs:
            return root
    return leg_id


def _missed(state: Legs, message: EslMessage) -> LegId | None:
    """Return the leg for which FreeSWITCH calls this one, where it came while nobody listened."""
    for key in _FOR_WHOM:
        leg_id = LegId(message.get(key))
        if leg_id and leg_id not in state.legs and not state.is_gone(leg_id):
            return leg_id
    return None


def _seen(created: LegCreated, root: LegId) -> LegSeen:
    """Return the same leg as a later one of a call whose beginning was not heard."""
    return LegSeen(
        at=created.at,
        leg=created.leg,
        name=created.name,
        device=created.device,
        role=created.role,
        root=root,
        number=created.number,
        display=created.display,
        dialled=created.dialled,
        place=created.place,
        age_s=0.0,
        connected=False,
        alerting=False,
        bridge=None,
    )


def _call_of(state: Legs, root: LegId, leg_id: LegId) -> LegId:
    """Return the leg whose call a new one belongs to: a consultation is a call of its own, of the first leg called for it."""
    caller = state.legs.get(root)
    if caller is None or caller.consulting is None:
        return root
    return caller.consulting


def _consultation(state: Legs, leg: LegState, at: float) -> list[PbxEvent]:
    """Return that a party consults by ``att_xfer``, where this leg is the first that is called for it."""
    caller = state.legs.get(leg.dialled_for) if leg.dialled_for is not None else None
    if caller is None or caller.consulting != caller.id:
        return []
    caller.consulting = leg.id
    return [
        LegHeld(at=at, leg=caller.id, by_feature=True),
        ConsultationStarted(at=at, leg=caller.id, helper=leg.id, to=leg.number),
    ]


def _progress(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    # The caller's own leg is told to ring back; it is the called telephone that rings.
    return [LegAlerting(at=at, leg=leg.id)] if leg is not None and leg.terminating else []


def answered(leg: LegState, at: float) -> list[PbxEvent]:
    """Return that somebody answered."""
    leg.unanswered = False
    events: list[PbxEvent] = [LegConnected(at=at, leg=leg.id)]
    if leg.handed_to is not None:
        events.append(ServiceStarted(at=at, leg=leg.id, service=Service.MEDIA, detail=leg.handed_to))
        leg.handed_to = None
    if leg.terminating:
        events.append(DialEnded(at=at, leg=leg.dialled_for, target=leg.id, result=DialResult.ANSWERED, forwarded_to=None))
    return events


def _hold(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None or leg.held:
        return []
    leg.held = True
    return [LegHeld(at=at, leg=leg.id, by_feature=False)]


def _unhold(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None or not leg.held:
        return []
    leg.held = False
    _refers(leg, message)
    # A transferred party's telephone is told to go on before it is let go: nobody came back to the held one.
    return [] if leg.bridge is None else [LegRetrieved(at=at, leg=leg.id)]


def _hangup(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    if leg.held or state.handed:
        # Each variable that a leg does not have is looked for among all that it has.
        _refers(leg, message)
    events = left(state, leg, message, at) + _released(state, leg, message, at) + state.part(leg, at)
    if leg.gave_up and leg.menu is not None:
        events.append(MenuExpired(at=at, leg=leg.id))
    return events


def _refers(leg: LegState, message: EslMessage) -> None:
    leg.refers = LegId(message.get("variable_refer_uuid")) or None


def _released(state: Legs, leg: LegState, message: EslMessage, at: float) -> list[PbxEvent]:
    """Say who ended the leg, once: its telephone where that said so (a final answer or a BYE of its own), or the PBX."""
    if leg.released:
        return []
    cause_name = message.get("Hangup-Cause")
    if cause_name == SHUTDOWN or state.stopping:
        leg.released = True
        return [LegCutOff(at=at, leg=leg.id)]
    sip = _sip(message)
    received = message.get("variable_sip_hangup_disposition").startswith(_RECEIVED) or sip != 0
    if received and not _is_silent(message):
        leg.released = True
        return [ReleaseRequested(at=at, leg=leg.id, by_party=True, cause=cause_of(cause_name), sip=sip)]
    if cause_name == "MANAGER_REQUEST":
        leg.released = True
        return [ReleaseRequested(at=at, leg=leg.id, by_party=False, cause=NORMAL, sip=0)]
    return []


def _is_silent(message: EslMessage) -> bool:
    """Tell whether the SIP code is FreeSWITCH's own: nobody was there to send one."""
    refused = message.get("variable_sip_hangup_disposition") == "recv_refuse"
    return refused and not message.get("variable_sip_reply_host") and message.get("Call-Direction") == "outbound"


def _sip(message: EslMessage) -> int:
    code = message.get("variable_sip_term_status")
    return int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 0


def _hangup_complete(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        leg_id = LegId(message.get("Unique-ID"))
        if not leg_id or state.is_gone(leg_id):
            return []
        # It was there before we were: who still knows it from an earlier time learns that it is gone.
        return [LegCleared(at=at, leg=leg_id, cause=cause_of(message.get("Hangup-Cause")), sip=0)]
    events = _released(state, leg, message, at)
    state.give_away(leg)
    state.remove(leg.id)
    cause, sip = cause_of(message.get("Hangup-Cause")), _sip(message)
    if _is_silent(message):
        # No telephone answered: a socket that nobody listens at, a name that does not resolve.
        cause, sip = NO_ROUTE, 0
    if leg.terminating and leg.bridge is None:
        events.append(_dial_ended(leg, cause, sip, at))
    events += state.part(leg, at)
    events.append(LegCleared(at=at, leg=leg.id, cause=cause, sip=sip if sip >= 300 else 0))
    return events


def _dial_ended(leg: LegState, cause: int, sip: int, at: float) -> PbxEvent:
    """Say how the attempt to reach the leg ended; an answered one has been told before, and the first result stands."""
    result = _RESULTS.get(cause, DialResult.FAILED)
    if sip in (404, 408, 480):
        result = DialResult.UNREACHABLE if sip != 480 else DialResult.NO_ANSWER
    elif sip in (486, 600):
        result = DialResult.BUSY
    return DialEnded(at=at, leg=leg.dialled_for, target=leg.id, result=result, forwarded_to=None)


def _record_start(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    return [] if leg is None else [RecordingStarted(at=at, leg=leg.id, file=known(message.get("Record-File-Path")))]


def _shutdown(state: Legs, _message: EslMessage, at: float) -> list[PbxEvent]:
    state.stopping = True
    return [PbxStopped(at=at)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "CHANNEL_CREATE": _create,
    "CHANNEL_PROGRESS": _progress,
    "CHANNEL_HOLD": _hold,
    "CHANNEL_UNHOLD": _unhold,
    "CHANNEL_HANGUP": _hangup,
    "CHANNEL_HANGUP_COMPLETE": _hangup_complete,
    "RECORD_START": _record_start,
    "SHUTDOWN": _shutdown,
}
