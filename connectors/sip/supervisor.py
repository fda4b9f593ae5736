"""Keeps one SIP worker alive: finds what an earlier gateway left or starts one, hears its heart, begins again when it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Final, Protocol

import structlog

from connectors._kit.backoff import Backoff
from connectors.sip import wire
from connectors.sip.attachment import Attachment
from connectors.sip.packets import listen_at
from connectors.sip.process import WORKER, Files, WorkerProcess
from connectors.sip.settings import SipSettings
from gateway.model.errors import PeerError, PeerProtocolError, PeerRefusedError, PeerUnavailableError

HELLO_S: Final = 20.0
"""Seconds in which a worker that was just started says that it is there: PJSIP opens hundreds of ports."""
ADOPT_S: Final = 3.0
"""The same for one that runs."""
STEADY_AFTER_S: Final = 5.0
"""Seconds after which a worker counts as good, so that it is started again at once when it dies."""
GONE_S: Final = 2.0
"""Seconds for a process to be gone that was killed, or told to stop."""
SLOW_MS: Final = 100.0
"""By which PJSIP's thread may be late before an operator is told: twice what a caller may hear."""
TOLD_AGAIN_S: Final = 30.0
"""Seconds between two such words."""
CHECK_S: Final = 0.25
"""Seconds between two looks at a worker's heartbeat."""

log = structlog.get_logger(__name__)


class Overseer(Protocol):
    """Who is told of a worker. None of this may wait."""

    def attached(self, worker: "WorkerSupervisor", hello: wire.Hello, calls: Sequence[wire.CallInfo]) -> None:
        """Take note: it is at work, with these calls; those that were known before and are not among them are over."""

    def reported(self, worker: "WorkerSupervisor", report: wire.Report) -> None:
        """Take what it says of calls and accounts."""

    def heard(self, worker: "WorkerSupervisor", frame: wire.Frame) -> None:
        """Take a media frame."""

    def lost(self, worker: "WorkerSupervisor", reason: PeerError) -> None:
        """Take note: it is gone, or could not be started, and its calls with it."""


