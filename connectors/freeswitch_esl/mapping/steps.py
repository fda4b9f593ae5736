"""What the dial plan does with a leg, application by application. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.freeswitch_esl.mapping.bridges import join_as_third, leave_as_third
from connectors.freeswitch_esl.mapping.causes import cause_of
from connectors.freeswitch_esl.mapping.dialstring import attempts, device_of, error_of, number_of
from connectors.freeswitch_esl.mapping.state import Handler, Legs, LegState
from connectors.freeswitch_esl.mapping.transfers import passes_on, sent_elsewhere
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import (
    DialAttempted,
    DialOutRequested,
    DialPlanFailed,
    DigitPressed,
    LegDiverted,
    LegPickedUp,
    LegRetrieved,
    MenuEntered,
    MenuLeft,
    PbxEvent,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DiversionReason, Service

MENUS: Final = frozenset({"play_and_get_digits", "read", "ivr", "bind_digit_action", "detect_speech", "play_and_detect_speech"})
"""Applications that play something and wait for input."""
LEADING_AWAY: Final = frozenset(
    {"bridge", "callcenter", "fifo", "transfer", "execute_extension", "conference", "voicemail", "valet_park", "park", "socket"}
)
"""Applications that end a menu."""
_SERVICES: Final = {
    "eavesdrop": Service.MONITOR,
    "userspy": Service.MONITOR,
    "three_way": Service.MONITOR,
    "page": Service.PAGE,
    "socket": Service.MEDIA,
}
_IVR: Final = "ivr"
_IN_VAIN: Final = frozenset({"timeout", "failure"})
"""How a menu ends that got no input that it knows."""
_MAILBOX: Final = ("check", "auth_only")
"""What ``voicemail`` is told by somebody who wants to hear his messages."""
_SCRIPTED_MAILBOX: Final = "voicemail"
"""What FusionPBX has its script do instead of the application of this name."""


def _execute(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    application, data = message.get("Application"), message.get("Application-Data")
    events = sent_elsewhere(state, leg, message, at)
    if application in MENUS and leg.bridge is None:
        return events + _enter(leg, _waits(leg, application, data, message), at)
    if leg.menu is not None and application in LEADING_AWAY:
        leg.menu = None
        events.append(MenuLeft(at=at, leg=leg.id))
    match application:
        case "bridge":
            events += _dials(state, leg, message, at)
        case "transfer":
            events += _diverted(state, leg, message, data.partition(" ")[0], at)
            events += passes_on(state, leg, data, at)
        case "lua" if _SCRIPTED_MAILBOX in data.split():
            checks = message.get("variable_voicemail_action") == _MAILBOX[0]
            service = Service.MAILBOX if checks else Service.VOICEMAIL
            events.append(ServiceStarted(at=at, leg=leg.id, service=service, detail=message.get("variable_voicemail_id")))
        case "att_xfer":
            leg.consulting, leg.held_peer = leg.id, leg.peer
        case "three_way" if (target := state.legs.get(LegId(data.strip()))) is not None and target.id == leg.last_peer:
            events += join_as_third(state, leg, target, at)
        case "intercept":
            target = state.legs.get(LegId(data.split()[-1])) if data else None
            if target is not None:
                events.append(LegPickedUp(at=at, leg=target.id, by=leg.id))
        case "voicemail":
            service = Service.MAILBOX if data.startswith(_MAILBOX) else Service.VOICEMAIL
            events.append(ServiceStarted(at=at, leg=leg.id, service=service, detail=data.split()[-1] if data else ""))
        case "respond" | "hangup" if leg.bridge is None:
            events.append(DialPlanFailed(at=at, leg=leg.id, cause=_cause_said(data)))
        case "socket" if message.get("Answer-State") not in ("", "answered"):
            leg.handed_to = data
        case _ if application in _SERVICES:
            events.append(ServiceStarted(at=at, leg=leg.id, service=_SERVICES[application], detail=data))
        case _:
            pass
    return events


def _waits(leg: LegState, application: str, data: str, message: EslMessage) -> str:
    """Take note that a menu waits for input, and return its name: its own, or that of where in the dial plan it is."""
    leg.gave_up = False
    while leg.menus and _IVR not in (application, leg.menus[-1][0]):
        # Only an ``ivr`` runs something within itself: the end of this one was not heard.
        leg.menus.pop()
    if (application, data) in leg.menus:
        del leg.menus[leg.menus.index((application, data)) :]
    within = leg.menus[-1][1] if leg.menus else message.get("Caller-Destination-Number")
    leg.menus.append((application, data if application == _IVR else within))
    return leg.menus[-1][1]


def _waited(leg: LegState, application: str, message: EslMessage, at: float) -> list[PbxEvent]:
    """Return that a menu is done, and goes on within another one where it ran there."""
    while leg.menus and leg.menus.pop()[0] != application:
        continue
    leg.gave_up = message.get("variable_ivr_menu_status" if application == _IVR else "variable_read_result") in _IN_VAIN
    if leg.menus and leg.menu not in (None, leg.menus[-1][1]):
        return _enter(leg, leg.menus[-1][1], at)
    return []


def _enter(leg: LegState, menu: str, at: float) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    if leg.menu is not None and leg.menu != menu:
        events.append(MenuLeft(at=at, leg=leg.id))
    leg.menu = menu
    return [*events, MenuEntered(at=at, leg=leg.id, menu=menu, since=at)]


def _cause_said(data: str) -> int:
    word = data.split()[0] if data else ""
    return {"486": 17, "603": 21, "404": 1, "480": 19, "503": 41}.get(word, cause_of(word))


def _diverted(state: Legs, leg: LegState, message: EslMessage, to: str | None, at: float) -> list[PbxEvent]:
    """Return that the dial plan of an extension leads elsewhere: a forward, at once or since it was busy or gave no answer."""
    place = message.get("Caller-Destination-Number")
    if leg.terminating or leg.last_peer is not None or to is None or to == place or not state.site.is_extension(place):
        return []
    if not (state.site.is_extension(to) or state.site.leads_outside(to)):
        return []
    return [LegDiverted(at=at, leg=leg.id, diverted_from=place, diverted_to=to, reason=DiversionReason.UNCONDITIONAL)]


def _dials(state: Legs, leg: LegState, message: EslMessage, at: float) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    endpoints = attempts(message.get("Application-Data"))
    if len(endpoints) == 1:
        events += _diverted(state, leg, message, number_of(endpoints[0]), at)
    for endpoint in endpoints[:1]:
        error = error_of(endpoint)
        if error is not None:
            events.append(DialPlanFailed(at=at, leg=leg.id, cause=cause_of(error)))
            continue
        number = number_of(endpoint)
        if leg.terminating and leg.dialled_for is None and number is not None:
            # The dial plan of a leg that was called on nobody's account: click-to-dial.
            events.append(DialOutRequested(at=at, leg=leg.id, target=number))
        events.append(DialAttempted(at=at, leg=leg.id, device=device_of(endpoint), number=number))
    return events


def _execute_complete(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None:
        return []
    application = message.get("Application")
    if application in MENUS and leg.menus:
        return _waited(leg, application, message, at)
    if application == "three_way":
        return leave_as_third(state, leg, at)
    if application == "socket":
        leg.handed_to = None
    if application == "att_xfer" and leg.consulting is not None:
        if message.get("Answer-State") == "hangup":
            state.give_away(leg)
            return []
        leg.consulting = None
        return [LegRetrieved(at=at, leg=leg.id)]
    return []


def _dtmf(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    leg = state.of(message)
    if leg is None or leg.menu is None or not leg.menus:
        return []
    return [DigitPressed(at=at, leg=leg.id, digit=message.get("DTMF-Digit"), menu=leg.menu)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "CHANNEL_EXECUTE": _execute,
    "CHANNEL_EXECUTE_COMPLETE": _execute_complete,
    "DTMF": _dtmf,
}
