"""Writes down what a PBX tells of its telephones, as a capture folder."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

import structlog

from connectors._kit.backoff import Backoff
from connectors._kit.capture_writer import CaptureWriter
from connectors.sip_mirror.anonymise import Anonymiser
from connectors.sip_mirror.connection import MirrorConnector
from connectors.sip_mirror.replay import WIRE
from connectors.sip_mirror.settings import MirrorSettings
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import Gap, LinkState

KEY_BYTES: Final = 32

log = structlog.get_logger(__name__)


async def record(
    settings: MirrorSettings,
    folder: Path,
    *,
    anonymise: bool,
    clock: Callable[[], float] = time.time,
    random: Random | None = None,
) -> None:
    """Connect to a PBX and write a capture folder until cancelled; connects again when the PBX goes away meanwhile.

    Args:
        settings: How to reach it, and whom to watch.
        folder: A folder that does not exist yet, or is empty.
        anonymise: Replace numbers and names while recording.
        clock: Seconds since the epoch.
        random: For the waits between attempts.

    Raises:
        CaptureError: The folder holds something, or cannot be written.
        PeerError: The first connection cannot be made, or the PBX refuses us.
        ConfigurationError: A certificate file cannot be used.
    """
    writer = await asyncio.to_thread(CaptureWriter, folder, WIRE, settings.site)
    chance = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
    retry = Backoff(settings.retry_min_s, settings.retry_max_s, chance)
    tap = _Writing(writer, Anonymiser(secrets.token_bytes(KEY_BYTES)) if anonymise else None)
    connector = MirrorConnector(PbxName("record"), settings, clock=clock, tap=tap)
    has_heard = False
    try:
        while True:
            failure, _ = await connector.connect_once(_Nobody())
            has_heard = has_heard or tap.messages > 0
            if not has_heard or not failure.retryable:
                raise failure
            log.warning("recording_interrupted", reason=str(failure))
            await asyncio.sleep(retry.next_s())
    finally:
        writer.close()


class _Writing:
    """Writes what goes over the wire; a lamp's few hundred bytes go to the file at once."""

    def __init__(self, writer: CaptureWriter, anonymiser: Anonymiser | None) -> None:
        self._writer = writer
        self._anonymiser = anonymiser
        self.messages = 0

    def _shown(self, data: bytes) -> bytes:
        return data if self._anonymiser is None else self._anonymiser.message(data)

    def opened(self, at: float) -> None:
        self._writer.opened(at)

    def received(self, at: float, data: bytes) -> None:
        self.messages += 1
        self._writer.received(at, len(data), self._shown(data))
        self._writer.flush()

    def sent(self, at: float, data: bytes) -> None:
        self._writer.sent(at, self._shown(data))

    def closed(self, at: float) -> None:
        self._writer.closed(at, b"")


class _Nobody:
    """Hears the events of a connection that is only written down."""

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        return

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        return

    def report(self, pbx: PbxName, state: LinkState) -> None:
        log.info("recording", state=state.detail)

    def heard_until(self, pbx: PbxName) -> float | None:
        return None
