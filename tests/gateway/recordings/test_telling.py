import msgspec
import pytest
from support.recordings import PBX, SOUND, call_of, recording_of

from gateway.api.event_types import EVENTS
from gateway.model.recordings import RecordingState
from gateway.recordings.telling import message_of


@pytest.mark.parametrize("state", [RecordingState.AVAILABLE, RecordingState.FAILED])
def test_what_is_told_is_what_its_type_says(state: RecordingState) -> None:
    message = message_of(recording_of(1, state=state, version=1, problem="gone"), 5.0)
    (event,) = [event for event in EVENTS if event.name == message.type]
    assert set(message.data) == set(event.data.__struct_fields__)
    msgspec.convert(message.data, event.data)


def test_what_is_here_is_told_with_what_it_is() -> None:
    recording = recording_of(1, state=RecordingState.AVAILABLE, sound=SOUND, size=16_044, sha256="ab", version=2)
    message = message_of(recording, 5.0)
    assert (message.type, message.at, message.pbx, message.call_id) == ("recording.available", 5.0, PBX, call_of(1))
    assert message.data == {
        "recording_id": recording.id,
        "version": 2,
        "file": "q-1.wav",
        "size": 16_044,
        "duration_s": 1.0,
        "sha256": "ab",
        "warning": None,
    }


def test_what_was_given_up_is_told_with_why() -> None:
    message = message_of(recording_of(1, state=RecordingState.FAILED, problem="gone", attempts=9, version=1), 5.0)
    assert (message.type, message.data["problem"], message.data["attempts"]) == ("recording.failed", "gone", 9)
