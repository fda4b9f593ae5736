"""Worker processes with one engine each, and those who wait for them.

As many wait as may, and the next is told so at once: a caller is better served by keys than by a queue that he does not hear.
A worker that hangs is killed, one that died is started anew; whoever it worked for asks another one, while he has time.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections import Counter
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from gateway.ports.speech import SpeechError, SpeechProblem
from ivr.speech.workers.protocol import (
    LENGTH,
    Answer,
    BrokenError,
    Failed,
    FromWorker,
    Make,
    Ready,
    Request,
    encoded,
    from_worker,
    length_of,
)

START_S: Final = 90.0
"""Seconds in which an engine must be made; models are read from slow disks too."""
PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a worker is started anew; the last stays."""
END_S: Final = 2.0
"""Seconds in which a worker ends whose socket was closed."""
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_log = structlog.get_logger()


class _Job:
    """A request, and whoever waits for its answer."""

    def __init__(self, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.done: asyncio.Future[Answer] = loop.create_future()
        self.tries = 0


class Pool:
    """See the module.

    Args:
        name: What log and errors call the engine.
        maker: ``module:function`` that makes it of ``settings`` in a worker.
        processes: How many work at once.
        waiting: How many may wait beside those.
        timeout_s: From asking to the answer.
        nice: How far its workers step back for others, as ``nice`` has it.
    """

    def __init__(
        self,
        name: str,
        maker: str,
        settings: msgspec.Struct,
        *,
        processes: int,
        waiting: int,
        timeout_s: float,
        nice: int = 0,
    ) -> None:
        self.name = name
        kind = type(settings)
        self._make = Make(maker, f"{kind.__module__}:{kind.__qualname__}", msgspec.json.encode(settings), nice)
        self._processes = processes
        self._places = processes + waiting
        self._timeout_s = timeout_s
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._asked = 0
        self._living = asyncio.Event()
        self._alive = 0
        self._fault: str | None = None
        """Why no worker can be made until somebody changes something."""
        self._counts: Counter[str] = Counter()

    def counts(self) -> dict[str, int]:
        """Return what it counted since it was made: ``answered``, each problem, ``restarted``; and how many are asked now."""
        return {**self._counts, "asked_now": self._asked}

    async def serve(self) -> None:
        """Keep the workers alive until cancelled; none is left then."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._processes):
                tasks.create_task(self._keep(number), name=f"speech.{self.name}.{number}")

    async def ready(self) -> None:
        """Wait until a worker has its engine.

        Raises:
            SpeechError: None will.
        """
        while not self._living.is_set():
            if self._fault is not None:
                raise self._error(SpeechProblem.DOWN, self._fault)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._living.wait()

    async def ask(self, request: Request) -> Answer:
        """Have a worker do it. Cancelling is safe: what no worker has begun is not begun.

        Raises:
            SpeechError: It was not done.
        """
        if self._fault is not None:
            raise self._error(SpeechProblem.DOWN, self._fault)
        if not self._alive:
            raise self._error(SpeechProblem.DOWN, "no worker is ready: it is being started, or the log says why not")
        if self._asked >= self._places:
            raise self._error(SpeechProblem.BUSY, f"{self._asked} sentences are worked at or wait, as many as may")
        job = _Job(request, asyncio.get_running_loop())
        self._asked += 1
        self._jobs.put_nowait(job)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await job.done
        except TimeoutError:
            raise self._error(SpeechProblem.LATE, f"no answer after {self._timeout_s:g} s") from None
        except SpeechError as error:
            self._counts[error.problem] += 1
            raise
        finally:
            self._asked -= 1
            job.done.cancel()
        self._counts["answered"] += 1
        return answer

    def _error(self, problem: SpeechProblem, detail: str) -> SpeechError:
        self._counts[problem] += 1
        return SpeechError(self.name, problem, detail)

    async def _keep(self, number: int) -> None:
        failures = 0
        while True:
            worker = _Worker(self.name)
            try:
                ready = await worker.start(self._make)
                _log.info("speech_worker_ready", engine=self.name, worker=number, memory_mb=round(ready.memory_mb))
                failures, self._fault = 0, None
                self._up(1)
                try:
                    await self._work(worker)
                finally:
                    self._up(-1)
            except _DeadError as error:
                if error.is_final:
                    self._fault = str(error)
                _log.error("speech_worker_died", engine=self.name, worker=number, reason=str(error))
            finally:
                await worker.stop()
            self._counts["restarted"] += 1
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    def _up(self, change: int) -> None:
        self._alive += change
        if self._alive:
            self._living.set()
        else:
            self._living.clear()

    async def _work(self, worker: "_Worker") -> None:
        """Give it one job after the other.

        Raises:
            _DeadError: It died, or took too long and must be killed.
        """
        while True:
            job = await self._next(worker)
            job.tries += 1
            try:
                async with asyncio.timeout(self._timeout_s):
                    said = await worker.ask(job.request)
            except TimeoutError:
                raise _DeadError(f"it has not answered for {self._timeout_s:g} s, and is killed") from None
            except _DeadError as error:
                if not job.done.done():
                    if job.tries == 1 and self._alive > 1:
                        self._jobs.put_nowait(job)
                    else:
                        job.done.set_exception(SpeechError(self.name, SpeechProblem.DOWN, str(error)))
                raise
            if job.done.done():
                continue
            if isinstance(said, Answer):
                job.done.set_result(said)
            else:
                reason = said.reason if isinstance(said, Failed) else "it said what it must not"
                job.done.set_exception(SpeechError(self.name, SpeechProblem.BROKEN, reason))

    async def _next(self, worker: "_Worker") -> _Job:
        """Return the next job that somebody still waits for.

        Raises:
            _DeadError: The worker died while it had nothing to do.
        """
        getting = asyncio.create_task(self._jobs.get(), name="speech.next")
        dying = asyncio.create_task(worker.died(), name="speech.dying")
        try:
            while True:
                await asyncio.wait([getting, dying], return_when=asyncio.FIRST_COMPLETED)
                if dying.done():
                    if getting.done():
                        self._jobs.put_nowait(getting.result())
                    raise _DeadError(worker.how_it_ended())
                job = getting.result()
                if not job.done.done():
                    return job
                getting = asyncio.create_task(self._jobs.get(), name="speech.next")
        finally:
            for task in (getting, dying):
                task.cancel()
            await asyncio.gather(getting, dying, return_exceptions=True)


class _DeadError(Exception):
    """A worker is dead or must be; ``is_final``: so would the next one be."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class _Worker:
    """One process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self, make: Make) -> Ready:
        """Start it and wait for its engine.

        Raises:
            _DeadError: There is none.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = await create_subprocess_exec(
                    *(sys.executable, "-m", "ivr.speech.workers.process", str(theirs.fileno())),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    stderr=None,
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, **ONE_THREAD},
                )
            except BaseException:
                ours.close()
                raise
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            async with asyncio.timeout(START_S):
                said = await self._say(encoded(make))
        except TimeoutError:
            raise _DeadError(f"its engine was not there after {START_S:g} s") from None
        if isinstance(said, Failed):
            raise _DeadError(said.reason, is_final=said.is_final)
        if not isinstance(said, Ready):
            raise _DeadError("it said what it must not")
        return said

    async def ask(self, request: Request) -> FromWorker:
        """Have it do something. Raises as :meth:`start`."""
        return await self._say(encoded(request))

    async def died(self) -> None:
        """Wait until the process has ended."""
        assert self._process is not None
        await self._process.wait()

    def how_it_ended(self) -> str:
        """Return what to tell an operator."""
        code = None if self._process is None else self._process.returncode
        if code is None:
            return "its line broke"
        return f"it was ended by signal {-code}" if code < 0 else f"it ended with status {code}"

    async def stop(self) -> None:
        """End the process, whatever it does."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    async def _say(self, data: bytes) -> FromWorker:
        assert self._reader is not None
        assert self._writer is not None
        try:
            self._writer.write(data)
            await self._writer.drain()
            head = await self._reader.readexactly(LENGTH)
            return from_worker(await self._reader.readexactly(length_of(head)))
        except (OSError, asyncio.IncompleteReadError):
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self.died()
            raise _DeadError(self.how_it_ended()) from None
        except BrokenError as error:
            raise _DeadError(f"it said what it must not: {error}") from error
