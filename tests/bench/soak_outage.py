"""Load on a real Asterisk while the gateway's database is away for a minute, or its disk full, and what must be true afterwards.

Nothing may be lost, doubled or told wrongly, no gap may be declared, the gateway must say what is wrong while it is, memory stays
bounded, and it catches up by itself. ``python -m bench.soak_outage --check`` (in tests/) fails when it is not so. ``postgresql``
stops a PostgreSQL and starts it again; ``disk`` fills a small file system of SQLite's own, which root alone can mount.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from bench import soak_load
from bench.soak import CORRECTED_WITHIN_S, SEED, configuration
from bench.soak_gateway import Gateway, Listener
from bench.soak_judge import Gap, Verdict, judge
from rig.asterisk import Asterisk, free_udp_port
from rig.stage import CDR_COLUMNS, read_rows
from support.postgres import Postgres, postgres

DISK_MIB: Final = 96
"""Of the file system that is filled."""
CAUGHT_UP_WITHIN_S: Final = 30.0
MEMORY_BAR_MIB: Final = 150.0
"""By how much the gateway may grow while nothing can be committed: what a minute of it brings, many times over."""
MOST_LINES: Final = 40


class Trouble(Protocol):
    """What befalls the database."""

    name: str
    store_url: str | None

    def begin(self) -> None: ...

    def end(self) -> None: ...


class Stopped:
    """PostgreSQL is stopped, and started again."""

    name = "PostgreSQL stopped"

    def __init__(self, cluster: Postgres) -> None:
        self._cluster = cluster
        self.store_url: str | None = cluster.database()

    def begin(self) -> None:
        self._cluster.stop()

    def end(self) -> None:
        self._cluster.start()


class Full:
    """The file system of SQLite's file has no room left, until somebody makes some."""

    name = "SQLite's disk full"
    store_url: str | None = None

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def begin(self) -> None:
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(64 * 1024))

    def end(self) -> None:
        self._filler.unlink()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Full]:
    """Mount a small file system for the gateway's state."""
    state = folder / "state"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(state)], check=True)
    try:
        yield Full(state)
    finally:
        subprocess.run(["umount", str(state)], check=True)


@dataclass(frozen=True)
class Outage:
    """How much of it."""

    seconds: float = 120.0
    away_s: float = 60.0
    per_second: float = 20.0
    seed: int = SEED


@dataclass
class Watched:
    """What the gateway said and took meanwhile."""

    memory_before_mib: float = 0.0
    most_memory_mib: float = 0.0
    most_waiting: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    """Its readiness in the middle of the trouble."""
    caught_up_s: float = 0.0
    """From the end of the trouble until nothing waited any more."""


@dataclass
class Outcome:
    """What came of it."""

    verdict: Verdict
    gaps: list[Gap]
    events: int
    wrong: list[str]
    watched: Watched


