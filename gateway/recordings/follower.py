"""Follows the events of calls, so as to know what is recorded and when it can be fetched.

How far it is stands in the database beside what came of it, so that after a crash it goes on where it was.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from gateway.model.calls import Call
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.recordings import (
    Corrected,
    Ended,
    Heard,
    Merged,
    Named,
    News,
    Recording,
    RecordingId,
    RecordingState,
    calls_of,
    follow,
)
from gateway.ports.recordings import RecordingStore
from gateway.ports.store import Store, Told
from gateway.recordings.telling import TOPIC
from gateway.session.hub import Hub, PositionLostError, TooSlowError

STARTED: Final = "call.recording_started"
ENDED: Final = "call.ended"
CORRECTED: Final = "call.corrected"
MERGED: Final = "call.merged"
RETRY_S: Final = 5.0
"""Seconds after which a database that failed is tried again."""
PAGE: Final = 500

_log = structlog.get_logger()


class _Envelope(msgspec.Struct, frozen=True):
    data: dict[str, Any]


_envelope: Final = msgspec.json.Decoder(_Envelope)


class Follower:
    """Knows of every recording that the PBXs speak of.

    Args:
        hub: Tells what happens.
        calls: Where calls are kept.
        recordings: Where recordings are.
        pbxs: Whose recordings are fetched.
        wake: Called when recordings are new or changed.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        hub: Hub,
        calls: Store,
        recordings: RecordingStore,
        pbxs: Collection[PbxName],
        wake: Callable[[], None],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._hub = hub
        self._calls = calls
        self._recordings = recordings
        self._pbxs = frozenset(pbxs)
        self._wake = wake
        self._now = now
        self._sleep = sleep

    async def run(self) -> None:
        """Follow until cancelled. Cancelling is safe: what was not followed is followed next time."""
        after: int | None = None
        while True:
            try:
                await self._follow(after)
            except PositionLostError as error:
                # What was missed is found by the calls themselves.
                after = self._hub.position
                _log.warning("recordings_missed_events", reason=str(error))
            except TooSlowError:
                after = None
            except StoreUnavailableError as error:
                after = None
                _log.warning("recordings_put_off", reason=str(error))
                await self._sleep(RETRY_S)

    async def _follow(self, after: int | None) -> None:
        position = after if after is not None else await self._recordings.position(DEFAULT_TENANT)
        if position is None:
            position = self._hub.position
        listener = self._hub.listen((STARTED, ENDED, CORRECTED, MERGED, TOPIC), after=position, pbxs=self._pbxs)
        try:
            await self._look_for_ended(position)
            while True:
                batch = await listener.next_batch()
                await self._take([told for told in batch if told.pbx in self._pbxs], batch[-1].position)
        finally:
            listener.close()

    async def _look_for_ended(self, position: int) -> None:
        """Find recordings whose calls ended while nobody followed."""
        after: tuple[float, RecordingId] | None = None
        expected = frozenset((RecordingState.EXPECTED,))
        while page := await self._recordings.page(DEFAULT_TENANT, states=expected, pbxs=None, after=after, limit=PAGE):
            after = (page[-1].began_at, page[-1].id)
            wanted = {recording.call_id for recording in page}
            kept = {call.call_id: call for call in await self._calls.find(DEFAULT_TENANT, list(wanted))}
            # A call that is kept no longer has ended as well.
            ended: list[News] = [
                Ended(call_id=call_id, at=self._now()) for call_id in wanted if call_id not in kept or kept[call_id].ended
            ]
            await self._apply(ended, position)
        await self._apply([], position)

    async def _take(self, batch: Sequence[Told], position: int) -> None:
        events = [(told, _envelope.decode(told.json).data) for told in batch]
        over = {_concerned(told, data) for told, data in events if told.type in (ENDED, CORRECTED, MERGED)}
        calls = {call.call_id: call for call in await self._calls.find(DEFAULT_TENANT, [each for each in over if each])}
        news = [each for told, data in events for each in self._read(told, data, calls)]
        await self._apply(news, position)

    async def _apply(self, news: Sequence[News], position: int) -> None:
        change = partial(_followed, news=news)
        changed = await self._recordings.follow(DEFAULT_TENANT, position, calls_of(news), change)
        if changed:
            self._wake()

    def _read(self, told: Told, data: dict[str, Any], calls: dict[CallId, Call]) -> list[News]:
        if told.call_id is None or told.pbx is None:
            return []
        if told.type.startswith(TOPIC):
            return [Heard(call_id=told.call_id, recording_id=RecordingId(data["recording_id"]), version=data["version"])]
        if told.type == STARTED:
            return [_named(told.pbx, told.call_id, data["file"], told.at)]
        found: list[News] = []
        concerned = _concerned(told, data)
        if told.type == MERGED and concerned is not None:
            found.append(Merged(gone=CallId(data["from"]), into=concerned))
        call = None if concerned is None else calls.get(concerned)
        if call is None or concerned is None:
            return found
        if call.recording is not None:
            # Named on a leg that came before the first party, so that no event told of it.
            found.append(_named(told.pbx, concerned, call.recording, call.began_at))
        if told.type == CORRECTED:
            found.append(Corrected(call_id=concerned, at=self._now()))
        elif call.ended:
            found.append(Ended(call_id=concerned, at=self._now()))
        return found


def _followed(known: list[Recording], *, news: Sequence[News]) -> list[Recording]:
    return follow(known, news)


def _concerned(told: Told, data: dict[str, Any]) -> CallId | None:
    return CallId(data["into"]) if told.type == MERGED else told.call_id


def _named(pbx: PbxName, call_id: CallId, file: str, at: float) -> Named:
    # A PBX may name it in bytes that are no text.
    text = file.encode("utf-8", "replace").decode()
    return Named(tenant=DEFAULT_TENANT, pbx=pbx, call_id=call_id, file=text, at=at)
