"""Recordings as the API shows them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.principals import Principal
from gateway.model.recordings import Play, Recording, RecordingId, RecordingState, wanted
from gateway.ports.recordings import Audio, RecordingAlarm, RecordingCounts, RecordingStorage, RecordingStore
from gateway.ports.store import Store
from gateway.recordings.disposal import Disposal
from gateway.recordings.fetcher import Fetcher
from gateway.recordings.hearing import audio_of


class Library:
    """See :class:`gateway.ports.recordings.RecordingLibrary`."""

    def __init__(
        self,
        calls: Store,
        recordings: RecordingStore,
        storage: RecordingStorage,
        disposal: Disposal,
        fetchers: Collection[Fetcher],
        *,
        now: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._recordings = recordings
        self._storage = storage
        self._disposal = disposal
        self._fetchers = tuple(fetchers)
        self._now = now

    async def of_call(self, tenant: Tenant, call: CallId) -> list[Recording] | None:
        """Return a call's recordings; None when neither it nor any of them is known."""
        found = await self._recordings.of_calls(tenant, [call])
        if not found and not await self._calls.find(tenant, [call]):
            return None
        return found

    async def page(
        self,
        tenant: Tenant,
        *,
        states: Collection[RecordingState] | None,
        pbxs: Collection[PbxName] | None,
        after: tuple[float, RecordingId] | None,
        limit: int,
    ) -> list[Recording]:
        """Return recordings, the last one first."""
        return await self._recordings.page(tenant, states=states, pbxs=pbxs, after=after, limit=limit)

    async def find(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Return a recording, deleted ones too."""
        return await self._recordings.find(tenant, recording)

    def audio(self, recording: Recording, *, original: bool) -> Audio | None:
        """Return the sound of an available recording."""
        if recording.state is not RecordingState.AVAILABLE:
            return None
        return audio_of(recording, self._storage, original=original)

    async def may_hear(self, principal: Principal, recording: Recording) -> bool:
        """Tell whether he may hear it: who is bound to an extension hears the calls in which it talked, and no others."""
        if principal.extension is None or principal.may_act_for_others:
            return True
        for call in await self._calls.find(recording.tenant, [recording.call_id]):
            talked = [leg.party for leg in call.legs.values() if leg.is_party and leg.connected_at is not None]
            return principal.extension in (*talked, *call.answered_by)
        return False

    async def note_play(self, tenant: Tenant, play: Play) -> None:
        """Keep who was given a sound."""
        await self._recordings.note_play(tenant, play)

    async def plays(self, tenant: Tenant, recording: RecordingId) -> list[Play]:
        """Return who was given a recording, the first one first."""
        return await self._recordings.plays(tenant, recording)

    async def delete(self, tenant: Tenant, recording: RecordingId, *, by: str) -> Recording | None:
        """Delete what is stored of it, and fetch it never again."""
        return await self._disposal.delete(tenant, recording, by=by)

    async def fetch_again(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Try once more to fetch one that was given up or waits."""
        changed = await self._recordings.change(tenant, recording, partial(_again, at=self._now()))
        for fetcher in self._fetchers:
            fetcher.wake()
        return changed

    @property
    def alarms(self) -> Sequence[RecordingAlarm]:
        """What keeps recordings from being fetched now."""
        return [fetcher.alarm for fetcher in self._fetchers if fetcher.alarm is not None]

    @property
    def counts(self) -> Mapping[PbxName, RecordingCounts]:
        """What came of each PBX's recordings."""
        return {fetcher.pbx: fetcher.counts for fetcher in self._fetchers}


def _again(recording: Recording, *, at: float) -> Recording:
    tried = recording.state in (RecordingState.WAITING, RecordingState.FAILED)
    return wanted(recording, at) if tried else recording
