"""From bytes to call records, Asterisk: Tieline beside panoramisk with cacofonisk on it."""

import gzip
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.racing import MEMORY_BAR, growth, race, times

CAPTURE: Final = Path(__file__).parent.parent / "captures/asterisk/22/flood_dial_30cps"
FILTERED: Final = (b"VarSet", b"RTCPSent", b"RTCPReceived", b"TestEvent")
"""The events that our manager.conf snippet keeps Asterisk from sending."""
BARS: Final = {"flood": 4.0, "flood, as our event filter leaves it": 4.0}
"""Tieline's events a second over panoramisk's with cacofonisk on it."""


def without_filtered(data: bytes) -> bytes:
    """Return the flood as the event filter of our manager.conf snippet would leave it."""
    names = tuple(b"Event: " + name + b"\r\n" for name in FILTERED)
    return b"\r\n\r\n".join(frame for frame in data.split(b"\r\n\r\n") if not frame.lstrip(b"\r\n").startswith(names))


def command(name: str, wire: Path) -> list[str]:
    """Return how to run one contestant."""
    return [sys.executable, "-m", "bench.contestants", name, str(wire), str(CAPTURE / "site.json")]


def run() -> list[str]:
    """Print the figures and return what is under its bar."""
    data = gzip.decompress((CAPTURE / "wire.ami.gz").read_bytes())
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        whole, filtered = Path(folder, "whole.ami"), Path(folder, "filtered.ami")
        whole.write_bytes(data)
        filtered.write_bytes(without_filtered(data))
        for title, wire in zip(BARS, (whole, filtered), strict=True):
            events = wire.read_bytes().count(b"Event: ")
            turns = race(f"Asterisk, {title}", wire, events, {name: command(name, wire) for name in _NAMES})
            ratio = times(turns["panoramisk"], turns["tieline"])
            floor = times(turns["tieline"], turns["split"])
            print(f"  tieline is {ratio:.1f} times panoramisk with cacofonisk; bytes.split alone is {floor:.1f} times tieline")
            if ratio < BARS[title]:
                missed.append(f"{title}: {ratio:.1f} times the peer, the bar is {BARS[title]:.1f}")
        grown = growth(command("memory", whole), "Asterisk")
        if grown > MEMORY_BAR:
            missed.append(f"memory: grew {grown:.2f} times, the bar is {MEMORY_BAR}")
    return missed


_NAMES: Final = ("tieline", "panoramisk", "split")
