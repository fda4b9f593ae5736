"""Our side of the two connections to one SIP worker, from the first word to its end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from connectors.sip import wire
from connectors.sip.packets import PacketLink, connect_to
from connectors.sip.process import WorkerProcess
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
)

MAX_ORDERS_WAITING: Final = 2000
"""Orders that a worker has not taken; one that hangs is killed long before."""
MAX_FRAMES_WAITING: Final = 500
"""Media frames that a worker has not taken: 60 ms of 150 calls; then the oldest is dropped."""
MOMENT_S: Final = 0.3
"""Seconds between the end of a worker's connection and that of its process."""

log = structlog.get_logger(__name__)


class Attachment:
    """Both connections to one process.

    Args:
        process: The worker.
        report: Gets what it says of calls and accounts, once :meth:`begin` was called; until then it is kept.
        heard: Gets its media frames.

    Raises:
        PeerUnavailableError: It does not listen.
    """

    def __init__(
        self, process: WorkerProcess, *, report: Callable[[wire.Report], None], heard: Callable[[wire.Frame], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._process = process
        self._report = report
        self._heard = heard
        self._loop = loop
        self._early: list[wire.Report] | None = []
        self._hello: asyncio.Future[wire.Hello] = loop.create_future()
        self._listed: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[str] = loop.create_future()
        self._gone = asyncio.Event()
        self._cut: asyncio.TimerHandle | None = None
        self._paused = False
        self._asked: dict[int, tuple[asyncio.Future[wire.Done], Callable[[wire.Done], None] | None]] = {}
        self._last_request = 0
        self._last_sign = loop.time()
        self._control: PacketLink | None = None
        self._media: PacketLink | None = None
        self.listed: list[wire.CallInfo] = []
        """The calls that it had when we came."""
        self.calls: set[wire.CallNumber] = set()
        """Those that it has."""
        self.heartbeat: wire.Heartbeat | None = None
        """The last one."""
        self._log = log.bind(worker=process.files.name)
        process.watch(self._process_ended)

    @property
    def silent_s(self) -> float:
        """Seconds since the last sign of life, while we listen."""
        return 0.0 if self._paused else self._loop.time() - self._last_sign

    @property
    def dropped_frames(self) -> int:
        """Media frames that it did not take in time."""
        return 0 if self._media is None else self._media.dropped

    async def greet(self, within_s: float) -> wire.Hello:
        """Connect, and hear what it says of itself and its calls.

        Raises:
            PeerUnavailableError: It does not listen, ended, or said nothing in time.
        """
        path = self._process.files.socket
        self._control = PacketLink(
            connect_to(path),
            max_bytes=wire.MAX_MESSAGE_BYTES,
            max_waiting=MAX_ORDERS_WAITING,
            drops_oldest=False,
            take=self._take,
            ended=lambda reason: self._connection_ended(f"left its connection for orders: {reason}"),
        )
        self._control.send(wire.encode(wire.Attach(protocol=wire.PROTOCOL, kind=wire.Attachment.CONTROL)))
        self._media = PacketLink(
            connect_to(path),
            max_bytes=wire.MAX_FRAME_BYTES,
            max_waiting=MAX_FRAMES_WAITING,
            drops_oldest=True,
            take=self._take_frame,
            ended=lambda reason: self._connection_ended(f"left its connection for voice: {reason}"),
        )
        self._media.send(wire.encode(wire.Attach(protocol=wire.PROTOCOL, kind=wire.Attachment.MEDIA)))
        first: list[asyncio.Future[Any]] = [self._listed, self._ended]
        await asyncio.wait(first, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if not self._listed.done():
            reason = self._ended.result() if self._ended.done() else f"did not say that it is there within {within_s:g} s"
            raise PeerUnavailableError(f"{self._process.files.name} {reason}")
        self._last_sign = self._loop.time()
        return self._hello.result()

    async def configure(self, configuration: wire.Configure, within_s: float) -> None:
        """Tell it what to be.

        Raises:
            PeerRefusedError: It cannot be that; the text says why.
            PeerUnavailableError: It ended, or did not answer.
        """
        try:
            await self.ask(configuration, within_s)
        except CommandRefusedError as error:
            raise PeerRefusedError(f"{self._process.files.name} cannot be as the configuration says: {error}") from error
        except CommandUnansweredError as error:
            raise PeerUnavailableError(str(error)) from error

    async def ask(self, order: wire.Order, within_s: float, when_done: Callable[[wire.Done], None] | None = None) -> wire.Done:
        """Give an order and return its answer; see :meth:`connectors.sip.supervisor.WorkerSupervisor.ask`."""
        if self._ended.done():
            raise PeerUnavailableError(f"{self._process.files.name} {self._ended.result()}")
        answer: asyncio.Future[wire.Done] = self._loop.create_future()
        number = self._control_send(order)
        self._asked[number] = (answer, when_done)
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError as error:
            what = f"{self._process.files.name} did not answer {type(order).__name__} within {within_s:g} s"
            raise CommandUnansweredError(what) from error
        finally:
            del self._asked[number]

    def send(self, frame: wire.Frame) -> None:
        """Send a media frame."""
        if self._media is not None:
            self._media.send(wire.encode_frame(frame))

    def begin(self) -> None:
        """Hand on what it has said since it listed its calls, and all that comes."""
        early, self._early = self._early, None
        for report in early or ():
            self._report(report)

    def pause(self) -> None:
        """Take nothing of it for now but media; its heart is not listened to meanwhile."""
        if self._control is not None:
            self._paused = True
            self._control.pause()

    def resume(self) -> None:
        """Take all again."""
        self._last_sign = self._loop.time()
        self._paused = False
        if self._control is not None:
            self._control.resume()

    def kill(self) -> None:
        """End the process at once; that it ended is told as of any other."""
        self._process.kill()

    async def ended_within(self, seconds: float) -> str | None:
        """Wait for its end; return why it ended, None when it did not."""
        await asyncio.wait([self._ended], timeout=seconds)
        return self._ended.result() if self._ended.done() else None

    async def end(self, *, leave: bool, within_s: float) -> None:
        """End the connections, and the process unless it is to be left with its calls."""
        if not leave and not self._ended.done() and self._hello.done():
            self._control_send(wire.Stop())
            await self._be_gone(within_s)
        for link in (self._control, self._media):
            if link is not None:
                link.close()
        if not leave and not self._gone.is_set():
            self._process.kill()
            await self._be_gone(within_s)
        self._process.close()
        if self._cut is not None:
            self._cut.cancel()
        for future in (self._hello, self._listed, self._ended):
            future.cancel()
        self._refuse_asked("has ended")

    async def _be_gone(self, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._gone.wait()

    def _control_send(self, order: wire.Order) -> int:
        assert self._control is not None  # greet comes first
        self._last_request += 1
        self._control.send(wire.encode(wire.numbered(order, self._last_request)))
        return self._last_request

    def _process_ended(self, how: str) -> None:
        self._gone.set()
        # What it said before is still to be read.
        for link in (self._control, self._media):
            if link is not None:
                link.read_rest()
        self._end(how)

    def _connection_ended(self, reason: str) -> None:
        """Give the process a moment to be seen to end: how it did says more than how its connection did."""
        if self._cut is None:
            self._cut = self._loop.call_later(MOMENT_S, self._end, reason)

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
        self._refuse_asked(reason)

    def _refuse_asked(self, reason: str) -> None:
        for answer, _ in self._asked.values():
            if not answer.done():
                answer.set_exception(CommandUnansweredError(f"{self._process.files.name} {reason}"))

    def _take_frame(self, packet: bytes) -> None:
        try:
            self._heard(wire.decode_frame(packet))
        except PeerProtocolError as error:
            self._log.warning("sip_frame_not_read", reason=str(error))

    def _take(self, packet: bytes) -> None:
        try:
            report = wire.decode_report(packet)
        except PeerProtocolError as error:
            self._end(f"said what we cannot read: {error}")
            return
        match report:
            case wire.Heartbeat():
                self._last_sign = self._loop.time()
                self.heartbeat = report
            case wire.Done() | wire.Failed():
                self._answered(report)
            case wire.Hello():
                if not self._hello.done():
                    self._hello.set_result(report)
            case wire.CallListed():
                self.calls.add(report.info.call)
                self.listed.append(report.info)
            case wire.Listed():
                if self._hello.done() and not self._listed.done():
                    self._listed.set_result(None)
            case wire.Noted():
                self._note(report)
            case _:
                self._hand_on(report)

    def _hand_on(self, report: wire.Report) -> None:
        if isinstance(report, wire.CallArrived):
            self.calls.add(report.info.call)
        elif isinstance(report, wire.CallChanged) and report.state is wire.CallState.ENDED:
            self.calls.discard(report.call)
        if self._early is not None:
            self._early.append(report)
        else:
            self._report(report)

    def _answered(self, report: wire.Done | wire.Failed) -> None:
        answer, when_done = self._asked.get(report.request, (None, None))
        if isinstance(report, wire.Done) and report.call is not None:
            self.calls.add(report.call)
        if answer is None or answer.done():
            return
        if isinstance(report, wire.Failed):
            answer.set_exception(CommandRefusedError(report.reason))
            return
        if when_done is not None:
            when_done(report)
        answer.set_result(report)

    def _note(self, noted: wire.Noted) -> None:
        write = {
            wire.Severity.DEBUG: self._log.debug,
            wire.Severity.INFO: self._log.info,
            wire.Severity.WARNING: self._log.warning,
            wire.Severity.ERROR: self._log.error,
        }[noted.severity]
        write(f"sip_{noted.event}", **{name: value for name, value in noted.facts.items() if name not in ("event", "worker")})
