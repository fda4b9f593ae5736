"""An operator's database work on a gateway at work: back up, look at the schema, restore elsewhere and go on there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from support.postgres import Postgres, postgres
from support.waiting import until

from gateway.store.migrate import latest

pytestmark = [pytest.mark.live, pytest.mark.slow]

TOP: Final = Path(__file__).parent.parent.parent
CONFIG: Final = """
connectors:
  - pbx: demo
    plugin: simulator
    pace: 0.1
    pause_s: 0
state_dir: {folder}/state
store:
  url: {url}
api:
  port: 0
"""
CALLS: Final = 10
"""That have ended before the backup."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


class Machine:
    """A folder with a configuration, and the command line on it."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.config = folder / "tieline.yaml"
        self.config.write_text(CONFIG.format(folder=folder, url=url))
        self.token = ""

    async def tieline(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command with this configuration; return its status, and what it said to both."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *arguments[:2], "--config", str(self.config), *arguments[2:]),
            cwd=TOP,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), error.decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Run the gateway while the context is open; yields a client of it."""
        log_file = self.folder / "log.txt"
        with log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "run", "--config", str(self.config)),
                cwd=TOP,
                env=os.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(30):
                while (found := re.search(r"http://\S+:\d+/", (line := await process.stdout.readline()).decode())) is None:
                    assert line, log_file.read_text()
            async with aiohttp.ClientSession(found[0], headers={"Authorization": f"Bearer {self.token}"}) as client:
                yield client
        finally:
            process.terminate()
            await process.communicate()


async def ended(client: aiohttp.ClientSession) -> dict[str, Any]:
    """Return the records of all calls that have ended, by id."""
    found: dict[str, Any] = {}
    cursor: str | None = ""
    while cursor is not None:
        query = {"state": "ended", "limit": "200"} | ({"cursor": cursor} if cursor else {})
        async with client.get("api/v1/calls", params=query) as answer:
            assert answer.status == 200, await answer.text()
            page = await answer.json()
        found |= {record["call_id"]: record for record in page["calls"]}
        cursor = page["next"]
    return found


async def positions(client: aiohttp.ClientSession, after: int, count: int) -> list[int]:
    """Return the positions of the next events."""
    found: list[int] = []
    async with asyncio.timeout(30), client.ws_connect("api/v1/events", max_msg_size=0) as events:
        await events.send_json({"type": "subscribe", "after": after})
        while len(found) < count:
            event = await events.receive_json()
            if "position" in event and "id" in event:
                found.append(event["position"])
    return found


@pytest.mark.parametrize("kinds", [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql")])
async def test_a_backup_of_a_working_gateway_is_gone_on_with_elsewhere(
    kinds: tuple[str, str], cluster: Postgres, tmp_path: Path
) -> None:
    first, second = (
        Machine(tmp_path / name, f"sqlite:///{tmp_path / name}/calls.db" if kind == "sqlite" else cluster.database())
        for name, kind in zip(("first", "second"), kinds, strict=True)
    )
    status, token, error = await first.tieline("token", "create", "--name", "a test", "--scopes", "all")
    assert status == 0, error
    first.token = second.token = token.strip()
    backup = str(tmp_path / "all.backup")

    async with first.running() as client:

        async def some() -> bool:
            return len(await ended(client)) >= CALLS

        await until(some, timeout_s=60)
        before = await ended(client)
        status, told, error = await first.tieline("db", "backup", backup)
        assert status == 0, error
        calls, events = (int(number) for number in re.findall(r"(\d+) (?:calls|events)", told))
        assert calls >= len(before)
        # The gateway went on, and nothing of it was in the way of others.
        await positions(client, events, 20)
        # Each waits for the other gateway to go, as one does that is restarted.
        for status, _, error in await asyncio.gather(first.tieline("db", "migrate"), first.tieline("db", "restore", backup)):
            assert status == 1
            assert "another gateway uses" in error

    status, told, error = await second.tieline("db", "restore", backup)
    assert status == 0, error
    assert f"{calls} calls and {events} events of {backup}" in told
    status, told, _ = await second.tieline("db", "migrate")
    assert (status, told.endswith(f"is up to date: schema {latest()}\n")) == (0, True)

    async with second.running() as client:
        after = await ended(client)
        assert {call_id: after[call_id] for call_id in before} == before
        # The order of all events goes on where the backup was made.
        assert await positions(client, 0, events + 5) == list(range(1, events + 6))
