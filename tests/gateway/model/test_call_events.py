import re
from typing import Final

import msgspec
from support.building import Story
from support.replaying import asterisk_captures, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.call_events import CallEvent

TYPE: Final = re.compile(r"(call|queue)\.[a-z]+(_[a-z]+)*")


def told() -> list[CallEvent]:
    return [event for folder in asterisk_captures()[::4] for event in run(pbx_events(folder), site_of(folder))[1]]


def test_types_are_dotted_words_of_calls_and_queues() -> None:
    assert [event.type for event in told() if not TYPE.fullmatch(event.type)] == []


def test_an_event_is_named_by_its_call_and_its_number_in_it() -> None:
    story = Story().comes_in().clears("caller")
    (call,) = story.calls.values()
    assert [event.id for event in story.told] == [f"{call.call_id}:1", f"{call.call_id}:2"]
    assert {event.call_id for event in story.told} == {call.call_id}


def test_an_event_can_be_written_down_as_json() -> None:
    events = told()
    assert len(msgspec.json.decode(msgspec.json.encode(events))) == len(events)
