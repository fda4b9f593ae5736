"""Fetches one PBX's recordings, checks them and has them kept. Each PBX has its own, so that one that is away delays no other."""

import asyncio
import errno
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
import structlog

from gateway.model.errors import (
    PeerError,
    RecordingError,
    RecordingRefusedError,
    RecordingUnfinishedError,
    StorageError,
    StorageFullError,
    StoreUnavailableError,
)
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.model.recordings import (
    Recording,
    RecordingId,
    RecordingState,
    Sound,
    fetched,
    key_of,
    name_at_source,
    not_fetched,
    oddities,
    put_off,
)
from gateway.ports.recordings import RecordingAlarm, RecordingCounts, RecordingSource, RecordingStorage, RecordingStore
from gateway.ports.store import Store
from gateway.recordings.sounds import HEAD_BYTES, look_at
from gateway.recordings.telling import message_of
from gateway.session.committer import Message

LOOK_S: Final = 60.0
"""Seconds after which it looks for what is due although nobody woke it."""
RETRY_S: Final = 5.0
"""Seconds after which a database that failed is tried again."""
SETTLE_S: Final = 1.0
"""Seconds between two looks at a file that must find the same."""
FIRST_PAUSE_S: Final = 5.0
MAX_PAUSE_S: Final = 60.0
"""Seconds for which nothing is fetched after the source or the storage failed: from the one, doubled each time, to the other."""
UNFINISHED_S: Final = 600.0
"""Seconds after which a file that looks unfinished will never be finished: the PBX went down while it wrote it."""
MEGABYTE: Final = 1_000_000
FILE_MODE: Final = 0o600

