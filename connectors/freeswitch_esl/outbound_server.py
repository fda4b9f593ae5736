"""Takes over the calls that FreeSWITCH's dial plans hand to us, each in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final
from uuid import UUID

import structlog

from connectors._kit.listen import listen
from connectors.freeswitch_esl.outbound import OutboundCall
from gateway.model.errors import TielineError

MAX_CALLS: Final = 1_000
"""Calls at once; more are left to their dial plans at once."""
_UUID_BITS: Final = 128

Application = Callable[[OutboundCall], Awaitable[None]]
"""What is done with a call; when it returns or fails, the call goes on where it is."""

log = structlog.get_logger(__name__)


class OutboundServer:
    """Listens for FreeSWITCH's ``socket`` application."""

    def __init__(self, application: Application, random: Random) -> None:
        """Make a server that nobody can reach yet.

        Args:
            application: What is done with each call.
            random: For the ids of what is run.
        """
        self._application = application
        self._random = random
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def calls(self) -> int:
        """Calls that are in our hands now."""
        return len(self._tasks)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port: a free one when ``port`` is 0. There is no login: listen on loopback or behind a firewall.

        Raises:
            OSError: The port is taken.
        """
        self._server = await listen(self._begin, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more and let all calls go: those that are bridged stay so, the others go on in their dial plans."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MAX_CALLS:
            log.warning("call_left_to_dial_plan", because=f"{MAX_CALLS} calls are here already")
            writer.close()
            return
        # A task of our own: one that asyncio's streams make complains when it is cancelled.
        task = asyncio.get_running_loop().create_task(self._serve(OutboundCall(reader, writer, self._new_id)), name="outbound")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, call: OutboundCall) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(call.read(), name="outbound.read")
                await self._handle(call)
                reading.cancel()
        finally:
            call.let_go()

    async def _handle(self, call: OutboundCall) -> None:
        try:
            await call.begin()
            await self._application(call)
        except TielineError as error:
            log.info("call_let_go", leg=call.leg, because=str(error))
        except Exception:
            log.exception("application_failed", leg=call.leg)

    def _new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(_UUID_BITS), version=4))
