"""The soak's gateway, a process of its own that can be killed, and a client that comes back after the last position it has."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
from bench.soak_judge import Gap, Record
from rig.asterisk import Asterisk
from rig.site import SITE

from gateway.model.principals import ALL_SCOPES, Role
from gateway.model.tokens import RANDOM_BYTES, NewToken, made, written
from gateway.store.opening import database_of
from gateway.store.tokens import SqlTokens

TOP: Final = Path(__file__).parent.parent.parent
SNIPPET_SECRET: Final = "CHANGE-ME-TO-SOMETHING-LONG"
START_S: Final = 30.0
STOP_S: Final = 20.0
PAGE: Final = 200
"""Records asked for at once."""
COME_BACK_S: Final = 0.1


def asterisk_connector(pbx: Asterisk, port: int, **more: Any) -> dict[str, Any]:
    """Return the configuration of the connector that hears an Asterisk whose manager is reached at ``port``."""
    return {
        "pbx": "soak",
        "plugin": "asterisk_ami",
        "host": "127.0.0.1",
        "port": port,
        "username": "tieline",
        "secret": "${env:SOAK_SECRET}",
        "cdr_csv": str(pbx.cdr_path),
        "queue_log": str(pbx.run / "log/queue_log"),
        "site": SITE,
        **more,
    }


class GatewayProcess:
    """The gateway as its users run it.

    Args:
        folder: For its configuration, state and log.
        connectors: The PBXs that it hears; ``${env:SOAK_SECRET}`` is the secret of the snippets.
        store_url: None is the default: SQLite in the folder.
        more: Further sections of its configuration.
    """

    def __init__(self, folder: Path, connectors: Sequence[dict[str, Any]], store_url: str | None = None, **more: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        self._folder = folder
        self._store_url = store_url
        self.token = written(secrets.token_bytes(RANDOM_BYTES))
        self._process: asyncio.subprocess.Process | None = None
        settings: dict[str, Any] = {
            "api": {"port": int(self.address.rsplit(":", 1)[1].strip("/")), **more.pop("api", {})},
            "log": {"level": "info", "format": "json"},
            "state_dir": str(folder / "state"),
            "connectors": list(connectors),
            **more,
        }
        if store_url is not None:
            settings["store"] = {"url": store_url}
        self._config = folder / "tieline.yaml"
        self._config.write_text(json.dumps(settings))

    async def __aenter__(self) -> Self:
        await self._make_token()
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        process = self._process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            await self.kill()
            raise

    async def _make_token(self) -> None:
        """Put a token into the database, as ``tieline token create`` does."""
        database = database_of(self._store_url, None, self._folder / "state")
        await database.open()
        try:
            wanted = NewToken(name="soak", scopes=tuple(ALL_SCOPES), role=Role.ADMIN)
            await SqlTokens(database).add(made(wanted, self.token, created_by="soak", now=time.time()))
        finally:
            await database.close()

    async def start(self) -> None:
        """Start it and wait until it hears the PBX."""
        log_file = self._folder / "gateway.log"
        with log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "run", "--config", str(self._config)),
                cwd=TOP, env=os.environ | {"SOAK_SECRET": SNIPPET_SECRET},
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(START_S), self.client() as client:
            while await self.readiness(client) != 200:
                assert self._process.returncode is None, f"the gateway ended: {log_file.read_text()[-2000:]}"
                await asyncio.sleep(0.05)

    async def readiness(self, client: aiohttp.ClientSession) -> int | None:
        """Return the status of its readiness; None when it does not answer."""
        try:
            async with client.get("readyz") as answer:
                return answer.status
        except aiohttp.ClientError:
            return None

    async def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def client(self) -> aiohttp.ClientSession:
        """Return a client of its API."""
        return aiohttp.ClientSession(self.address, headers={"Authorization": f"Bearer {self.token}"})

    async def records(self) -> list[Record]:
        """Return all records, live and ended, page by page."""
        found: list[Record] = []
        async with self.client() as client:
            cursor: str | None = ""
            while cursor is not None:
                query = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
                async with client.get("api/v1/calls", params=query) as answer:
                    answer.raise_for_status()
                    page = await answer.json()
                found += page["calls"]
                cursor = page["next"]
        return found

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU that the running process took."""
        fields = self._stat().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory_mib(self) -> float:
        """What the running process holds in memory."""
        return int(self._stat().rpartition(")")[2].split()[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _stat(self) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/stat").read_text()


class Gateway(GatewayProcess):
    """One that hears an Asterisk.

    Args:
        folder: For its configuration, state and log.
        pbx: What it hears.
        port: Where it reaches the PBX's manager.
        store_url: None is the default: SQLite in the folder.
        more: Of the connector's settings.
    """

    def __init__(self, folder: Path, pbx: Asterisk, port: int, store_url: str | None = None, **more: Any) -> None:
        super().__init__(folder, [asterisk_connector(pbx, port, **more)], store_url)


class Listener:
    """A client of all events that comes back after the last position that it has, whenever the gateway goes."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self.events: list[dict[str, Any]] = []
        self.problems: list[str] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with self._gateway.client() as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await self._listen(client)
                await asyncio.sleep(COME_BACK_S)

    async def _listen(self, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("api/v1/events", max_msg_size=0) as socket_:
            await socket_.send_json({"type": "subscribe", "after": self.events[-1]["position"] if self.events else 0})
            async for message in socket_:
                event = message.json()
                if event["type"] == "error":
                    self.problems.append(str(event["problem"]))
                elif "position" in event and "id" in event:
                    self.events.append(event)

    @property
    def gaps(self) -> list[Gap]:
        """The gaps that were told."""
        told = (event["data"] for event in self.events if event["type"] == "gateway.gap")
        return [Gap(_seconds(data["began_at"]), _seconds(data["ended_at"])) for data in told]

    def wrong(self) -> list[str]:
        """Return what is wrong with the events: each comes once, in order, none is missing."""
        positions = [event["position"] for event in self.events]
        wrong = [f"a problem was told: {problem}" for problem in self.problems]
        if positions != list(range(1, len(positions) + 1)):
            wrong.append(f"positions are not 1 to {len(positions)}")
        counts = Counter(event["id"] for event in self.events)
        wrong += [f"{name} came {count} times" for name, count in counts.items() if count > 1]
        numbers: dict[str, int] = {}
        for event in self.events:
            if "call_id" in event and event["id"].startswith(event["call_id"]):
                call_id, number = event["call_id"], int(event["id"].rpartition(":")[2])
                if number != numbers.get(call_id, 0) + 1:
                    wrong.append(f"{event['id']} follows {numbers.get(call_id, 0)}")
                numbers[call_id] = number
        return wrong


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
