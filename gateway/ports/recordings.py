"""Recordings: where they come from, where they are kept, and what the API asks of them."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec

from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.principals import Principal
from gateway.model.recordings import Play, Recording, RecordingId, RecordingState


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file at its source, as it is now."""

    size: int
    """Bytes."""
    changed_at: float | None = None
    """Seconds since the epoch by the source's clock; None where it does not say."""


class RecordingSource(Protocol):
    """Where a PBX leaves its recordings. Names are below its folder, checked by
    :func:`gateway.model.recordings.name_at_source`.

    Every method may raise ``PeerUnavailableError`` and ``PeerRefusedError``: the source as a whole does not serve us.
    """

    @property
    def description(self) -> str:
        """What it is and where, for an operator; without secrets."""

    async def look(self, name: PurePosixPath) -> Found:
        """Return how the file is now.

        Raises:
            RecordingMissingError: There is none.
            RecordingForbiddenError: We may not read it.
            RecordingRefusedError: It is no file, or leads out of the folder by a link.
        """

    def read(self, name: PurePosixPath) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes; close the iterator when done. Raises as :meth:`look` does, when it is first asked."""

    async def delete(self, name: PurePosixPath) -> None:
        """Delete the file; one that is gone is no error."""

    async def close(self) -> None:
        """Let go of connections."""


class RecordingStorage(Protocol):
    """Where recordings are kept. Keys are ``tenant/2026/11/22/id.wav``.

    Every method may raise ``StorageError``.
    """

    @property
    def description(self) -> str:
        """What it is and where, for an operator; without secrets."""

    @property
    def incoming(self) -> Path:
        """A folder of this machine for files on their way in."""

    async def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> None:
        """Keep a file of :attr:`incoming` for good, in the place of what had this key; the file may be gone afterwards.

        Args:
            sha256: Of the file's bytes, in hexadecimal.
        """

    def read(self, key: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """Yield ``length`` bytes from ``start`` on; close the iterator when done.

        Raises:
            RecordingMissingError: It is not there; when it is first asked.
        """

    async def delete(self, key: str) -> None:
        """Delete it; what is gone is no error."""

    async def close(self) -> None:
        """Let go of connections."""


class RecordingStore(Protocol):
    """What is known of recordings, durable.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change whose answer was lost.
    """

    async def position(self, tenant: Tenant) -> int | None:
        """Return the position of the last event that was followed; None when none ever was."""

    async def follow(
        self, tenant: Tenant, position: int, calls: Collection[CallId], change: Callable[[list[Recording]], list[Recording]]
    ) -> list[Recording]:
        """Change the recordings of these calls, and keep that events up to ``position`` are followed, at once.

        Args:
            change: Given what is known of these calls, returns what is new or changed. It may be called more than once.

        Returns:
            What ``change`` did.
        """

    async def change(self, tenant: Tenant, recording: RecordingId, change: Callable[[Recording], Recording]) -> Recording | None:
        """Change one recording as it is now; return it as it is afterwards, or None when there is none."""

    async def find(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Return a recording, deleted ones too; None when there is none."""

    async def of_calls(self, tenant: Tenant, calls: Collection[CallId]) -> list[Recording]:
        """Return the recordings of these calls, the first one first."""

    async def page(
        self,
        tenant: Tenant,
        *,
        states: Collection[RecordingState] | None,
        pbxs: Collection[PbxName] | None,
        after: tuple[float, RecordingId] | None,
        limit: int,
    ) -> list[Recording]:
        """Return recordings, the last one first; ``after`` is the ``began_at`` and ``id`` of the last one of the page before."""

    async def due(self, tenant: Tenant, pbx: PbxName, limit: int) -> list[Recording]:
        """Return those that are to be looked at next, with their ``due_at``, the earliest first."""

    async def untold(self, tenant: Tenant) -> list[Recording]:
        """Return those whose last version the world has perhaps not heard of."""

    async def expired(self, tenant: Tenant, *, began_before: float, limit: int) -> list[Recording]:
        """Return those that began before this and are not deleted, and those that are deleted but still stored."""

    async def forget(self, tenant: Tenant, *, began_before: float) -> int:
        """Drop all that is known of deleted recordings that began before this, plays too; return how many."""

    async def note_play(self, tenant: Tenant, play: Play) -> None:
        """Keep who was given a sound."""

    async def plays(self, tenant: Tenant, recording: RecordingId) -> list[Play]:
        """Return who was given a recording, the first one first."""


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """A sound as it is sent to who listens."""

    media_type: str
    size: int
    """Bytes of the whole."""
    tag: str
    """Changes with the bytes (HTTP's entity tag, without quotes)."""
    file_name: str
    read: Callable[[int, int], AsyncGenerator[bytes, None]]
    """``read(start, length)`` yields bytes; close the iterator when done. It raises ``StorageError``, and
    ``RecordingMissingError`` when the storage has lost it; when it is first asked."""


class RecordingAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings are not fetched; none is lost as long as the PBX keeps them."""

    pbx: PbxName
    detail: str
    """For a person: what is wrong, and what to change."""
    since: float
    """Seconds since the epoch."""


class RecordingCounts(msgspec.Struct):
    """Of one PBX, since the gateway started."""

    kept: int = 0
    given_up: int = 0


class RecordingLibrary(Protocol):
    """Recordings as the API shows them."""

    async def of_call(self, tenant: Tenant, call: CallId) -> list[Recording] | None:
        """Return a call's recordings; None when no such call is known."""

    async def page(
        self,
        tenant: Tenant,
        *,
        states: Collection[RecordingState] | None,
        pbxs: Collection[PbxName] | None,
        after: tuple[float, RecordingId] | None,
        limit: int,
    ) -> list[Recording]:
        """See :meth:`RecordingStore.page`."""

    async def find(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Return a recording, deleted ones too; None when there is none."""

    def audio(self, recording: Recording, *, original: bool) -> Audio | None:
        """Return the sound of an available recording: as browsers play it where we can make that, or as the PBX wrote it.

        None where nothing of it is stored.
        """

    async def may_hear(self, principal: Principal, recording: Recording) -> bool:
        """Tell whether somebody who is bound to one extension may hear this: his own calls, and nobody else's."""

    async def note_play(self, tenant: Tenant, play: Play) -> None:
        """Keep who was given a sound; before it is given."""

    async def plays(self, tenant: Tenant, recording: RecordingId) -> list[Play]:
        """Return who was given a recording, the first one first."""

    async def delete(self, tenant: Tenant, recording: RecordingId, *, by: str) -> Recording | None:
        """Delete what is stored of it, and fetch it never again; None when there is none."""

    async def fetch_again(self, tenant: Tenant, recording: RecordingId) -> Recording | None:
        """Try once more to fetch one that was given up or waits; others stay as they are. None when there is none."""

    @property
    def alarms(self) -> Sequence[RecordingAlarm]:
        """What keeps recordings from being fetched now."""

    @property
    def counts(self) -> Mapping[PbxName, RecordingCounts]:
        """What came of each PBX's recordings."""
