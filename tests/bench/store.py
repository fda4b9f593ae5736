"""How many calls a second the gateway mirrors durably, beside a run that keeps them in memory.

A recorded flood of calls is played again and again, each time with other ids, through engine, committer and store as fast as they
take it; events count when they are committed and told. The stores take turns, so that a machine whose speed drifts is unfair to
nobody; then comes the memory that a long run takes. ``python -m bench.store --check`` (in tests/) fails under a bar.
"""

import argparse
import asyncio
import json
import logging
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from support.gateways import Parts, at_work
from support.memory_store import MemoryStore
from support.postgres import postgres
from support.replaying import CAPTURES, PBX, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model.events import LegCreated, PbxEvent
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.store import Store
from gateway.session.engine import Engine
from gateway.store.database import Database
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url

CAPTURE: Final = CAPTURES / "asterisk" / "22" / "flood_dial_30cps"
BATCH_EVENTS: Final = 100
"""Events that the connector delivers at once."""
ROUNDS: Final = 20
TURNS: Final = 3
BAR_CALLS_S: Final = 500.0
MEMORY_CALLS: Final = 100_000
WARM_PART: Final = 3
"""Counted from 0: the tenth of the calls after which all that is bounded is full (rings, caches, what is remembered of calls)."""
MEMORY_BAR: Final = 1.05
"""Peak memory after all of them over that of a warm gateway."""


@dataclass(frozen=True)
class Figure:
    """What one store did."""

    calls: int
    events: int
    seconds: float
    cpu_s: float
    commits: int

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def again(events: Sequence[PbxEvent], number: int) -> list[PbxEvent]:
    """Return the events with other ids, later."""
    span = events[-1].at - events[0].at + 1.0
    names = {leg for event in events for key in ("leg", "bridge") if (leg := getattr(event, key, None)) is not None}

    def other(event: PbxEvent) -> PbxEvent:
        changes: dict[str, Any] = {
            field: f"{value}-{number}"
            for field in event.__struct_fields__
            if isinstance(value := getattr(event, field), str) and value in names
        }
        return msgspec.structs.replace(event, at=event.at + span * number, **changes)

    return [other(event) for event in events]


async def mirror(store: Store, rounds: Iterable[Sequence[PbxEvent]]) -> Figure:
    """Play the rounds into the store."""
    await store.open()
    parts = Parts(store=store, kept=50_000)
    engine = Engine(parts.committer, {PBX: site_of(CAPTURE)}, now=time.time)
    began, cpu_began = time.perf_counter(), _cpu_s()
    async with at_work(engine, parts.committer):
        for events in rounds:
            for start in range(0, len(events), BATCH_EVENTS):
                await engine.accept(PBX, events[start : start + BATCH_EVENTS])
        await parts.committer.settled()
    seconds, cpu_s = time.perf_counter() - began, _cpu_s() - cpu_began
    calls = len(await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=1_000_000))
    told = await store.last_position()
    await store.close()
    return Figure(calls, told, seconds, cpu_s, parts.committer.commits)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def race(turns: int, rounds: Sequence[Sequence[PbxEvent]]) -> dict[str, list[Figure]]:
    """Let the stores take turns, each time empty; return what each did in each turn."""
    figures: dict[str, list[Figure]] = {"memory": [], "SQLite": [], "PostgreSQL": []}
    with tempfile.TemporaryDirectory() as folder, postgres() as cluster:
        for turn in range(turns):
            file = f"sqlite:///{folder}/{turn}.db"
            stores: tuple[Store, ...] = (
                MemoryStore(calls=1_000_000, events=1_000_000),
                SqlStore(Database(parse_url(file))),
                SqlStore(Database(parse_url(cluster.database()))),
            )
            for name, store in zip(figures, stores, strict=True):
                figures[name].append(asyncio.run(mirror(store, rounds)))
    return figures


def peaks_kib() -> list[int]:
    """Mirror ``MEMORY_CALLS`` into SQLite in ten parts, and return the process's peak memory after each."""
    recorded, peaks = pbx_events(CAPTURE), []
    parts = 10

    def rounds() -> Iterator[list[PbxEvent]]:
        each = sum(isinstance(event, LegCreated) and event.leg == event.root for event in recorded)
        count = MEMORY_CALLS // each + 1
        for number in range(count):
            yield again(recorded, number)
            if (number + 1) * parts // count > number * parts // count:
                # Not getrusage's: that one begins with what the parent process held.
                status = Path("/proc/self/status").read_text()
                peaks.append(int(status.partition("VmHWM:")[2].split()[0]))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(mirror(SqlStore(Database(parse_url(f"sqlite:///{folder}/tieline.db"))), rounds()))
    return peaks


def memory_growth() -> float:
    """Print the peaks, measured in a process of its own, and return how many times the warm one the last is."""
    command = [sys.executable, "-m", "bench.store", "--peaks"]
    peaks: list[int] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    growth = peaks[-1] / peaks[WARM_PART]
    sizes = ", ".join(f"{peak / 1024:.0f}" for peak in peaks)
    print(f"  peak memory after each tenth of {MEMORY_CALLS:,} calls: {sizes} MiB; the last is {growth:.2f} times the fourth")
    return growth


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure misses its bar")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--peaks", action="store_true", help="measure memory alone, and print it as JSON")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if options.peaks:
        print(json.dumps(peaks_kib()))
        return 0
    recorded = pbx_events(CAPTURE)
    figures = race(options.turns, [again(recorded, number) for number in range(options.rounds)])
    undurable = statistics.median(each.rate for each in figures["memory"])
    missed = []
    print(
        f"calls mirrored durably, median of {options.turns} turns (least to most), and how many times that is what memory takes"
    )
    for name, turns in figures.items():
        rates = [each.rate for each in turns]
        rate, last = statistics.median(rates), turns[-1]
        each = (
            f"{last.calls} calls, {last.events} events, {last.commits} commits, {last.cpu_s / last.calls * 1e3:.2f} ms CPU a call"
        )
        print(f"  {name:<11}{rate:>7,.0f} calls/s ({min(rates):,.0f} to {max(rates):,.0f}), {rate / undurable:.2f} ({each})")
        if rate < BAR_CALLS_S:
            missed.append(f"{name}: {rate:.0f} calls/s, the bar is {BAR_CALLS_S:.0f}")
    growth = memory_growth()
    if growth > MEMORY_BAR:
        missed.append(f"memory: grew {growth:.2f} times, the bar is {MEMORY_BAR}")
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
