"""Recordings of calls: what is known of each, and what changes it. Decides without I/O, clock or chance.

A recording is known from the moment the PBX names its file; it is fetched once its call has ended.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final, NewType

import msgspec

from gateway.model.errors import RecordingRefusedError
from gateway.model.ids import TAIL_BYTES, CallId, PbxName, Tenant, ulid

RecordingId = NewType("RecordingId", str)
"""A ULID of the call's time; the same however often the PBX names the file."""

FIRST_RETRY_S: Final = 5.0
MAX_RETRY_S: Final = 3_600.0
"""Seconds between attempts to fetch: from the one, doubled each time, to the other."""
SOURCE_RETRY_S: Final = 120.0
"""Seconds after which it is tried again when its source as a whole failed."""
LEAST_FETCH_S: Final = 1.0
"""Seconds after the call's end in which the PBX finishes its file."""
TOLERANCE_S: Final = 5.0
"""Seconds by which a recording may be longer than its call, or shorter than half its talk, before somebody is warned."""
_TIME_CHARACTERS: Final = 10


class RecordingState(StrEnum):
    """How far it is."""

    EXPECTED = "expected"
    """The PBX has named it; its call goes on."""
    WAITING = "waiting"
    """To be fetched; ``problem`` says why it was not yet."""
    AVAILABLE = "available"
    FAILED = "failed"
    """Given up; ``problem`` says why."""
    DELETED = "deleted"
    """It was here, and is kept no longer."""


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds, by its own account."""

    media_type: str
    encoding: str
    """``pcm16 pcm8 ulaw alaw gsm g722 mp3 ogg``, or ``other``."""
    rate_hz: int | None = None
    channels: int | None = None
    data_at: int = 0
    """Bytes before the sound."""
    data_bytes: int = 0
    duration_s: float | None = None
    """None where only decoding would tell."""
    unfinished: str | None = None
    """Why the file is not whole: it may still be written."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a PBX made of a call. Times are seconds since the epoch."""

    id: RecordingId
    tenant: Tenant
    pbx: PbxName
    call_id: CallId
    file: str
    """As the PBX named it."""
    began_at: float
    state: RecordingState = RecordingState.EXPECTED
    wanted_since: float | None = None
    """Since when it is tried, for giving it up."""
    due_at: float | None = None
    attempts: int = 0
    problem: str | None = None
    """For a person: why it is not here."""
    sound: Sound | None = None
    size: int | None = None
    sha256: str | None = None
    warning: str | None = None
    """For a person: what is odd about what was fetched."""
    fetched_at: float | None = None
    stored_as: str | None = None
    """Its key in the storage; None where nothing of it is there."""
    deleted_at: float | None = None
    deleted_by: str | None = None
    """Who: a principal's name, or ``retention``."""
    version: int = 0
    """Counts what was told of it."""
    told: bool = True
    """The world has heard of this version."""


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was given the sound, or a part of it."""

    recording_id: RecordingId
    call_id: CallId
    at: float
    principal_id: str
    principal: str
    """His name then."""
    address: str
    """Where the request came from."""
    asked: str
    """The range of bytes that was asked for; empty for all."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The PBX says that it records a call into this file."""

    tenant: Tenant
    pbx: PbxName
    call_id: CallId
    file: str
    at: float


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A call has ended."""

    call_id: CallId
    at: float


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The PBX said more of a call that had ended."""

    call_id: CallId
    at: float


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A call became part of another."""

    gone: CallId
    into: CallId


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The world has heard of this version of a recording."""

    call_id: CallId
    recording_id: RecordingId
    version: int


News = Named | Ended | Corrected | Merged | Heard


def calls_of(news: Iterable[News]) -> set[CallId]:
    """Return the calls whose recordings these change."""
    found: set[CallId] = set()
    for each in news:
        found |= {each.gone, each.into} if isinstance(each, Merged) else {each.call_id}
    return found


def follow(known: Iterable[Recording], news: Iterable[News]) -> list[Recording]:
    """Return the recordings that are new or changed by what happened, in order; the same news twice changes nothing more."""
    now = {recording.id: recording for recording in known}
    before = dict(now)
    for each in news:
        match each:
            case Named():
                _named(now, each)
            case Ended():
                for recording in _of(now, each.call_id, RecordingState.EXPECTED):
                    now[recording.id] = wanted(recording, each.at)
            case Corrected():
                for recording in _of(now, each.call_id, RecordingState.EXPECTED, RecordingState.FAILED, RecordingState.WAITING):
                    now[recording.id] = wanted(recording, each.at)
                for recording in _of(now, each.call_id, RecordingState.AVAILABLE):
                    now[recording.id] = msgspec.structs.replace(recording, due_at=each.at + LEAST_FETCH_S)
            case Merged():
                for recording in _of(now, each.gone, *RecordingState):
                    now[recording.id] = msgspec.structs.replace(recording, call_id=each.into)
            case Heard():
                told = now.get(each.recording_id)
                if told is not None and told.version == each.version:
                    now[told.id] = msgspec.structs.replace(told, told=True)
    return [recording for recording in now.values() if before.get(recording.id) != recording]


def _named(now: dict[RecordingId, Recording], news: Named) -> None:
    # A call that was folded into this one may have named the same file.
    if any(each.file == news.file and each.call_id == news.call_id for each in now.values()):
        return
    made = recording_id(news.call_id, news.file)
    now.setdefault(
        made,
        Recording(id=made, tenant=news.tenant, pbx=news.pbx, call_id=news.call_id, file=news.file, began_at=news.at),
    )


