"""What the API says of a recording, as types."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.api.records import Seconds, Time
from gateway.model.recordings import Play, Recording, RecordingState
from gateway.model.times import rfc3339


class RecordingView(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a PBX made of a call."""

    recording_id: str
    call_id: str
    pbx: str
    file: Annotated[str, Meta(description="As the PBX named it.")]
    began_at: Time
    state: Annotated[
        RecordingState,
        Meta(
            description="`expected` while its call goes on; `waiting` to be fetched, and `problem` says why it was not yet; "
            "`available`; `failed` when it was given up; `deleted`."
        ),
    ]
    problem: Annotated[str | None, Meta(description="For a person: why it is not here.")]
    attempts: int
    next_attempt_at: Time | None
    audio: Annotated[str | None, Meta(description="Where its sound is; null while there is none.")]
    media_type: Annotated[str | None, Meta(description="Of the file as the PBX wrote it.")]
    encoding: str | None
    channels: int | None
    duration_s: Seconds | None
    size: Annotated[int | None, Meta(description="Bytes of the file as the PBX wrote it.")]
    sha256: Annotated[str | None, Meta(description="Of the file as the PBX wrote it.")]
    warning: Annotated[str | None, Meta(description="For a person: what is odd about it.")]
    fetched_at: Time | None
    deleted_at: Time | None
    deleted_by: str | None
    version: int


class CallRecordings(msgspec.Struct, frozen=True, kw_only=True):
    """A call's recordings, the first one first."""

    recordings: list[RecordingView]


class RecordingList(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings, the last one first."""

    recordings: list[RecordingView]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]


class PlayView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was given the sound, or a part of it."""

    at: Time
    principal_id: str
    principal: str
    address: str
    range: Annotated[str | None, Meta(description="The bytes that were asked for; null for all.")]


class PlayList(msgspec.Struct, frozen=True, kw_only=True):
    """Who heard a recording, the first one first."""

    plays: list[PlayView]


def recording_view(recording: Recording) -> RecordingView:
    """Return what is told of a recording."""
    sound = recording.sound
    available = recording.state is RecordingState.AVAILABLE
    return RecordingView(
        recording_id=recording.id,
        call_id=recording.call_id,
        pbx=recording.pbx,
        file=recording.file,
        began_at=rfc3339(recording.began_at),
        state=recording.state,
        problem=recording.problem,
        attempts=recording.attempts,
        next_attempt_at=_time(recording.due_at) if recording.state is RecordingState.WAITING else None,
        audio=f"/api/v1/recordings/{recording.id}/audio" if available else None,
        media_type=None if sound is None else sound.media_type,
        encoding=None if sound is None else sound.encoding,
        channels=None if sound is None else sound.channels,
        duration_s=None if sound is None or sound.duration_s is None else round(sound.duration_s, 3),
        size=recording.size,
        sha256=recording.sha256,
        warning=recording.warning,
        fetched_at=_time(recording.fetched_at),
        deleted_at=_time(recording.deleted_at),
        deleted_by=recording.deleted_by,
        version=recording.version,
    )


def play_view(play: Play) -> PlayView:
    """Return what is told of one hearing."""
    return PlayView(
        at=rfc3339(play.at),
        principal_id=play.principal_id,
        principal=play.principal,
        address=play.address,
        range=play.asked or None,
    )


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)
