import asyncio
import gc
from contextlib import suppress

import pytest

from connectors._kit.listen import listen


def leave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"welcome")
    writer.close()


async def test_who_comes_is_welcome() -> None:
    server = await listen(leave, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b"welcome"
    writer.close()
    with pytest.raises(OSError, match="in use"):
        await listen(leave, *server.sockets[0].getsockname())
    server.close()


async def test_a_start_that_is_cancelled_at_any_moment_leaves_no_socket_open() -> None:
    cancelled = 0
    for turns in range(12):
        starting = asyncio.create_task(listen(leave, "127.0.0.1", 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        with suppress(asyncio.CancelledError):
            (await starting).close()
        cancelled += starting.cancelled()
        del starting
    assert 3 <= cancelled < 12
    # What was left open would fail this test here.
    gc.collect()
