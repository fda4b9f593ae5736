"""Records a live Asterisk: the bytes that it sends, when, and what we asked it, as ``tieline replay`` reads them.

Nothing is mapped and nothing is changed but, on request, people: see :mod:`connectors.asterisk_ami.anonymise`. Secrets are never
written.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from connectors._kit.backoff import Backoff
from connectors._kit.capture_writer import CaptureWriter
from connectors._kit.drain import Direction, Drain, Piece
from connectors._kit.stream import open_stream
from connectors.asterisk_ami.anonymise import Anonymiser
from connectors.asterisk_ami.keepalive import keep_alive
from connectors.asterisk_ami.link import AmiLink, live
from connectors.asterisk_ami.login import enter
from connectors.asterisk_ami.protocol import AmiDecoder
from connectors.asterisk_ami.replay import WIRE
from connectors.asterisk_ami.settings import AsteriskSettings
from connectors.asterisk_ami.snapshot import LISTS
from gateway.model.errors import PeerProtocolError, TielineError

LIST_TIMEOUT_S: Final = 60.0
KEY_BYTES: Final = 32

log = structlog.get_logger(__name__)


async def record(
    settings: AsteriskSettings,
    folder: Path,
    *,
    anonymise: bool,
    clock: Callable[[], float] = time.time,
    random: Random | None = None,
) -> None:
    """Connect to a PBX and write a capture folder until cancelled; connects again when the PBX goes away meanwhile.

    Args:
        settings: How to reach it.
        folder: A folder that does not exist yet, or is empty.
        anonymise: Replace numbers, names and secrets while recording.
        clock: Seconds since the epoch.
        random: For the waits between attempts.

    Raises:
        CaptureError: The folder holds something, or cannot be written.
        PeerError: The first connection cannot be made, or the PBX refuses us.
        ConfigurationError: A certificate file cannot be used.
    """
    writer = await asyncio.to_thread(CaptureWriter, folder, WIRE, settings.site)
    key = secrets.token_bytes(KEY_BYTES)
    anonymiser = Anonymiser(key, settings.site.mask_digits) if anonymise else None
    chance = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
    retry = Backoff(settings.retry_min_s, settings.retry_max_s, chance)
    recorder = _Recorder(settings, writer, anonymiser, clock)
    try:
        while True:
            failure = await recorder.record_one_connection()
            if not recorder.has_heard or not failure.retryable:
                raise failure
            log.warning("recording_interrupted", reason=str(failure))
            await asyncio.sleep(retry.next_s())
    finally:
        writer.close()


class _Recorder:
    def __init__(
        self, settings: AsteriskSettings, writer: CaptureWriter, anonymiser: Anonymiser | None, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._anonymiser = anonymiser
        self._clock = clock
        self.has_heard = False
        """Whether a login ever succeeded."""

    async def record_one_connection(self) -> TielineError:
        """Record until the connection ends; return why it did."""
        try:
            stream = await open_stream(self._settings.where)
        except TielineError as error:
            return error
        with TemporaryDirectory(prefix="tieline-record-") as state_dir:
            drain = Drain(Path(state_dir), self._settings.memory_bytes, self._settings.spool_bytes, lambda _: None)
            # Only answers are decoded; all else goes to the file as it came.
            link = AmiLink(stream, drain, AmiDecoder(frozenset()), self._clock, f"record-{secrets.token_hex(4)}-")
            self._writer.opened(self._clock())
            try:
                return await live(link, lambda: self._write_all(link), lambda: self._talk(link), "record")
            finally:
                self._writer.closed(link.heard_at, b"" if self._anonymiser is None else self._anonymiser.flush())

    async def _write_all(self, link: AmiLink) -> None:
        while pieces := await link.drain.take():
            link.consuming = True
            await asyncio.to_thread(self._write, pieces)
            for piece in pieces:
                if piece.direction is Direction.RECEIVED:
                    try:
                        for message in link.decoder.receive_data(piece.data):
                            link.take_note(message, piece.at)
                    except PeerProtocolError as error:
                        link.fail(error)
                        return
            self.has_heard = self.has_heard or link.logged_in_at is not None
            link.consuming = False
            await asyncio.sleep(0)

    def _write(self, pieces: list[Piece]) -> None:
        anonymiser = self._anonymiser
        for piece in pieces:
            if piece.direction is Direction.SENT:
                self._writer.sent(piece.at, piece.data if anonymiser is None else anonymiser.action(piece.data))
            else:
                data = piece.data if anonymiser is None else anonymiser.feed(piece.data)
                self._writer.received(piece.at, len(piece.data), data)
        self._writer.flush()

    async def _talk(self, link: AmiLink) -> None:
        greeting = await enter(link, self._settings, "record")
        log.info("recording", greeting=greeting, address=self._settings.address)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_alive(link, self._settings, lambda _: None), name="record.keepalive")
            tasks.create_task(self._list(link), name="record.list")

    async def _list(self, link: AmiLink) -> None:
        """Ask for what there is, so that a replay knows it; what is refused is in the recording."""
        for action in LISTS:
            await link.ask(action, (), LIST_TIMEOUT_S, patient=True)
