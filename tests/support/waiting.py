"""Waits for what a test cannot be told: something behind a real socket."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.01


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, timeout_s: float = 20.0) -> None:
    """Return when the condition holds.

    Raises:
        TimeoutError: It did not within ``timeout_s``.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            holds = condition()
            if (holds if isinstance(holds, bool) else await holds) is True:
                return
            await asyncio.sleep(POLL_S)
