"""Load on a real Asterisk while the gateway is killed (-9) and started again, and what must be true afterwards.

Every call has exactly one record, and it says the truth; a client that resumes by position has each event exactly once; gaps are
declared, 5 s at most each; what they hid is known after the PBX's CDR was read. ``python -m bench.soak_killed --check`` (in
tests/) fails when it is not so; ``--postgresql`` takes a temporary PostgreSQL instead of SQLite.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
from bench import soak_load
from bench.soak import CORRECTED_WITHIN_S, IDS_AT_ONCE, SECRET, SEED, TOP, USER, manager_conf
from bench.soak_judge import Gap, Record, Verdict, judge
from rig.asterisk import Asterisk, free_udp_port
from rig.site import SITE
from support.postgres import postgres

START_S: Final = 20.0
AWAY_S: Final = 0.5
"""Between a kill and the next start: what a service manager takes."""


@dataclass(frozen=True)
class Killed:
    """How much of it."""

    seconds: float = 120.0
    per_second: float = 20.0
    kills: int = 3
    seed: int = SEED
    store_url: str | None = None


@dataclass
class Outcome:
    """What came of it."""

    verdict: Verdict
    gaps: list[Gap]
    events: int
    wrong_events: list[str] = field(default_factory=list)


class Gateway:
    """The gateway as its users run it, which can be killed."""

    def __init__(self, folder: Path, pbx: Asterisk, store_url: str | None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        connector = {
            "pbx": "soak",
            "plugin": "asterisk_ami",
            "host": "127.0.0.1",
            "port": pbx.ports.ami,
            "username": USER,
            "secret": "${env:SOAK_SECRET}",
            "cdr_csv": str(pbx.cdr_path),
            "site": SITE,
        }
        settings: dict[str, Any] = {
            "api": {"port": self.port},
            "log": {"level": "info", "format": "json"},
            "state_dir": str(folder / "state"),
            "connectors": [connector],
        }
        if store_url is not None:
            settings["store"] = {"url": store_url}
        (folder / "tieline.yaml").write_text(json.dumps(settings))

    async def start(self) -> None:
        """Start it and wait until it hears the PBX."""
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "run", "--config", str(self._folder / "tieline.yaml")),
                cwd=TOP,
                env=os.environ | {"SOAK_SECRET": SECRET},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_S), aiohttp.ClientSession(self.address) as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get("readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


class Listener:
    """A client that comes back after the last position that it has."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.position: int | None = None
        self.events: list[dict[str, Any]] = []
        self.problems: list[str] = []

    async def run(self) -> None:
        """Listen, and come back whenever the gateway goes, until cancelled."""
        async with aiohttp.ClientSession(self._address) as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await self._listen(client)
                await asyncio.sleep(0.1)

    async def _listen(self, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("api/v1/events", max_msg_size=0) as events:
            await events.send_json({"type": "subscribe", "after": 0 if self.position is None else self.position})
            async for message in events:
                event = message.json()
                if event["type"] == "error":
                    self.problems.append(str(event["problem"]))
                elif "id" in event:
                    self.events.append(event)
                    self.position = event["position"]

    def gaps(self) -> list[Gap]:
        """Return the gaps that were told."""
        told = (event["data"] for event in self.events if event["type"] == "gateway.gap")
        return [Gap(_seconds(data["began_at"]), _seconds(data["ended_at"])) for data in told]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def soak_killed(how: Killed, folder: Path) -> Outcome:
    """Run it; logs stay in ``folder``."""
    port = free_udp_port(soak_load.DESKS_HOST)
    append = soak_load.configuration(port) | {"manager.conf": manager_conf()}
    plan = soak_load.plan(round(how.seconds * how.per_second), how.seed)
    async with Asterisk(append=append) as pbx, soak_load.desks(folder, port), _running(folder, pbx, how) as gateway:
        listener = Listener(gateway.address)
        listening = asyncio.create_task(listener.run())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(soak_load.make_calls(pbx, plan, how.per_second, folder))
            tasks.create_task(_kills(how, gateway))
        await pbx.idle(30)
        over_at = time.monotonic()
        calls = soak_load.seen(plan, folder)
        while True:
            await asyncio.sleep(1.0)
            records = await _records(gateway.address)
            verdict = judge(calls, records, listener.gaps())
            if not verdict.unknown or time.monotonic() - over_at > CORRECTED_WITHIN_S + 60.0:
                break
        await asyncio.sleep(1.0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        (folder / "records.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
        (folder / "Master.csv").write_bytes(pbx.cdr_path.read_bytes())
    return Outcome(verdict, listener.gaps(), len(listener.events), _wrong_events(listener))


@contextlib.asynccontextmanager
async def _running(folder: Path, pbx: Asterisk, how: Killed) -> AsyncIterator[Gateway]:
    gateway = Gateway(folder, pbx, how.store_url)
    try:
        await gateway.start()
        yield gateway
    finally:
        await gateway.kill()


async def _kills(how: Killed, gateway: Gateway) -> None:
    for _ in range(how.kills):
        await asyncio.sleep(how.seconds / (how.kills + 1))
        await gateway.kill()
        await asyncio.sleep(AWAY_S)
        await gateway.start()


async def _records(address: str) -> list[Record]:
    """Return all records, live and ended, page by page."""
    found: list[Record] = []
    async with aiohttp.ClientSession(address) as client:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": str(IDS_AT_ONCE)} | ({"cursor": cursor} if cursor else {})
            async with client.get("api/v1/calls", params=query) as answer:
                answer.raise_for_status()
                page = await answer.json()
            found += page["calls"]
            cursor = page["next"]
    return found


def _wrong_events(listener: Listener) -> list[str]:
    """Return what is wrong with the events that a resuming client has: each once, in order, none missing."""
    positions = [event["position"] for event in listener.events]
    wrong = [f"a problem was told: {problem}" for problem in listener.problems]
    if positions != list(range(1, len(positions) + 1)):
        wrong.append(f"positions are not 1 to {len(positions)}")
    wrong += [
        f"{name} came {count} times" for name, count in Counter(event["id"] for event in listener.events).items() if count > 1
    ]
    numbers: dict[str, int] = {}
    for event in listener.events:
        if "call_id" in event:
            call_id, _, number = event["id"].rpartition(":")
            if int(number) != numbers.get(call_id, 0) + 1:
                wrong.append(f"{event['id']} follows {numbers.get(call_id, 0)}")
            numbers[call_id] = int(number)
    return wrong


def report(how: Killed, result: Outcome) -> str:
    """Return the figures as text."""
    verdict = result.verdict
    gaps = ", ".join(f"{gap.ended_at - gap.began_at:.2f} s" for gap in result.gaps) or "none"
    lines = [
        f"{verdict.calls} calls at {how.per_second:g} a second, killed {how.kills} times, store {how.store_url or 'SQLite'}",
        f"  gaps declared: {gaps}; calls that one touches: {verdict.covered}; not complete: {verdict.incomplete}",
        f"  events told to the client that resumes: {result.events}, wrong: {len(result.wrong_events)}",
        f"  records wrong: {len(verdict.wrong)}; unknown after CDR correction: {sum(verdict.unknown.values())}",
    ]
    lines += [f"    {number} {name}" for name, number in sorted(verdict.unknown.items())]
    return "\n".join([*lines, *(f"    {line}" for line in (*result.wrong_events[:20], *verdict.wrong[:40]))])


def main() -> int:
    """Return 0, or 1 when something is wrong and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when something is wrong or stays unknown")
    parser.add_argument("--seconds", type=float, default=Killed.seconds)
    parser.add_argument("--rate", type=float, default=Killed.per_second, help="calls a second")
    parser.add_argument("--kills", type=int, default=Killed.kills)
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave all logs there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres()).database() if options.postgresql else None
        how = Killed(options.seconds, options.rate, options.kills, store_url=url)
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak_killed(how, folder))
    print(report(how, result))
    bad = result.verdict.wrong or result.verdict.unknown or result.wrong_events
    return 1 if options.check and bad else 0


if __name__ == "__main__":
    sys.exit(main())
