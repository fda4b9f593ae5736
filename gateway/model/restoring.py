"""Where the legs of kept calls are: what a board that takes them over must know, read from the calls themselves."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.model.calls import Call
from gateway.model.ended import EndedCalls
from gateway.model.ids import CallId, LegId
from gateway.model.legs import Leg
from gateway.model.members import Members


class Places(NamedTuple):
    """A board's tables; see :class:`gateway.model.board.Board`."""

    live: dict[CallId, Call]
    ended: EndedCalls
    call_of: dict[LegId, CallId]
    members: Members
    consulting: dict[LegId, CallId]


def places_of(calls: Iterable[Call]) -> Places:
    """Return the tables for these calls, live ones and those that ended lately."""
    places = Places({}, EndedCalls(), {}, Members(), {})
    for call in sorted(calls, key=lambda call: (call.changed_at, call.call_id)):
        if call.ended or call.merged_into is not None:
            places.call_of.update(dict.fromkeys(call.legs, call.merged_into or call.call_id))
            for forgotten in places.ended.add(call, call.changed_at):
                for leg_id in forgotten.legs:
                    places.call_of.pop(leg_id, None)
        else:
            places.live[call.call_id] = call
    for call in places.live.values():
        for leg in call.legs.values():
            _place(places, call, leg)
    return places


def _place(places: Places, call: Call, leg: Leg) -> None:
    if leg.is_live and leg.bridge is not None:
        places.members.join(leg.id, leg.bridge)
    other = places.live.get(places.call_of.get(leg.id, CallId("")))
    twice = None if other is None else other.legs.get(leg.id)
    if other is None or other is call or twice is None or not twice.is_live:
        places.call_of[leg.id] = call.call_id
    elif leg.is_live:
        # Live in two calls: it consults by feature code, in the later one.
        main, second = (call, other) if leg.created_at < twice.created_at else (other, call)
        places.call_of[leg.id], places.consulting[leg.id] = main.call_id, second.call_id
