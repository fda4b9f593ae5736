"""One PBX by SIP: its workers, what they report as events, what it is told to do."""

import asyncio
import importlib
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog

from connectors._kit.reconnect import LinkReport
from connectors.sip import wire
from connectors.sip.commands import TAKEN, Commander, first_leg
from connectors.sip.configuring import configure
from connectors.sip.consulting import Consultations
from connectors.sip.dialler import Dialler
from connectors.sip.events import SipMapper
from connectors.sip.process import WORKER, Files, folder_for
from connectors.sip.settings import SipSettings
from connectors.sip.standing import Standing
from connectors.sip.supervisor import HELLO_S, WorkerSupervisor
from connectors.sip.switch import Switch
from gateway.model.commands import Accepted, Order
from gateway.model.errors import PeerError, PeerUnavailableError
from gateway.model.events import ConnectionMade, PbxEvent, SnapshotDone
from gateway.model.ids import LegId, PbxName
from gateway.ports.connector import EventSink, LinkStatus
from gateway.ports.media import CallApplication, LegCommands

BINDING: Final = "pjsua2"
WITHOUT_BINDING: Final = (
    "SIP needs the pjsua2 binding, which is not installed: run `make sip` in Tieline's folder (it takes some minutes), or take "
    "the connector with `plugin: sip` out of the configuration"
)
LOOK_AGAIN_S: Final = 30.0
"""Seconds between two looks whether the binding is there now."""
MAX_WAITING: Final = 10_000
"""Events that wait to be taken; beyond it the workers are not heard until they are."""

log = structlog.get_logger(__name__)


def create(pbx: PbxName, settings: SipSettings, state_dir: Path) -> "SipConnector":
    """Make the connector of one PBX that is reached by SIP."""
    return SipConnector(pbx, settings, state_dir)


