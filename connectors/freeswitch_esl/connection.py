"""Keeps one FreeSWITCH connected: login, subscription, snapshot, keepalive, and again from the start when the connection ends.

There are two connections, since one is serial: an ``api`` command that takes its time holds up all events behind it. The one
brings events, the other takes commands and their results.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import structlog

from connectors._kit.clock_watch import ClockWatch
from connectors._kit.drain import Direction, Drain, Piece, SpoolError
from connectors._kit.reconnect import LinkReport, stay_connected
from connectors._kit.stream import open_stream
from connectors.freeswitch_esl.command_link import CommandLink
from connectors.freeswitch_esl.commands import CREATED, Commander
from connectors.freeswitch_esl.commands_plan import first_leg
from connectors.freeswitch_esl.keepalive import keep_alive
from connectors.freeswitch_esl.link import EslLink
from connectors.freeswitch_esl.login import HEARTBEAT, Rights, enter, subscription
from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder, encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from connectors.freeswitch_esl.settings import FreeswitchSettings
from connectors.freeswitch_esl.snapshot import keep_listed, take_snapshot
from gateway.model.commands import Accepted, LogIn, LogOut, Order, SetPause, SetPenalty
from gateway.model.errors import (
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
    TielineError,
)
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.ports.connector import EventSink, Gap, LinkStatus

LIST_TIMEOUT_S: Final = 60.0
"""Seconds for one list of a snapshot: a busy PBX has thousands of legs."""
_MICROSECONDS: Final = 1_000_000

log = structlog.get_logger(__name__)


def create(pbx: PbxName, settings: FreeswitchSettings, state_dir: Path) -> "FreeswitchConnector":
    """Make the connector of one configured FreeSWITCH.

    Raises:
        ConfigurationError: The site's ``encoding_fallback`` cannot be used.
    """
    return FreeswitchConnector(pbx, settings, state_dir)


class FreeswitchConnector:
    """One FreeSWITCH, by ESL; see :class:`gateway.ports.connector.Connector`."""

    def __init__(
        self,
        pbx: PbxName,
        settings: FreeswitchSettings,
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
            random: For the waits between attempts and for Job-UUIDs.

        Raises:
            ConfigurationError: The site's ``encoding_fallback`` cannot be used.
        """
        EslDecoder(encoding_fallback=settings.site.encoding_fallback)
        self._pbx = pbx
        self._settings = settings
        self._state_dir = state_dir
        self._clock = clock
        self._random = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
        self._mapper = EslMapper(settings.site)
        self._commands = CommandLink(pbx, settings, state_dir, clock, self._random)
        self._commander = Commander(pbx, settings, self._job, self._rights)
        self._log = log.bind(pbx=pbx)
        self._link_report = LinkReport(pbx, clock)
        self._link: EslLink | None = None
        self._lost_at: float | None = None
        self._lost_because = ""
        self._connected_to = ""
        self._remarks: dict[str, str] = {}
        self._clock_watch: ClockWatch | None = None
        self._listing = asyncio.Event()
        """Set when the mapper needs a list."""

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
        """Say why a command that is not among :attr:`commands` is not taken, and which line to change where."""
        return self._commander.why_not(command)

    def first_leg(self, order: Order) -> LegId | None:
        """Return the id that the first leg of a call will have that the order begins; the same each time."""
        return first_leg(order)

    async def execute(self, order: Order) -> Accepted:
        """Send it, once, and return when the PBX has taken it. What came of it is told by events.

        Raises:
            CommandRefusedError: Nothing happened; the text says why.
            PeerUnavailableError: The PBX is not connected; nothing was sent.
            CommandUnansweredError: It was sent, and no answer came: whether it was done is not known.
        """
        try:
            return await self._commander.execute(order)
        finally:
            if isinstance(order.command, LogIn | LogOut | SetPause | SetPenalty):
                # What it changed in the lists is told by an event that not every user may hear.
                self._mapper.note_change()
                self._listing.set()

    def _rights(self) -> Rights | None:
        """Return what our user may do; None while either connection is missing: what came of a command would not be heard."""
        return self._commands.rights if self._link is not None and self._link.logged_in_at is not None else None

    async def _job(self, command: str, job_id: str) -> str:
        link = self._link
        if link is None or link.logged_in_at is None:
            raise PeerUnavailableError(f"{self._pbx} is not connected")

        async def before(data: bytes) -> None:
            # A cause is heard before its effect.
            await link.drain.put(Piece(self._clock(), Direction.SENT, data))

        return await self._commands.job(command, self._settings.command_timeout_s, before, job_id)

    async def run(self, sink: EventSink) -> None:
        """Keep the PBX connected and put its events into ``sink``. Cancelling is safe: no event is half applied."""
        settings = self._settings
        self._clock_watch = ClockWatch(settings.clock_limit_s, lambda text: self._remark(sink, "clock", text))
        self._link_report.tell(sink, LinkStatus.CONNECTING, f"connecting to {settings.address}")
        await stay_connected(lambda: self._connect_once(sink), partial(self._link_report.tell, sink), settings, self._random)

    async def _connect_once(self, sink: EventSink) -> tuple[TielineError, float]:
        """Connect, and stay so as long as it goes; return why it ended, and the seconds that it was good for."""
        try:
            stream = await open_stream(self._settings.where)
        except TielineError as error:
            return error, 0.0
        decoder = EslDecoder(WANTED | {HEARTBEAT}, self._settings.site.encoding_fallback)
        drain = Drain(self._state_dir, self._settings.memory_bytes, self._settings.spool_bytes, self._spooling)
        link = EslLink(stream, drain, decoder, self._clock)
        self._link = link
        try:
            failure = await self._live(link, sink)
        finally:
            self._link = None
        if link.logged_in_at is None:
            return failure, 0.0
        lost_at = link.heard_at
        self._log.warning("connection_lost", reason=str(failure), cut_off_bytes=decoder.unfinished, last_heard_at=lost_at)
        self._lost_at, self._lost_because = lost_at, str(failure)
        await self._deliver(sink, self._mapper.connection_lost(lost_at))
        return failure, link.heard_at - link.logged_in_at

    async def _live(self, link: EslLink, sink: EventSink) -> TielineError:
        """Run one connection to its end and return why it ended. Cancelling is safe: it ends the connection."""
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(link.read(), name=f"{self._pbx}.read")
                talking = tasks.create_task(self._talk_or_fail(link, sink), name=f"{self._pbx}.talk")
                await self._consume(link, sink)
                link.answer_nothing_more()
                if link.logged_in_at is None:
                    # It may have been told already why we are not wanted, and waits for nothing more.
                    await asyncio.wait([talking])
                reading.cancel()
                talking.cancel()
        finally:
            link.answer_nothing_more()
            link.drain.close()
        assert link.failure is not None  # answer_nothing_more gave it one at the latest
        return link.failure

    async def _consume(self, link: EslLink, sink: EventSink) -> None:
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

    def _read(self, link: EslLink, piece: Piece) -> list[PbxEvent]:
        events: list[PbxEvent] = []
        if piece.direction is Direction.SENT:
            for command in EslCommandDecoder().receive_data(piece.data):
                events += self._mapper.sent(command, piece.at)
            return events
        for message in link.decoder.receive_data(piece.data):
            link.take_note(message)
            if link.logged_in_at is None:
                if message.kind is MessageKind.REPLY and message.name.startswith("+OK"):
                    # The first answer is the login's.
                    link.logged_in_at = piece.at
                    events += self._mapper.connection_made(piece.at)
                continue
            if message.name == CREATED:
                self._commander.note(message)
            if message.name == HEARTBEAT:
                self._look_at_clock(message, piece.at)
            events += self._mapper.receive(message, piece.at)
        if self._mapper.is_stale:
            self._listing.set()
        return events

    def _look_at_clock(self, message: EslMessage, at: float) -> None:
        stamp = message.get("Event-Date-Timestamp")
        if self._clock_watch is not None and stamp.isascii() and stamp.isdigit():
            self._clock_watch.note(int(stamp[:20]) / _MICROSECONDS - at)

    async def _declare_gap(self, sink: EventSink, now: float) -> None:
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            await sink.declare_gap(self._pbx, Gap(began_at=lost_at, ended_at=now, reason=self._lost_because))

    async def _deliver(self, sink: EventSink, events: Sequence[PbxEvent]) -> None:
        if events:
            await sink.accept(self._pbx, events)

    async def _talk_or_fail(self, link: EslLink, sink: EventSink) -> None:
        try:
            await self._talk(link, sink)
        except* TielineError as errors:
            link.fail(_first(errors))

    async def _talk(self, link: EslLink, sink: EventSink) -> None:
        """Say our side: login, subscription, snapshot, keepalive. What is raised ends the connection."""
        settings = self._settings
        rights = await enter(link, settings, self._pbx)
        self._remarks.clear()
        words, unheard = subscription(WANTED | {HEARTBEAT}, rights)
        reply = await link.ask("event", f"plain {words}", settings.command_timeout_s)
        if not reply.name.startswith("+OK"):
            raise PeerRefusedError(f"FreeSWITCH at {settings.address} sends no events ({reply.name}) {_RIGHTS_CURE}")
        who = "" if settings.user is None else f" as {settings.user}"
        self._connected_to = f"connected to FreeSWITCH at {settings.address}{who}"
        self._link_report.tell(sink, LinkStatus.CONNECTED, self._connected_to)

        async def ask(command: str) -> EslMessage:
            # The mapping reads the answers by what was asked.
            await link.drain.put(Piece(self._clock(), Direction.SENT, encode_command("api", command)))
            return await link.ask("api", command, LIST_TIMEOUT_S, patient=True)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_alive(link, settings), name=f"{self._pbx}.keepalive")
            tasks.create_task(self._commands.run(lambda text: self._remark(sink, "commands", text)), name=f"{self._pbx}.commands")
            missing = await take_snapshot(ask, rights)
            told = [*(f"event {name.removeprefix('CUSTOM ')}" for name in unheard), *(f"api {name}" for name in missing)]
            self._remark(sink, "rights", f"it would tell more with {', '.join(told)} {_RIGHTS_CURE}" if told else "")
            await keep_listed(ask, rights, self._mapper, self._listing)

    def _remark(self, sink: EventSink, about: str, text: str) -> None:
        """Say in the state what an operator should change although all works; empty when there is nothing (more)."""
        if self._remarks.get(about, "") != text:
            self._remarks[about] = text
            if self._link is not None and self._connected_to:
                remarks = [remark for remark in self._remarks.values() if remark]
                self._link_report.tell(sink, LinkStatus.CONNECTED, "; ".join([self._connected_to, *remarks]))

    def _spooling(self, begun: bool) -> None:
        if begun:
            self._log.warning("spooling", folder=str(self._state_dir), because="events come faster than they are taken")
        else:
            self._log.info("spool_empty")


_RIGHTS_CURE: Final = "in the user's `esl-allowed-events` and `esl-allowed-api` of the directory"


def _first(errors: BaseExceptionGroup[TielineError]) -> TielineError:
    """Return the first error of a group; others came of it."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
