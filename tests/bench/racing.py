"""Contestants take turns on one core; each turn is a process of its own, and the median of the turns counts.

So a machine whose speed drifts is unfair to nobody, and nobody inherits another's heap.
"""

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

TURNS: Final = 5
MEMORY_BAR: Final = 1.05
"""Peak memory after ten floods over that after three."""

Commands = Mapping[str, Sequence[str]]
"""What to run, by contestant; each prints ``seconds`` and ``calls`` as JSON."""


def measure(command: Sequence[str]) -> dict[str, Any]:
    """Run one contestant on the first core that we may use, and return what it prints."""
    core = min(os.sched_getaffinity(0))
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core})
    )
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def race(title: str, wire: Path, events: int, contestants: Commands) -> dict[str, list[float]]:
    """Let all take turns on ``wire``, print their events a second, and return each one's seconds of CPU, turn by turn."""
    turns: dict[str, list[float]] = {name: [] for name in contestants}
    calls: dict[str, int] = {}
    for _ in range(TURNS):
        for name, command in contestants.items():
            result = measure(command)
            turns[name].append(result["seconds"])
            calls[name] = result["calls"]
    print(f"\n{title}: {events} events, {wire.stat().st_size / 1e6:.1f} MB; median of {TURNS} turns (least to most)")
    for name, seconds in turns.items():
        rates = [events / each for each in seconds]
        spread = f"({min(rates):,.0f} to {max(rates):,.0f})"
        print(f"  {name:<12}{statistics.median(rates):>12,.0f} events/s {spread}, {calls[name]} calls", flush=True)
    return turns


def times(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Return how many times as long they took, turn by turn."""
    return statistics.median(each / our for each, our in zip(theirs, ours, strict=True))


def growth(command: Sequence[str], what: str) -> float:
    """Print the peaks of memory, flood by flood, and return the last one over the third."""
    peaks = measure(command)["peaks_kib"]
    grown: float = peaks[-1] / peaks[2]
    sizes = ", ".join(f"{peak / 1024:.0f}" for peak in peaks)
    print(f"\n{what}: peak memory after each of ten floods: {sizes} MiB; the last is {grown:.2f} times the third", flush=True)
    return grown
