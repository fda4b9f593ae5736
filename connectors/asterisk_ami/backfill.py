"""What the PBX's own files say of calls that a gap hides in part: looked into after each connection, again and again.

Rows come when a call has ended, which may be hours after the gap, and some sites let Asterisk write them in batches.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from connectors.asterisk_ami.cdr import CdrFile
from connectors.asterisk_ami.queue_log import QueueLog
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName

LOOK_S: Final = 5.0
"""Between two looks: without news one costs a call to the file system."""
SETTLE_S: Final = 0.5
"""Between a queue's last word on a call and the call's own row."""
BATCH_S: Final = 600.0
"""After a gap, for which its rows may still be written though another gap came: Asterisk's batches are 300 s by default."""
MARGIN_S: Final = 2.0
"""Before a gap in which a row still belongs to it: its times are whole seconds."""

log = structlog.get_logger(__name__)


class Backfill:
    """The files of one PBX, over all its connections."""

    def __init__(self, pbx: PbxName, settings: AsteriskSettings, clock: Callable[[], float]) -> None:
        self._cdr = None if settings.cdr_csv is None else CdrFile(Path(settings.cdr_csv))
        self._queue_log = None if settings.queue_log is None else QueueLog(Path(settings.queue_log))
        self._clock = clock
        self._log = log.bind(pbx=pbx)
        self._since: float | None = None
        self._warned: set[str] = set()

    def doubt(self, at: float) -> None:
        """Take note that calls of this time, in seconds since the epoch, may not have been heard whole."""
        if self._since is None or at - self._since > BATCH_S:
            self._since = at

    def begin(self, at: float) -> None:
        """Take note that nothing was heard before this time, unless it was known before."""
        if self._since is None:
            self._since = at

    async def run(self, deliver: Callable[[Sequence[PbxEvent]], Awaitable[None]]) -> None:
        """Tell what the files say, now and as they grow, until cancelled; the next run tells it all again."""
        for file in (self._cdr, self._queue_log):
            if file is not None:
                file.forget()
        since = 0.0 if self._since is None else self._since - MARGIN_S
        while self._cdr is not None or self._queue_log is not None:
            # The queue's first and told last: what it says is of calls that the rows may have made known.
            talks = await self._read(self._queue_log, since)
            if talks:
                await asyncio.sleep(SETTLE_S)
            await deliver(await self._read(self._cdr, since))
            await deliver(talks)
            await asyncio.sleep(LOOK_S)

    async def _read(self, file: CdrFile | QueueLog | None, since: float) -> Sequence[PbxEvent]:
        if file is None:
            return []
        try:
            found: Sequence[PbxEvent] = await asyncio.to_thread(file.read_new, since, self._clock())
        except OSError as error:
            # Asterisk makes it with its first row, and whoever rotates it may do so now.
            self._warn(file.path, "file_unreadable", reason=error.strerror or str(error))
            return []
        if isinstance(file, CdrFile) and file.without_id:
            self._warn(file.path, "cdr_without_id", rows=file.without_id, cure="loguniqueid = yes in section [csv] of cdr.conf")
        return found

    def _warn(self, file: Path, event: str, **facts: object) -> None:
        if event not in self._warned:
            self._warned.add(event)
            self._log.warning(event, file=str(file), **facts)
