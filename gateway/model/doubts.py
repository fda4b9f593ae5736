"""Legs that were known before the connection, until its snapshot has said which of them still live."""

from collections.abc import Iterable
from typing import Final

from gateway.model.events import (
    AgentConnected,
    ConferenceJoined,
    DigitPressed,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegDialled,
    LegHeld,
    LegParked,
    LegPickedUp,
    LegRetrieved,
    LegSeen,
    LegsTwinned,
    LegUnparked,
    MenuEntered,
    PbxEvent,
    QueueJoined,
    ServiceStarted,
)
from gateway.model.ids import LegId

SIGNS_OF_LIFE: Final = frozenset(
    {
        AgentConnected,
        ConferenceJoined,
        DigitPressed,
        LegAlerting,
        LegBridged,
        LegConnected,
        LegDialled,
        LegHeld,
        LegParked,
        LegPickedUp,
        LegRetrieved,
        LegSeen,
        LegsTwinned,
        LegUnparked,
        MenuEntered,
        QueueJoined,
        ServiceStarted,
    }
)
"""Events that only a leg has that is there. Others may come after its end: of a dial that is over, of an agent who is done."""


class Doubts:
    """What a snapshot has still to say."""

    def __init__(self) -> None:
        self._before: frozenset[LegId] = frozenset()
        self._unseen: set[LegId] = set()
        self._cleared: dict[LegId, LegCleared] = {}

    def __len__(self) -> int:
        """How many legs are remembered."""
        return len(self._before | self._cleared.keys())

    def begin(self, legs: Iterable[LegId]) -> None:
        """A connection was made; these legs lived when the PBX was heard last."""
        self._before = frozenset(legs)
        self._unseen = set(self._before - self._cleared.keys())

    def lives(self, leg: LegId, event: PbxEvent) -> None:
        """Take an event as a sign of the leg's life, where it is one."""
        if self._unseen and type(event) in SIGNS_OF_LIFE:
            self._unseen.discard(leg)

    def hold_back(self, event: LegCleared) -> bool:
        """Tell whether this end is to wait for the snapshot.

        A leg that the snapshot will list may be of the same call, which must not be over before that is known.
        """
        if event.leg not in self._before:
            return False
        self._unseen.discard(event.leg)
        self._cleared.setdefault(event.leg, event)
        return True

    def resolve(self) -> tuple[list[LegId], list[LegCleared]]:
        """The snapshot is complete: return the legs that ended unheard, and the ends that waited for it."""
        unheard, cleared = sorted(self._unseen), list(self._cleared.values())
        self._before, self._unseen, self._cleared = frozenset(), set(), {}
        return unheard, cleared
