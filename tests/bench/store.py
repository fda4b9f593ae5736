"""How many calls a second the gateway mirrors durably, beside a run that keeps them in memory.

A recorded flood of calls is played again and again, each time with other ids, through engine, committer and store as fast as they
take it; events count when they are committed and told. ``python -m bench.store --check`` (in tests/) fails under a bar.
"""

import argparse
import asyncio
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
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
from gateway.model.events import PbxEvent
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
BAR_CALLS_S: Final = 500.0


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


async def mirror(store: Store, rounds: Sequence[Sequence[PbxEvent]]) -> Figure:
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


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is under its bar")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    recorded = pbx_events(CAPTURE)
    rounds = [again(recorded, number) for number in range(options.rounds)]
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder, postgres() as cluster:
        url = cluster.database()
        memory = MemoryStore(calls=1_000_000, events=1_000_000)
        figures["memory"] = asyncio.run(mirror(memory, rounds))
        figures["SQLite"] = asyncio.run(mirror(SqlStore(Database(parse_url(f"sqlite:///{Path(folder)}/tieline.db"))), rounds))
        figures["PostgreSQL"] = asyncio.run(mirror(SqlStore(Database(parse_url(url))), rounds))
    undurable = figures["memory"].rate
    for name, figure in figures.items():
        each = f"{figure.calls} calls, {figure.events} events, {figure.commits} commits, "
        each += f"{figure.cpu_s / figure.calls * 1e3:.2f} ms CPU a call"
        print(f"  {name:<11}{figure.rate:>8,.0f} calls/s, {figure.rate / undurable:.2f} of memory ({each})")
    missed = [f"{name}: {figure.rate:.0f} calls/s" for name, figure in figures.items() if figure.rate < BAR_CALLS_S]
    for line in missed:
        print(f"MISSED {line}, the bar is {BAR_CALLS_S:.0f}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
