"""Keeps one PBX's telephones watched: subscriptions, snapshot, whether it is there, and again from the start when it goes."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final, Protocol

import structlog

from connectors._kit.reconnect import LinkReport, stay_connected
from connectors.sip_mirror.link import Item, Link, open_link
from connectors.sip_mirror.mapping import MirrorMapper
from connectors.sip_mirror.protocol.message import SipMessage, parse
from connectors.sip_mirror.protocol.requests import Identity
from connectors.sip_mirror.protocol.watch import Watch
from connectors.sip_mirror.settings import MirrorSettings
from gateway.model.errors import PeerRefusedError, TielineError
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.ports.connector import EventSink, Gap, LinkStatus

AGAIN_S: Final = 30.0
"""Seconds between two requests for the whole state of one telephone, which a PBX may tell wrongly each time."""
SHOWN_REMARKS: Final = 3
"""Telephones that a state names of those that are not seen."""

log = structlog.get_logger(__name__)


class Tap(Protocol):
    """Sees what goes over the wire."""

    def opened(self, at: float) -> None:
        """A connection was made."""

    def received(self, at: float, data: bytes) -> None:
        """A message came."""

    def sent(self, at: float, data: bytes) -> None:
        """We sent a message."""

    def closed(self, at: float) -> None:
        """The connection ended."""


def create(pbx: PbxName, settings: MirrorSettings, state_dir: Path) -> "MirrorConnector":
    """Make the connector of one PBX; it keeps nothing in ``state_dir``."""
    return MirrorConnector(pbx, settings)


class MirrorConnector:
    """One PBX, by its telephones' dialogs; see :class:`gateway.ports.connector.Connector`."""

    def __init__(
        self,
        pbx: PbxName,
        settings: MirrorSettings,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
        tap: Tap | None = None,
    ) -> None:
        """Make the connector, without touching the network.

        Args:
            pbx: The PBX's name in the configuration.
            settings: How to reach it, and whom to watch.
            clock: Seconds since the epoch.
            random: For the waits between attempts.
            new_id: Makes words that nobody guesses.
            tap: Sees what goes over the wire.
        """
        self._pbx = pbx
        self._settings = settings
        self._clock = clock
        self._random = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
        self._new_id = new_id
        self._tap = tap
        self._mapper = MirrorMapper(settings.extensions)
        self._log = log.bind(pbx=pbx)
        self._link_report = LinkReport(pbx, clock)
        self._lost_at: float | None = None
        self._lost_because = ""
        self._asked_again: dict[str, float] = {}

    @property
    def pbx(self) -> PbxName:
        """The PBX's name in the configuration."""
        return self._pbx

    async def run(self, sink: EventSink) -> None:
        """Keep the telephones watched and put what they do into ``sink``. Cancelling is safe: no event is half applied."""
        self._link_report.tell(sink, LinkStatus.CONNECTING, f"connecting to {self._settings.address}")

        def tell(status: LinkStatus, detail: str) -> None:
            where = "" if status is LinkStatus.STOPPED else f"SIP at {self._settings.address}: "
            self._link_report.tell(sink, status, where + detail)

        await stay_connected(lambda: self.connect_once(sink), tell, self._settings, self._random)

    async def connect_once(self, sink: EventSink) -> tuple[TielineError, float]:
        """Watch as long as it goes; return why it ended, and the seconds that it was good for."""
        try:
            link = await open_link(self._settings, self._clock)
        except TielineError as error:
            return error, 0.0
        conversation = _Conversation(link, self._watch(link), self._tap, self._clock)
        if self._tap is not None:
            self._tap.opened(self._clock())
        try:
            failure = await self._live(conversation, sink)
        finally:
            conversation.say_goodbye()
            if self._tap is not None:
                self._tap.closed(self._clock())
            await link.close()
        if conversation.heard_since is None:
            return failure, 0.0
        lost_at = conversation.heard_at
        self._log.warning("connection_lost", reason=str(failure), last_heard_at=lost_at)
        self._lost_at, self._lost_because = lost_at, str(failure)
        await self._deliver(sink, self._mapper.connection_lost(lost_at))
        return failure, 0.0 if isinstance(failure, PeerRefusedError) else lost_at - conversation.heard_since

    def _watch(self, link: Link) -> Watch:
        settings = self._settings
        host, port = link.local
        here = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        identity = Identity(
            domain=settings.sip_domain,
            user=settings.user,
            auth_user=settings.auth_user or settings.user,
            secret=settings.secret,
            via=f"SIP/2.0/{settings.transport.upper()} {here}",
            contact=f"<sip:{settings.user}@{here};transport={settings.transport}>",
            agent="Tieline",
            reliable=settings.transport != "udp",
        )
        return Watch(
            settings.extensions,
            identity,
            settings.expires_s,
            settings.ping_interval_s,
            settings.dead_after_s,
            self._new_id,
            settings.mailboxes,
        )

    async def _live(self, conversation: "_Conversation", sink: EventSink) -> TielineError:
        loop = asyncio.get_running_loop()
        watch, mapper = conversation.watch, self._mapper
        try:
            conversation.send(watch.begin(loop.time()))
            while True:
                item = await self._next(conversation)
                if isinstance(item, TielineError):
                    return item
                events: list[PbxEvent] = []
                if item is not None and conversation.heard_since is None:
                    conversation.heard_since = conversation.heard_at = item[0]
                    events += mapper.connection_made(item[0])
                    await self._declare_gap(sink, item[0])
                if conversation.heard_since is not None:
                    for sent_at, said in conversation.take_sent():
                        events += mapper.sent(said, sent_at)
                    events += mapper.wake(self._clock())
                if item is not None:
                    at, message = item
                    conversation.note(at, message)
                    conversation.send(watch.received(message, loop.time()))
                    # Only now: who has forgotten us told us nothing for some time.
                    conversation.heard_at = at
                    events += mapper.receive(message, at)
                conversation.send(watch.wake(loop.time()))
                self._ask_again(conversation, loop.time())
                await self._deliver(sink, events)
                if conversation.heard_since is not None:
                    self._show(sink, watch)
        except TielineError as error:
            return error

    async def _next(self, conversation: "_Conversation") -> Item | None:
        """Return what comes next; None when something is due."""
        wait_s = conversation.watch.due - asyncio.get_running_loop().time()
        if conversation.heard_since is not None and self._mapper.due is not None:
            wait_s = min(wait_s, self._mapper.due - self._clock())
        try:
            async with asyncio.timeout(max(wait_s, 0.0)):
                return await conversation.link.receive()
        except TimeoutError:
            return None

    def _ask_again(self, conversation: "_Conversation", now: float) -> None:
        for extension in sorted(self._mapper.stale):
            if now - self._asked_again.get(extension, -AGAIN_S) >= AGAIN_S:
                self._asked_again[extension] = now
                self._mapper.stale.discard(extension)
                self._log.warning("sip_state_missed", extension=extension)
                conversation.send(conversation.watch.subscribe_again(extension, now))

    async def _declare_gap(self, sink: EventSink, now: float) -> None:
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            await sink.declare_gap(self._pbx, Gap(began_at=lost_at, ended_at=now, reason=self._lost_because))

    async def _deliver(self, sink: EventSink, events: Sequence[PbxEvent]) -> None:
        if events:
            await sink.accept(self._pbx, events)

    def _show(self, sink: EventSink, watch: Watch) -> None:
        remarks = watch.remarks
        seen = f"{len(watch.subscriptions) - len(remarks)} of {len(watch.subscriptions)} telephones watched"
        text = f"connected to SIP at {self._settings.address}, {seen}"
        for extension in sorted(remarks)[:SHOWN_REMARKS]:
            text += f"; {extension} is not: {remarks[extension]}"
        if len(remarks) > SHOWN_REMARKS:
            text += f"; and {len(remarks) - SHOWN_REMARKS} more"
        text += "".join(f"; mailbox {name} is not: {why}" for name, why in sorted(watch.mailbox_remarks.items())[:SHOWN_REMARKS])
        self._link_report.tell(sink, LinkStatus.CONNECTED, text)


class _Conversation:
    """One connection with what is said over it."""

    def __init__(self, link: Link, watch: Watch, tap: Tap | None, clock: Callable[[], float]) -> None:
        self.link = link
        self.watch = watch
        self.heard_since: float | None = None
        self.heard_at = 0.0
        self._tap = tap
        self._clock = clock
        self._sent: list[tuple[float, SipMessage]] = []

    def send(self, messages: Sequence[bytes]) -> None:
        for data in messages:
            at = self._clock()
            self.link.send(data)
            if data.startswith(b"SUBSCRIBE "):
                self._sent.append((at, parse(data)))
                if self._tap is not None:
                    self._tap.sent(at, data)

    def take_sent(self) -> list[tuple[float, SipMessage]]:
        sent, self._sent = self._sent, []
        return sent

    def note(self, at: float, message: SipMessage) -> None:
        if self._tap is not None:
            self._tap.received(at, message.raw)

    def say_goodbye(self) -> None:
        """Subscribe no more; what the PBX answers is not waited for."""
        if self.heard_since is not None:
            for data in self.watch.end(asyncio.get_running_loop().time()):
                self.link.send(data)
