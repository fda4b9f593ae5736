"""What a command about calls is at this PBX: the ``api`` commands that it takes, in order. Pure.

Source: FreeSWITCH 1.10's ``mod_commands.c``, ``mod_dptools.c`` (``att_xfer``, ``eavesdrop``, ``three_way``) and
``mod_valet_parking.c``. All are run by ``bgapi``; ``mark`` is the Job-UUID, by which a replay knows whose doing it was.
"""

from typing import Final
from uuid import UUID, uuid5

import msgspec

from connectors.freeswitch_esl.commands_values import digits, name, number, path
from connectors.freeswitch_esl.mapping.marks import mark_of
from connectors.freeswitch_esl.settings import CommandSettings
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
    SetPause,
    StartRecording,
    StopRecording,
    name_of,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import LegId
from gateway.model.legs import Leg
from gateway.model.site import Site
from gateway.model.talk import connected_parties

CAUSE: Final = "NORMAL_CLEARING"
FILE_PREFIX: Final = "tieline-"
SUPERVISOR_RINGS_S: Final = 30.0
_LEGS: Final = UUID("6f1f3c0e-6d5b-5d1e-9d55-8a1c5a3c9b11")
"""Under which our orders have legs."""
_SPY: Final = {
    MonitorMode.LISTEN: ("eavesdrop", ()),
    MonitorMode.WHISPER: ("eavesdrop", ("eavesdrop_whisper_aleg=true",)),
    MonitorMode.BARGE: ("three_way", ()),
}


class Act(msgspec.Struct, frozen=True):
    """One ``api`` command to be run."""

    command: str
    optional: bool = False
    """The order is done also where FreeSWITCH refuses this."""
    begins: LegId | None = None
    """The leg that it makes."""
    rings: str = ""
    """The extension whose telephone that leg calls."""


def first_leg(order: Order) -> LegId | None:
    """Return the id of the leg that an order begins a call with; made of the order's own, so that it is the same each time."""
    return LegId(str(uuid5(_LEGS, order.id))) if isinstance(order.command, PlaceCall | Monitor) else None


def mark(order: Order, place: int) -> str:
    """Return the Job-UUID of one act of an order."""
    command = order.command
    reason = (command.reason or "") if isinstance(command, SetPause) and command.paused else ""
    return mark_of(name_of(type(command)), str(getattr(command, "by", None) or ""), order.id, place, reason)


