"""``/api/v1/recordings``: what was recorded of calls, the sound itself, who heard it, and how far those are that are not here."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from gateway.api.cursors import cursor_of, place_of
from gateway.api.operations import Asked, Header, Media, Nothing, Operation, answer
from gateway.api.problems import ApiError, not_found
from gateway.api.recording_views import CallRecordings, PlayList, RecordingList, RecordingView, play_view, recording_view
from gateway.api.sound import chosen, sent, storage_fails
from gateway.api.surroundings import client_of
from gateway.model.errors import StorageError
from gateway.model.ids import CallId, PbxName
from gateway.model.principals import Scope
from gateway.model.recordings import Play, Recording, RecordingId, RecordingState
from gateway.ports.recordings import RecordingLibrary

MAX_RECORDINGS: Final = 1_000
"""In one answer, about 0.6 kB each."""
MAX_RANGE_CHARACTERS: Final = 100
"""Of what was asked for that are kept with a play."""


class RecordingsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which recordings."""

    state: Annotated[Annotated[tuple[RecordingState, ...], Meta(min_length=1)] | None, Meta(description="Only these.")] = None
    pbx: Annotated[str | None, Meta(description="Only this PBX's.")] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_RECORDINGS)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before, with the same filters.")] = None


class AudioQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which form."""

    original: Annotated[
        bool, Meta(description="As the PBX wrote it; else as 16-bit WAV where it is in G.711 or has no header.")
    ] = False


class _Place(msgspec.Struct, frozen=True, array_like=True):
    began_at: float
    recording_id: RecordingId


class Recordings:
    """Shows, plays and deletes recordings."""

    def __init__(self, library: RecordingLibrary, *, now: Callable[[], float]) -> None:
        self._library = library
        self._now = now

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        one = "/api/v1/recordings/{recording_id}"
        return [
            Operation(
                method="GET",
                path="/api/v1/calls/{call_id}/recordings",
                handler=self._of_call,
                summary="List a call's recordings, and how far each is",
                tag="recordings",
                scope=Scope.RECORDINGS_READ,
                answers={200: CallRecordings},
                problems=(404, 503),
            ),
            Operation(
                method="GET",
                path="/api/v1/recordings",
                handler=self._list,
                summary="List recordings, such as those that were given up",
                tag="recordings",
                scope=Scope.RECORDINGS_READ,
                query=RecordingsQuery,
                answers={200: RecordingList},
                problems=(503,),
            ),
            Operation(
                method="GET",
                path=one,
                handler=self._show,
                summary="Show one recording",
                tag="recordings",
                scope=Scope.RECORDINGS_READ,
                answers={200: RecordingView},
                problems=(404, 503),
            ),
            Operation(
                method="GET",
                path=f"{one}/audio",
                handler=self._audio,
                summary="Play a recording; who does is written down",
                tag="recordings",
                scope=Scope.RECORDINGS_READ,
                query=AudioQuery,
                headers=(
                    Header(name="Range", description="One range of bytes, by which players jump: `bytes=0-1023`."),
                    Header(name="If-Range", description="The `ETag` that the range is of."),
                ),
                answers={200: Media(("audio/*",)), 206: Media(("audio/*",))},
                problems=(403, 404, 409, 416, 503),
            ),
            Operation(
                method="GET",
                path=f"{one}/plays",
                handler=self._plays,
                summary="List who heard a recording",
                tag="recordings",
                scope=Scope.AUDIT_READ,
                answers={200: PlayList},
                problems=(404, 503),
            ),
            Operation(
                method="POST",
                path=f"{one}/retry",
                handler=self._retry,
                summary="Fetch a recording that was given up, or that waits, now",
                tag="recordings",
                scope=Scope.RECORDINGS_MANAGE,
                answers={202: RecordingView},
                problems=(404, 409, 503),
            ),
            Operation(
                method="DELETE",
                path=one,
                handler=self._delete,
                summary="Delete a recording for good; that there was one stays known",
                tag="recordings",
                scope=Scope.RECORDINGS_MANAGE,
                answers={200: RecordingView},
                problems=(404, 503),
            ),
        ]

    async def _of_call(self, asked: Asked[Nothing, None]) -> web.Response:
        call_id = CallId(asked.path("call_id"))
        found = await self._library.of_call(asked.principal.tenant, call_id)
        if found is None:
            raise not_found(f"No call {call_id} is live or kept.")
        return answer(CallRecordings(recordings=[recording_view(each) for each in found]))

    async def _list(self, asked: Asked[RecordingsQuery, None]) -> web.Response:
        wanted = asked.query
        place = place_of(wanted.cursor, _Place)
        listed = await self._library.page(
            asked.principal.tenant,
            states=wanted.state,
            pbxs=None if wanted.pbx is None else [PbxName(wanted.pbx)],
            after=None if place is None else (place.began_at, place.recording_id),
            limit=wanted.limit + 1,  # one more says whether there is another page
        )
        page = listed[: wanted.limit]
        last = _Place(page[-1].began_at, page[-1].id) if len(listed) > wanted.limit else None
        return answer(RecordingList(recordings=[recording_view(each) for each in page], next=cursor_of(last)))

    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer(recording_view(await self._found(asked)))

    async def _audio(self, asked: Asked[AudioQuery, None]) -> web.StreamResponse:
        """Whose token is bound to an extension hears the calls in which that one talked, and no others."""
        recording = await self._found(asked)
        principal, request = asked.principal, asked.request
        if not await self._library.may_hear(principal, recording):
            raise ApiError(
                403,
                "not-your-call",
                "Not allowed",
                f"{principal.name} is bound to extension {principal.extension}, which did not talk in this call.",
            )
        audio = self._library.audio(recording, original=asked.query.original)
        if audio is None:
            why = f": {recording.problem}" if recording.problem is not None else ""
            raise ApiError(
                409, "no-audio", "There is no sound", f"The recording is {recording.state}{why}.", state=recording.state
            )
        status, start, length = chosen(request, audio)
        play = Play(
            recording_id=recording.id,
            call_id=recording.call_id,
            at=self._now(),
            principal_id=principal.id,
            principal=principal.name,
            address=client_of(request) or "",
            asked=request.headers.get(hdrs.RANGE, "")[:MAX_RANGE_CHARACTERS] if status == 206 else "",
        )
        # Whoever cannot be written down hears nothing.
        await self._library.note_play(principal.tenant, play)
        return await sent(request, audio, status, start, length)

    async def _plays(self, asked: Asked[Nothing, None]) -> web.Response:
        recording = await self._found(asked)
        plays = await self._library.plays(recording.tenant, recording.id)
        return answer(PlayList(plays=[play_view(each) for each in plays]))

    async def _retry(self, asked: Asked[Nothing, None]) -> web.Response:
        """The truth arrives as ``recording.available`` or ``recording.failed``."""
        recording = await self._found(asked)
        changed = await self._library.fetch_again(recording.tenant, recording.id)
        if changed is None or changed.state is not RecordingState.WAITING:
            raise ApiError(
                409,
                "not-fetchable",
                "It cannot be fetched",
                f"The recording is {recording.state}: only one that failed or waits is fetched again.",
                state=recording.state,
            )
        return answer(recording_view(changed), 202)

    async def _delete(self, asked: Asked[Nothing, None]) -> web.Response:
        """Nobody can hear it from now on. What the PBX itself keeps of it stays there."""
        recording_id = RecordingId(asked.path("recording_id"))
        try:
            left = await self._library.delete(asked.principal.tenant, recording_id, by=asked.principal.name)
        except StorageError as error:
            raise storage_fails(f"{error}. Nobody can hear it any more; it is tried again to delete its bytes") from error
        if left is None:
            raise _no_such(recording_id)
        return answer(recording_view(left))

    async def _found(self, asked: Asked[Any, None]) -> Recording:
        recording_id = RecordingId(asked.path("recording_id"))
        found = await self._library.find(asked.principal.tenant, recording_id)
        if found is None:
            raise _no_such(recording_id)
        return found


def _no_such(recording_id: RecordingId) -> ApiError:
    return not_found(f"No recording {recording_id} is known.")
