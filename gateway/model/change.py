"""One change of one call on its way: the copy that handlers write to, and what they tell of it."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import msgspec

from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.ids import CallId, LegId
from gateway.model.legs import Leg
from gateway.model.site import Site


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one event did: the calls as they are now, and what is to be told of it."""

    calls: tuple[Call, ...] = ()
    events: tuple[CallEvent, ...] = ()


NOTHING = Step()


def together(steps: Iterable[Step]) -> Step:
    """Return what several steps did, one after the other: of each call its last state."""
    calls: dict[CallId, Call] = {}
    events: list[CallEvent] = []
    for step in steps:
        calls |= {call.call_id: call for call in step.calls}
        events += step.events
    return Step(calls=tuple(calls.values()), events=tuple(events))


class Change:
    """A copy of a call that handlers may write to, so that the call they were given stays as it was."""

    __slots__ = ("at", "call", "events", "site")

    def __init__(self, call: Call, site: Site, at: float) -> None:
        self.call = copy(call)
        self.call.legs = dict(call.legs)
        self.site = site
        self.at = self.call.changed_at = max(at, call.changed_at)
        self.events: list[CallEvent] = []

    def tell(self, kind: str, /, **data: Any) -> None:
        """Add an event of the call, unless no party's leg exists yet."""
        call = self.call
        if call.published:
            call.seq += 1
            self.events.append(
                CallEvent(
                    id=f"{call.call_id}:{call.seq}",
                    type=kind,
                    at=self.at,
                    pbx=call.pbx,
                    call_id=call.call_id,
                    data=data,
                )
            )

    def set_leg(self, leg: Leg, **changes: Any) -> Leg:
        """Put a leg in with these fields changed, and return it."""
        changed: Leg = msgspec.structs.replace(leg, **changes)
        self.call.legs[leg.id] = changed
        return changed

    def leg(self, leg: LegId) -> Leg | None:
        """Return the leg where it belongs to this call and still lives."""
        found = self.call.legs.get(leg)
        return found if found is not None and found.cleared_at is None else None

    def goes_on(self) -> None:
        """Take note that the PBX does something more for the caller: whoever left before did not end the call."""
        if self.call.release is not None and self.call.release.by == "called":
            self.call.release = None

    def is_near(self, leg: LegId) -> bool:
        """Tell whether what happens on this leg happens to the caller's side.

        Helper legs stand for the caller where a click-to-dial runs through them; once the caller handed the other party over
        and left, whoever stays is the caller's side.
        """
        call = self.call
        if leg == call.caller_leg:
            return True
        caller = call.caller
        if caller is None or caller.transferred:
            return True
        known = call.legs.get(leg)
        return known is not None and not known.is_party and (call.click_to_dial or known.stands_for_caller)

    def step(self, others: Sequence[Call] = ()) -> Step:
        return Step(calls=(self.call, *others), events=tuple(self.events))
