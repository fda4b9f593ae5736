"""Legs as they come, are called and go. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.asterisk_ami.mapping import dialplan, listings
from connectors.asterisk_ami.mapping.state import Handler, Legs, cause_of, known
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    ConsultationStarted,
    DialEnded,
    DialOutRequested,
    DialPlanFailed,
    LegAlerting,
    LegCleared,
    LegConnected,
    LegCreated,
    LegCutOff,
    LegDialled,
    LegHeld,
    LegRenumbered,
    LegsTwinned,
    PbxEvent,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DialResult, LegRole, Service

_DIAL_RESULTS: Final = {
    "ANSWER": DialResult.ANSWERED,
    "BUSY": DialResult.BUSY,
    "NOANSWER": DialResult.NO_ANSWER,
    "CANCEL": DialResult.CANCELLED,
    "CHANUNAVAIL": DialResult.UNREACHABLE,
    "CONGESTION": DialResult.FAILED,
}


def _new_channel(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg_id = LegId(message.get("Uniqueid"))
    if not leg_id or leg_id in state.legs:
        return []
    name = message.get("Channel")
    root = LegId(message.get("Linkedid") or leg_id)
    context, extension = message.get("Context"), message.get("Exten")
    # chan_sip announces an incoming leg as Down too; only what was dialled tells it from one that Asterisk calls.
    helper = dialplan.is_helper(name)
    called = helper or extension in ("", "s")
    terminating = root != leg_id or (message.get("ChannelState") in ("0", "5") and called)
    consultation = _consultation(state, leg_id, name, root, at) if root != leg_id else []
    root = state.consulted.get(root, root) if root != leg_id else root
    leg = state.add(leg_id, name, root, terminating=terminating)
    leg.position.context, leg.position.since = context, at
    events: list[PbxEvent] = [
        LegCreated(
            at=at,
            leg=leg_id,
            name=name,
            device=dialplan.parse_leg_name(name),
            role=LegRole.HELPER if helper else LegRole.TERMINATING if terminating else LegRole.ORIGINATING,
            root=root,
            number=known(message.get("CallerIDNum")),
            display=known(message.get("CallerIDName")),
            dialled=None if terminating or extension in ("", "s") else extension,
            place=context or None,
        )
    ]
    if helper:
        twin = state.by_name.get(dialplan.twin_name(name) or "")
        if twin is not None:
            events.append(LegsTwinned(at=at, leg=twin.id, twin=leg_id))
    events += consultation
    target = state.originated.pop(leg_id, None)
    if target is None and terminating and root == leg_id:
        target = state.originated.pop(dialplan.parse_leg_name(name), None)
    if target is not None:
        events.append(DialOutRequested(at=at, leg=leg_id, target=target))
    return events


def _consultation(state: Legs, helper: LegId, name: str, root: LegId, at: float) -> list[PbxEvent]:
    """Return that a party consults by feature code, where this Local leg is the first that Asterisk makes for it.

    Nobody else makes Asterisk call somebody for a call in which a party holds. Until the third party answers, every new leg
    that Asterisk counts to the same call belongs to the consultation.
    """
    if not name.endswith(";1"):
        return []
    for leg in state.legs.values():
        if leg.holding and leg.root == root:
            leg.holding = False
            leg.handed_at = at
            state.consulted[root] = helper
            return [
                LegHeld(at=at, leg=leg.id, by_feature=True),
                ConsultationStarted(at=at, leg=leg.id, helper=helper, to=dialplan.local_number(name)),
            ]
    return []


def _new_state(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    channel_state = message.get("ChannelState")
    if channel_state not in ("5", "6", "7"):
        return []
    events: list[PbxEvent] = []
    leg = state.met(message, at, events)
    if leg is None:
        return events
    if channel_state == "7":
        if not leg.terminating:
            # Busy: what Asterisk answers the caller, whatever it then says of who hung up.
            events.append(DialPlanFailed(at=at, leg=leg.id, cause=0))
        return events
    if channel_state == "5":
        events.append(LegAlerting(at=at, leg=leg.id))
        return events
    events.append(LegConnected(at=at, leg=leg.id))
    if not leg.position.application and message.get("Context") == dialplan.FREEPBX_VOICEMAIL:
        # A user who may not read the dial plan sees a mailbox answer by its context alone.
        events.append(ServiceStarted(at=at, leg=leg.id, service=Service.VOICEMAIL, detail=""))
    return events


def _new_callerid(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    number = known(message.get("CallerIDNum"))
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if number is None or leg is None:
        return []
    return [LegRenumbered(at=at, leg=leg.id, number=number, display=known(message.get("CallerIDName")))]


def _rename(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is not None:
        if state.by_name.get(leg.name) is leg:
            del state.by_name[leg.name]
        leg.name = message.get("Newname")
        state.by_name[leg.name] = leg
    return []


def _hangup_request(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None:
        return []
    leg.leaving = True
    if dialplan.is_media(leg.name):
        # An application that is done: the caller goes on in the dial plan.
        return []
    cause, sip = cause_of(message)
    return [ReleaseRequested(at=at, leg=leg.id, by_party=True, cause=cause, sip=sip)]


SHUTDOWN: Final = 4
"""The flag AST_SOFTHANGUP_SHUTDOWN: SoftHangupRequest's ``Cause`` is no cause but Asterisk's own flags."""


def _soft_hangup_request(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None or not listings.number(message.get("Cause")) & SHUTDOWN:
        return []
    return [LegCutOff(at=at, leg=leg.id)]


def _hangup(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg_id = LegId(message.get("Uniqueid"))
    if not leg_id or state.is_gone(leg_id):
        return []
    # One that we do not know may be known from an earlier process, and be gone from the list that was made when we came.
    leg = state.remove(leg_id)
    if leg is not None and state.consulted and dialplan.is_helper(leg.name):
        state.end_consultation(leg)
    cause, sip = cause_of(message)
    return [LegCleared(at=at, leg=leg_id, cause=cause, sip=sip)]


def _dial_begin(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    target = state.met(message, at, events, "Dest")
    if target is not None and not dialplan.is_media(target.name):
        events.append(
            LegDialled(
                at=at,
                leg=LegId(message.get("Uniqueid")) or None,
                target=target.id,
                number=dialplan.number_sent(message.get("DialString")),
            )
        )
    return events


def _dial_end(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    if dialplan.is_media(message.get("DestChannel")):
        return []
    target = LegId(message.get("DestUniqueid"))
    forward = message.get("Forward")
    return [
        DialEnded(
            at=at,
            leg=LegId(message.get("Uniqueid")) or None,
            target=target,
            result=_DIAL_RESULTS.get(message.get("DialStatus"), DialResult.FAILED),
            forwarded_to=dialplan.number_sent(forward) if forward else None,
        )
    ]


def _originate_response(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    target, channel = message.get("Exten"), message.get("Channel")
    if not target:
        return []
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None:
        # Without a ChannelId of ours a failure names the endpoint only.
        for candidate in state.legs.values():
            device = dialplan.parse_leg_name(candidate.name)
            if candidate.terminating and candidate.root == candidate.id and device == channel:
                leg = candidate
    return [] if leg is None else [DialOutRequested(at=at, leg=leg.id, target=target)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "NewCallerid": _new_callerid,
    "Rename": _rename,
    "HangupRequest": _hangup_request,
    "SoftHangupRequest": _soft_hangup_request,
    "Hangup": _hangup,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "OriginateResponse": _originate_response,
}
