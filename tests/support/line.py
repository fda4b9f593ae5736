"""A line between a connector and a PBX that can be cut in the middle of a message, or go dead for a while."""

import asyncio
from typing import Final, Self

_READ_BYTES: Final = 64 * 1024


class Line:
    """A TCP proxy on loopback. Use as an asynchronous context manager."""

    def __init__(self, port: int) -> None:
        """Lead to this port of loopback; nothing is done before it is entered."""
        self._far_port = port
        self.port = 0
        self.connections = 0
        self.passed_on = bytearray()
        """What the PBX was told, over all connections."""
        self._open = asyncio.Event()
        self._open.set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._away = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut all connections; new ones can be made at once."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def lead_nowhere(self) -> None:
        """Cut all connections, and new ones as soon as they are made."""
        self._away = True
        self.cut()

    def lead_on(self) -> None:
        """Lead to the PBX again."""
        self._away = False

    def stall(self) -> None:
        """Pass nothing on from now on, in either direction; what is sent piles up."""
        self._open.clear()

    def mute(self) -> None:
        """Pass nothing on from the PBX from now on: it hears and seems to say nothing."""
        self._answers.clear()

    def resume(self) -> None:
        """Pass on again, beginning with what piled up."""
        self._open.set()
        self._answers.set()

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._away:
            writer.transport.abort()
            return
        self.connections += 1
        self._begin(self._serve(reader, writer))

    def _begin(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work, name="line")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        self._begin(self._pass(reader, far_writer))
        await self._pass(far_reader, writer, answers=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        try:
            while data := await reader.read(_READ_BYTES):
                await self._open.wait()
                if answers:
                    await self._answers.wait()
                else:
                    self.passed_on += data
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
