"""A PBX that takes commands, without a network: it obeys, refuses, or says nothing, as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from msgspec import structs
from support.command_contract import KINDS

from gateway.model.commands import Accepted, HangUp, Order, PlaceCall
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError, TielineError
from gateway.model.events import (
    ConnectionMade,
    DialOutRequested,
    LegAlerting,
    LegCleared,
    LegCreated,
    LegSeen,
    PbxEvent,
    ReleaseRequested,
    SnapshotDone,
)
from gateway.model.ids import LegId, PbxName
from gateway.model.terms import LegRole
from gateway.ports.connector import EventSink, LinkState, LinkStatus

CLEAN: Final = frozenset("0123456789*#+ABCD")
UNANSWERED_S: Final = 5.0
"""Seconds that an order waits for its answer."""


class ObedientPbx:
    """See :class:`gateway.ports.connector.CommandingConnector`.

    Args:
        now: Seconds since the epoch.
        phones: Extensions that have a telephone.
    """

    def __init__(self, pbx: PbxName, now: Callable[[], float], phones: frozenset[str] = frozenset({"8001", "8002"})) -> None:
        self._pbx = pbx
        self._now = now
        self._phones = phones
        self._sink: EventSink | None = None
        self.takes: frozenset[str] = frozenset(KINDS)
        self.received: list[Order] = []
        """Every order that reached the PBX, as often as it did."""
        self.fault: TielineError | None = None
        """Raised when the next orders have been received."""
        self.mute = False
        """Orders are received and obeyed, and not answered."""
        self.deaf = False
        """What is received is not done either."""
        self.gate = asyncio.Event()
        """Cleared, orders wait before they reach the PBX."""
        self.gate.set()
        self._ready = asyncio.Event()
        self._legs: dict[LegId, LegSeen] = {}

    @property
    def pbx(self) -> PbxName:
        return self._pbx

    @property
    def commands(self) -> frozenset[str]:
        return self.takes

    def why_not(self, command: str) -> str:
        if not self.takes:
            raise PeerUnavailableError(f"{self._pbx} is not connected, or only just")
        return f"{self._pbx} cannot {command}: give it the right `{command}` in its configuration"

    def first_leg(self, order: Order) -> LegId | None:
        return LegId(f"tieline-{order.id}") if isinstance(order.command, PlaceCall) else None

    async def run(self, sink: EventSink) -> None:
        self._sink = sink
        try:
            sink.report(self._pbx, LinkState(status=LinkStatus.CONNECTED, detail=f"{self._pbx}: connected", since=self._now()))
            now = self._now()
            seen = [structs.replace(leg, at=now, age_s=now - leg.at) for leg in self._legs.values()]
            await self.says(ConnectionMade(at=now), *seen, SnapshotDone(at=now))
            self._ready.set()
            await asyncio.Event().wait()
        finally:
            self._sink = None
            self._ready.clear()
            sink.report(self._pbx, LinkState(status=LinkStatus.STOPPED, detail=f"{self._pbx}: stopped", since=self._now()))

    def is_connected(self) -> bool:
        """Tell whether a gateway hears it."""
        return self._ready.is_set()

    @asynccontextmanager
    async def connected(self, sink: EventSink) -> AsyncIterator["ObedientPbx"]:
        """Run it while the context is open."""
        running = asyncio.create_task(self.run(sink))
        try:
            await self._ready.wait()
            yield self
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def says(self, *events: PbxEvent) -> None:
        """Let the PBX tell something."""
        if self._sink is not None:
            await self._sink.accept(self._pbx, events)

    async def execute(self, order: Order) -> Accepted:
        await self.gate.wait()
        if self._sink is None:
            raise PeerUnavailableError(f"{self._pbx} is not connected")
        command = order.command
        self._refuse_nonsense(order)
        if isinstance(self.fault, PeerUnavailableError):
            raise self.fault
        self.received.append(order)
        if self.fault is not None:
            raise self.fault
        if not self.deaf:
            if isinstance(command, PlaceCall):
                await self.ring(order)
            elif isinstance(command, HangUp) and order.call is not None:
                await self._hang_up(order)
        if self.mute:
            await asyncio.sleep(UNANSWERED_S)
            raise CommandUnansweredError(f"{self._pbx} did not answer within {UNANSWERED_S:.0f} s")
        return Accepted(first_leg=self.first_leg(order))

    def _refuse_nonsense(self, order: Order) -> None:
        command = order.command
        if order.command.__struct_config__.tag not in self.takes:
            raise CommandRefusedError(f"{self._pbx} cannot do that")
        if isinstance(command, PlaceCall):
            for text in (command.extension, command.number, command.caller_number or "0"):
                if not text or not set(text) <= CLEAN:
                    raise CommandRefusedError(f"{text!r} is no number")
            if command.extension not in self._phones:
                raise CommandRefusedError(f"{command.extension} has no telephone at {self._pbx}")
        if order.call is not None and not any(leg.is_live for leg in order.call.legs.values()):
            raise CommandRefusedError(f"the call has ended at {self._pbx}")

    async def ring(self, order: Order) -> None:
        """Let the telephone ring that a received order is to ring."""
        command, leg = order.command, self.first_leg(order)
        assert isinstance(command, PlaceCall)
        assert leg is not None
        now, device = self._now(), f"PJSIP/{command.extension}"
        self._legs[leg] = LegSeen(
            at=now,
            leg=leg,
            name=f"{device}-{order.id}",
            device=device,
            role=LegRole.TERMINATING,
            root=leg,
            number=None,
            display=None,
            dialled=None,
            place=None,
            age_s=0.0,
            connected=False,
            alerting=True,
            bridge=None,
        )
        await self.says(
            LegCreated(
                at=now,
                leg=leg,
                name=f"{device}-{order.id}",
                device=device,
                role=LegRole.TERMINATING,
                root=leg,
                number=None,
                display=None,
                dialled=None,
                place=None,
            ),
            DialOutRequested(at=now, leg=leg, target=command.number),
            LegAlerting(at=now, leg=leg),
        )

    async def _hang_up(self, order: Order) -> None:
        assert order.call is not None
        for leg in order.call.legs.values():
            if leg.is_live:
                self._legs.pop(leg.id, None)
                now = self._now()
                await self.says(
                    ReleaseRequested(at=now, leg=leg.id, by_party=False, cause=16, sip=0),
                    LegCleared(at=now, leg=leg.id, cause=16, sip=0),
                )
