"""The dial plan's steps: menus, digits, services, forwards, and who was moved by somebody else. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.asterisk_ami.mapping import dialplan, listings
from connectors.asterisk_ami.mapping.state import Handler, Legs, LegState
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    DialAttempted,
    DialPlanFailed,
    DigitPressed,
    LegDiverted,
    LegTransferred,
    MenuEntered,
    MenuExpired,
    MenuLeft,
    PbxEvent,
    RecordingChanged,
    RecordingStarted,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.terms import DiversionReason, Service, TransferKind

HANDED_OVER_S: Final = 2.0
"""Seconds after a transfer or a parking time-out within which Asterisk moves the leg on account of that."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""FreePBX puts ``FM`` before an extension whose follow-me it runs."""

_SERVICES: Final = {
    "voicemail": Service.VOICEMAIL,
    "voicemailmain": Service.MAILBOX,
    "chanspy": Service.MONITOR,
    "extenspy": Service.MONITOR,
    "page": Service.PAGE,
    "audiosocket": Service.MEDIA,
    "stasis": Service.MEDIA,
}

_REFUSALS: Final = {"busy": 17, "congestion": 34}


def _dtmf_end(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    if message.get("Direction") != "Received":
        return []
    events: list[PbxEvent] = []
    leg = state.met(message, at, events)
    if leg is None:
        return events
    leg.digit_at = at
    menu = message.get("Context")
    if leg.bridge is None and leg.queue is None and leg.position.application not in dialplan.NOT_A_MENU:
        if not leg.position.application and menu != dialplan.FREEPBX_VOICEMAIL:
            # A user who may not read the dial plan sees a menu by the digits alone, and not since when.
            events.append(MenuEntered(at=at, leg=leg.id, menu=menu, since=None))
        events.append(DigitPressed(at=at, leg=leg.id, digit=message.get("Digit"), menu=menu))
    return events


def _new_exten(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    extension = message.get("Extension")
    if leg is None or leg.position.hung_up:
        return []
    if extension == "h":
        leg.position.hung_up = True
        return []
    application, data = dialplan.application_of(message.get("Application"), message.get("AppData"))
    context, position = message.get("Context"), leg.position
    events: list[PbxEvent] = []
    if message.get("Priority") != "0" and position.is_moved_to(context, extension, application, data):
        leg.moved_to, leg.moved_at = extension, at
        if position.move(context, extension, at):
            position.menu = None
            events.append(MenuLeft(at=at, leg=leg.id))
        return events
    events += redirected(leg)
    if position.enter(context, extension, at):
        position.menu = None
        events.append(MenuLeft(at=at, leg=leg.id))
    _note_wanted(state, leg)
    if extension in ("t", "T", "i") and position.menu is not None:
        events.append(MenuExpired(at=at, leg=leg.id))
    if position.run(application, data):
        events.append(MenuEntered(at=at, leg=leg.id, menu=position.context, since=position.since))
    elif application == "dial":
        targets = dialplan.dial_targets(data)
        if dialplan.are_media(targets):
            events.append(ServiceStarted(at=at, leg=leg.id, service=Service.MEDIA, detail=targets[0][0]))
        else:
            events += _dials(state, leg, targets, at)
    elif application in _SERVICES:
        events.append(ServiceStarted(at=at, leg=leg.id, service=_SERVICES[application], detail=data.partition(",")[0]))
    elif application == "mixmonitor":
        events.append(RecordingStarted(at=at, leg=leg.id, file=dialplan.recorded_file(data.partition(",")[0])))
    elif application in _REFUSALS:
        events.append(DialPlanFailed(at=at, leg=leg.id, cause=_REFUSALS[application]))
    elif application == "hangup" and listings.number(data):
        events.append(DialPlanFailed(at=at, leg=leg.id, cause=listings.number(data)))
    return events


def redirected(leg: LegState) -> list[PbxEvent]:
    """Somebody moved the leg, and by now no transfer or time-out has explained it: it was another application."""
    moved_to, leg.moved_to = leg.moved_to, None
    if moved_to is None or leg.moved_at - leg.handed_at < HANDED_OVER_S:
        return []
    return [
        LegTransferred(
            at=leg.moved_at,
            kind=TransferKind.REDIRECT,
            by=None,
            consult=None,
            transferee=leg.id,
            target=None,
            to=moved_to,
        )
    ]


def _note_wanted(state: Legs, leg: LegState) -> None:
    """Keep for which extension the dial plan works: ``s-BUSY`` and the like are what it does next for the same one."""
    extension = leg.position.called_from
    if extension != leg.wanted_from:
        leg.wanted_from = extension
        number = extension.lstrip(_LETTERS)
        if state.site.is_extension(number):
            leg.wanted = number
        elif not extension.startswith("s"):
            leg.wanted = None


def _dials(state: Legs, leg: LegState, targets: list[tuple[str, str | None]], at: float) -> list[PbxEvent]:
    """The dial plan dials; for somebody else than the extension that it does it for, that is a forward."""
    if not targets:
        return []
    device, number = targets[0]
    events: list[PbxEvent] = [DialAttempted(at=at, leg=leg.id, device=device, number=number)]
    wanted = leg.wanted
    parties = [dialplan.dialled_party(*target) for target in targets]
    if wanted is not None and wanted not in parties:
        events.append(
            LegDiverted(
                at=at,
                leg=leg.id,
                diverted_from=wanted,
                diverted_to=parties[0],
                reason=DiversionReason.UNCONDITIONAL,
            )
        )
    return events


def _recording_started(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    """What the dial plan records is known from its step already; what we asked for, from what we sent."""
    leg = state.legs.get(LegId(message.get("Uniqueid")))
    if leg is None or leg.recording is None:
        return []
    file, leg.recording = leg.recording, None
    return [RecordingStarted(at=at, leg=leg.id, file=file)]


def _recording_changed(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    leg = LegId(message.get("Uniqueid"))
    stopped = message.name == "MixMonitorStop"
    if not stopped and message.get("Direction") not in ("both", ""):
        # One voice of the two is still recorded.
        return []
    return [RecordingChanged(at=at, leg=leg, paused=not stopped and message.get("State") == "1", stopped=stopped)]


HANDLERS: Final[Mapping[str, Handler]] = {
    "MixMonitorStart": _recording_started,
    "MixMonitorStop": _recording_changed,
    "MixMonitorMute": _recording_changed,
    "DTMFEnd": _dtmf_end,
    "Newexten": _new_exten,
}
