"""What an application hears of callers whose packets come unevenly, through a real SIP worker: what is missing, what was put in.

The application sends numbered frames; the far end sends each packet back, late by chance, but in order. ``python -m
bench.sip_jitter --check`` (in tests/) fails when too much is missing. It wants a machine that does nothing else: a worker that
does not come to its turn loses frames too.
"""

import argparse
import asyncio
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Self

from bench.sip import OPEN, sipp
from rig.rtp import linear
from support.sip_workers import HOST, SipWorker, free_port, sip_worker, trunk

from connectors.sip import wire

BAR: Final = 0.02
"""Of all frames, missing."""
NUMBERS: Final = 100
LEVELS: Final = sorted({linear(code) for code in range(256)})[14 : 14 + 2 * NUMBERS : 2]
"""A frame's number is how loud it is: levels that µ-law carries exactly."""
TOLERANCE: Final = 3
SETTLED: Final = 100
"""Frames of each call that are not counted: its beginning."""
SAMPLES: Final = wire.FRAME_BYTES // 2


class LateEcho(asyncio.DatagramProtocol):
    """Sends everything back, up to ``jitter_s`` later, in order. Use as an asynchronous context manager."""

    def __init__(self, jitter_s: float) -> None:
        self._jitter_s = jitter_s
        self._random = Random(1)
        self._due: dict[tuple[str, int], float] = {}
        self._transport: asyncio.DatagramTransport
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        at = max(loop.time() + self._random.random() * self._jitter_s, self._due.get(addr, 0.0))
        self._due[addr] = at
        loop.call_at(at, self._send, data, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, addr)


@dataclass
class Heard:
    frames: int = 0
    missing: int = 0
    put_in: int = 0
    """What PJSIP made up, or played twice."""

    def count(self, numbers: list[int | None]) -> None:
        """Count what came of one call; None is a frame of no number."""
        last: int | None = None
        for number in numbers[SETTLED:]:
            self.frames += 1
            ahead = 0 if number is None or last is None else (number - last) % NUMBERS
            if number is None or (last is not None and not 0 < ahead < NUMBERS // 2):
                self.put_in += 1
                continue
            self.missing += max(0, ahead - 1)
            last = number


def number_of(sound: bytes) -> int | None:
    """Return the number of a frame; None where it has none."""
    middle = struct.unpack_from("<h", sound, SAMPLES)[0]
    nearest = min(range(NUMBERS), key=lambda number: abs(LEVELS[number] - middle))
    return nearest if abs(LEVELS[nearest] - middle) <= TOLERANCE else None


async def talk(worker: SipWorker, calls: list[wire.CallNumber], seconds: float) -> dict[wire.CallNumber, list[bytes]]:
    """Answer each frame with the next number; return what was heard."""
    loop = asyncio.get_running_loop()
    heard: dict[wire.CallNumber, list[bytes]] = {call: [] for call in calls}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        frame = wire.decode_frame(await loop.sock_recv(worker.media, wire.MAX_FRAME_BYTES))
        sound = struct.pack("<h", LEVELS[len(heard[frame.call]) % NUMBERS]) * SAMPLES
        heard[frame.call].append(frame.sound)
        await loop.sock_sendall(worker.media, wire.encode_frame(wire.Frame(frame.kind, frame.call, frame.sequence, sound)))
    return heard


async def measure(folder: Path, calls: int, seconds: float, jitter_s: float) -> Heard:
    """Have so many calls talk with an echo that is late."""
    found = Heard()
    async with sip_worker(folder) as worker, LateEcho(jitter_s) as echo:
        far = free_port()
        usual = await asyncio.to_thread(subprocess.run, ["sipp", "-sd", "uas"], capture_output=True, text=True, check=False)
        scenario = folder / "answering.xml"
        scenario.write_text(usual.stdout.replace("[media_port]", str(echo.port)))
        await worker.configure(trunk(far), guard=OPEN, max_calls=calls, rtp_first=30_000, rtp_last=30_000 + 4 * calls)
        peer = asyncio.create_task(sipp(folder, "-sf", str(scenario), "-p", str(far)))
        await asyncio.sleep(0.5)
        numbers = [await worker.place(str(1000 + each)) for each in range(calls)]
        for call in numbers:
            await worker.ask(wire.OpenMedia(call=call))
        for sounds in (await talk(worker, numbers, seconds)).values():
            found.count([number_of(sound) for sound in sounds])
        peer.cancel()
        await asyncio.gather(peer, return_exceptions=True)
    return found


def main() -> int:
    """Measure, and with --check fail over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--calls", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--jitter-ms", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jitter-") as folder:
        heard = asyncio.run(measure(Path(folder), options.calls, options.seconds, options.jitter_ms / 1000))
    missing, put_in = heard.missing / heard.frames, heard.put_in / heard.frames
    print(f"{options.jitter_ms:.0f} ms of jitter: of {heard.frames} frames {missing:.2%} missing, {put_in:.2%} put in")
    if missing > BAR:
        print(f"over the bar: {BAR:.0%} missing", file=sys.stderr)
    return 1 if missing > BAR and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