_log = structlog.get_logger()


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much, how often, for how long."""

    at_once: int
    """Files at the same time."""
    max_bytes: int
    keep_free_bytes: int
    give_up_s: float


class Fetcher:
    """Fetches what is due.

    Args:
        strip: The folder by the PBX's own name.
        delete: Whether the file is deleted at its source once it is kept.
        tell: Tells the world.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        pbx: PbxName,
        source: RecordingSource,
        storage: RecordingStorage,
        recordings: RecordingStore,
        calls: Store,
        tell: Callable[[Iterable[Message]], None],
        *,
        strip: str,
        delete: bool,
        limits: FetchLimits,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.pbx = pbx
        self._source = source
        self._storage = storage
        self._recordings = recordings
        self._calls = calls
        self._tell = tell
        self._strip = strip
        self._delete = delete
        self._limits = limits
        self._now = now
        self._sleep = sleep
        self._busy: set[RecordingId] = set()
        self._woken = asyncio.Event()
        self._pause_s = 0.0
        self._paused_until = 0.0
        self.counts = RecordingCounts()
        self.alarm: RecordingAlarm | None = None
        """What keeps this PBX's recordings from being fetched; None while all is well."""

    def wake(self) -> None:
        """There may be something to fetch."""
        self._woken.set()

    async def run(self) -> None:
        """Fetch until cancelled. Cancelling is safe: what was not kept is fetched next time."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._woken.clear()
                    wait_s = await self._start(tasks)
                    try:
                        async with asyncio.timeout(wait_s):
                            await self._woken.wait()
                    except TimeoutError:
                        continue
        finally:
            await self._source.close()

    async def _start(self, tasks: asyncio.TaskGroup) -> float:
        """Start what is due and has room, and return in how many seconds to look again."""
        now = self._now()
        if now < self._paused_until:
            return self._paused_until - now
        # While the source fails, one file is enough to see whether it does still.
        room = (1 if self.alarm is not None else self._limits.at_once) - len(self._busy)
        if room <= 0:
            return LOOK_S
        try:
            listed = await self._recordings.due(DEFAULT_TENANT, self.pbx, room + len(self._busy) + 1)
        except StoreUnavailableError as error:
            _log.warning("recordings_put_off", pbx=self.pbx, reason=str(error))
            return RETRY_S
        idle = [each for each in listed if each.id not in self._busy and each.due_at is not None]
        ready = [each for each in idle if (each.due_at or 0.0) <= now][:room]
        for recording in ready:
            self._busy.add(recording.id)
            tasks.create_task(self._handle(recording), name=f"recordings.{self.pbx}.{recording.id}")
        later = [each.due_at for each in idle if each not in ready and each.due_at is not None]
        return LOOK_S if len(ready) == room else max(min([LOOK_S, *(at - now for at in later)]), 0.0)

    async def _handle(self, recording: Recording) -> None:
        """Fetch one, whatever comes of it."""
        try:
            await self._attempt(recording)
        except StoreUnavailableError as error:
            _log.warning("recordings_put_off", pbx=self.pbx, reason=str(error))
            self._pause(RETRY_S)
        finally:
            self._busy.discard(recording.id)
            self._woken.set()

    async def _attempt(self, recording: Recording) -> None:
        try:
            at_source = name_at_source(recording.file, self._strip)
            done = await self._fetch(recording, at_source)
        except RecordingError as error:
            self._works()
            facts = {"pbx": self.pbx, "recording": recording.id, "problem": type(error).__name__, "pii.reason": str(error)}
            _log.warning("recording_not_fetched", **facts)
            await self._count_against(recording, str(error), final=not error.retryable)
        except (PeerError, StorageError, OSError) as error:
            reason, at = self._told(error), self._now()
            self._fails(reason)
            await self._recordings.change(
                DEFAULT_TENANT, recording.id, lambda now: put_off(now, reason, at=at) if _is_open(now) else now
            )
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  # one file that we do not understand must not cost the others
            _log.exception("recording_not_handled", pbx=self.pbx, recording=recording.id)
            reason = f"a fault of the gateway, {type(error).__name__}: its log has the whole"
            await self._count_against(recording, reason, final=False)
        else:
            self._works()
            self._announce(done)
            if done is not None and self._delete and done.state is RecordingState.AVAILABLE:
                await self._delete_at_source(recording, at_source)

    async def _count_against(self, recording: Recording, reason: str, *, final: bool) -> None:
        """Try it again later, or give it up."""
        at, give_up_s = self._now(), self._limits.give_up_s
        failed = await self._recordings.change(
            DEFAULT_TENANT,
            recording.id,
            lambda now: not_fetched(now, reason, final=final, at=at, give_up_s=give_up_s) if _is_open(now) else now,
        )
        self._announce(failed)

    async def _delete_at_source(self, recording: Recording, name: PurePosixPath) -> None:
        try:
            await self._source.delete(name)
        except (PeerError, RecordingError) as error:
            facts = {"pbx": self.pbx, "recording": recording.id, "problem": type(error).__name__, "pii.reason": str(error)}
            _log.warning("recording_not_deleted_at_source", **facts)

    async def _fetch(self, recording: Recording, name: PurePosixPath) -> Recording | None:
        """Fetch, check and keep one; return it as it is now, or None where nothing was to be done."""
        found = await self._source.look(name)
        if recording.state is RecordingState.AVAILABLE and found.size == recording.size:
            return await self._recordings.change(
                DEFAULT_TENANT, recording.id, lambda now: msgspec.structs.replace(now, due_at=None)
            )
        if found.size > self._limits.max_bytes:
            raise RecordingRefusedError(
                f"{name} has {found.size // MEGABYTE} MB, and recordings.max_mb is {self._limits.max_bytes // MEGABYTE}"
            )
        await self._sleep(SETTLE_S)
        if await self._source.look(name) != found:
            raise RecordingUnfinishedError(f"{name} still grows")
        await self._make_sure_of_room(found.size)
        part = self._storage.incoming / f"{recording.id}.part"
        try:
            digest, head = await self._receive(name, part, found.size)
            sound = look_at(name.name, head, found.size)
            warnings = await self._warnings(recording, sound)
            key = key_of(recording, datetime.fromtimestamp(recording.began_at, UTC).strftime("%Y/%m/%d"))
            await self._storage.put(key, part, sha256=digest, media_type=sound.media_type)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        at = self._now()

        def kept(now: Recording) -> Recording:
            if not _is_open(now):
                return now
            return fetched(now, sound=sound, size=found.size, sha256=digest, stored_as=key, warnings=warnings, at=at)

        done = await self._recordings.change(DEFAULT_TENANT, recording.id, kept)
        if done is None or done.stored_as != key:
            # Deleted while it was on its way.
            await self._storage.delete(key)
        return done

    async def _make_sure_of_room(self, size: int) -> None:
        incoming = self._storage.incoming
        await asyncio.to_thread(incoming.mkdir, mode=0o700, parents=True, exist_ok=True)
        free = (await asyncio.to_thread(shutil.disk_usage, incoming)).free
        if free - size < self._limits.keep_free_bytes:
            raise StorageFullError(
                f"{incoming}: {free // MEGABYTE} MB are free, and recordings.keep_free_mb keeps "
                f"{self._limits.keep_free_bytes // MEGABYTE}: make room there, or lower recordings.days"
            )

    async def _receive(self, name: PurePosixPath, part: Path, size: int) -> tuple[str, bytes]:
        """Write the file to ``part``; return its digest and its first bytes."""
        digest, head, received = sha256(), b"", 0
        opened = await asyncio.to_thread(os.open, part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        try:
            async with aclosing(self._source.read(name)) as chunks:
                async for data in chunks:
                    received += len(data)
                    if received > size:
                        raise RecordingUnfinishedError(f"{name} still grows")
                    head += data[: HEAD_BYTES - len(head)]
                    await asyncio.to_thread(_take, opened, data, digest.update)
        finally:
            os.close(opened)
        if received < size:
            raise RecordingUnfinishedError(f"{name} had {size} bytes, and {received} came")
        return digest.hexdigest(), head

    async def _warnings(self, recording: Recording, sound: Sound) -> Sequence[str]:
        warnings = []
        if sound.unfinished is not None:
            since = recording.wanted_since
            if since is None or self._now() - since < UNFINISHED_S:
                raise RecordingUnfinishedError(f"{recording.file}: {sound.unfinished}: the PBX still writes it")
            warnings.append(f"the PBX never finished it: {sound.unfinished}")
        for call in await self._calls.find(DEFAULT_TENANT, [recording.call_id]):
            warnings += oddities(sound, began_at=recording.began_at, ended_at=call.ended_at, talk_s=call.known_talk_s)
        return warnings

    def _announce(self, recording: Recording | None) -> None:
        if recording is not None and not recording.told:
            if recording.state is RecordingState.AVAILABLE:
                self.counts.kept += 1
            else:
                self.counts.given_up += 1
            self._tell([message_of(recording, self._now())])

    def _told(self, error: PeerError | StorageError | OSError) -> str:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"{self._storage.incoming}: {error.strerror}: make room there, or lower recordings.days"
        if isinstance(error, OSError):
            return f"{self._storage.incoming}: {error.strerror or error}: the gateway must be able to write there"
        return str(error)

    def _works(self) -> None:
        self._pause_s = 0.0
        if self.alarm is not None:
            _log.info("recordings_work_again", pbx=self.pbx, failed_s=round(self._now() - self.alarm.since, 1))
            self.alarm = None

    def _fails(self, reason: str) -> None:
        now = self._now()
        if self.alarm is None or self.alarm.detail != reason:
            _log.error("recordings_fail", pbx=self.pbx, reason=reason)
        self.alarm = RecordingAlarm(pbx=self.pbx, detail=reason, since=now if self.alarm is None else self.alarm.since)
        self._pause_s = min(max(self._pause_s * 2.0, FIRST_PAUSE_S), MAX_PAUSE_S)
        self._pause(self._pause_s)

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._now() + seconds)


def _is_open(recording: Recording) -> bool:
    """Tell whether it may still be fetched: it was not deleted meanwhile."""
    return recording.state in (RecordingState.WAITING, RecordingState.AVAILABLE)


def _take(opened: int, data: bytes, update: Callable[[bytes], None]) -> None:
    update(data)
    left = memoryview(data)
    while left:
        left = left[os.write(opened, left) :]
