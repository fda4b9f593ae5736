"""Plays recorded events through the model: what live traffic would have told of them, without a clock."""

from collections.abc import Iterable, Iterator

from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.events import PbxEvent
from gateway.model.ids import CallId


def calls_of(board: Board, events: Iterable[PbxEvent]) -> list[Call]:
    """Return the calls of a recording as they are at its end, by their beginnings; merged ones are part of others."""
    last: dict[CallId, Call] = {}
    for event in events:
        for call in board.apply(event).calls:
            last[call.call_id] = call
    return sorted((call for call in last.values() if call.merged_into is None), key=lambda call: (call.began_at, call.call_id))


def told_of(board: Board, events: Iterable[PbxEvent]) -> Iterator[CallEvent]:
    """Yield what is told of the calls, in order."""
    for event in events:
        yield from board.apply(event).events
