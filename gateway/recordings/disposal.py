"""Deletes recordings: those that somebody wants deleted, and those that are old enough."""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import structlog

from gateway.model.errors import StorageError
from gateway.model.ids import Tenant
from gateway.model.recordings import Recording, RecordingId, RecordingState, deleted
from gateway.ports.recordings import RecordingStorage, RecordingStore

AT_ONCE: Final = 100
"""Recordings read at once where old ones are gone through."""
RETENTION: Final = "retention"
"""Who deleted what was old enough."""

_log = structlog.get_logger()


class Disposal:
    """Deletes; what is left is a line that says when and by whom.

    Args:
        now: Seconds since the epoch.
    """

    def __init__(self, recordings: RecordingStore, storage: RecordingStorage, *, now: Callable[[], float]) -> None:
        self._recordings = recordings
        self._storage = storage
        self._now = now

    async def delete_old(self, tenant: Tenant, *, before: float) -> int:
        """Delete what began before this, and the bytes of what was deleted without them; return how many it was.

        Where the storage fails, the rest is left to the next time.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        number = 0
        while old := await self._recordings.expired(tenant, began_before=before, limit=AT_ONCE):
            for recording in old:
                try:
                    await self.delete(tenant, recording.id, by=RETENTION)
                except StorageError as error:
                    _log.warning("recordings_retention_put_off", reason=str(error))
                    return number
                number += 1
        return number

    async def forget(self, tenant: Tenant, *, before: float) -> int:
        """Drop what is known of deleted recordings that began before this, and who heard them; return how many it was.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        return await self._recordings.forget(tenant, began_before=before)

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
