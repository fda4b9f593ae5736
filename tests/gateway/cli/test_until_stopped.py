import asyncio
import os
import signal

import pytest

from gateway.cli.until_stopped import SIGNALS, run_until_stopped


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_work_which_cleans_up(number: signal.Signals) -> None:
    happened = []

    async def work() -> None:
        try:
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            happened.append("clean")

    run_until_stopped(work())

    assert happened == ["clean"]


def test_the_work_may_end_by_itself() -> None:
    async def work() -> None:
        await asyncio.sleep(0)

    run_until_stopped(work())


def test_the_time_is_bounded() -> None:
    run_until_stopped(asyncio.Event().wait(), seconds=0.01)  # type: ignore[arg-type]  # what it returns is not looked at


def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        run_until_stopped(work())