async def soak_outage(how: Outage, trouble: Trouble, folder: Path) -> Outcome:
    """Run it; logs stay in ``folder``."""
    port = free_udp_port(soak_load.DESKS_HOST)
    plan = soak_load.plan(round(how.seconds * how.per_second), how.seed)
    async with (
        Asterisk(append=configuration(22, port)) as pbx,
        soak_load.desks(folder, port),
        Gateway(folder, pbx, pbx.ports.ami, trouble.store_url) as gateway,
        Listener(gateway) as listener,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(soak_load.make_calls(pbx, plan, how.per_second, folder))
            watching = tasks.create_task(_watch(how, trouble, gateway))
        await pbx.idle(30)
        over_at = time.monotonic()
        calls = soak_load.seen(plan, folder)
        while True:
            await asyncio.sleep(1.0)
            records, rows = await gateway.records(), read_rows(pbx.cdr_path, CDR_COLUMNS, 0)
            verdict = judge(calls, records, listener.gaps, rows)
            if not verdict.wrong or time.monotonic() - over_at > CORRECTED_WITHIN_S:
                break
        await asyncio.sleep(1.0)
        (folder / "records.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
    watched = watching.result()
    return Outcome(verdict, listener.gaps, len(listener.events), [*listener.wrong(), *_faults(listener, watched)], watched)


async def _watch(how: Outage, trouble: Trouble, gateway: Gateway) -> Watched:
    watched = Watched()
    async with gateway.client() as client:

        async def store() -> dict[str, Any]:
            async with client.get("readyz") as answer:
                said: dict[str, Any] = await answer.json()
            watched.most_memory_mib = max(watched.most_memory_mib, gateway.memory_mib)
            watched.most_waiting = max(watched.most_waiting, said["store"]["waiting"])
            return said

        before_s = (how.seconds - how.away_s) / 2
        await asyncio.sleep(before_s)
        watched.memory_before_mib = gateway.memory_mib
        await asyncio.to_thread(trouble.begin)
        until = time.monotonic() + how.away_s
        while time.monotonic() < until:
            watched.said = await store()
            await asyncio.sleep(1.0)
        await asyncio.to_thread(trouble.end)
        ended_at = time.monotonic()
        while time.monotonic() < ended_at + CAUGHT_UP_WITHIN_S:
            said = await store()
            watched.caught_up_s = time.monotonic() - ended_at
            if said["status"] == "ready":
                break
            await asyncio.sleep(0.1)
    return watched


def _faults(listener: Listener, watched: Watched) -> list[str]:
    faults = ["a gap was declared" for _ in listener.gaps]
    if watched.said["store"]["status"] != "failing" or watched.said["status"] != "degraded":
        faults.append(f"readyz said {watched.said} while the database was away")
    if watched.caught_up_s >= CAUGHT_UP_WITHIN_S:
        faults.append(f"it did not catch up within {CAUGHT_UP_WITHIN_S:g} s")
    if watched.most_memory_mib - watched.memory_before_mib > MEMORY_BAR_MIB:
        faults.append(f"memory grew by {watched.most_memory_mib - watched.memory_before_mib:.0f} MiB")
    return faults


def report(how: Outage, trouble: Trouble, result: Outcome) -> str:
    """Return the figures as text."""
    verdict, watched = result.verdict, result.watched
    lines = [
        f"outage: {verdict.calls} calls at {how.per_second:g} a second, {trouble.name} for {how.away_s:g} s",
        f"  it said: {watched.said.get('store', {}).get('detail')}",
        f"  waited for the store: {watched.most_waiting} at most; caught up {watched.caught_up_s:.1f} s after its end",
        f"  memory: {watched.memory_before_mib:.0f} MiB before, {watched.most_memory_mib:.0f} MiB at most",
        f"  gaps declared: {len(result.gaps)}; events told: {result.events}",
        f"  records wrong: {len(verdict.wrong)}; other faults: {len(result.wrong)}",
    ]
    return "\n".join([*lines, *(f"    {line}" for line in (*result.wrong, *verdict.slow, *verdict.wrong)[:MOST_LINES])])


def main() -> int:
    """Return 0, or 1 when something is wrong and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("troubles", nargs="*", metavar="postgresql|disk", help="both, where none is named")
    parser.add_argument("--check", action="store_true", help="fail when something is wrong")
    parser.add_argument("--seconds", type=float, default=Outage.seconds)
    parser.add_argument("--away", type=float, default=Outage.away_s, help="seconds of trouble")
    parser.add_argument("--rate", type=float, default=Outage.per_second, help="calls a second")
    parser.add_argument("--seed", type=int, default=Outage.seed)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave all logs there")
    options = parser.parse_args()
    how = Outage(options.seconds, options.away, options.rate, options.seed)
    bad = False
    for name in options.troubles or ("postgresql", "disk"):
        if name == "disk" and os.geteuid() != 0:
            parser.error("disk: root alone can mount a file system")
        with contextlib.ExitStack() as stack:
            folder = (options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))) / name
            folder.mkdir(parents=True, exist_ok=True)
            trouble: Trouble = (
                Stopped(stack.enter_context(postgres())) if name == "postgresql" else stack.enter_context(small_disk(folder))
            )
            result = asyncio.run(soak_outage(how, trouble, folder))
        print(report(how, trouble, result), flush=True)
        bad = bad or bool(result.wrong or result.verdict.wrong or result.verdict.slow)
    return 1 if options.check and bad else 0


if __name__ == "__main__":
    sys.exit(main())