class SipConnector:
    """One PBX, by SIP; see :class:`gateway.ports.connector.Connector` and :class:`gateway.ports.media.VoiceSource`."""

    def __init__(
        self,
        pbx: PbxName,
        settings: SipSettings,
        state_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        program: Sequence[str] = WORKER,
    ) -> None:
        """Make the connector, without touching the network.

        Args:
            pbx: The PBX's name in the configuration.
            settings: How to reach it.
            state_dir: Folder for what its workers have.
            clock: Seconds since the epoch.
            random: For the waits between attempts.
            program: What Python runs as a worker.
        """
        self._pbx = pbx
        self._settings = settings
        self._state_dir = state_dir
        self._clock = clock
        self._random = Random() if random is None else random  # noqa: S311  # spreads attempts, keeps no secret
        self._program = program
        self._log = log.bind(pbx=pbx)
        self._link_report = LinkReport(pbx, clock)
        self._sink: EventSink | None = None
        self._workers: dict[int, WorkerSupervisor] = {}
        self._settled: set[int] = set()
        """Workers that were seen at work, or not, at least once."""
        self._all_settled = asyncio.Event()
        self._waiting: deque[PbxEvent] = deque()
        self._bell = asyncio.Event()
        self._paused = False
        self._chores: asyncio.Queue[tuple[Coroutine[Any, Any, None], str]] = asyncio.Queue()
        self._standing = Standing(settings)
        self._mapper = SipMapper(settings.site)
        recordings = state_dir / "recordings" if settings.recordings is None else Path(settings.recordings)
        dialler = Dialler(self._mapper, self._ask, self._tell, clock)
        consultations = Consultations(pbx, self._mapper, dialler, self._ask, self._tell, clock)
        self._commander = Commander(
            pbx,
            self._mapper,
            self._ask,
            dialler,
            consultations,
            self._choose,
            self._tell,
            clock,
            recordings,
            refers=settings.transfer == "refer",
        )
        self._switch = Switch(
            pbx,
            self._mapper,
            self._commander,
            dialler,
            consultations,
            self._ask,
            self._send,
            self._tell,
            self._start,
            clock,
        )

    @property
    def pbx(self) -> PbxName:
        """The PBX's name in the configuration."""
        return self._pbx

    @property
    def workers(self) -> Sequence[WorkerSupervisor]:
        """Those who hold the calls, by their numbers."""
        return tuple(self._workers.values())

    def usable(self, worker: int) -> Sequence[str]:
        """Return the accounts that a worker, counted from 1, can call with now."""
        return self._standing.usable(worker)

    @property
    def commands(self) -> frozenset[str]:
        """The ``type`` of each command that can be done; none while no worker is at work."""
        return TAKEN if any(worker.is_at_work for worker in self._workers.values()) else frozenset()

    def why_not(self, command: str) -> str:
        """Say why a command that is not among :attr:`commands` is not taken."""
        if not self.commands:
            raise PeerUnavailableError(f"{self._pbx} is not connected: {self._standing.text}")
        return self._commander.why_not(command)

    def first_leg(self, order: Order) -> LegId | None:
        """Return the id of the leg that an order begins a call with; the same each time."""
        return first_leg(order)

    async def execute(self, order: Order) -> Accepted:
        """Do it, once; see :class:`gateway.ports.connector.CommandingConnector`."""
        if not self.commands:
            raise PeerUnavailableError(f"{self._pbx} is not connected: {self._standing.text}")
        return await self._commander.execute(order)

    def serve(self, application: CallApplication, commands: LegCommands) -> None:
        """Let the application have each call that comes from now on; without one they are refused."""
        self._switch.serve(application, commands)

    async def run(self, sink: EventSink) -> None:
        """Keep the workers at work and put what they report into ``sink``.

        When this is cancelled, workers without a call end; those with calls wait for the next gateway for ten seconds.
        """
        self._sink = sink
        self._report(LinkStatus.CONNECTING, "starting")
        try:
            await self._have_binding()
            folder = await self._have_folder()
            numbers = range(1, self._settings.workers + 1)
            self._workers = {number: self._worker(number, folder) for number in numbers}
            self._tell([ConnectionMade(at=self._clock())])
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._deliver(sink), name=f"{self._pbx}.deliver")
                tasks.create_task(self._do_chores(tasks), name=f"{self._pbx}.chores")
                tasks.create_task(self._end_snapshot(), name=f"{self._pbx}.snapshot")
                for worker in self._workers.values():
                    tasks.create_task(worker.run(), name=f"{self._pbx}.{worker.name}")
        finally:
            self._report(LinkStatus.STOPPED, "stopped")

    def attached(self, worker: WorkerSupervisor, hello: wire.Hello, calls: Sequence[wire.CallInfo]) -> None:
        """See :class:`connectors.sip.supervisor.Overseer`, as for the three that follow."""
        self._standing.attached(worker.number)
        self._switch.attached(worker.number, calls)
        self._settle(worker)

    def reported(self, worker: WorkerSupervisor, report: wire.Report) -> None:
        """Take what a worker says."""
        if isinstance(report, wire.AccountChanged):
            # What a worker that is told to end gives up is no news.
            if worker.is_at_work:
                self._standing.changed(worker.number, report)
                self._show()
        else:
            self._switch.reported(worker.number, report)

    def heard(self, worker: WorkerSupervisor, frame: wire.Frame) -> None:
        """Take a media frame."""
        self._switch.heard(worker.number, frame)

    def lost(self, worker: WorkerSupervisor, reason: PeerError) -> None:
        """Take note that a worker is gone, and end its calls."""
        self._standing.lost(worker.number, reason)
        self._switch.lost(worker.number, str(reason))
        self._settle(worker)

    def _worker(self, number: int, folder: Path) -> WorkerSupervisor:
        return WorkerSupervisor(
            number,
            Files(folder, f"worker-{number}"),
            self._settings,
            self._configuration,
            self,
            self._random,
            self._program,
        )

    async def _configuration(self, number: int) -> wire.Configure:
        return await configure(self._settings, number)

    async def _have_binding(self) -> None:
        """Wait until the workers have what they are made of; who installs it need not restart us."""
        while self._program is WORKER and not _has_binding():
            self._standing.refused(WITHOUT_BINDING)
            self._report(LinkStatus.REFUSED, WITHOUT_BINDING)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _have_folder(self) -> Path:
        while True:
            try:
                return folder_for(self._state_dir)
            except PeerUnavailableError as error:
                self._report(LinkStatus.RETRYING, str(error))
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _end_snapshot(self) -> None:
        """Say that all calls were listed once each worker was seen: those that none has have ended."""
        try:
            async with asyncio.timeout(HELLO_S):
                await self._all_settled.wait()
        except TimeoutError:
            self._log.warning("sip_workers_slow", settled=len(self._settled), workers=len(self._workers))
        self._tell([SnapshotDone(at=self._clock())])

    async def _deliver(self, sink: EventSink) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            events = tuple(self._waiting)
            self._waiting.clear()
            await sink.accept(self._pbx, events)
            if self._paused and not self._waiting:
                self._paused = False
                for worker in self._workers.values():
                    worker.resume()

    async def _do_chores(self, tasks: asyncio.TaskGroup) -> None:
        try:
            while True:
                chore, name = await self._chores.get()
                tasks.create_task(chore, name=f"{self._pbx}.{name}")
        finally:
            while not self._chores.empty():
                self._chores.get_nowait()[0].close()

    def _start(self, chore: Coroutine[Any, Any, None], name: str) -> None:
        self._chores.put_nowait((chore, name))

    def _tell(self, events: Sequence[PbxEvent]) -> None:
        self._waiting.extend(events)
        self._bell.set()
        if len(self._waiting) > MAX_WAITING and not self._paused:
            self._paused = True
            for worker in self._workers.values():
                worker.pause()

    async def _ask(self, worker: int, order: wire.Order, when_done: Callable[[wire.Done], None] | None) -> wire.Done:
        return await self._workers[worker].ask(order, when_done)

    def _send(self, worker: int, frame: wire.Frame) -> None:
        self._workers[worker].send(frame)

    def _choose(self, urgent: bool) -> tuple[int, str]:
        """Return the worker with the fewest calls, and its account, for a new call; a full one too where it is urgent.

        Raises:
            PeerUnavailableError: None can call.
        """
        able = []
        for worker in self._workers.values():
            full = worker.draining or worker.calls >= self._settings.calls_per_worker
            usable = self._standing.usable(worker.number)
            if not worker.is_at_work or (not urgent and (full or not usable)):
                continue
            # Who calls for help tries what there is, even where the PBX did not answer when it was asked last.
            account = (usable or [self._settings.accounts_of(worker.number)[0].name])[0]
            able.append((not usable, full, worker.calls, worker.number, account))
        if not able:
            raise PeerUnavailableError(f"{self._pbx} cannot be called now: {self._standing.text}")
        *_, number, account = min(able)
        return number, account

    def _settle(self, worker: WorkerSupervisor) -> None:
        self._settled.add(worker.number)
        if len(self._settled) == self._settings.workers:
            self._all_settled.set()
        self._show()

    def _show(self) -> None:
        self._report(self._standing.status, self._standing.text)

    def _report(self, status: LinkStatus, detail: str) -> None:
        if self._sink is not None:
            self._link_report.tell(self._sink, status, detail)


def _has_binding() -> bool:
    importlib.invalidate_caches()
    return find_spec(BINDING) is not None
