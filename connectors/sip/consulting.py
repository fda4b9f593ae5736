"""Consultations: a telephone of a call that Tieline joined talks with a third one while the other waits on hold.

All three legs are one worker's: who hears whom is its affair, and no telephone needs to know how to transfer.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from connectors.sip import wire
from connectors.sip.dialler import Ask, Dialler, number
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference, SipLeg
from gateway.model.commands import CancelTransfer, CompleteTransfer, Consult, Order
from gateway.model.errors import CommandError, CommandRefusedError, PeerError
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId

RING_S = 60.0
"""Seconds for which whom somebody consults is called."""


class Consultations:
    """Of one PBX.

    Args:
        pbx: Its name, for those who are refused.
        mapper: Knows the legs.
        dialler: Places calls.
        ask: Gives a worker an order.
        tell: Takes the events that come of it.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        pbx: str,
        mapper: SipMapper,
        dialler: Dialler,
        ask: Ask,
        tell: Callable[[Sequence[PbxEvent]], None],
        now: Callable[[], float],
    ) -> None:
        self._pbx = pbx
        self._mapper = mapper
        self._dialler = dialler
        self._ask = ask
        self._tell = tell
        self._now = now

    def third(self, leg: SipLeg) -> SipLeg | None:
        """Return the leg of whom the party of this one consults."""
        return next((each for each in self._mapper.legs if each.consulted_by == leg.leg), None)

    def waiting(self, leg: SipLeg) -> SipLeg | None:
        """Return the leg that waits on hold for the party of this one."""
        return next((each for each in self._mapper.legs if each.held_by == leg.leg), None)

    async def execute(self, order: Order, leg: SipLeg, command: Consult | CompleteTransfer | CancelTransfer) -> None:
        """Do what somebody at this leg wants.

        Raises:
            CommandRefusedError: It cannot be; the text says why.
        """
        if isinstance(command, Consult):
            await self._begin(order, leg, command)
            return
        third, waiting = self.third(leg), self.waiting(leg)
        if third is None or waiting is None:
            raise CommandRefusedError(f"{command.by} consults nobody for this call at {self._pbx}")
        if isinstance(command, CancelTransfer):
            # With its end the two others hear each other again.
            third.ended_by_command = True
            await self._ask(third.key[0], wire.HangUp(call=third.key[1]), None)
            return
        if third.connected_at is None:
            raise CommandRefusedError(
                f"whom {command.by} consults has not answered at {self._pbx}: wait, or cancel the consultation and transfer blind"
            )
        await self.hand_over(leg, third, waiting)
        await self._ask(leg.key[0], wire.HangUp(call=leg.key[1]), None)

    async def hand_over(self, leg: SipLeg, third: SipLeg, waiting: SipLeg) -> None:
        """Bring together whom the party of a leg consulted and whom it held."""
        self._tell(self._mapper.handed_over(leg, third, waiting, self._now()))
        await self._attempt(third, wire.Part(call=leg.key[1], other=third.key[1]))
        await self._together(third, waiting)

    async def back(self, leg: SipLeg, waiting: SipLeg) -> None:
        """Bring the party of a leg back to the one whom it held."""
        waiting.held_by = None
        self._tell(self._mapper.joined(leg, waiting, self._now()))
        await self._together(leg, waiting)

    async def _together(self, leg: SipLeg, waiting: SipLeg) -> None:
        await self._attempt(waiting, wire.Retrieve(call=waiting.key[1]))
        await self._attempt(leg, wire.Join(call=leg.key[1], other=waiting.key[1]))

    async def _begin(self, order: Order, leg: SipLeg, command: Consult) -> None:
        other = leg.joined
        if other is None or other.connected_at is None:
            raise CommandRefusedError(f"{command.by} talks to nobody in this call at {self._pbx}")
        if self.third(leg) is not None or self.waiting(leg) is not None:
            raise CommandRefusedError(f"{command.by} consults somebody already at {self._pbx}")
        number(command.to, "the number")
        await self._ask(leg.key[0], wire.Hold(call=other.key[1]), None)
        await self._attempt(leg, wire.Part(call=leg.key[1], other=other.key[1]))
        other.held_by = leg.leg
        new = LegId(f"tieline-{order.id}")
        reference = Reference(leg=new, root=new, number=command.to, shown=command.by, consults=leg.leg, urgent=order.is_emergency)
        try:
            await self._dialler.call(reference, leg.key[0], leg.account, RING_S)
        except (CommandError, PeerError):
            await self.back(leg, other)
            raise

    async def _attempt(self, leg: SipLeg, order: wire.Order) -> None:
        # Who has hung up meanwhile is told of by events.
        with suppress(CommandError, PeerError):
            await self._ask(leg.key[0], order, None)
