"""What an order is at a PBX that we are a SIP peer of: orders for the worker that holds the call.

Whom a command may reach was decided before it came here; emergency numbers too. Only calls that Tieline itself is in can be
steered: SIP gives nobody a hand in a call between two others.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from connectors.sip import wire
from connectors.sip.consulting import Consultations
from connectors.sip.dialler import CALL_HEADER, TARGET_RINGS_S, Ask, Dialler, is_number, number
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference, SipLeg
from gateway.model.calls import Call
from gateway.model.commands import (
    Accepted,
    BlindTransfer,
    CancelTransfer,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Order,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
    name_of,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId

TAKEN: Final = frozenset(
    name_of(kind)
    for kind in (
        PlaceCall,
        HangUp,
        Hold,
        Retrieve,
        BlindTransfer,
        Redirect,
        Consult,
        CompleteTransfer,
        CancelTransfer,
        SendDigits,
        StartRecording,
        StopRecording,
        PauseRecording,
        ResumeRecording,
    )
)
"""The commands that can be done by SIP alone."""
FILE_PREFIX: Final = "tieline-"
MAX_CONTEXT: Final = 20
"""Headers of what an application tells of a caller whom it sends elsewhere: a Refer-To has to fit into one packet."""
REFER_S: Final = 5.0
"""Seconds for a PBX to say what comes of a transfer; one that says nothing in the end does it, most of the time."""
_TRYING: Final = 100
_REFUSED: Final = 300
_DIGITS: Final = re.compile(r"[0-9A-D*#]{1,64}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f]{0,200}")


def first_leg(order: Order) -> LegId | None:
    """Return the id of the leg that an order begins a call with."""
    return LegId(f"{FILE_PREFIX}{order.id}") if isinstance(order.command, PlaceCall) else None


def context_headers(context: Mapping[str, str]) -> tuple[wire.Header, ...]:
    """Return what somebody is told of a caller as headers: ``order_id`` becomes ``X-order-id``.

    Raises:
        CommandRefusedError: A name or a value cannot stand in a header, or they are too many.
    """
    if len(context) > MAX_CONTEXT:
        raise CommandRefusedError(f"{len(context)} are too many values to go along with a transfer: {MAX_CONTEXT} at most")
    for name, value in context.items():
        if _WORD.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise CommandRefusedError(
                f"{name!r} cannot go along with a transfer: letters, digits and _ in its name, one line, 200 signs"
            )
    return tuple((f"X-{name.replace('_', '-')}", value) for name, value in context.items())


class Commander:
    """Does what orders say.

    Args:
        pbx: Its name, for those who are refused.
        mapper: Knows the legs.
        ask: Gives a worker an order.
        dialler: Places calls.
        consultations: Does what concerns those.
        choose: Returns the worker and the account for a new call; for an emergency call (True) also one that is full.
        tell: Takes events that an order makes.
        now: Seconds since the epoch.
        recordings: The folder for recordings.
        refers: Callers are sent elsewhere by REFER; else they are connected by us.
    """

    def __init__(
        self,
        pbx: str,
        mapper: SipMapper,
        ask: Ask,
        dialler: Dialler,
        consultations: Consultations,
        choose: Callable[[bool], tuple[int, str]],
        tell: Callable[[Sequence[PbxEvent]], None],
        now: Callable[[], float],
        recordings: Path,
        *,
        refers: bool,
    ) -> None:
        self._pbx = pbx
        self._mapper = mapper
        self._ask = ask
        self._dialler = dialler
        self._consultations = consultations
        self._choose = choose
        self._tell = tell
        self._now = now
        self._recordings = recordings
        self._refers = refers
        self._referred: dict[LegId, asyncio.Future[wire.TransferProgress | None]] = {}
        self._connecting: dict[LegId, asyncio.Future[wire.CallChanged]] = {}

    def changed(self, leg: LegId, change: wire.CallChanged) -> None:
        """Take what becomes of a call, which somebody may be sent to."""
        waiting = self._connecting.get(leg)
        if waiting is not None and not waiting.done():
            waiting.set_result(change)

    def progressed(self, leg: LegId, progress: wire.TransferProgress | None) -> None:
        """Take what a peer says of a transfer that it was asked for; None when its call is over."""
        waiting = self._referred.get(leg)
        if waiting is not None and not waiting.done() and (progress is None or progress.final or progress.code > _TRYING):
            waiting.set_result(progress)

    def why_not(self, command: str) -> str:
        """Say why a command is none of those that are taken."""
        return (
            f"{self._pbx} is reached by SIP alone, which knows no {command}: the telephones and the PBX's own menus do it, or a "
            f"connector that the PBX has besides (asterisk_ami, freeswitch_esl)"
        )

    async def execute(self, order: Order) -> Accepted:
        """Do it; see :class:`gateway.ports.connector.CommandingConnector`."""
        command = order.command
        if isinstance(command, PlaceCall):
            await self._place(order, command)
            return Accepted(first_leg=first_leg(order))
        if name_of(type(command)) not in TAKEN:
            raise CommandRefusedError(self.why_not(name_of(type(command))))
        call = order.call
        legs = [] if call is None else self._legs_of(call)
        if call is None or not legs:
            raise CommandRefusedError(
                f"Tieline is no party to this call at {self._pbx}, or it has ended: by SIP alone only calls can be steered that "
                f"Tieline placed or answered itself"
            )
        match command:
            case HangUp():
                await self._hang_up(legs, command.by)
            case Hold() | Retrieve():
                other = self._other(legs, command.by)
                kind = wire.Hold if isinstance(command, Hold) else wire.Retrieve
                await self._order(other, kind(call=other.key[1]))
            case BlindTransfer():
                await self.refer(self._other(legs, command.by), command.to, {})
            case Consult() | CompleteTransfer() | CancelTransfer():
                await self._consultations.execute(order, self._of(self._with(order, legs), command.by), command)
            case Redirect():
                await self._redirect(order, self._caller(call), command)
            case SendDigits():
                await self._press(legs, command)
            case StartRecording():
                await self._record(order, call, legs)
            case StopRecording() | PauseRecording() | ResumeRecording():
                await self._change_recording(legs, command)
            case _:
                raise CommandRefusedError(self.why_not(name_of(type(command))))
        return Accepted()

    async def refer(self, leg: SipLeg, to: str, context: Mapping[str, str]) -> None:
        """Have the PBX take a party over and connect him to a number; returns when it does, or has not said within a while.

        Raises:
            CommandRefusedError: The call was not answered, a value is none, or the PBX did not do it.
        """
        if leg.connected_at is None:
            raise CommandRefusedError(f"nobody has answered this call yet at {self._pbx}: it cannot be handed over")
        if leg.leg in self._referred:
            raise CommandRefusedError(f"this call is being handed over already at {self._pbx}")
        target = number(to, "the number")
        headers = ((CALL_HEADER, leg.root), *context_headers(context))
        answer: asyncio.Future[wire.TransferProgress | None] = asyncio.get_running_loop().create_future()
        self._referred[leg.leg] = answer
        leg.transfer_to = to
        try:
            await self._order(leg, wire.Refer(call=leg.key[1], to=target, headers=headers))
            await asyncio.wait([answer], timeout=REFER_S)
            progress = answer.result() if answer.done() else None
            if progress is not None and progress.code >= _REFUSED:
                raise CommandRefusedError(f"{self._pbx} does not hand the call over to {to}: {progress.code} {progress.reason}")
        except CommandRefusedError:
            leg.transfer_to = None
            raise
        finally:
            del self._referred[leg.leg]
            answer.cancel()

    async def _redirect(self, order: Order, leg: SipLeg, command: Redirect) -> None:
        """Send a caller elsewhere, in the way that the PBX is configured for."""
        if self._refers:
            await self.refer(leg, command.to, command.context)
            return
        if leg.connected_at is None:
            raise CommandRefusedError(f"nobody has answered this call yet at {self._pbx}: it cannot be handed over")
        reference = Reference(
            leg=LegId(f"{FILE_PREFIX}{order.id}"),
            root=leg.leg,
            number=number(command.to, "the number"),
            shown=leg.number if is_number(leg.number) else None,
            urgent=order.is_emergency,
            redirected=True,
        )
        headers = context_headers(command.context)
        answer = self._connecting[reference.leg] = asyncio.get_running_loop().create_future()
        try:
            await self._dialler.call(reference, leg.key[0], leg.account, TARGET_RINGS_S, headers)
            await asyncio.wait([answer], timeout=REFER_S)
            if answer.done() and answer.result().state is wire.CallState.ENDED:
                change = answer.result()
                raise CommandRefusedError(f"{self._pbx} does not connect {command.to}: {change.code} {change.reason}")
        finally:
            del self._connecting[reference.leg]
            answer.cancel()

    async def _place(self, order: Order, command: PlaceCall) -> None:
        leg = first_leg(order)
        assert leg is not None  # of a PlaceCall there is one
        for text, what in ((command.extension, "the extension"), (command.number, "the number")):
            number(text, what)
        shown = command.extension if command.caller_number is None else command.caller_number
        number(shown, "the number to be shown")
        # The agent sees whom he is about to call; the far end is shown the agent.
        reference = Reference(
            leg=leg,
            root=leg,
            number=command.extension,
            then=command.number,
            then_shown=shown,
            shown=command.number,
            urgent=order.is_emergency,
        )
        worker, account = self._choose(order.is_emergency)
        await self._dialler.call(reference, worker, account, command.ring_s)

    async def _hang_up(self, legs: Sequence[SipLeg], by: str | None) -> None:
        ended = legs if by is None else [self._of(legs, by)]
        for leg in ended:
            leg.ended_by_command = True
        for place, leg in enumerate(ended):
            try:
                await self._order(leg, wire.HangUp(call=leg.key[1]))
            except CommandRefusedError:
                # With the first the others end by themselves.
                if place == 0:
                    raise

    async def _press(self, legs: Sequence[SipLeg], command: SendDigits) -> None:
        other = self._other(legs, command.by)
        if _DIGITS.fullmatch(command.digits) is None:
            raise CommandRefusedError(f"{command.digits!r} are no keys of a telephone: 0-9, A-D, * and #, 64 at most")
        await self._order(other, wire.SendDigits(call=other.key[1], digits=command.digits))

    async def _record(self, order: Order, call: Call, legs: Sequence[SipLeg]) -> None:
        leg = next((leg for leg in legs if leg.leg == call.caller_leg), legs[0])
        if leg.recording is not None:
            raise CommandRefusedError(f"this call is recorded already at {self._pbx}")
        file = self._recordings / f"{FILE_PREFIX}{call.call_id}-{order.id}.wav"
        try:
            await asyncio.to_thread(self._recordings.mkdir, parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CommandRefusedError(f"the folder {self._recordings} cannot be made: {error.strerror or error}") from error
        await self._ask(
            leg.key[0],
            wire.Record(call=leg.key[1], file=str(file)),
            lambda done: self._tell(self._mapper.recorded(leg, str(file), self._now())),
        )

    async def _change_recording(self, legs: Sequence[SipLeg], command: StopRecording | PauseRecording | ResumeRecording) -> None:
        leg = next((leg for leg in legs if leg.recording is not None), None)
        if leg is None:
            raise CommandRefusedError(f"nothing records this call at {self._pbx}")
        if isinstance(command, StopRecording):
            await self._order(leg, wire.StopRecording(call=leg.key[1]))
            return
        paused = isinstance(command, PauseRecording)
        await self._ask(
            leg.key[0],
            wire.PauseRecording(call=leg.key[1], paused=paused),
            lambda done: self._tell(self._mapper.recording_paused(leg, paused, self._now())),
        )

    async def _order(self, leg: SipLeg, order: wire.Order) -> None:
        await self._ask(leg.key[0], order, None)

    def _legs_of(self, call: Call) -> list[SipLeg]:
        return [leg for leg in map(self._mapper.find, call.legs) if leg is not None]

    def _with(self, order: Order, legs: Sequence[SipLeg]) -> Sequence[SipLeg]:
        return legs if order.consultation is None else [*legs, *self._legs_of(order.consultation)]

    def _caller(self, call: Call) -> SipLeg:
        leg = None if call.caller_leg is None else self._mapper.find(call.caller_leg)
        if leg is None or not leg.incoming:
            raise CommandRefusedError(f"only a caller whom Tieline answered at {self._pbx} can be sent elsewhere")
        return leg

    def _of(self, legs: Sequence[SipLeg], device: str) -> SipLeg:
        for leg in legs:
            if leg.number == device:
                return leg
        raise CommandRefusedError(f"{device} has no part in this call at {self._pbx}")

    def _other(self, legs: Sequence[SipLeg], device: str) -> SipLeg:
        """Return whom a device talks to."""
        other = self._of(legs, device).joined
        if other is None or other.connected_at is None:
            raise CommandRefusedError(f"{device} talks to nobody in this call at {self._pbx}")
        return other
