"""What the world is told of recordings: ``recording.available`` and ``recording.failed``."""

from typing import Final

from gateway.model.recordings import Recording, RecordingState
from gateway.session.committer import Message

TOPIC: Final = "recording"


def message_of(recording: Recording, at: float) -> Message:
    """Return the event that tells this version of a recording; somebody may hear it twice, and knows it by its version."""
    data = {"recording_id": recording.id, "version": recording.version, "file": recording.file}
    if recording.state is RecordingState.FAILED:
        data |= {"problem": recording.problem, "attempts": recording.attempts}
    else:
        sound = recording.sound
        data |= {
            "size": recording.size,
            "duration_s": None if sound is None else sound.duration_s,
            "sha256": recording.sha256,
            "warning": recording.warning,
        }
    return Message(
        id=None,
        type=f"{TOPIC}.{'failed' if recording.state is RecordingState.FAILED else 'available'}",
        at=at,
        tenant=recording.tenant,
        pbx=recording.pbx,
        call_id=recording.call_id,
        data=data,
    )
