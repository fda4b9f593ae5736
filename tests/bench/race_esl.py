"""From bytes to call records, FreeSWITCH: Tieline beside what greenswitch and genesis take to parse the events and no more.

The peers live in a virtual environment of their own: genesis holds rich and typer below the versions that our checkers need.
"""

import gzip
import hashlib
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

from bench.racing import MEMORY_BAR, Commands, growth, race, times

from connectors.freeswitch_esl.login import HEARTBEAT
from connectors.freeswitch_esl.mapping import WANTED

TOP: Final = Path(__file__).parent.parent.parent
CAPTURE: Final = TOP / "tests/captures/freeswitch/1.10.12/flood_bridge_40cps_plain"
LOCK: Final = TOP / "requirements/peers.lock"
PEERS_VENV: Final = Path(sys.prefix) / "peers"
EVENT: Final = b"Content-Type: text/event-plain\n\nEvent-Name: "
BARS: Final = {"greenswitch": 5.0, "genesis": 12.0}
"""Tieline's events a second over a peer's on the flood of all events."""
HAS_GENESIS: Final = sys.version_info < (3, 13)
"""It does not install on later ones."""
NARROW_TIMES: Final = 2.0
"""By how much we pass those bars on the same calls where the PBX sends only what we subscribe to."""


def narrowed(data: bytes) -> bytes:
    """Return the flood as our subscription would leave it: events are left out, of those that stay nothing is."""
    kept, place = [], 0
    for start, end in _events(data):
        name = data[data.index(b"\n\n", start) + len(b"\n\nEvent-Name: ") : end].partition(b"\n")[0].decode()
        kept.append(data[place:start])
        if name in WANTED or name == HEARTBEAT:
            kept.append(data[start:end])
        place = end
    return b"".join([*kept, data[place:]])


def _events(data: bytes) -> list[tuple[int, int]]:
    """Return where the frames that are events begin and end."""
    places, place = [], 0
    while (kind := data.find(EVENT, place)) >= 0:
        start = data.rindex(b"Content-Length: ", place, kind)
        length = int(data[start:kind].partition(b": ")[2])
        place = data.index(b"\n\n", kind) + len(b"\n\n") + length
        places.append((start, place))
    return places


def python_of_peers() -> Path:
    """Return the Python that has the peers, set up by the lock if need be."""
    python, stamp = PEERS_VENV / "bin/python", PEERS_VENV / ".stamp"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        venv.create(PEERS_VENV, with_pip=True, clear=True)
        pip = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-deps")
        subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
        stamp.write_text(wanted)
    return python


def _contestants(wire: Path, python: Path) -> Commands:
    theirs = Path(__file__).with_name("peers_esl.py")
    return {"tieline": _ours("tieline", wire)} | {name: [str(python), str(theirs), name, str(wire)] for name in _peers()}


def _peers() -> list[str]:
    return [name for name in BARS if name != "genesis" or HAS_GENESIS]


def _ours(name: str, wire: Path) -> list[str]:
    return [sys.executable, "-m", "bench.contestants_esl", name, str(wire), str(CAPTURE / "site.json")]


def run() -> list[str]:
    """Print the figures and return what is under its bar."""
    python = python_of_peers()
    data = gzip.decompress((CAPTURE / "wire.esl.gz").read_bytes())
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        whole, narrow = Path(folder, "whole.esl"), Path(folder, "narrow.esl")
        whole.write_bytes(data)
        narrow.write_bytes(narrowed(data))
        events = data.count(EVENT)
        of_all = race("FreeSWITCH, flood of all events", whole, events, _contestants(whole, python))
        few = narrow.read_bytes().count(EVENT)
        of_few = race("FreeSWITCH, flood as our subscription leaves it", narrow, few, _contestants(narrow, python))
        ours = times(of_all["tieline"], of_few["tieline"])
        print(f"  the same calls take tieline 1/{ours:.2f} of the time that they take with all events")
        if not HAS_GENESIS:
            print("  genesis was not measured: it does not install on this Python")
        for peer in _peers():
            bar = BARS[peer]
            ratio, alike = times(of_all[peer], of_all["tieline"]), times(of_few[peer], of_few["tieline"])
            calls = times(of_all[peer], of_few["tieline"])
            print(
                f"  tieline is {ratio:.1f} times {peer} with all events, {alike:.1f} times with the few alone; "
                f"with the few it keeps up with {calls:.1f} times the calls with which {peer} does with all"
            )
            if ratio < bar:
                missed.append(f"FreeSWITCH, all events: {ratio:.1f} times {peer}, the bar is {bar:.1f}")
            if calls < bar * NARROW_TIMES:
                missed.append(f"FreeSWITCH, few events: {calls:.1f} times {peer}, the bar is {bar * NARROW_TIMES:.1f}")
        grown = growth(_ours("memory", whole), "FreeSWITCH")
        if grown > MEMORY_BAR:
            missed.append(f"FreeSWITCH, memory: grew {grown:.2f} times, the bar is {MEMORY_BAR}")
    return missed
