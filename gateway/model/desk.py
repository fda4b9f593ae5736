"""An agent's view of a call: what it is to him, whether it shows itself, and what he can do about it. Pure."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Park,
    PauseRecording,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
    name_of,
)
from gateway.model.ids import CallId
from gateway.model.legs import Leg, PartyKind
from gateway.model.ringing import answered_instead
from gateway.model.terms import LegRole, RecordingState

WRAP_UP: Final = "wrap-up"
"""The reason for which Tieline pauses an agent after a conversation, where the PBX has no such time of its own."""

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]
_Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
_Long = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
LimitedState = Literal["reserved", "talking", "busy", "after_call_work", "not_ready"]
"""A state in which an agent may be for too long."""
TOO_LONG_S: Final[Mapping[LimitedState, float]] = {
    "reserved": 60.0,
    "talking": 900.0,
    "busy": 900.0,
    "after_call_work": 180.0,
    "not_ready": 1_800.0,
}
"""Seconds in a state after which a supervisor should look, where the configuration does not say."""
LATE_FACTOR: Final = 2.0
"""Who waits so many times the queue's ``service_level_s`` has waited too long, where the configuration does not say."""


class PopPolicy(StrEnum):
    RINGING = "ringing"
    """A call shows itself as soon as the telephone rings."""
    ANSWERED = "answered"
    """Once it is answered."""
    NEVER = "never"
    """It waits to be looked at."""


class QueueDesk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for one queue; what is left out is as for all."""

    pop: PopPolicy | None = None
    wrap_up_s: _Seconds | None = None
    service_goal: _Share | None = None
    waits_too_long_s: _Long | None = None
    too_long_s: Mapping[LimitedState, _Long] = {}


class DeskRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How calls come to an agent's page, and what follows them; ``desk`` in the configuration."""

    pop: PopPolicy = PopPolicy.RINGING
    wrap_up_s: _Seconds = 0.0
    """Seconds after a queue's call in which an agent is left alone to write, by a pause that Tieline makes and ends; for PBXs
    whose queues have no such time. 0 makes none."""
    service_goal: _Share = 0.8
    """Of a queue's callers this share is to be answered within its ``service_level_s`` (see ``site.queues``), 0 to 1."""
    waits_too_long_s: _Long | None = None
    """Seconds after which a caller has waited too long; left out: twice the queue's ``service_level_s``."""
    too_long_s: Mapping[LimitedState, _Long] = {}
    """Seconds after which an agent has been too long in a state, by the state; what is left out is as it comes:
    ``{reserved: 60, talking: 900, busy: 900, after_call_work: 180, not_ready: 1800}``."""
    queues: Mapping[str, QueueDesk] = {}
    menus: Mapping[str, Mapping[Annotated[str, msgspec.Meta(pattern=r"^[0-9A-D*#]{1,16}$")], str]] = {}
    """What keys mean in a menu, by its name at the PBX and the keys: ``{main-menu: {"1": Orders}}``; shown to agents."""

    def pop_of(self, queue: str | None) -> PopPolicy:
        """Return when calls of this queue show themselves; None is a call of no queue."""
        own = None if queue is None or queue not in self.queues else self.queues[queue].pop
        return self.pop if own is None else own

    def wrap_up_of(self, queue: str) -> float:
        """Return how long an agent is left alone after a call of this queue, in seconds."""
        own = self.queues[queue].wrap_up_s if queue in self.queues else None
        return self.wrap_up_s if own is None else own

    def service_goal_of(self, queue: str) -> float:
        """Return which share of this queue's callers is to be answered in time, 0 to 1."""
        own = self.queues[queue].service_goal if queue in self.queues else None
        return self.service_goal if own is None else own

    def waits_too_long_of(self, queue: str, service_level_s: float) -> float:
        """Return after how many seconds a caller of this queue has waited too long."""
        own = self.queues[queue].waits_too_long_s if queue in self.queues else None
        limit = self.waits_too_long_s if own is None else own
        return LATE_FACTOR * service_level_s if limit is None else limit

    def too_long_of(self, queue: str | None) -> dict[LimitedState, float]:
        """Return after how many seconds an agent has been too long in a state, with a call of this queue or of none."""
        own = self.queues[queue].too_long_s if queue is not None and queue in self.queues else {}
        return {**TOO_LONG_S, **self.too_long_s, **own}

    def label_of(self, menu: str | None, digits: str) -> str | None:
        """Return what these keys mean in this menu, where it is said."""
        return None if menu is None or menu not in self.menus else self.menus[menu].get(digits)


class Part(StrEnum):
    """What a call is to one telephone."""

    RINGING = "ringing"
    CONNECTED = "connected"
    HELD = "held"
    """He holds it."""
    CONSULTING = "consulting"
    """In it he asks somebody about another call that he holds."""
    ENDED = "ended"
    """For him: it may go on with others."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One telephone in one call."""

    part: Part
    since: float | None
    """Seconds since the epoch; None where nobody saw it begin."""
    called: bool
    """The call came to this telephone, and was not made by it."""
    talked: bool
    """It was answered there."""
    elsewhere: str | None = None
    """Who answered the call that rang here in vain."""


