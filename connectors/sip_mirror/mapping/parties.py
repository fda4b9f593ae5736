"""Who is in a call with whom, put together from what each telephone's lamp tells.

A lamp knows its own telephone. Its caller is told by number while it rings; who is not watched, such as an outside caller, is
known by that alone. When a telephone's dialog ends, the calls that it was in end, unless somebody goes on within
:data:`SETTLED_S`: then it has handed them over. What happened meanwhile is told late, with the time at which it happened.
"""

from typing import Final

import msgspec

from gateway.model.events import (
    DialEnded,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegDialled,
    LegHeld,
    LegRetrieved,
    LegSeen,
    LegTransferred,
    LegUnbridged,
    PbxEvent,
    ReleaseRequested,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind, DialResult, LegRole, TransferKind

HANDED_OVER_S: Final = 0.5
"""Seconds after one telephone's end within which another rings for the same caller when he was handed over, or goes through
a group: who calls again takes longer."""
SETTLED_S: Final = 1.0
"""Seconds after a telephone's end in which others show whether they go on without it. An Asterisk takes 5 ms."""
TOGETHER_S: Final = 1.0
"""Seconds within which telephones begin to ring for one caller, when all of a group ring."""
_BUSY_CODES: Final = frozenset({486, 600})
Key = tuple[str, str]
"""A telephone and the id of one of its dialogs."""


class Party(msgspec.Struct, kw_only=True, eq=False):
    """One side of a call."""

    leg: LegId
    root: LegId
    name: str
    number: str
    display: str
    dialled: str
    outgoing: bool
    """It called; else it was called."""
    watched: bool
    """It is a telephone whose lamp we see."""
    began_at: float
    key: Key | None = None
    """The dialog that tells of it; None while none does."""
    ringing: bool = False
    connected: bool = False
    caller: "Party | None" = None
    """For whom it was called."""
    peer: "Party | None" = None
    """Who hears it, or did last."""
    bridge: BridgeId | None = None
    left_at: float | None = None
    """When its dialog ended, or its last one was gone; what that means is not settled yet."""
    held: bool = False
    has_called: bool = False
    """Something rang for it."""
    fate_untold: bool = False
    """Nothing tells why it ended."""

    @property
    def is_free(self) -> bool:
        """Tell whether nobody hears it."""
        return self.left_at is None and (self.peer is None or self.peer.left_at is not None)


class Parties:
    """All sides of all calls; what happens to them becomes events, which :meth:`take` gives."""

    def __init__(self) -> None:
        self._live: dict[LegId, Party] = {}
        self._events: list[PbxEvent] = []
        self._serial = 0
        self.quiet = False
        """During a snapshot nothing is told: at its end everybody is listed."""

    def take(self) -> list[PbxEvent]:
        """Return what has come of it since the last time."""
        events, self._events = self._events, []
        return events

    @property
    def due(self) -> float | None:
        """When something is settled; None where nothing is open."""
        return min((each.left_at + SETTLED_S for each in self._live.values() if each.left_at is not None), default=None)

    def of(self, key: Key) -> list[Party]:
        """Return who is told of by this dialog and has not left."""
        return [each for each in self._live.values() if each.key == key and each.left_at is None]

    def keys(self, extension: str) -> set[Key]:
        """Return the dialogs of a telephone that tell of somebody."""
        return {each.key for each in self._live.values() if each.key is not None and each.key[0] == extension}

    def seen(self, at: float) -> list[PbxEvent]:
        """Return everybody as a snapshot lists them."""
        return [
            LegSeen(
                at=at,
                leg=each.leg,
                name=each.name,
                device=_device(each),
                role=_role(each),
                root=each.root,
                number=each.number or None,
                display=each.display or None,
                dialled=each.dialled or None,
                place=None,
                age_s=max(at - each.began_at, 0.0),
                connected=each.connected,
                alerting=each.ringing,
                bridge=each.bridge,
            )
            for each in self._live.values()
            if each.left_at is None
        ]

    def _tell(self, *events: PbxEvent) -> None:
        if not self.quiet:
            self._events += events

    def originate(self, key: Key | None, number: str, display: str, dialled: str, at: float, leg: str = "") -> Party:
        """A telephone calls; perhaps whom it calls told of it before."""
        expected = [each for each in self._live.values() if each.key is None and each.number == number and each.watched]
        if key is not None and expected:
            expected[0].key = key
            return expected[0]
        party = self._new(number, display, dialled, at, leg, outgoing=True, watched=True)
        party.key = key
        self._created(party, at)
        return party

    def _new(self, number: str, display: str, dialled: str, at: float, leg: str, *, outgoing: bool, watched: bool) -> Party:
        self._serial += 1
        own = LegId(leg or f"{number or 'anonymous'}@{at:.3f}.{self._serial}")
        party = Party(
            leg=own,
            root=own,
            name=f"SIP/{number or 'anonymous'}-{self._serial:08x}",
            number=number,
            display=display,
            dialled=dialled,
            outgoing=outgoing,
            watched=watched,
            began_at=at,
        )
        self._live[own] = party
        return party

    def _created(self, party: Party, at: float) -> None:
        self._tell(
            LegCreated(
                at=at,
                leg=party.leg,
                name=party.name,
                device=_device(party),
                role=_role(party),
                root=party.root,
                number=party.number or None,
                display=party.display or None,
                dialled=party.dialled or None,
                place=None,
            )
        )

    def caller_of(self, called: str, number: str, display: str, at: float, *, watched: bool, key: Key | None) -> Party:
        """Return who calls a telephone that begins to ring: somebody we know, or a new one.

        Args:
            called: The telephone's number.
            number: The caller's; empty where he withholds it.
            display: His name.
            at: Now.
            watched: He has a lamp that we see.
            key: The dialog under which a telephone that has one for all its calls tells of this one too.
        """
        for each in self._live.values():
            if number and each.number == number and each.watched is watched and not each.ringing and self._may_call(each, at):
                return each
        party = self._new(number, display, called, at, "", outgoing=True, watched=watched)
        party.key = key
        self._created(party, at)
        return party

    def _may_call(self, party: Party, at: float) -> bool:
        """Tell whether this may be whom a telephone rings for now: he hears nobody."""
        if party.peer is None and party.left_at is not None and not party.watched:
            # Nothing rings for him any more, and now something does again.
            return at - party.left_at <= HANDED_OVER_S
        if not party.is_free or (party.peer is not None and at - (party.peer.left_at or at) > HANDED_OVER_S):
            return False
        if party.watched:
            return True
        rings = [each for each in self._live.values() if each.caller is party and each.ringing]
        return all(at - each.began_at <= TOGETHER_S for each in rings)

    def ring(self, key: Key | None, number: str, display: str, caller: Party, at: float, leg: str = "") -> Party:
        """A telephone is called for somebody; who was handed over by another is told to be so."""
        if not caller.watched:
            caller.left_at = None
        left = caller.peer
        if left is not None and left.left_at is not None:
            self._tell(
                LegTransferred(
                    at=at, kind=TransferKind.BLIND, by=left.leg, consult=None, transferee=caller.leg, target=None, to=number
                )
            )
            self._part(caller, left.left_at)
            self._clear(left, left.left_at)
        caller.has_called = True
        party = self._new(number, display, "", at, leg, outgoing=False, watched=key is not None)
        party.key, party.caller, party.root, party.ringing = key, caller, caller.root, True
        self._created(party, at)
        sent_out = None if party.watched else number
        self._tell(LegDialled(at=at, leg=caller.leg, target=party.leg, number=sent_out), LegAlerting(at=at, leg=party.leg))
        return party

    def answer(self, party: Party, at: float) -> None:
        """A telephone that rang was answered."""
        caller = party.caller
        party.ringing, party.connected = False, True
        if caller is not None and not caller.connected:
            caller.connected = True
            self._tell(LegConnected(at=at, leg=caller.leg))
        self._tell(
            DialEnded(
                at=at,
                leg=None if caller is None else caller.leg,
                target=party.leg,
                result=DialResult.ANSWERED,
                forwarded_to=None,
            ),
            LegConnected(at=at, leg=party.leg),
        )
        if caller is not None and caller.is_free:
            self._join(caller, party, at)

    def _join(self, one: Party, other: Party, at: float) -> None:
        one.peer, other.peer = other, one
        one.bridge = other.bridge = BridgeId(f"{one.leg}+{other.leg}")
        for each in (one, other):
            self._tell(LegBridged(at=at, leg=each.leg, bridge=one.bridge, kind=BridgeKind.TALK, replaced=None))

    def hold(self, party: Party, held: bool, at: float) -> None:
        """This party puts the other on hold, or talks again."""
        if party.held is not held:
            party.held = held
            self._tell(LegHeld(at=at, leg=party.leg, by_feature=False) if held else LegRetrieved(at=at, leg=party.leg))

    def end(self, party: Party, at: float, event: str = "", code: int = 0) -> None:
        """A dialog is over; ``event`` and ``code`` are the PBX's reason, where it gives one."""
        if party.left_at is not None:
            return
        party.left_at = at
        party.fate_untold = not event and not code
        # Of who has no lamp nothing else tells.
        for lampless in (party.caller, party.peer):
            if lampless is not None and lampless.key is None:
                lampless.fate_untold = party.fate_untold
        if event == "remote-bye" and party.peer is not None:
            self._released(party.peer, at, 0)
        elif event == "cancelled" and (caller := party if party.outgoing else party.caller) is not None:
            self._released(caller, at, 0)
        elif event in ("local-bye", "rejected") or (code and not party.outgoing and not party.connected):
            self._released(party, at, code)
        peer = party.peer
        if party.ringing:
            self._stop_ringing(party, at, event, code)
        elif peer is not None and peer.left_at is not None:
            # Both sides are gone: there is nothing to wait for.
            self._finish(party)
            self._finish(peer)
        elif peer is None and not self._called_by(party):
            self._clear(party, at)

    def _released(self, party: Party, at: float, code: int) -> None:
        self._tell(ReleaseRequested(at=at, leg=party.leg, by_party=True, cause=0, sip=code))

    def _stop_ringing(self, party: Party, at: float, event: str, code: int) -> None:
        caller = party.caller
        over = event == "cancelled" or caller is None or caller.connected or caller.left_at is not None
        result = DialResult.BUSY if code in _BUSY_CODES else DialResult.CANCELLED if over else DialResult.NO_ANSWER
        self._tell(
            DialEnded(at=at, leg=None if caller is None else caller.leg, target=party.leg, result=result, forwarded_to=None)
        )
        self._clear(party, at, code)
        if caller is not None and caller.is_free and not self._called_by(caller) and caller.key is None:
            caller.left_at = at
        elif caller is not None and caller.left_at is not None and caller.peer is None and not self._called_by(caller):
            self._clear(caller, caller.left_at)

    def far_ends(self, party: Party) -> list[Party]:
        """Return whom a telephone called that have no lamp of their own: its dialog tells of them."""
        return [each for each in self._live.values() if each.caller is party and each.key is None and each.left_at is None]

    def _called_by(self, party: Party) -> list[Party]:
        return [each for each in self._live.values() if each.caller is party and each.ringing]

    def _part(self, party: Party, at: float) -> None:
        """Take a party and its peer out of what they were in."""
        peer = party.peer
        for each in (party, peer):
            if each is not None and each.bridge is not None and each.bridge == party.bridge:
                self._tell(LegUnbridged(at=at, leg=each.leg, bridge=each.bridge))
        if peer is not None and peer.bridge == party.bridge:
            peer.bridge, peer.peer = None, None
        party.bridge, party.peer = None, None

    def _clear(self, party: Party, at: float, code: int = 0) -> None:
        if self._live.pop(party.leg, None) is not None:
            self._tell(LegCleared(at=at, leg=party.leg, cause=0, sip=code, fate_untold=party.fate_untold))

    def _finish(self, party: Party) -> None:
        at = party.began_at if party.left_at is None else party.left_at
        self._part(party, at)
        self._clear(party, at)

    def settle(self, at: float) -> None:
        """Take what has been open for long enough as what it looks like."""
        while True:
            open_ = [each for each in self._live.values() if each.left_at is not None and each.left_at + SETTLED_S <= at]
            if not open_:
                return
            party = min(open_, key=lambda each: each.left_at or 0.0)
            if not self._handed_over(party):
                self._gone(party)

    def _gone(self, party: Party) -> None:
        peer, at = party.peer, party.left_at or 0.0
        self._finish(party)
        if peer is not None and peer.left_at is None and peer.key is None:
            # Of who is not watched we hear nothing more.
            self._clear(peer, at)

    def _handed_over(self, party: Party) -> bool:
        """Join those whom a telephone left in two calls, if both go on without it."""
        at = party.left_at or 0.0
        others = [
            each
            for each in self._live.values()
            if each is not party and each.number == party.number and each.left_at is not None and each.watched
        ]
        for other in others:
            first, second = sorted((party, other), key=lambda each: (each.began_at, each.leg))
            kept = first.peer
            ringing = self._called_by(second)
            target = second.peer if second.peer is not None else ringing[0] if ringing else None
            if kept is None or kept.left_at is not None or target is None or target.left_at is not None:
                continue
            if target.key is None and kept.key is None:
                continue  # nobody tells that they go on
            self._tell(
                LegTransferred(
                    at=at,
                    kind=TransferKind.ATTENDED if target.connected else TransferKind.BLONDE,
                    by=first.leg,
                    consult=second.leg,
                    transferee=kept.leg,
                    target=target.leg,
                    to=target.number,
                )
            )
            for gone in (first, second):
                self._part(gone, at)
                self._clear(gone, at)
            target.caller = kept
            if target.connected:
                self._join(kept, target, at)
            return True
        return False


def _device(party: Party) -> str:
    return f"SIP/{party.number or 'anonymous'}"


def _role(party: Party) -> LegRole:
    return LegRole.ORIGINATING if party.outgoing else LegRole.TERMINATING