class Planner:
    """Plans for one PBX.

    Args:
        pbx: Its name, for those who are refused.
        settings: How it is told to do something.
        site: Its numbers.
    """

    def __init__(self, pbx: str, settings: CommandSettings, site: Site) -> None:
        self._pbx = pbx
        self._settings = settings
        self._site = site

    def place(self, order: Order, command: PlaceCall) -> list[Act]:
        """Ring the agent's telephone, which shows whom it is about to call; the far end is shown the agent.

        Raises:
            CommandRefusedError: A value is none.
        """
        extension, target = number(command.extension, "the extension"), number(command.number, "the number")
        shown = extension if command.caller_number is None else number(command.caller_number, "the number to be shown")
        variables = [
            f"origination_caller_id_number={target}",
            f"origination_caller_id_name={target}",
            # Of the legs that the dial plan makes for this one.
            f"effective_caller_id_number={shown}",
            f"effective_caller_id_name={shown}",
            "hangup_after_bridge=true",
        ]
        if self._settings.auto_answer:
            variables.append("sip_auto_answer=true")
        variables += [f"{key}={value}" for key, value in self._settings.variables.items()]
        return [self._originate(order, extension, command.ring_s, f"{target} XML {self._context()}", variables)]

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
                return [self._hold(call, command.by)]
            case Retrieve():
                return [Act(f"uuid_hold off {_id(self._leg_of(call, command.by))}")]
            case BlindTransfer():
                leg = self._other(call, command.by, "handed over")
                return [Act(f"uuid_transfer {_id(leg)} {self._where(command.to)}")]
            case Consult():
                return self._consult(call, command)
            case CompleteTransfer() | CancelTransfer():
                return [self._end_consultation(order, call, command)]
            case Redirect():
                if command.context:
                    raise CommandRefusedError(f"{self._pbx} is told no context with a call: send it without one")
                return [self._redirect(call, command.to)]
            case Park():
                return [self._park(call, command)]
            case SendDigits():
                return self._press(call, command)
            case StartRecording():
                settings = self._settings
                file = f"{settings.recordings.rstrip('/')}/{FILE_PREFIX}{call.call_id}-{order.id}.{settings.recording_format}"
                return [Act(f"uuid_record {_id(self._recorded(call))} start {path(file)}")]
            case StopRecording():
                return [self._recording(call, "stop")]
            case PauseRecording():
                return [self._recording(call, "mask")]
            case ResumeRecording():
                return [self._recording(call, "unmask")]
            case Monitor():
                return self._monitor(order, call, command)

    def _hang_up(self, call: Call, by: str | None) -> list[Act]:
        if by is not None:
            return [Act(f"uuid_kill {_id(self._leg_of(call, by))} {CAUSE}")]
        live = [leg for leg in call.legs.values() if leg.is_live and leg.is_party]
        if not live:
            raise CommandRefusedError(f"the call has ended at {self._pbx}")
        # The caller's first: FreeSWITCH ends the others by itself then, most of the time.
        live.sort(key=lambda leg: leg.id != call.caller_leg)
        return [Act(f"uuid_kill {_id(leg)} {CAUSE}", optional=place > 0) for place, leg in enumerate(live)]

    def _hold(self, call: Call, by: str) -> Act:
        leg = self._leg_of(call, by)
        if not self._others(call, leg):
            raise CommandRefusedError(f"{by} talks to nobody in this call at {self._pbx} whom it could hold")
        return Act(f"uuid_hold {_id(leg)}")

    def _consult(self, call: Call, command: Consult) -> list[Act]:
        """The agent's leg runs ``att_xfer``: the other one is held, and joined with whom he consults when he hangs up."""
        leg = self._leg_of(call, command.by)
        self._other(call, command.by, "handed over")
        to = number(command.to, "the number")
        # Through the dial plan it would be reached by two more legs.
        target = self._device(to) if self._site.is_extension(to) else f"loopback/{to}/{self._context()}"
        held = call.held_by == leg.id or (call.own_hold_since is not None and call.caller_leg == leg.id)
        retrieved = [Act(f"uuid_hold off {_id(leg)}", optional=True)] if held else []
        return [*retrieved, Act(f"uuid_broadcast {_id(leg)} att_xfer::{target} aleg")]

    def _end_consultation(self, order: Order, call: Call, command: CompleteTransfer | CancelTransfer) -> Act:
        leg, other = self._leg_of(call, command.by), order.consultation
        if other is None:
            raise CommandRefusedError(f"{command.by} consults nobody for this call at {self._pbx}")
        if leg.id not in other.legs:
            raise CommandRefusedError(
                f"{command.by} began the consultation at the telephone, with a second line: it can only be ended there"
            )
        consulted = [each for each in other.legs.values() if each.id != leg.id and each.is_live]
        if not consulted:
            raise CommandRefusedError(f"the consultation of {command.by} has ended at {self._pbx}")
        if isinstance(command, CompleteTransfer):
            if not any(each.connected_at is not None for each in consulted):
                # When whoever consults leaves, FreeSWITCH gives up a call that nobody has answered.
                raise CommandRefusedError(
                    f"whom {command.by} consults has not answered: FreeSWITCH at {self._pbx} would leave the held party with "
                    f"nobody. Wait, or cancel the consultation and transfer blind"
                )
            # Whoever consulted leaves, and FreeSWITCH joins the two that stay.
            return Act(f"uuid_kill {_id(leg)} {CAUSE}")
        # The last that was called is whom he hears; with him att_xfer ends, and the held one is back.
        return Act(f"uuid_kill {_id(max(consulted, key=lambda each: (each.is_party, each.created_at)))} {CAUSE}")

    def _redirect(self, call: Call, to: str) -> Act:
        caller = call.caller
        if caller is None or not caller.is_live:
            raise CommandRefusedError(f"the caller has left this call at {self._pbx}")
        return Act(f"uuid_transfer {_id(caller)} {self._where(to)}")

    def _park(self, call: Call, command: Park) -> Act:
        leg, settings = self._other(call, command.by, "parked"), self._settings
        first, _, last = settings.parking_slots.partition("-")
        slot = f"auto in {first} {last}" if command.slot is None else number(command.slot, "the parking slot")
        return Act(f"uuid_transfer {_id(leg)} 'valet_park:{settings.parking_lot} {slot}' inline")

    def _press(self, call: Call, command: SendDigits) -> list[Act]:
        leg, keys = self._leg_of(call, command.by), digits(command.digits)
        others = self._others(call, leg)
        if not others:
            # Alone with the PBX, in a menu say: then it is the PBX that must hear the keys.
            return [Act(f"uuid_recv_dtmf {_id(leg)} {keys}")]
        return [Act(f"uuid_send_dtmf {_id(other)} {keys}") for other in others]

    def _recording(self, call: Call, what: str) -> Act:
        if call.recording is None:
            raise CommandRefusedError(f"nothing records this call at {self._pbx}")
        return Act(f"uuid_record {_id(self._recorded(call))} {what} {path(call.recording)}")

    def _monitor(self, order: Order, call: Call, command: Monitor) -> list[Act]:
        extension = number(command.extension, "the extension")
        spied = self._leg_of(call, command.agent)
        if not self._others(call, spied):
            raise CommandRefusedError(f"{command.agent} talks to nobody in this call at {self._pbx}")
        application, more = _SPY[command.mode]
        shown = number(command.agent, "the agent")
        variables = [f"origination_caller_id_number={shown}", f"origination_caller_id_name={shown}", *more]
        return [self._originate(order, extension, SUPERVISOR_RINGS_S, f"&{application}({_id(spied)})", variables)]

    def _originate(self, order: Order, extension: str, ring_s: float, what: str, variables: list[str]) -> Act:
        leg = first_leg(order)
        assert leg is not None  # only for orders that begin a call
        ring = max(round(ring_s), 1)
        # Early media is no answer: else the far end would be called while the agent's telephone rings.
        own = [f"origination_uuid={leg}", "ignore_early_media=true", f"originate_timeout={ring}", *variables]
        return Act(f"originate {{{','.join(own)}}}{self._device(extension)} {what}", begins=leg, rings=extension)

    def _device(self, extension: str) -> str:
        return self._settings.dial.replace("{extension}", extension)

    def _where(self, to: str) -> str:
        return f"{number(to, 'the number')} XML {self._context()}"

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

    def _other(self, call: Call, by: str, what: str) -> Leg:
        """Return the only one whom a device talks to."""
        others = self._others(call, self._leg_of(call, by))
        if len(others) != 1:
            raise CommandRefusedError(f"{by} talks to {len(others) or 'nobody'} in this call at {self._pbx}: one can be {what}")
        return others[0]

    def _others(self, call: Call, leg: Leg) -> list[Leg]:
        """Return whom the party of this leg talks to."""
        talking = connected_parties(call)
        if call.caller is not None and talking and call.caller.is_live:
            talking = [call.caller, *talking]
        here = {each.id for each in talking}
        return [each for each in talking if each.id != leg.id] if leg.id in here else []


def _id(leg: Leg) -> str:
    return name(leg.id, "the leg")
