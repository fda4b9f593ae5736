"""Runs what runs until somebody has had enough."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run_until_stopped(work: Coroutine[Any, Any, None], *, seconds: float | None = None) -> None:
    """Run ``work`` until it ends, until Ctrl-C or SIGTERM, or for some seconds; what it raises by itself is raised here.

    Being stopped is no failure: ``work`` is cancelled and cleans up. A second signal ends at once.
    """
    asyncio.run(_run(work, seconds))


async def _run(work: Coroutine[Any, Any, None], seconds: float | None) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def stop() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    timer = None if seconds is None else loop.call_later(seconds, stop)
    try:
        with suppress(asyncio.CancelledError):
            await task
    finally:
        if timer is not None:
            timer.cancel()
