import inspect
from typing import Final, get_args

import msgspec
import pytest
from support.replaying import asterisk_captures, pbx_events

from gateway.model import board, events, reducer, reports
from gateway.model.events import (
    ConnectionLost,
    ConnectionMade,
    ConsultationStarted,
    LegPickedUp,
    LegSeen,
    PbxEvent,
    PbxStopped,
    QueueEntrySeen,
    SnapshotDone,
)
from gateway.model.ids import LegId
from gateway.model.reports import (
    AgentLoggedIn,
    AgentLoggedOut,
    CallDetail,
    DeviceChanged,
    MailboxChanged,
    MemberChanged,
    QueueSeen,
    QueuesListed,
)

KINDS: Final = get_args(PbxEvent)
MODULE_CLASSES: Final = [kind for module in (events, reports) for _, kind in inspect.getmembers(module, inspect.isclass)]


def test_the_union_holds_every_event_that_there_is() -> None:
    assert set(KINDS) == {kind for kind in MODULE_CLASSES if issubclass(kind, reports.Event)} - {reports.Event}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_is_a_value_with_a_time_and_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    assert fields["at"].type is float
    assert fields["at"].required
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.tag == kind.__name__


def test_events_survive_being_written_down() -> None:
    heard = [event for folder in asterisk_captures()[:40] for event in pbx_events(folder)[:400]]
    decoder = msgspec.json.Decoder(list[PbxEvent])
    assert decoder.decode(msgspec.json.encode(heard)) == heard
    assert len({type(event) for event in heard}) > 20


def test_no_event_is_made_of_anything_mutable() -> None:
    heard = [event for folder in asterisk_captures()[:40] for event in pbx_events(folder)[:400]]
    assert all(isinstance(hash(event), int) for event in heard)


BOARD_ONLY: Final = {
    ConnectionMade,
    ConnectionLost,
    ConsultationStarted,
    LegSeen,
    QueueEntrySeen,
    SnapshotDone,
    CallDetail,
}
"""Work on the board: they touch several calls, or make one."""
NOT_OF_CALLS: Final = {
    QueueSeen,
    MemberChanged,
    QueuesListed,
    AgentLoggedIn,
    AgentLoggedOut,
    DeviceChanged,
    MailboxChanged,
    PbxStopped,
}
"""Say nothing of a call: the session's books of queues, members, devices and mailboxes take them."""


HANDLED: Final = set(reducer._HANDLERS)
ROUTED: Final = set(board._ROUTES)


def test_every_event_is_handled_or_is_not_of_calls() -> None:
    handled = HANDLED | ROUTED
    assert handled | NOT_OF_CALLS == set(KINDS)
    assert not handled & NOT_OF_CALLS


def test_what_works_on_one_call_is_handled_by_the_reducer() -> None:
    assert set(KINDS) - BOARD_ONLY - NOT_OF_CALLS == HANDLED


def test_what_joins_calls_is_routed_by_the_board_first() -> None:
    names_two_legs = {
        kind for kind in KINDS if sum(_names_a_leg(field.type) for field in msgspec.structs.fields(kind)) > 1
    } - NOT_OF_CALLS
    # Who dials for whom, and which leg is an agent's, is no reason to join two.
    assert {kind.__name__ for kind in names_two_legs - ROUTED} <= {"DialEnded", "AgentConnected"}
    assert LegPickedUp in ROUTED


def _names_a_leg(hint: object) -> bool:
    return hint is LegId or LegId in get_args(hint)
