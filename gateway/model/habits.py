"""How a PBX treats calls as a rule, learnt from those that were heard: for calls that only its CDR tells of."""

from typing import Final

from gateway.model.calls import Call
from gateway.model.details import device_of, dialled_of
from gateway.model.events import LegConnected, LegCreated
from gateway.model.reports import CallDetail
from gateway.model.terms import LegRole

MAX_HABITS: Final = 10_000
"""Of each kind; a site has one for each trunk and for each of its numbers."""


class Habits:
    """What was seen of one PBX so far."""

    def __init__(self) -> None:
        self._arrivals: dict[str, set[str]] = {}
        self._answered: set[tuple[str, str]] = set()

    def leg_created(self, event: LegCreated) -> None:
        """Learn where in the dial plan calls of a device come in."""
        if event.role is LegRole.ORIGINATING and event.dialled and event.place and len(self._arrivals) < MAX_HABITS:
            self._arrivals.setdefault(event.device, set()).add(event.place)

    def leg_connected(self, call: Call, event: LegConnected) -> None:
        """Learn which numbers the PBX itself answers, before it calls anybody."""
        caller = call.caller
        if caller is None or caller.id != event.leg or caller.dialled is None or len(self._answered) >= MAX_HABITS:
            return
        if all(leg.connected_at is None for leg in call.legs.values()):
            self._answered.add((caller.device, caller.dialled))

    def answers_itself(self, detail: CallDetail) -> bool:
        """Tell whether the PBX is known to answer such a call itself: its billed seconds are more than talk then."""
        return (device_of(detail.leg_name), detail.destination) in self._answered

    def dialled(self, detail: CallDetail) -> str | None:
        """Return the number that the caller dialled; None where the dial plan had gone on to another one."""
        places = self._arrivals.get(device_of(detail.leg_name))
        if detail.place and places is not None and detail.place not in places:
            return None
        return dialled_of(detail)
