"""``make bench``: ratios against a peer, measured in one run on one core, and the bars that they must not fall under.

Contestants take turns, so that a machine whose speed drifts is unfair to nobody; the median of the turns counts. Last come the
soaks: load on a real Asterisk whose connection is cut and stalled, while the gateway is killed, while its database is away; every
record is compared with the truth.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

CAPTURE: Final = Path(__file__).parent.parent / "captures/asterisk/22/flood_dial_30cps"
TURNS: Final = 5
FILTERED: Final = (b"VarSet", b"RTCPSent", b"RTCPReceived", b"TestEvent")
"""The events that our manager.conf snippet keeps Asterisk from sending."""

BARS: Final = {"flood": 4.0, "flood, as our event filter leaves it": 4.0}
"""Tieline's events a second over panoramisk's with cacofonisk on it."""
SOAKS: Final = (("soak",), ("soak_killed",), ("soak_killed", "--postgresql"), ("soak_outage",))
"""What runs on a real Asterisk, with its arguments."""
MEMORY_BAR: Final = 1.05
"""Peak memory after ten floods over that after three."""


def without_filtered(data: bytes) -> bytes:
    """Return the flood as the event filter of our manager.conf snippet would leave it."""
    names = tuple(b"Event: " + name + b"\r\n" for name in FILTERED)
    return b"\r\n\r\n".join(frame for frame in data.split(b"\r\n\r\n") if not frame.lstrip(b"\r\n").startswith(names))


def measure(name: str, wire: Path) -> dict[str, Any]:
    """Run one contestant in a process of its own on the first core that we may use."""
    core = min(os.sched_getaffinity(0))
    answer = subprocess.run(
        [sys.executable, "-m", "bench.contestants", name, str(wire), str(CAPTURE / "site.json")],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def race(title: str, wire: Path) -> float:
    """Let all take turns on ``wire``; print events a second and return how many times the peer we are."""
    events = wire.read_bytes().count(b"Event: ")
    names = ("tieline", "panoramisk", "split")
    turns: dict[str, list[float]] = {name: [] for name in names}
    calls: dict[str, int] = {}
    for _ in range(TURNS):
        for name in names:
            result = measure(name, wire)
            turns[name].append(events / result["seconds"])
            calls[name] = result["calls"]
    print(f"\n{title}: {events} events, {wire.stat().st_size / 1e6:.1f} MB; median of {TURNS} turns (least to most)")
    for name in names:
        rates = turns[name]
        spread = f"({min(rates):,.0f} to {max(rates):,.0f})"
        print(f"  {name:<12}{statistics.median(rates):>12,.0f} events/s {spread}, {calls[name]} calls")
    ratio = statistics.median(ours / theirs for ours, theirs in zip(turns["tieline"], turns["panoramisk"], strict=True))
    floor = statistics.median(ours / theirs for ours, theirs in zip(turns["split"], turns["tieline"], strict=True))
    print(f"  tieline is {ratio:.1f} times panoramisk with cacofonisk; bytes.split alone is {floor:.1f} times tieline")
    return ratio


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is under its bar")
    parser.add_argument("--no-soak", action="store_true", help="leave the load on a real Asterisk out")
    options = parser.parse_args()
    data = gzip.decompress((CAPTURE / "wire.ami.gz").read_bytes())
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        whole, filtered = Path(folder, "whole.ami"), Path(folder, "filtered.ami")
        whole.write_bytes(data)
        filtered.write_bytes(without_filtered(data))
        for title, wire in zip(BARS, (whole, filtered), strict=True):
            ratio = race(title, wire)
            if ratio < BARS[title]:
                missed.append(f"{title}: {ratio:.1f} times the peer, the bar is {BARS[title]:.1f}")
        peaks = measure("memory", whole)["peaks_kib"]
        growth = peaks[-1] / peaks[2]
        sizes = ", ".join(f"{peak / 1024:.0f}" for peak in peaks)
        print(f"\npeak memory after each of ten floods: {sizes} MiB; the last is {growth:.2f} times the third")
        if growth > MEMORY_BAR:
            missed.append(f"memory: grew {growth:.2f} times, the bar is {MEMORY_BAR}")
    if not options.no_soak:
        for name, *arguments in SOAKS:
            print(flush=True)
            if subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments, "--check"], check=False).returncode != 0:
                missed.append(f"{' '.join((name, *arguments))}: a call has no record, or a false one; see above")
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