class WorkerSupervisor:
    """Keeps one worker.

    Args:
        number: Of the worker, from 1.
        files: What it has in its PBX's folder.
        settings: The PBX's.
        configuration: Makes what it is to be told; may look up names.
        overseer: Is told of it.
        random: Spreads attempts.
        program: What Python runs as the worker.
    """

    def __init__(
        self,
        number: int,
        files: Files,
        settings: SipSettings,
        configuration: Callable[[int], Awaitable[wire.Configure]],
        overseer: Overseer,
        random: Random,
        program: Sequence[str] = WORKER,
    ) -> None:
        self.number = number
        self.name = files.name
        self._files = files
        self._settings = settings
        self._configuration = configuration
        self._overseer = overseer
        self._random = random
        self._program = program
        self._attachment: Attachment | None = None
        self._log = log.bind(worker=files.name)
        self.hello: wire.Hello | None = None
        """Of the worker that is at work; None while there is none."""
        self.heartbeat: wire.Heartbeat | None = None
        """The last one."""
        self._told_slow_at = -TOLD_AGAIN_S
        self.draining = False
        """It takes no new calls: it is as an earlier configuration had it, and is replaced when its calls are over."""

    @property
    def is_at_work(self) -> bool:
        """Tell whether it takes orders."""
        return self.hello is not None

    @property
    def calls(self) -> int:
        """Calls that it has."""
        return 0 if self._attachment is None else len(self._attachment.calls)

    @property
    def pid(self) -> int | None:
        """The process, while it is at work."""
        return None if self.hello is None else self.hello.pid

    async def ask(self, order: wire.Order, when_done: Callable[[wire.Done], None] | None = None) -> wire.Done:
        """Give an order and return its answer; ``when_done`` gets it before anything else that the worker says.

        Cancelling is safe, but the order was perhaps done.

        Raises:
            CommandRefusedError: It was not done; the text is the worker's.
            CommandUnansweredError: No answer came.
            PeerUnavailableError: The worker is not at work.
        """
        attachment = self._attachment
        if attachment is None or self.hello is None:
            raise PeerUnavailableError(f"{self.name} is not at work, or only just")
        return await attachment.ask(order, self._settings.command_timeout_s, when_done)

    def send(self, frame: wire.Frame) -> None:
        """Send a media frame; the oldest that waits is dropped when it does not take them."""
        if self._attachment is not None:
            self._attachment.send(frame)

    def pause(self) -> None:
        """Hear no more of it for now; what it says waits there."""
        if self._attachment is not None:
            self._attachment.pause()

    def resume(self) -> None:
        """Hear it again."""
        if self._attachment is not None:
            self._attachment.resume()

    async def run(self) -> None:
        """Keep it at work. When this is cancelled it is stopped if it has no calls; else it is left to whoever comes next."""
        retry = Backoff(self._settings.retry_min_s, self._settings.retry_max_s, self._random)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                ended: PeerError = await self._live()
            except PeerError as error:
                ended = error
            except OSError as error:
                ended = PeerUnavailableError(f"{self.name} cannot be started: {error.strerror or error}")
            self._overseer.lost(self, ended)
            good = not isinstance(ended, PeerRefusedError) and loop.time() - began >= STEADY_AFTER_S
            if good:
                retry.reset()
            wait_s = 0.0 if good else retry.next_s()
            self._log.warning("sip_worker_lost", reason=str(ended), again_in_s=round(wait_s, 1))
            await asyncio.sleep(wait_s)

    async def _live(self) -> PeerError:
        """Have a worker at work, from finding or starting it to its end; return why it ended."""
        process = WorkerProcess.find(self._files)
        if process is not None:
            try:
                adopted = await self._attach(process, ADOPT_S)
            except PeerError as error:
                self._log.warning("sip_worker_not_adopted", pid=process.pid, reason=str(error))
            else:
                if adopted is not None:
                    return adopted
        listening = listen_at(self._files.socket)
        try:
            process = WorkerProcess.start(self._files, listening, self._program)
        finally:
            listening.close()
        ended = await self._attach(process, HELLO_S)
        assert ended is not None  # what was just started has no other configuration
        return ended

    async def _attach(self, process: WorkerProcess, patience_s: float) -> PeerError | None:
        """Connect to a process and stay until it ends; it is gone when this returns or raises. Return None if it was replaced."""
        attachment = Attachment(
            process,
            report=lambda report: self._overseer.reported(self, report),
            heard=lambda frame: self._overseer.heard(self, frame),
        )
        leave = False
        try:
            hello = await attachment.greet(patience_s)
            configuration = await self._configuration(self.number)
            if hello.protocol != wire.PROTOCOL:
                raise PeerProtocolError(f"{self.name} speaks protocol {hello.protocol} and we {wire.PROTOCOL}")
            stale = hello.fingerprint not in (None, configuration.fingerprint)
            if stale and not attachment.calls:
                self._log.info("sip_worker_replaced", pid=hello.pid, because="the configuration changed")
                return None
            if hello.fingerprint is None:
                await attachment.configure(configuration, patience_s)
            self._at_work(attachment, hello, adopted=hello.fingerprint is not None)
            self.draining = stale or hello.draining
            if stale:
                await attachment.ask(wire.Drain(), self._settings.command_timeout_s)
            reason = await self._watch(attachment)
            return PeerUnavailableError(f"{self.name} {reason}")
        except asyncio.CancelledError:
            leave = bool(attachment.calls)
            raise
        finally:
            self._attachment = None
            self.hello = self.heartbeat = None
            self.draining = False
            await attachment.end(leave=leave, within_s=GONE_S)

    def _at_work(self, attachment: Attachment, hello: wire.Hello, *, adopted: bool) -> None:
        self._attachment, self.hello = attachment, hello
        self._log.info(
            "sip_worker_adopted" if adopted else "sip_worker_started",
            pid=hello.pid,
            pjsip=hello.pjsip,
            codecs=", ".join(hello.codecs),
            max_calls=hello.max_calls,
            calls=len(attachment.calls),
        )
        self._overseer.attached(self, hello, tuple(attachment.listed))
        attachment.begin()

    async def _watch(self, attachment: Attachment) -> str:
        """Return why it ended; a worker whose heart stands still is killed."""
        limit_s = self._settings.hang_after_s
        while True:
            reason = await attachment.ended_within(CHECK_S)
            if reason is not None:
                return reason
            self._look_at(attachment)
            if self.draining and not attachment.calls:
                return "had an earlier configuration, and its last call is over"
            silent_s = attachment.silent_s
            if silent_s > limit_s:
                attachment.kill()
                reason = await attachment.ended_within(GONE_S)
                return f"hung: no heartbeat for {silent_s:.1f} s; it {reason or 'cannot even be killed'}"

    def _look_at(self, attachment: Attachment) -> None:
        """Tell the operator of a worker that is too busy: then callers hear gaps."""
        beat, before = attachment.heartbeat, self.heartbeat
        if beat is None or beat is before:
            return
        self.heartbeat = beat
        dropped = beat.dropped_frames - (0 if before is None else before.dropped_frames)
        now = asyncio.get_running_loop().time()
        if (beat.lag_ms > SLOW_MS or dropped > 0) and now - self._told_slow_at >= TOLD_AGAIN_S:
            self._told_slow_at = now
            self._log.warning(
                "sip_worker_slow",
                lag_ms=round(beat.lag_ms),
                dropped_frames=beat.dropped_frames + attachment.dropped_frames,
                calls=beat.calls,
                cure="more `workers`, or fewer `calls_per_worker`",
            )
