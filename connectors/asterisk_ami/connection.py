"""Keeps one Asterisk connected: login, snapshot, keepalive, and again from the start when the connection ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import structlog

from connectors._kit.clock_watch import ClockWatch
from connectors._kit.drain import Direction, Drain, Piece, SpoolError
from connectors._kit.reconnect import LinkReport, stay_connected
from connectors._kit.stream import open_stream
from connectors.asterisk_ami.backfill import Backfill
from connectors.asterisk_ami.commands import Commander
from connectors.asterisk_ami.commands_plan import first_leg
from connectors.asterisk_ami.directory import read_directory
from connectors.asterisk_ami.keepalive import keep_alive
from connectors.asterisk_ami.link import BOOTED, AmiLink, Answer, live
from connectors.asterisk_ami.login import enter
from connectors.asterisk_ami.mapping import WANTED, AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage, decode_action
from connectors.asterisk_ami.settings import AsteriskSettings
from connectors.asterisk_ami.snapshot import take_snapshot
from gateway.model.commands import Accepted, Order
from gateway.model.directory import Directory
from gateway.model.errors import (
    PeerProtocolError,
    PeerUnavailableError,
    TielineError,
)
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.ports.connector import EventSink, Gap, LinkStatus

LIST_TIMEOUT_S: Final = 60.0
"""Seconds for one list of a snapshot: a busy PBX has thousands of legs."""

log = structlog.get_logger(__name__)


def create(pbx: PbxName, settings: AsteriskSettings, state_dir: Path) -> "AsteriskConnector":
    """Make the connector of one configured Asterisk.

    Raises:
        ConfigurationError: The site's ``encoding_fallback`` cannot be used.
    """
    return AsteriskConnector(pbx, settings, state_dir)


class AsteriskConnector:
    """One Asterisk, by AMI; see :class:`gateway.ports.connector.CommandingConnector`."""

    def __init__(
        self,
        pbx: PbxName,
        settings: AsteriskSettings,
        state_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        """Make the connector, without touching the network.

        Args:
            pbx: The PBX's name in the configuration.
            settings: How to reach it.
            state_dir: Folder for what waits on disk.
            clock: Seconds since the epoch.
            random: For the waits between attempts and for ActionIDs.

        Raises:
            ConfigurationError: The site's ``encoding_fallback`` cannot be used.
        """
        AmiDecoder(encoding_fallback=settings.site.encoding_fallback)
        self._pbx = pbx
        self._settings = settings
        self._state_dir = state_dir
        self._clock = clock
        self._random = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
        self._mapper = AmiMapper(settings.site)
        self._backfill = Backfill(pbx, settings, clock)
        self._commander = Commander(pbx, settings, self.action, self._mapper.name_of, self._mapper.is_silenced)
        self._log = log.bind(pbx=pbx)
        self._link_report = LinkReport(pbx, clock)
        self._link: AmiLink | None = None
        self._lost_at: float | None = None
        self._lost_because = ""
        """Until when an earlier process heard the PBX; None once it is connected."""
        self._connected_to = ""
        self._remarks: dict[str, str] = {}
        self._delivering = asyncio.Lock()

    @property
    def pbx(self) -> PbxName:
        """The PBX's name in the configuration."""
        return self._pbx

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the PBX said and that nobody has read yet."""
        return 0 if self._link is None else self._link.drain.waiting_bytes

    @property
    def commands(self) -> frozenset[str]:
        """The ``type`` of each command that this PBX takes, as far as it is configured and connected now."""
        return self._commander.commands

    def why_not(self, command: str) -> str:
        """Say why a command that is not among :attr:`commands` is not taken, and which line to change where.

        Raises:
            PeerUnavailableError: The PBX is not connected, or only just.
        """
        return self._commander.why_not(command)

    def first_leg(self, order: Order) -> LegId | None:
        """Return the id that the first leg of a call will have that the order begins; the same each time."""
        return first_leg(order)

    async def execute(self, order: Order) -> Accepted:
        """Send it, once; see :class:`gateway.ports.connector.CommandingConnector`. Cancelling leaves open what was done.

        Raises:
            CommandRefusedError: Nothing happened; the text says why, for the person who gave it.
            PeerUnavailableError: The PBX is not connected; nothing was sent.
            CommandUnansweredError: It was sent, and no answer came: whether it was done is not known.
        """
        return await self._commander.execute(order)

    async def action(
        self, name: str, headers: Sequence[tuple[str, str]] = (), timeout_s: float | None = None
    ) -> list[AmiMessage]:
        """Send one action, once, and return its response and what it lists. Cancelling is safe, but it was perhaps sent.

        Raises:
            PeerUnavailableError: The PBX is not connected. Nothing was sent.
            CommandRefusedError: The action cannot be sent: a value holds a line end, say. Nothing was sent.
            CommandUnansweredError: No answer came in time. Whether it was done is not known; it is never sent again.
        """
        link = self._link
        if link is None or link.logged_in_at is None:
            raise PeerUnavailableError(f"{self._pbx} is not connected")
        return (await link.ask(name, headers, timeout_s or self._settings.action_timeout_s)).messages

    async def directory(self) -> Directory:
        """Read the PBX's users, telephones and queues; see :class:`gateway.ports.agents.DirectoryConnector`.

        Raises:
            PeerUnavailableError: The PBX is not connected.
            CommandUnansweredError: It did not answer.
        """
        return await read_directory(self.action, self._settings.site)

    async def run(self, sink: EventSink) -> None:
        """Keep the PBX connected and put its events into ``sink``. Cancelling is safe: no event is half applied."""
        heard_until = sink.heard_until(self._pbx)
        if heard_until is not None:
            self._backfill.doubt(heard_until)
        self._link_report.tell(sink, LinkStatus.CONNECTING, f"connecting to {self._settings.address}")
        tell = partial(self._link_report.tell, sink)
        await stay_connected(lambda: self._connect_once(sink), tell, self._settings, self._random)

    async def _connect_once(self, sink: EventSink) -> tuple[TielineError, float]:
        """Connect, and stay so as long as it goes; return why it ended, and the seconds that it was good for."""
        try:
            stream = await open_stream(self._settings.where)
        except TielineError as error:
            return error, 0.0
        decoder = AmiDecoder(WANTED | {BOOTED}, self._settings.site.encoding_fallback)
        drain = Drain(self._state_dir, self._settings.memory_bytes, self._settings.spool_bytes, self._spooling)
        link = AmiLink(stream, drain, decoder, self._clock, f"tieline-{self._random.getrandbits(32):08x}-")
        self._link = link
        try:
            failure = await live(link, lambda: self._consume(link, sink), lambda: self._talk(link, sink), self._pbx)
        finally:
            self._link = None
            self._commander.forget()
        if link.logged_in_at is None:
            return failure, 0.0
        # What came late tells of the time when it was said; the rest since then is lost.
        lost_at = link.heard_at - self._mapper.late_s
        self._log.warning("connection_lost", reason=str(failure), cut_off_bytes=decoder.unfinished, last_heard_at=lost_at)
        self._lost_at, self._lost_because = lost_at, str(failure)
        self._backfill.doubt(lost_at)
        await self._deliver(sink, self._mapper.connection_lost(lost_at))
        return failure, link.heard_at - link.logged_in_at

    async def _consume(self, link: AmiLink, sink: EventSink) -> None:
        """Read what the drain holds until the connection has ended and all of it was read."""
        heard = False
        try:
            while pieces := await link.drain.take():
                link.consuming = True
                events: list[PbxEvent] = []
                for piece in pieces:
                    events += self._read(link, piece)
                if not heard and link.logged_in_at is not None:
                    heard = True
                    await self._declare_gap(sink, link.logged_in_at)
                await self._deliver(sink, events)
                link.consuming = False
                # The reader's turn: neither take nor the sink need to wait for anything.
                await asyncio.sleep(0)
        except (PeerProtocolError, SpoolError) as error:
            link.fail(error)

    def _read(self, link: AmiLink, piece: Piece) -> list[PbxEvent]:
        if piece.direction is Direction.SENT:
            name, headers = decode_action(piece.data)
            return self._mapper.sent(name, headers, piece.at)
        events: list[PbxEvent] = []
        for message in link.decoder.receive_data(piece.data):
            was_out = link.logged_in_at is None
            link.take_note(message, piece.at)
            self._commander.watch.note(message)
            if link.logged_in_at is not None:
                if was_out:
                    events += self._mapper.connection_made(piece.at)
                events += self._mapper.receive(message, piece.at)
        return events

    async def _declare_gap(self, sink: EventSink, now: float) -> None:
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            await sink.declare_gap(self._pbx, Gap(began_at=lost_at, ended_at=now, reason=self._lost_because))

    async def _deliver(self, sink: EventSink, events: Sequence[PbxEvent]) -> None:
        if events:
            async with self._delivering:
                await sink.accept(self._pbx, events)

    async def _talk(self, link: AmiLink, sink: EventSink) -> None:
        """Say our side: login, snapshot, keepalive. What is raised ends the connection."""
        greeting = await enter(link, self._settings, self._pbx)
        self._remarks.clear()
        self._backfill.begin(self._clock())
        self._connected_to = f"connected to {greeting} at {self._settings.address} as {self._settings.username}"
        self._link_report.tell(sink, LinkStatus.CONNECTED, self._connected_to)
        clock = ClockWatch(self._settings.clock_limit_s, lambda text: self._remark(sink, "clock", text))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_alive(link, self._settings, clock.note), name=f"{self._pbx}.keepalive")
            listed = asyncio.Event()
            tasks.create_task(self._take_snapshots(link, sink, listed), name=f"{self._pbx}.snapshot")
            await listed.wait()
            # The calls that the gap ended must have ended here too.
            tasks.create_task(self._backfill.run(partial(self._deliver, sink)), name=f"{self._pbx}.backfill")

    async def _take_snapshots(self, link: AmiLink, sink: EventSink, listed: asyncio.Event) -> None:
        """List what there is, set ``listed``, and list once more each time the PBX says that only now it is ready."""

        def ask(name: str, headers: Sequence[tuple[str, str]]) -> Awaitable[Answer]:
            return link.ask(name, headers, LIST_TIMEOUT_S, patient=True)

        while True:
            await self._commander.learn(ask)
            snapshot = await take_snapshot(ask, self._pbx, link.booted.clear)
            await self._deliver(sink, snapshot.events)
            listed.set()
            self._remark(
                sink, "rights", "; ".join(f"it would tell more with `{right}` in manager.conf" for right in snapshot.missing)
            )
            await link.booted.wait()

    def _remark(self, sink: EventSink, about: str, text: str) -> None:
        """Say in the state what an operator should change although all works; empty when there is nothing (more)."""
        if self._remarks.get(about, "") != text:
            self._remarks[about] = text
            remarks = [remark for remark in self._remarks.values() if remark]
            self._link_report.tell(sink, LinkStatus.CONNECTED, "; ".join([self._connected_to, *remarks]))

    def _spooling(self, begun: bool) -> None:
        if begun:
            self._log.warning("spooling", folder=str(self._state_dir), because="events come faster than they are taken")
        else:
            self._log.info("spool_empty")
