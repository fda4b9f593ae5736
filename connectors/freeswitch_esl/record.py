"""Records a live FreeSWITCH: the bytes that it sends, when, and what we asked it, as ``tieline replay`` reads them.

Nothing is mapped and nothing is changed but, on request, people: see :mod:`connectors.freeswitch_esl.anonymise`. Passwords are
never written.
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
from connectors.freeswitch_esl.anonymise import Anonymiser
from connectors.freeswitch_esl.keepalive import keep_alive
from connectors.freeswitch_esl.link import EslLink
from connectors.freeswitch_esl.login import HEARTBEAT, enter, subscription
from connectors.freeswitch_esl.mapping import WANTED
from connectors.freeswitch_esl.protocol.commands import encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from connectors.freeswitch_esl.replay import WIRE
from connectors.freeswitch_esl.settings import FreeswitchSettings
from connectors.freeswitch_esl.snapshot import take_snapshot
from gateway.model.errors import PeerProtocolError, PeerRefusedError, TielineError

LIST_TIMEOUT_S: Final = 60.0
KEY_BYTES: Final = 32

log = structlog.get_logger(__name__)


async def record(
    settings: FreeswitchSettings,
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
    anonymiser = Anonymiser(secrets.token_bytes(KEY_BYTES), settings.site.mask_digits) if anonymise else None
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
        self, settings: FreeswitchSettings, writer: CaptureWriter, anonymiser: Anonymiser | None, clock: Callable[[], float]
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
            link = EslLink(stream, drain, EslDecoder(frozenset()), self._clock)
            self._writer.opened(self._clock())
            try:
                return await self._live(link)
            finally:
                self._writer.closed(link.heard_at, b"" if self._anonymiser is None else self._anonymiser.flush())

    async def _live(self, link: EslLink) -> TielineError:
        """Run one connection to its end and return why it ended. Cancelling is safe: it ends the connection."""
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(link.read(), name="record.read")
                talking = tasks.create_task(self._talk_or_fail(link), name="record.talk")
                await self._write_all(link)
                link.answer_nothing_more()
                if not self.has_heard:
                    # It may have been told already why we are not wanted, and waits for nothing more.
                    await asyncio.wait([talking])
                reading.cancel()
                talking.cancel()
        finally:
            link.answer_nothing_more()
            link.drain.close()
        assert link.failure is not None  # answer_nothing_more gave it one at the latest
        return link.failure

    async def _write_all(self, link: EslLink) -> None:
        while pieces := await link.drain.take():
            link.consuming = True
            await asyncio.to_thread(self._write, pieces)
            for piece in pieces:
                if piece.direction is Direction.RECEIVED:
                    try:
                        for message in link.decoder.receive_data(piece.data):
                            link.take_note(message)
                            self._see_login(message)
                    except PeerProtocolError as error:
                        link.fail(error)
                        return
            link.consuming = False
            await asyncio.sleep(0)

    def _see_login(self, message: EslMessage) -> None:
        # The first answer is the login's.
        self.has_heard = self.has_heard or (message.kind is MessageKind.REPLY and message.name.startswith("+OK"))

    def _write(self, pieces: list[Piece]) -> None:
        anonymiser = self._anonymiser
        for piece in pieces:
            if piece.direction is Direction.SENT:
                self._writer.sent(piece.at, piece.data if anonymiser is None else anonymiser.command(piece.data))
            else:
                data = piece.data if anonymiser is None else anonymiser.feed(piece.data)
                self._writer.received(piece.at, len(piece.data), data)
        self._writer.flush()

    async def _talk_or_fail(self, link: EslLink) -> None:
        try:
            await self._talk(link)
        except TielineError as error:
            link.fail(error)

    async def _talk(self, link: EslLink) -> None:
        settings = self._settings
        rights = await enter(link, settings, "record")
        words, _ = subscription(WANTED | {HEARTBEAT}, rights)
        reply = await link.ask("event", f"plain {words}", settings.command_timeout_s)
        if not reply.name.startswith("+OK"):
            raise PeerRefusedError(f"FreeSWITCH at {settings.address} sends no events ({reply.name}): see `esl-allowed-events`")
        log.info("recording", address=settings.address)

        async def ask(command: str) -> EslMessage:
            # A replay reads the answers by what was asked.
            await link.drain.put(Piece(self._clock(), Direction.SENT, encode_command("api", command)))
            return await link.ask("api", command, LIST_TIMEOUT_S, patient=True)

        await take_snapshot(ask, rights)
        await keep_alive(link, settings)
