"""What a command is at this PBX: the AMI actions that it takes, in order. Pure.

Source: docs.asterisk.org, AMI actions, measured on Asterisk 16.28 and 22.10. How a party is held, and why so, is in
``docs/decisions``.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from connectors.asterisk_ami.commands_values import context_variables, digits, number, text
from connectors.asterisk_ami.settings import CommandSettings
from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CallCommand,
    CancelTransfer,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Monitor,
    MonitorMode,
    Order,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import LegId
from gateway.model.legs import Leg
from gateway.model.talk import connected_parties

LEG_PREFIX: Final = "tieline-"
"""Begins the id of every leg that we make."""
SILENT: Final = "-32000"
"""``VOLUME``'s gain: every sample is divided by so much, so that nothing is left of it, but packets go on."""
DIGIT_MS: Final = "120"
RECORD_TALK_ONLY: Final = "b"
"""MixMonitor's option: what is heard before somebody answers is not recorded."""
_SPY: Final = {MonitorMode.LISTEN: "qES", MonitorMode.WHISPER: "qwES", MonitorMode.BARGE: "qBES"}
"""ChanSpy's options: quiet, no longer than the one who is listened to, and nobody else after him."""

Headers = tuple[tuple[str, str], ...]


class Act(msgspec.Struct, frozen=True):
    """One action to be sent."""

    name: str
    headers: Headers
    undo: "tuple[Act, ...]" = ()
    """What takes it back when a later one is refused."""
    optional: bool = False
    """The command is done also where Asterisk refuses this."""
    begins: LegId | None = None
    """The leg that it makes."""
    rings: str = ""
    """The extension whose telephone that leg calls; empty for one without a party."""
    asks: bool = False
    """Nothing is done: Asterisk is asked whether it knows the number, for it would drop whom it moves to none."""
    holds: LegId | None = None
    """The leg whose party hears of it by being put through to somebody else: Asterisk answers before it has tried."""


def first_leg(order: Order) -> LegId | None:
    """Return the id of the leg that an order begins a call with; made of the order's own, so that it is the same each time."""
    return LegId(f"{LEG_PREFIX}{order.id}") if isinstance(order.command, PlaceCall | Monitor) else None


