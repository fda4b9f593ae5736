"""Deletes recordings: those that somebody wants deleted, and those that are old enough."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
import structlog

from gateway.model.errors import StorageError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.recordings import Recording, RecordingId, RecordingState, deleted
from gateway.ports.recordings import RecordingStorage, RecordingStore

LOOK_S: Final = 3_600.0
"""Seconds between two looks for what has become too old."""
DAY_S: Final = 86_400.0
AT_ONCE: Final = 100
"""Recordings read at once where old ones are gone through."""
RETENTION: Final = "retention"
"""Who deleted what was old enough."""

_log = structlog.get_logger()


class Disposal:
    """Deletes; what is left is a line that says when and by whom.

    Args:
        days: Days from its beginning after which a recording is deleted.
        forget_days: Days after which that line goes too, with the list of who listened.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        recordings: RecordingStore,
        storage: RecordingStorage,
        *,
        days: float,
        forget_days: float,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._recordings = recordings
        self._storage = storage
        self._kept_s = days * DAY_S
        self._forgotten_s = max(days, forget_days) * DAY_S
        self._now = now
        self._sleep = sleep

    async def run(self) -> None:
        """Look now and every hour, until cancelled. Cancelling is safe: what was begun is gone on with next time."""
        while True:
            try:
                await self.delete_old()
            except (StoreUnavailableError, StorageError) as error:
                _log.warning("recordings_retention_put_off", reason=str(error))
            await self._sleep(LOOK_S)

    async def delete_old(self) -> None:
        """Delete what is old enough, and what was deleted before but not from the storage.

        Raises:
            StorageError: The storage did not delete one; it is tried again next time.
            StoreUnavailableError: The database does not answer.
        """
        before, number = self._now() - self._kept_s, 0
        while old := await self._recordings.expired(DEFAULT_TENANT, began_before=before, limit=AT_ONCE):
            for recording in old:
                await self.delete(recording.tenant, recording.id, by=RETENTION)
            number += len(old)
        forgotten = await self._recordings.forget(DEFAULT_TENANT, began_before=self._now() - self._forgotten_s)
        if number or forgotten:
            _log.info("recordings_retention", deleted=number, forgotten=forgotten)

    async def delete(self, tenant: Tenant, recording: RecordingId, *, by: str) -> Recording | None:
        """Delete one for good; one that is deleted stays as it is. Return what is left of it, None when there is none.

        Raises:
            StorageError: Nobody can hear it any more, but its bytes are still stored: it is tried again every hour.
            StoreUnavailableError: The database does not answer.
        """
        # Nobody may hear it, the bytes go, that they are gone is kept: a crash in between leaves the rest to the next look.
        left = await self._recordings.change(tenant, recording, partial(_deleted, by=by, at=self._now()))
        if left is None or left.stored_as is None:
            return left
        await self._storage.delete(left.stored_as)
        return await self._recordings.change(tenant, recording, _without_bytes)


def _deleted(recording: Recording, *, by: str, at: float) -> Recording:
    return recording if recording.state is RecordingState.DELETED else deleted(recording, by=by, at=at)


def _without_bytes(recording: Recording) -> Recording:
    return msgspec.structs.replace(recording, stored_as=None)
