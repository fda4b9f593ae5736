"""What the gateway asks of a connector, and what a connector may ask of the gateway."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from gateway.model.commands import Accepted, Order
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId, PbxName


class LinkStatus(StrEnum):
    """How a connector stands with its PBX."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    RETRYING = "retrying"
    """Lost or never had; tried again by itself."""
    REFUSED = "refused"
    """The PBX refused us for good: an operator must change something. Tried again, but slowly."""
    STOPPED = "stopped"


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    status: LinkStatus
    detail: str
    """For a person: which PBX, what happened, what to change and where."""
    since: float
    """Seconds since the epoch."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which the PBX was not heard (``gateway.gap``); seconds since the epoch."""

    began_at: float
    ended_at: float
    reason: str


class EventSink(Protocol):
    """Where a connector puts what it learned."""

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        """Apply the events in order; return when they are applied."""

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        """Say to everybody that what happened in this time was not heard."""

    def report(self, pbx: PbxName, state: LinkState) -> None:
        """Take note of how the connector stands with its PBX."""

    def heard_until(self, pbx: PbxName) -> float | None:
        """Return until when the PBX was heard, by an earlier process perhaps, in seconds since the epoch by its own clock.

        None when it never was. A connector asks before it connects for the first time: what the PBX recorded since then it
        can tell again.
        """


class Connector(Protocol):
    """One PBX's connection: it outlives drops, and ends only when cancelled."""

    @property
    def pbx(self) -> PbxName: ...

    async def run(self, sink: EventSink) -> None:
        """Keep the PBX connected and put its events into ``sink``. Cancelling is safe: no event is half applied."""


@runtime_checkable
class CommandingConnector(Connector, Protocol):
    """A connector whose PBX can be told to do something."""

    @property
    def commands(self) -> frozenset[str]:
        """The ``type`` of each command that this PBX takes, as far as it is configured and connected now."""

    def why_not(self, command: str) -> str:
        """Say why a command that is not among :attr:`commands` is not taken, and which line to change where.

        Raises:
            PeerUnavailableError: The PBX is not connected, or only just: what it takes is not known yet.
        """

    def first_leg(self, order: Order) -> LegId | None:
        """Return the id that the first leg of a call will have that the order begins; the same each time."""

    async def execute(self, order: Order) -> Accepted:
        """Send it, once, and return when the PBX has taken it. What came of it is told by events.

        Raises:
            CommandRefusedError: Nothing happened; the text says why, for the person who gave it.
            PeerUnavailableError: The PBX is not connected; nothing was sent.
            CommandUnansweredError: It was sent, and no answer came: whether it was done is not known.
        """