def seat_of(call: Call, extension: str, others: Iterable[Call] = ()) -> Seat | None:
    """Return what a call is to the telephone of this extension; None where it has none and had none in it.

    Args:
        others: Live calls, in which the same telephone may have a part.
    """
    own = legs_of(call, extension)
    if not own:
        return None
    talked = extension in call.answered_by or any(leg.connected_at is not None for leg in own)
    live = [leg for leg in own if leg.is_live and (leg.result is None or leg.connected_at is not None)]
    if call.ended or call.merged_into is not None or not live:
        last = own[-1]
        elsewhere = None if talked else answered_instead(call, last)
        return Seat(
            part=Part.ENDED, since=last.cleared_at or call.ended_at, called=_was_called(last), talked=talked, elsewhere=elsewhere
        )
    leg = next((each for each in reversed(live) if each.connected_at is not None), live[-1])
    called = _was_called(leg)
    if leg.connected_at is None and (called or leg.role is LegRole.TERMINATING):
        return Seat(part=Part.RINGING, since=leg.alerting_at or _began(call, leg), called=called, talked=talked)
    if call.held_since is not None and _is(call, call.held_by, extension):
        return Seat(part=Part.HELD, since=call.held_since, called=called, talked=talked)
    if call.own_hold_since is not None and leg.id == call.caller_leg:
        return Seat(part=Part.HELD, since=call.own_hold_since, called=called, talked=talked)
    since = leg.bridged_at or leg.connected_at or _began(call, leg)
    if not called and consulted_about(call, extension, others) is not None:
        return Seat(part=Part.CONSULTING, since=since, called=called, talked=talked)
    return Seat(part=Part.CONNECTED, since=since, called=called, talked=talked)


def consulted_about(call: Call, extension: str, others: Iterable[Call]) -> Call | None:
    """Return the elder call that this extension is still connected in while it makes this one; None where there is none."""
    elder = [
        other
        for other in others
        if (other.began_at, other.call_id) < (call.began_at, call.call_id)
        and any(leg.is_live and leg.connected_at is not None for leg in legs_of(other, extension))
    ]
    return max(elder, key=lambda other: (other.began_at, other.call_id)) if elder else None


def legs_of(call: Call, extension: str) -> list[Leg]:
    """Return the legs of this extension, the first one first."""
    return [leg for leg in call.legs.values() if leg.kind is PartyKind.EXTENSION and leg.party == extension]


def calls_within(call: Call) -> list[CallId]:
    """Return the ids of a call and of those that were folded into it: what was written in any of them is of this call."""
    return [call.call_id, *(each.call_id for each in call.folded)]


def former_agents(call: Call, extension: str | None) -> list[str]:
    """Return the extensions that have talked in this call and are out of it, in order, without this one."""
    here = {leg.party for leg in call.legs.values() if leg.is_live}
    inside = {leg.party for leg in call.legs.values() if leg.kind is PartyKind.EXTENSION and leg.connected_at is not None}
    caller = None if call.caller is None else call.caller.party
    spoke = [party for party in call.answered_by if party in inside]
    if caller in inside and caller is not None:
        spoke.insert(0, caller)
    return [party for party in dict.fromkeys(spoke) if party != extension and (call.ended or party not in here)]


def pops(policy: PopPolicy, seat: Seat) -> bool:
    """Tell whether a call shows itself to this telephone's agent: one that came to him, and is not over for him."""
    match policy:
        case PopPolicy.NEVER:
            return False
        case PopPolicy.ANSWERED:
            return seat.called and seat.part not in (Part.RINGING, Part.ENDED)
        case PopPolicy.RINGING:
            return seat.called and seat.part is not Part.ENDED


def controls(call: Call, seat: Seat, taken: Collection[str], *, consults: bool) -> list[str]:
    """Return the commands that make sense for this telephone in this call now, by name.

    Args:
        taken: The names of those that the PBX takes.
        consults: The same telephone is in a consultation about this call.
    """
    return [name for name in map(name_of, _sensible(call, seat, consults=consults)) if name in taken]


def _sensible(call: Call, seat: Seat, *, consults: bool) -> tuple[type[Command], ...]:
    talking = call.talk_since is not None
    match seat.part:
        case Part.ENDED:
            return ()
        case Part.RINGING:
            return (HangUp, Redirect) if seat.called else (HangUp,)
        case Part.HELD:
            return (*(_ENDS_CONSULTATION if consults else (Retrieve,)), HangUp)
        case Part.CONSULTING:
            return (*_ENDS_CONSULTATION, SendDigits, HangUp) if talking else (*_ENDS_CONSULTATION, HangUp)
        case Part.CONNECTED if consults:
            # Some telephones hold by themselves, and the PBX tells of no hold.
            return (*_ENDS_CONSULTATION, HangUp)
        case Part.CONNECTED:
            if not talking:
                return (HangUp,)
            return (Hold, Consult, BlindTransfer, Park, SendDigits, *_RECORDING[call.recording_state], HangUp)


_ENDS_CONSULTATION: Final[tuple[type[Command], ...]] = (CompleteTransfer, CancelTransfer)
_RECORDING: Final[dict[RecordingState | None, tuple[type[Command], ...]]] = {
    None: (StartRecording,),
    RecordingState.STOPPED: (StartRecording,),
    RecordingState.RUNNING: (PauseRecording, StopRecording),
    RecordingState.PAUSED: (ResumeRecording, StopRecording),
}


def _was_called(leg: Leg) -> bool:
    return leg.was_dialled or leg.picked_up


def _began(call: Call, leg: Leg) -> float | None:
    return leg.created_at if call.begin_heard else None


def _is(call: Call, leg_id: str | None, extension: str) -> bool:
    return leg_id is not None and any(leg.id == leg_id for leg in legs_of(call, extension))