def _of(now: dict[RecordingId, Recording], call_id: CallId, *states: RecordingState) -> list[Recording]:
    return [each for each in now.values() if each.call_id == call_id and each.state in states]


def recording_id(call: CallId, file: str) -> RecordingId:
    """Return the id of the recording of this call in this file."""
    tail = blake2b(f"{call}\0{file}".encode("utf-8", "surrogatepass"), digest_size=TAIL_BYTES).digest()
    return RecordingId(call[:_TIME_CHARACTERS] + ulid(0.0, tail)[_TIME_CHARACTERS:])


def wanted(recording: Recording, at: float) -> Recording:
    """Return the recording to be fetched from ``at`` on, as if it had never been tried."""
    return msgspec.structs.replace(
        recording,
        state=RecordingState.WAITING,
        wanted_since=at,
        due_at=at + LEAST_FETCH_S,
        attempts=0,
        problem=None,
        told=True,
    )


def fetched(
    recording: Recording, *, sound: Sound, size: int, sha256: str, stored_as: str, warnings: Sequence[str], at: float
) -> Recording:
    """Return the recording as it is once it is stored; one that was there already is told again only when it is another."""
    same = recording.state is RecordingState.AVAILABLE and recording.sha256 == sha256
    return msgspec.structs.replace(
        recording,
        state=RecordingState.AVAILABLE,
        due_at=None,
        problem=None,
        sound=sound,
        size=size,
        sha256=sha256,
        warning="; ".join(warnings) or None,
        fetched_at=at,
        stored_as=stored_as,
        version=recording.version if same else recording.version + 1,
        told=same and recording.told,
    )


def put_off(recording: Recording, reason: str, *, at: float) -> Recording:
    """Return the recording after its source or our storage failed, which is no fault of its own: it is never given up for it."""
    if recording.state is RecordingState.AVAILABLE:
        return msgspec.structs.replace(recording, due_at=None)
    # Once they work again all should come soon.
    return msgspec.structs.replace(recording, problem=reason, due_at=at + SOURCE_RETRY_S)


def not_fetched(recording: Recording, reason: str, *, final: bool, at: float, give_up_s: float) -> Recording:
    """Return the recording after an attempt that failed: tried again later, or given up. What is here stays here."""
    if recording.state is RecordingState.AVAILABLE:
        return msgspec.structs.replace(recording, due_at=None)
    attempts = recording.attempts + 1
    changed = msgspec.structs.replace(recording, attempts=attempts, problem=reason)
    since = at if recording.wanted_since is None else recording.wanted_since
    if final or at - since >= give_up_s:
        return msgspec.structs.replace(
            changed, state=RecordingState.FAILED, due_at=None, version=recording.version + 1, told=False
        )
    # Beyond this the doubled time is the longest one anyway.
    delay_s = min(FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20), MAX_RETRY_S)
    return msgspec.structs.replace(changed, due_at=at + delay_s)


def deleted(recording: Recording, *, by: str, at: float) -> Recording:
    """Return what is left of the recording; ``stored_as`` stays until the storage has deleted it too."""
    return msgspec.structs.replace(
        recording, state=RecordingState.DELETED, due_at=None, problem=None, deleted_at=at, deleted_by=by, told=True
    )


def oddities(sound: Sound, *, began_at: float, ended_at: float | None, talk_s: float | None) -> list[str]:
    """Return what does not fit between a recording and its call, for a person."""
    if sound.duration_s is None:
        return []
    if sound.duration_s == 0.0:
        return ["it holds no sound"]
    found = []
    if ended_at is not None and sound.duration_s > ended_at - began_at + TOLERANCE_S:
        longest = max(ended_at - began_at, 0.0)
        found.append(f"it lasts {sound.duration_s:.0f} s, and its call {longest:.0f} s from when it began")
    if talk_s is not None and sound.duration_s < talk_s / 2.0 - TOLERANCE_S:
        found.append(f"it lasts {sound.duration_s:.0f} s, and they talked for {talk_s:.0f} s")
    return found


def name_at_source(file: str, strip: str) -> PurePosixPath:
    """Return where a file that the PBX named is below the folder that it records into. What a PBX says is not trusted.

    Args:
        file: As the PBX named it: absolute, or below its folder.
        strip: The folder by the PBX's own name.

    Raises:
        RecordingRefusedError: It is outside, or no name of a file.
    """
    if not file or "\0" in file or "\n" in file or "\r" in file:
        raise RecordingRefusedError(f"the PBX named {file!r}, which is no file's name")
    path = PurePosixPath(file)
    if ".." in path.parts:
        raise RecordingRefusedError(f"the PBX named {file!r}, which leads out of its folder")
    if path.is_absolute():
        if not path.is_relative_to(strip):
            raise RecordingRefusedError(
                f"the PBX named {file!r}, which is not below {strip!r}: set `strip` of its source to the folder it records into"
            )
        path = path.relative_to(strip)
    if not path.name:
        raise RecordingRefusedError(f"the PBX named {file!r}, which is a folder")
    return path


def key_of(recording: Recording, day: str) -> str:
    """Return where the storage keeps it: by tenant and day (``2026/11/22``), and by its own id, never by what a PBX said."""
    suffix = PurePosixPath(recording.file).suffix.lower()
    return f"{recording.tenant}/{day}/{recording.id}{suffix if suffix[1:].isalnum() and suffix.isascii() else ''}"
