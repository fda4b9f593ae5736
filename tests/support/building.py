"""A PBX that a test lets speak: its events, one by one, at the times that the test wants, and what becomes of the calls."""

from collections.abc import Callable
from typing import Any, Final, Self

from support.replaying import PBX

from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.events import (
    ConnectionLost,
    ConnectionMade,
    DialEnded,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegDialled,
    LegSeen,
    LegTransferred,
    LegUnbridged,
    PbxEvent,
    QueueJoined,
    QueueLeft,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, CallId, LegId, QueueName
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.model.terms import BridgeKind, DialResult, LegRole, QueueResult, TransferKind

SITE: Final = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0", trunks=("PJSIP/carrier", "PJSIP/backup"))
START: Final = 1_800_000_000.0
"""2027-01-15T08:00:00Z, in seconds since the epoch."""
CALLER: Final = "01062551234"
DNIS: Final = "4001"


class Story:
    """What one PBX says. A leg is named by its extension, or by any other text for who is outside."""

    def __init__(self, site: Site = SITE, at: float = START) -> None:
        self.site = site
        self.now = at
        self.board = Board(PBX, site)
        self.events: list[PbxEvent] = []
        self.told: list[CallEvent] = []
        self.calls: dict[CallId, Call] = {}
        self._bridges: dict[str, str] = {}

    def later(self, seconds: float) -> Self:
        """Let time go by."""
        self.now += seconds
        return self

    def says(self, kind: Callable[..., PbxEvent], /, **fields: Any) -> Self:
        """Say an event of this kind, now."""
        return self.hear(kind(at=self.now, **fields))

    def hear(self, event: PbxEvent) -> Self:
        step = self.board.apply(event)
        self.events.append(event)
        self.told += step.events
        self.calls |= {call.call_id: call for call in step.calls}
        return self

    # Legs

    def comes_in(self, leg: str = "caller", number: str | None = CALLER, to: str = DNIS, **more: Any) -> Self:
        """Somebody outside calls."""
        return self.creates(leg, "PJSIP/carrier", LegRole.ORIGINATING, leg, number=number, dialled=to, **more)

    def phones(self, extension: str, to: str | None, **more: Any) -> Self:
        """A telephone of the site calls."""
        return self.creates(extension, f"PJSIP/{extension}", LegRole.ORIGINATING, extension, number=extension, dialled=to, **more)

    def dials(self, leg: str, by: str | None = "caller", device: str | None = None, number: str | None = None) -> Self:
        """The PBX calls a telephone, which does not ring yet; without ``by`` it does so on its own account."""
        root = leg if by is None else by
        self.creates(leg, device or f"PJSIP/{leg}", LegRole.TERMINATING, root, number=None)
        return self.says(LegDialled, leg=None if by is None else LegId(by), target=LegId(leg), number=number)

    def rings(self, leg: str, by: str | None = "caller", **more: Any) -> Self:
        return self.dials(leg, by, **more).says(LegAlerting, leg=LegId(leg))

    def helper(self, leg: str, root: str) -> Self:
        """Half of a pipe inside the PBX."""
        return self.creates(leg, f"Local/{leg}", LegRole.HELPER, root)

    def creates(self, leg: str, device: str, role: LegRole, root: str, **more: Any) -> Self:
        fields = {"name": f"{device}-{leg}", "number": None, "display": None, "dialled": None, "place": None} | more
        return self.says(LegCreated, leg=LegId(leg), device=device, role=role, root=LegId(root), **fields)

    def connects(self, *legs: str) -> Self:
        for leg in legs:
            self.says(LegConnected, leg=LegId(leg))
        return self

    def bridges(self, *legs: str, bridge: str = "bridge", kind: BridgeKind = BridgeKind.TALK) -> Self:
        for leg in legs:
            self._bridges[leg] = bridge
            self.says(LegBridged, leg=LegId(leg), bridge=BridgeId(bridge), kind=kind, replaced=None)
        return self

    def bridge_of(self, leg: str) -> BridgeId | None:
        """Return the bridge that a leg is in."""
        bridge = self._bridges.get(leg)
        return None if bridge is None else BridgeId(bridge)

    def leaves(self, *legs: str) -> Self:
        """Each leg leaves the bridge that it is in."""
        for leg in legs:
            if leg in self._bridges:
                self.says(LegUnbridged, leg=LegId(leg), bridge=BridgeId(self._bridges.pop(leg)))
        return self

    def answers(self, leg: str, by: str = "caller", bridge: str = "bridge") -> Self:
        """Who is called answers, and the two talk."""
        self.connects(leg)
        self.dial_ends(leg, DialResult.ANSWERED, by=by)
        return self.connects(by).bridges(leg, by, bridge=bridge)

    def dial_ends(self, leg: str, result: DialResult, by: str | None = "caller", to: str | None = None) -> Self:
        return self.says(DialEnded, leg=by, target=LegId(leg), result=result, forwarded_to=to)

    def clears(self, *legs: str, cause: int = 16, sip: int = 0) -> Self:
        """The legs are gone, without anybody having asked for it."""
        for leg in legs:
            self.leaves(leg).says(LegCleared, leg=LegId(leg), cause=cause, sip=sip)
        return self

    def refuses(
        self, leg: str, cause: int, sip: int = 0, result: DialResult = DialResult.BUSY, by: str | None = "caller"
    ) -> Self:
        """Who is called does not want to, or cannot be reached."""
        self.says(ReleaseRequested, leg=LegId(leg), by_party=True, cause=cause, sip=sip)
        return self.dial_ends(leg, result, by=by).clears(leg, cause=cause, sip=sip)

    def hangs_up(self, leg: str, *others: str) -> Self:
        """A party hangs up; the PBX then clears the others."""
        self.says(ReleaseRequested, leg=LegId(leg), by_party=True, cause=16, sip=0)
        return self.clears(leg, *others)

    # What a PBX does with calls

    def queues(self, queue: str, leg: str = "caller") -> Self:
        return self.says(QueueJoined, leg=LegId(leg), queue=QueueName(queue))

    def leaves_queue(self, queue: str, result: QueueResult, leg: str = "caller") -> Self:
        return self.says(QueueLeft, leg=LegId(leg), queue=QueueName(queue), result=result)

    def transfers(self, kind: TransferKind, by: str | None, to: str | None = None, **more: Any) -> Self:
        fields = {"consult": None, "transferee": LegId("caller"), "target": None} | more
        return self.says(LegTransferred, kind=kind, by=by, to=to, **fields)

    def loses_sight(self, seconds: float) -> Self:
        """The connection is away for this time; what the snapshot lists is up to the test."""
        return self.says(ConnectionLost).later(seconds).says(ConnectionMade)

    def lists(self, leg: str, device: str, role: LegRole = LegRole.ORIGINATING, **more: Any) -> Self:
        """A snapshot lists a leg, as connected unless said otherwise."""
        fields = {
            "name": f"{device}-{leg}",
            "root": LegId(leg),
            "number": None,
            "display": None,
            "dialled": None,
            "place": None,
            "age_s": 0.0,
            "connected": True,
            "alerting": False,
            "bridge": None,
        } | more
        return self.says(LegSeen, leg=LegId(leg), device=device, role=role, **fields)

    # What became of it

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all calls by their beginnings, those merged into others left out."""
        calls = sorted(self.calls.values(), key=lambda call: (call.began_at, call.call_id))
        return [record_of(call, self.site) for call in calls if call.merged_into is None]

    def record(self) -> dict[str, Any]:
        """Return the record of the only call."""
        (record,) = self.records()
        return record

    def call(self) -> Call:
        """Return the only call as it is now."""
        (call,) = [call for call in self.calls.values() if call.merged_into is None]
        return call

    def kinds(self) -> list[str]:
        """Return the types of all that was told, in order."""
        return [event.type for event in self.told]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """Return what the events of one type said."""
        return [event.data for event in self.told if event.type == kind]
