"""Recordings, put together: who follows, who fetches, who deletes, and what the API sees of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from gateway.model.errors import ConfigurationError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.recordings import RecordingSource, RecordingStorage, RecordingStore
from gateway.ports.store import Store
from gateway.recordings.disposal import Disposal
from gateway.recordings.fetcher import MEGABYTE, Fetcher, FetchLimits
from gateway.recordings.folder import FolderSource
from gateway.recordings.follower import Follower
from gateway.recordings.http import HttpSource
from gateway.recordings.library import Library
from gateway.recordings.local import LocalStorage
from gateway.recordings.s3 import S3Storage
from gateway.recordings.settings import RecordingSettings, SourceSettings
from gateway.recordings.telling import message_of
from gateway.session.committer import Committer
from gateway.session.hub import Hub
from gateway.session.retention import Kept

HOUR_S: Final = 3_600.0
RESTART_S: Final = 10.0
"""Seconds after which a part that failed is run again."""

_log = structlog.get_logger()


class Recordings:
    """All that a gateway does about recordings.

    Args:
        state_dir: Where they are kept unless the settings say otherwise.
        calls: Open when it runs.
        recordings: The same.
        calls_days: Days for which calls are kept: for so long it is known of a deleted recording that there was one.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        state_dir: Path,
        calls: Store,
        recordings: RecordingStore,
        hub: Hub,
        committer: Committer,
        *,
        calls_days: float,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        folder = state_dir / "recordings" if settings.folder is None else Path(settings.folder)
        self._storage: RecordingStorage = LocalStorage(folder)
        if settings.s3 is not None:
            self._storage = S3Storage(settings.s3, folder / "incoming", timeout_s=settings.timeout_s, now=now)
        self._recordings = recordings
        self._committer = committer
        self._now = now
        self._sleep = sleep
        self._fetchers = [
            Fetcher(
                each.pbx,
                source_of(each, timeout_s=settings.timeout_s),
                self._storage,
                recordings,
                calls,
                committer.tell,
                strip=each.strip,
                delete=each.delete,
                limits=FetchLimits(
                    at_once=each.at_once,
                    max_bytes=settings.max_mb * MEGABYTE,
                    keep_free_bytes=settings.keep_free_mb * MEGABYTE,
                    give_up_s=settings.give_up_hours * HOUR_S,
                ),
                now=now,
                sleep=sleep,
            )
            for each in settings.sources
        ]
        pbxs = [each.pbx for each in settings.sources]
        self._follower = Follower(hub, calls, recordings, pbxs, self.look_again, now=now, sleep=sleep)
        disposal = Disposal(recordings, self._storage, now=now)
        self.kept = (
            Kept("recordings", settings.days, disposal.delete_old),
            Kept("deleted recordings", max(settings.days, calls_days), disposal.forget),
        )
        """What becomes too old."""
        self.library = Library(calls, recordings, self._storage, disposal, self._fetchers, now=now)
        """What the API sees."""

    async def run(self) -> None:
        """Follow and fetch until cancelled. Cancelling is safe: what was not done is done next time."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._fetchers:
                    await asyncio.to_thread(self._tidy)
                    tasks.create_task(self._keep("follow", self._follow), name="recordings.follow")
                for fetcher in self._fetchers:
                    tasks.create_task(self._keep(fetcher.pbx, fetcher.run), name=f"recordings.{fetcher.pbx}")
                # Where nothing is fetched, what was fetched before can be heard still.
                await asyncio.Event().wait()
        finally:
            await self._storage.close()

    async def _keep(self, part: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a part, and run it again when it failed: a fault about recordings must not cost a call."""
        while True:
            try:
                await run()
            except Exception:  # noqa: BLE001  # whatever it is, it is this part's alone
                _log.exception("recordings_failed", part=part)
            await self._sleep(RESTART_S)

    async def _follow(self) -> None:
        # What a former process had kept, and was cut off before it could tell it. Where the database fails, it is told next time.
        with suppress(StoreUnavailableError):
            untold = await self._recordings.untold(DEFAULT_TENANT)
            self._committer.tell([message_of(each, self._now()) for each in untold])
        await self._follower.run()

    def look_again(self) -> None:
        """Look now for what is to be fetched."""
        for fetcher in self._fetchers:
            fetcher.wake()

    def _tidy(self) -> None:
        """Remove what a crash left half way."""
        for part in self._storage.incoming.glob("*.part"):
            with suppress(OSError):
                part.unlink()


def source_of(settings: SourceSettings, *, timeout_s: float) -> RecordingSource:
    """Return where a PBX's recordings come from.

    Raises:
        ConfigurationError: Not exactly one of the three ways is given.
    """
    if settings.kinds == 1:
        if settings.sftp is not None:
            from gateway.recordings.sftp import SftpSource  # asyncssh takes long to import, and few need it

            return SftpSource(settings.sftp, timeout_s=timeout_s)
        if settings.http is not None:
            return HttpSource(settings.http, timeout_s=timeout_s)
        if settings.folder is not None:
            return FolderSource(Path(settings.folder))
    raise ConfigurationError(f"recordings.sources: {settings.pbx} needs exactly one of folder, sftp and http")