class Planner:
    """Plans for one PBX.

    Args:
        pbx: Its name, for those who are refused.
        settings: How it is told to do something.
        name_of: Gives a live leg's present name; None when it is gone.
        is_silenced: Tells whether we silenced a leg for a hold.
    """

    def __init__(
        self,
        pbx: str,
        settings: CommandSettings,
        name_of: Callable[[LegId], str | None],
        is_silenced: Callable[[LegId], bool],
    ) -> None:
        self._pbx = pbx
        self._settings = settings
        self._name_of = name_of
        self._is_silenced = is_silenced

    def place(self, order: Order, command: PlaceCall) -> list[Act]:
        """Ring the agent's telephone, which shows whom it is about to call; the far end is shown the agent.

        Raises:
            CommandRefusedError: A value is none.
        """
        extension, target = number(command.extension, "the extension"), number(command.number, "the number")
        # As connected line: as CallerID it would be shown to the far end too, as the caller.
        variables = [f"CONNECTEDLINE(num)={target}", f"CONNECTEDLINE(name)={target}"]
        device = self._device(extension)
        if command.caller_number is not None:
            if device.startswith("Local/"):
                # Its own half takes the telephone's number over when that rings.
                raise CommandRefusedError(
                    f"{self._pbx} would show the far end {extension}'s own number instead of {command.caller_number}: its "
                    f"telephones are called as {self._settings.device}; set `commands: {{device: PJSIP/{{extension}}}}` "
                    f"under its connector in our configuration"
                )
            variables.append(f"CALLERID(num)={number(command.caller_number, 'the number to be shown')}")
        variables += [f"{name}={value}" for name, value in self._settings.variables.items()]
        if self._settings.auto_answer is not None:
            name, _, value = self._settings.auto_answer.partition(": ")
            by_pjsip = device.startswith("PJSIP/")
            variables.append(f"PJSIP_HEADER(add,{name})={value}" if by_pjsip else f"SIPADDHEADER01={name}: {value}")
        where = (("Context", self._context()), ("Exten", target), ("Priority", "1"))
        return [self._originate(order, extension, command.ring_s, where, variables)]

    def of_call(self, order: Order, command: CallCommand) -> list[Act]:
        """Return what a command about a call takes.

        Raises:
            CommandRefusedError: The call is over, or the device has no part in it that would allow it.
        """
        call = order.call
        if call is None or call.ended or not any(leg.is_live for leg in call.legs.values()):
            raise CommandRefusedError(f"the call has ended at {self._pbx}")
        match command:
            case HangUp():
                return self._hang_up(call, command.by)
            case Hold():
                return self._hold(call, command.by)
            case Retrieve():
                return self._retrieve(call, command.by)
            case BlindTransfer():
                return self._hand_over(call, command.by, command.to, "BlindTransfer")
            case Consult():
                return self._hand_over(call, command.by, command.to, "Atxfer")
            case CompleteTransfer() | CancelTransfer():
                return self._end_consultation(order, call, command)
            case Redirect():
                return self._redirect(call, command)
            case Park():
                return self._park(call, command)
            case SendDigits():
                return self._press(call, command)
            case StartRecording():
                file = f"{LEG_PREFIX}{call.call_id}-{order.id}.{self._settings.recording_format}"
                headers = (("Channel", self._name(self._recorded(call))), ("File", file), ("Options", RECORD_TALK_ONLY))
                return [Act("MixMonitor", headers)]
            case StopRecording():
                return [Act("StopMixMonitor", (("Channel", self._name(self._recorded(call))),))]
            case PauseRecording() | ResumeRecording():
                state = "1" if isinstance(command, PauseRecording) else "0"
                leg = self._name(self._recorded(call))
                return [Act("MixMonitorMute", (("Channel", leg), ("Direction", "both"), ("State", state)))]
            case Monitor():
                return self._monitor(order, call, command)

    def _hang_up(self, call: Call, by: str | None) -> list[Act]:
        if by is not None:
            return [Act("Hangup", (("Channel", self._name(self._leg_of(call, by))), ("Cause", "16")))]
        live = [leg for leg in call.legs.values() if leg.is_live and leg.is_party]
        # The caller's first: most PBXs end the others by themselves then.
        live.sort(key=lambda leg: leg.id != call.caller_leg)
        names = [name for leg in live if (name := self._name_of(leg.id)) is not None]
        if not names:
            raise CommandRefusedError(f"the call has ended at {self._pbx}")
        return [Act("Hangup", (("Channel", name), ("Cause", "16")), optional=place > 0) for place, name in enumerate(names)]

    def _hold(self, call: Call, by: str) -> list[Act]:
        holder = self._leg_of(call, by)
        others = self._others(call, holder)
        if not others:
            raise CommandRefusedError(f"{by} talks to nobody in this call at {self._pbx} whom it could hold")
        name = self._name(holder)
        acts = [_volume(name, "RX", SILENT), _volume(name, "TX", SILENT)]
        if self._settings.hold_context is not None:
            acts += [self._music(holder, other) for other in others]
        return acts

    def _music(self, holder: Leg, other: Leg) -> Act:
        """A helper leg whispers music to the one who is held; it goes when he goes."""
        music = _music_leg(holder, other)
        headers = (
            ("Channel", f"Local/s@{self._settings.hold_context}/n"),
            ("Application", "ChanSpy"),
            ("Data", f"{self._name(other)},{_SPY[MonitorMode.WHISPER]}"),
            ("ChannelId", music),
            ("OtherChannelId", f"{music}-2"),
            ("Async", "true"),
        )
        # Waited for, so that a retrieval that follows at once finds it.
        return Act("Originate", headers, optional=True, begins=LegId(music))

    def _retrieve(self, call: Call, by: str) -> list[Act]:
        holder = self._leg_of(call, by)
        return self._let_talk(call, holder)

    def _let_talk(self, call: Call, holder: Leg) -> list[Act]:
        name = self._name(holder)
        acts = [_volume(name, "TX", "0"), _volume(name, "RX", "0")]
        if self._settings.hold_context is not None:
            # By id: its name is Asterisk's own.
            acts += [
                Act("Hangup", (("Channel", _music_leg(holder, other)),), optional=True) for other in self._others(call, holder)
            ]
        return acts

    def _hand_over(self, call: Call, by: str, to: str, action: str) -> list[Act]:
        leg = self._leg_of(call, by)
        if not self._others(call, leg):
            raise CommandRefusedError(f"{by} talks to nobody in this call at {self._pbx} whom it could hand over")
        headers = (("Channel", self._name(leg)), ("Exten", number(to, "the number")), ("Context", self._context()))
        act = Act(action, headers, holds=leg.id if action == "Atxfer" else None)
        return [self._is_known(to), *self._unhold(call, leg), act]

    def _unhold(self, call: Call, leg: Leg) -> list[Act]:
        """Whoever was silenced for a hold, by an earlier process perhaps, must be heard in what comes next."""
        holds = call.held_by == leg.id and not call.held_by_feature
        holds |= call.own_hold_since is not None and call.caller_leg == leg.id
        return self._let_talk(call, leg) if holds or self._is_silenced(leg.id) else []

    def _end_consultation(self, order: Order, call: Call, command: CompleteTransfer | CancelTransfer) -> list[Act]:
        leg = self._leg_of(call, command.by)
        other = order.consultation
        if other is None:
            raise CommandRefusedError(f"{command.by} consults nobody for this call at {self._pbx}")
        if leg.id not in other.legs:
            raise CommandRefusedError(
                f"{command.by} began the consultation at the telephone, with a second line: it can only be ended there"
            )
        if isinstance(command, CancelTransfer):
            return [Act("CancelAtxfer", (("Channel", self._name(leg)),))]
        # Whoever consulted leaves, and Asterisk joins the two that stay.
        return [Act("Hangup", (("Channel", self._name(leg)), ("Cause", "16")))]

    def _redirect(self, call: Call, command: Redirect) -> list[Act]:
        caller = call.caller
        if caller is None or not caller.is_live:
            raise CommandRefusedError(f"the caller has left this call at {self._pbx}")
        name, to = self._name(caller), number(command.to, "the number")
        told = [_variable(name, *each) for each in context_variables(command.context)]
        where = (("Context", self._context()), ("Exten", to), ("Priority", "1"))
        return [self._is_known(to), *told, Act("Redirect", (("Channel", name), *where))]

    def _is_known(self, to: str) -> Act:
        return Act("ShowDialPlan", (("Extension", to), ("Context", self._context())), asks=True)

    def _park(self, call: Call, command: Park) -> list[Act]:
        leg = self._leg_of(call, command.by)
        others = self._others(call, leg)
        if len(others) != 1:
            raise CommandRefusedError(f"{command.by} talks to {len(others)} parties in this call: one can be parked")
        parker = self._name(leg)
        headers = [("Channel", self._name(others[0])), ("TimeoutChannel", parker), ("AnnounceChannel", parker)]
        if self._settings.parking_lot is not None:
            headers.append(("Parkinglot", self._settings.parking_lot))
        if command.slot is not None:
            headers.append(("ParkingSpace", number(command.slot, "the parking slot")))
        return [*self._unhold(call, leg), Act("Park", tuple(headers))]

    def _press(self, call: Call, command: SendDigits) -> list[Act]:
        leg = self._leg_of(call, command.by)
        keys = digits(command.digits)
        others = [self._name(other) for other in self._others(call, leg)]
        heard: list[Headers] = [(("Channel", other),) for other in others]
        if not heard:
            # Alone with the PBX, in a menu say: then it is the PBX that must hear the keys.
            heard = [(("Channel", self._name(leg)), ("Receive", "true"))]
        return [Act("PlayDTMF", (*to, ("Digit", key), ("Duration", DIGIT_MS))) for key in keys for to in heard]

    def _monitor(self, order: Order, call: Call, command: Monitor) -> list[Act]:
        extension = number(command.extension, "the extension")
        spied = self._leg_of(call, command.agent)
        if not self._others(call, spied):
            raise CommandRefusedError(f"{command.agent} talks to nobody in this call at {self._pbx}")
        what = (("Application", "ChanSpy"), ("Data", f"{self._name(spied)},{_SPY[command.mode]}"))
        shown = text(command.agent, "the agent")
        return [self._originate(order, extension, _SUPERVISOR_RINGS_S, what, [f"CONNECTEDLINE(num)={shown}"])]

    def _originate(self, order: Order, extension: str, ring_s: float, what: Headers, variables: list[str]) -> Act:
        leg = first_leg(order)
        assert leg is not None  # only for orders that begin a call
        headers = (
            ("Channel", self._device(extension)),
            *what,
            ("Timeout", str(round(ring_s * 1000))),
            ("ChannelId", leg),
            ("OtherChannelId", f"{leg}-2"),
            ("Async", "true"),
            *(("Variable", variable) for variable in variables),
        )
        return Act("Originate", headers, begins=leg, rings=extension)

    def _device(self, extension: str) -> str:
        return self._settings.device.replace("{extension}", extension)

    def _context(self) -> str:
        assert self._settings.context is not None  # what dials is not offered without one
        return self._settings.context

    def _recorded(self, call: Call) -> Leg:
        """Return the leg that records: the caller's, which stays longest, else one that talks."""
        caller = call.caller
        if caller is not None and caller.is_live:
            return caller
        for leg in call.legs.values():
            if leg.is_live and leg.is_party and leg.bridge is not None:
                return leg
        raise CommandRefusedError(f"nobody talks in this call at {self._pbx}")

    def _leg_of(self, call: Call, device: str) -> Leg:
        """Return the device's leg; of several the one that talks."""
        own = [leg for leg in call.legs.values() if leg.is_live and leg.is_party and leg.party == device]
        if not own:
            raise CommandRefusedError(f"{device} has no part in this call at {self._pbx}")
        return max(own, key=lambda leg: (leg.bridge is not None, leg.created_at))

    def _others(self, call: Call, leg: Leg) -> list[Leg]:
        """Return whom the party of this leg talks to."""
        talking = connected_parties(call)
        if call.caller is not None and talking and call.caller.is_live:
            talking = [call.caller, *talking]
        here = {each.id for each in talking}
        return [each for each in talking if each.id != leg.id] if leg.id in here else []

    def _name(self, leg: Leg) -> str:
        name = self._name_of(leg.id)
        if name is None:
            raise CommandRefusedError(f"{leg.party or 'that party'} has just left the call at {self._pbx}")
        return name


_SUPERVISOR_RINGS_S: Final = 30.0


def _music_leg(holder: Leg, other: Leg) -> str:
    """Return the id of the leg that plays music; made of the two, so that who takes back the hold finds it."""
    return f"{LEG_PREFIX}hold-{holder.id}-{other.id}"


def _variable(leg: str, name: str, value: str) -> Act:
    headers = (("Channel", leg), ("Variable", name))
    return Act("Setvar", (*headers, ("Value", value)), (Act("Setvar", (*headers, ("Value", ""))),))


def _volume(name: str, direction: str, gain: str) -> Act:
    undo = () if gain == "0" else (_volume(name, direction, "0"),)
    return Act("Setvar", (("Channel", name), ("Variable", f"VOLUME({direction})"), ("Value", gain)), undo)
