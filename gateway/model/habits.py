"""How a PBX treats calls as a rule, learnt from those that were heard: for calls that only its CDR tells of."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.calls import Call
from gateway.model.details import device_of, dialled_of
from gateway.model.events import LegConnected, LegCreated
from gateway.model.reports import CallDetail
from gateway.model.terms import LegRole

MAX_HABITS: Final = 10_000
"""Of each kind; a site has one for each trunk and for each of its numbers."""
MAX_TEXT: Final = 200
"""Characters of a device, a number or a place; what is longer is nobody's name."""


class HabitKind(StrEnum):
    """What a habit is about."""

    ARRIVES = "arrives"
    """Calls of the device come in at this place of the dial plan."""
    ANSWERED = "answered"
    """The PBX itself answers this number when the device dials it."""


class Habit(msgspec.Struct, frozen=True, order=True):
    """One thing learnt, to be kept."""

    kind: HabitKind
    device: str
    what: str
    """The place, or the number."""


class Habits:
    """What was seen of one PBX so far.

    Args:
        known: What an earlier process learnt.
    """

    def __init__(self, known: Iterable[Habit] = ()) -> None:
        self._known: dict[HabitKind, set[tuple[str, str]]] = {kind: set() for kind in HabitKind}
        self._come_in: set[str] = set()
        self._news: list[Habit] = []
        for habit in known:
            self._learn(habit.kind, habit.device, habit.what)
        self._news.clear()

    def news(self) -> list[Habit]:
        """Return what was learnt since the last time."""
        news, self._news = self._news, []
        return news

    def leg_created(self, event: LegCreated) -> None:
        """Learn where in the dial plan calls of a device come in."""
        if event.role is LegRole.ORIGINATING and event.dialled and event.place:
            self._learn(HabitKind.ARRIVES, event.device, event.place)

    def leg_connected(self, call: Call, event: LegConnected) -> None:
        """Learn which numbers the PBX itself answers, before it calls anybody."""
        caller = call.caller
        if caller is None or caller.id != event.leg or caller.dialled is None:
            return
        if all(leg.connected_at is None for leg in call.legs.values()):
            self._learn(HabitKind.ANSWERED, caller.device, caller.dialled)

    def answers_itself(self, detail: CallDetail) -> bool:
        """Tell whether the PBX is known to answer such a call itself: its billed seconds are more than talk then."""
        return (device_of(detail.leg_name), detail.destination) in self._known[HabitKind.ANSWERED]

    def dialled(self, detail: CallDetail) -> str | None:
        """Return the number that the caller dialled; None where the dial plan had gone on to another one."""
        device = device_of(detail.leg_name)
        if detail.place and device in self._come_in and (device, detail.place) not in self._known[HabitKind.ARRIVES]:
            return None
        return dialled_of(detail)

    def _learn(self, kind: HabitKind, device: str, what: str) -> None:
        known = self._known[kind]
        if (device, what) in known or len(known) >= MAX_HABITS or len(device) > MAX_TEXT or len(what) > MAX_TEXT:
            return
        known.add((device, what))
        if kind is HabitKind.ARRIVES:
            self._come_in.add(device)
        self._news.append(Habit(kind, device, what))
