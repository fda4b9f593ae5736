"""The wire between Tieline and the PBX, which can be cut and held up."""

import asyncio
import contextlib
from typing import Final, Self

READ_BYTES: Final = 64 * 1024


class Wire:
    """A TCP proxy for one connection at a time or several. Use as an asynchronous context manager."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0
        self.connections = 0

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._flows.set()
        await self._hang_up()

    async def cut(self, for_s: float) -> None:
        """Cut what is connected, wherever its bytes are, and refuse connections for so long."""
        await self._hang_up()
        await asyncio.sleep(for_s)
        await self._listen()

    async def stall(self, for_s: float) -> None:
        """Read nothing from the PBX for so long; what it says meanwhile waits in its own buffers."""
        self._flows.clear()
        await asyncio.sleep(for_s)
        self._flows.set()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if server is not None:
            await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to, limit=READ_BYTES)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, held_up=False))
                tasks.create_task(self._pump(far_reader, writer, held_up=True))
        finally:
            self._writers -= {writer, far_writer}
            for each in (writer, far_writer):
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, held_up: bool) -> None:
        with contextlib.suppress(OSError):
            while True:
                if held_up:
                    await self._flows.wait()
                data = await reader.read(READ_BYTES)
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
