import msgspec
from support.recordings import BEGAN_AT, SOUND, recording_of

from gateway.api.recording_views import play_view, recording_view
from gateway.model.recordings import Play, RecordingState
from gateway.model.times import rfc3339


def test_what_waits_says_when_it_is_tried_next() -> None:
    waiting = recording_of(1, state=RecordingState.WAITING, due_at=BEGAN_AT + 9, attempts=2, problem="gone")
    view = recording_view(waiting)
    assert (view.next_attempt_at, view.attempts, view.problem) == (rfc3339(BEGAN_AT + 9), 2, "gone")
    assert (view.audio, view.media_type, view.duration_s) == (None, None, None)


def test_what_is_here_says_where_and_what_it_is() -> None:
    here = recording_of(1, state=RecordingState.AVAILABLE, sound=SOUND, size=16_044, due_at=BEGAN_AT, stored_as="secret/key")
    view = recording_view(here)
    assert (view.audio, view.next_attempt_at) == (f"/api/v1/recordings/{here.id}/audio", None)
    assert (view.media_type, view.channels, view.duration_s) == ("audio/wav", 1, 1.0)
    assert "secret" not in msgspec.json.encode(view).decode()


def test_a_hearing_of_all_has_no_range() -> None:
    one = recording_of(1)
    play = Play(recording_id=one.id, call_id=one.call_id, at=BEGAN_AT, principal_id="t", principal="Ana", address="::1", asked="")
    assert (play_view(play).range, play_view(play).at) == (None, rfc3339(BEGAN_AT))
