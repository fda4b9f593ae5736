"""Listening at a port, so that whoever is stopped in the middle of it leaves nothing open."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

LINE_BYTES: Final = 64 * 1024
"""Bytes that a client may send without a line's end, as asyncio has it."""
Begin = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]


async def listen(
    begin: Begin, host: str, port: int, *, limit: int = LINE_BYTES, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Call ``begin`` with each client that comes; the port is a free one when ``port`` is 0.

    Cancelling is safe: the port is free again.

    Raises:
        OSError: The port is taken.
    """
    # asyncio waits once after it began to listen: who is cancelled there has no server to close.
    server = await asyncio.start_server(begin, host, port, limit=limit, ssl=tls, start_serving=False)
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server
