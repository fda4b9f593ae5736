"""The first minute of somebody who has nothing but a clone: `make run`, a look at what it tells, Ctrl-C."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest

pytestmark = pytest.mark.live

TOP: Final = Path(__file__).parent.parent.parent
SECOND_START_S: Final = 5.0
"""Until `make run` answers on a machine where it ran before."""
STARTS: Final = 4
"""Of which one must be as quick: what else a busy machine does must not decide."""
FIRST_CALL_S: Final = 60.0
STOP_S: Final = 20.0


@asynccontextmanager
async def make_run(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start it in a process group of its own, as a terminal does, and wait for the address that it prints."""
    with (folder / "log.txt").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("make", "run", "ARGS=--port 0"),
            cwd=TOP,
            env=os.environ | {"XDG_STATE_HOME": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        found = None
        while found is None:
            line = await process.stdout.readline()
            assert line, f"make run ended: {(folder / 'log.txt').read_text()}"
            found = re.search(r"http://\S+:\d+/", line.decode())
        yield process, found[0]
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def told_password(process: asyncio.subprocess.Process) -> str:
    """Return the password with which one signs in, as it is printed beneath the address."""
    assert process.stdout is not None
    while True:
        line = await process.stdout.readline()
        assert line, "no password was printed"
        if found := re.search(r"with the password  (\S.*\S)  \(", line.decode()):
            return found[1]


async def answers(client: aiohttp.ClientSession) -> bool:
    async with client.get("healthz") as response:
        return response.status == 200


async def test_make_run_answers_within_seconds(tmp_path: Path) -> None:
    took_s: list[float] = []
    while len(took_s) < STARTS and not any(each < SECOND_START_S for each in took_s):
        folder = tmp_path / str(len(took_s))
        folder.mkdir()
        began = time.monotonic()
        async with make_run(folder) as (_, address), aiohttp.ClientSession(address) as client:
            assert await answers(client)
            took_s.append(time.monotonic() - began)
    assert min(took_s) < SECOND_START_S, took_s


async def test_make_run_shows_a_living_call_centre_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    async with make_run(tmp_path) as (process, address), aiohttp.ClientSession(address) as client:
        assert await answers(client)
        async with client.ws_connect("api/v1/events") as events:
            await events.send_json({"type": "subscribe", "topics": ["call"]})
            assert (await events.receive_json(timeout=FIRST_CALL_S))["type"] == "subscribed"
            event = await events.receive_json(timeout=FIRST_CALL_S)
        assert event["pbx"] == "demo"
        async with client.get(f"api/v1/calls/{event['call_id']}") as response:
            assert (await response.json())["call_id"] == event["call_id"]
        async with client.get("readyz") as response:
            assert (await response.json())["status"] == "ready"
        async with client.get("") as response:
            assert response.content_type == "text/html"
        body = {"login": "lin", "password": await told_password(process)}
        async with client.post("api/v1/session", json=body, headers={"X-Tieline": "page"}) as response:
            assert response.status == 200

        os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(STOP_S):
            await process.communicate()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get("healthz")
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
