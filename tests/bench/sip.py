"""What one SIP worker holds: calls a second answered and ended, how soon, in how much memory; and many that talk at once.

SIPp is the far end of all calls, on loopback. The same calls go to pjsip-perf, PJSIP's own measure, which is C alone and has no
sound (``packaging/pjsua2/perf.sh`` builds it once): the ratio is what Python and sound cost. ``python -m bench.sip --check`` (in
tests/) fails when a call failed, when the slowest hundredth of answers took longer than the bar, when memory did not come back,
or when sound for an application had a gap. It wants a machine that does nothing else: SIPp and the worker have a core each.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from support.sip_workers import HOST, SipWorker, free_port, sip_worker, trunk

from connectors.sip import wire

ANSWER_BAR_MS: Final = 20.0
"""From INVITE to 200, for all but the slowest hundredth."""
GAP_BAR_MS: Final = 40.0
"""Between two frames of one call."""
PEER_S: Final = 20
"""Seconds of calls to pjsip-perf."""
REMEMBERED_S: Final = 50.0
"""Seconds after which PJSIP has forgotten a call: RFC 3261's timers are 32."""
KEPT_BAR_KB: Final = 1.0
"""Kept for good of each call of the second half, looked at when the worker is idle."""
ALLOWANCE_BYTES: Final = 1024 * 1024
"""By which the memory of a process that keeps nothing differs from one moment to the next."""
TOP: Final = Path(__file__).parents[2]
TICKS: Final = os.sysconf("SC_CLK_TCK")
OPEN: Final = wire.Guard(allow=(HOST,), requests_per_s=10_000, burst=10_000, max_failures=3, lockout_s=60)


@dataclass
class Held:
    """Of a run of calls."""

    calls: int = 0
    failed: int = 0
    answers_ms: list[float] = field(default_factory=list)
    idle_bytes: list[int] = field(default_factory=list)
    peak_bytes: int = 0
    lag_ms: float = 0.0
    cpu_s: float = 0.0


def quantile(values: list[float], part: float) -> float:
    """Return the value below which this part of all is."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


async def serve(worker: SipWorker, held: Held) -> None:
    """Answer each call as it comes, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        report = wire.decode_report(await loop.sock_recv(worker.control, wire.MAX_MESSAGE_BYTES))
        match report:
            case wire.CallArrived(info):
                await loop.sock_sendall(worker.control, wire.encode(wire.Answer(call=info.call)))
            case wire.CallChanged(state=wire.CallState.ENDED, code=code):
                held.calls += 1
                held.failed += code != 200
            case wire.Heartbeat(lag_ms=lag_ms, calls=calls, rss_bytes=rss):
                held.lag_ms = max(held.lag_ms, lag_ms)
                held.peak_bytes = max(held.peak_bytes, rss)
                if calls == 0:
                    held.idle_bytes[-1:] = [rss]
            case _:
                pass


async def sipp(folder: Path, *arguments: str) -> int:
    """Run SIPp and return its status: 0 when all calls went as they should."""
    process = await asyncio.create_subprocess_exec(
        "sipp", *arguments, "-i", HOST, "-mi", HOST, "-nostdin", cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def load(folder: Path, port: int, far: int, per_s: int, count: int, *more: str) -> int:
    """Let SIPp make so many calls to a port, from another; see :func:`sipp`."""
    return await sipp(
        folder, "-sn", "uac", f"{HOST}:{port}", "-p", str(far), "-r", str(per_s), "-m", str(count), "-l", "3000",
        "-d", "0", "-trace_rtt", "-rtt_freq", "1", *more,
    )  # fmt: skip


async def peer(folder: Path, per_s: int, seconds: int) -> Held:
    """Make the same calls to pjsip-perf."""
    script = [str(TOP / "packaging" / "pjsua2" / "perf.sh"), sys.executable]
    program = await asyncio.to_thread(subprocess.check_output, script, text=True)
    held, port = Held(calls=per_s * seconds), free_port()
    process = await asyncio.create_subprocess_exec(
        program.strip(), "--real-sdp", f"--local-port={port}",
        # It ends with its input.
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.sleep(1.0)
        # The user of the address says what it is to do: take calls.
        held.failed = int(await load(folder, port, free_port(), per_s, held.calls, "-s", "2") != 0)
        held.cpu_s = cpu_s(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    held.answers_ms = await asyncio.to_thread(answer_times, folder)
    return held


async def many(folder: Path, per_s: int, seconds: int) -> Held:
    """Call a worker in two halves, with time to forget after each."""
    held = Held()
    async with sip_worker(folder) as worker:
        far = free_port()
        await worker.configure(trunk(far), guard=OPEN, max_calls=1000, rtp_first=30_000, rtp_last=33_998)
        serving = asyncio.create_task(serve(worker, held))
        for _ in range(2):
            held.idle_bytes.append(0)
            before_s = cpu_s(worker.process.pid)
            held.failed += await load(folder, worker.port, far, per_s, per_s * seconds // 2) != 0
            held.cpu_s += cpu_s(worker.process.pid) - before_s
            await asyncio.sleep(REMEMBERED_S)
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
    held.answers_ms = await asyncio.to_thread(answer_times, folder)
    return held


def answer_times(folder: Path) -> list[float]:
    """Read what SIPp wrote of each answer; milliseconds."""
    lines = [line for found in folder.glob("uac_*_rtt.csv") for line in found.read_text().splitlines()[1:]]
    return [float(line.split(";")[1]) for line in lines]


async def talking(folder: Path, calls: int, seconds: float) -> list[float]:
    """Have so many calls' sound go through the application's socket both ways; return the times between two frames of a call."""
    loop = asyncio.get_running_loop()
    arrived: dict[wire.CallNumber, list[float]] = {}
    async with sip_worker(folder) as worker:
        far = free_port()
        await worker.configure(trunk(far), guard=OPEN, max_calls=calls, rtp_first=30_000, rtp_last=30_000 + 4 * calls)
        peer = asyncio.create_task(sipp(folder, "-sn", "uas", "-p", str(far), "-mp", str(free_port() & ~1), "-rtp_echo"))
        await asyncio.sleep(0.5)
        for number in range(calls):
            call = await worker.place(str(1000 + number))
            await worker.ask(wire.OpenMedia(call=call))
            arrived[call] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            frame = wire.decode_frame(await loop.sock_recv(worker.media, wire.MAX_FRAME_BYTES))
            arrived[frame.call].append(time.monotonic())
            # The application answers each frame with one, as a conversation does.
            await loop.sock_sendall(worker.media, wire.encode_frame(frame))
        peer.cancel()
        await asyncio.gather(peer, return_exceptions=True)
    return [1000 * (after - before) for times in arrived.values() for before, after in pairwise(times)]


async def measure(options: argparse.Namespace) -> list[str]:
    """Measure, print, and return what is over a bar."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="sip-") as name:
        held = await many(Path(name), options.per_s, options.seconds)
        p50, p99 = (quantile(held.answers_ms, part) for part in (0.5, 0.99))
        first, second = (size / 1e6 for size in held.idle_bytes)
        print(
            f"{held.calls} calls at {options.per_s}/s, {held.failed} failed; answered after {p50:.1f} ms (median), "
            f"{p99:.1f} ms (p99), {1000 * held.cpu_s / held.calls:.2f} ms of CPU each; longest turn {held.lag_ms:.0f} ms"
        )
        kept_kb = max(0.0, second - first - ALLOWANCE_BYTES / 1e6) * 1000 / (held.calls / 2)
        print(
            f"idle memory {first:.1f} MB after half of them, {second:.1f} MB after all: {kept_kb:.2f} kB a call kept for good; "
            f"{held.peak_bytes / 1e6:.0f} MB at most"
        )
        if held.failed or held.calls != options.per_s * options.seconds // 2 * 2:
            wrong.append("calls failed")
        if not p99 <= ANSWER_BAR_MS:
            wrong.append(f"p99 of answers over {ANSWER_BAR_MS} ms")
        if kept_kb > KEPT_BAR_KB:
            wrong.append(f"memory grows by over {KEPT_BAR_KB} kB a call")
    with tempfile.TemporaryDirectory(prefix="sip-") as name:
        theirs = await peer(Path(name), options.per_s, min(options.seconds, PEER_S))
        print(
            f"pjsip-perf: {theirs.calls} calls at {options.per_s}/s, {'some' if theirs.failed else 'none'} failed; "
            f"answered after {quantile(theirs.answers_ms, 0.5):.1f} ms (median), "
            f"{quantile(theirs.answers_ms, 0.99):.1f} ms (p99), "
            f"{1000 * theirs.cpu_s / theirs.calls:.2f} ms of CPU each: our worker takes "
            f"{held.cpu_s / held.calls * theirs.calls / theirs.cpu_s:.1f} times as much"
        )
    with tempfile.TemporaryDirectory(prefix="sip-") as name:
        gaps = await talking(Path(name), options.talking, options.talk_s)
        longest, p999 = max(gaps), quantile(gaps, 0.999)
        late = sum(gap > GAP_BAR_MS for gap in gaps)
        print(
            f"{options.talking} calls talk: {len(gaps)} frames, p99.9 {p999:.1f} ms apart, "
            f"longest {longest:.1f} ms, {late} over the bar"
        )
        if late:
            wrong.append(f"gaps over {GAP_BAR_MS} ms")
    return wrong


def main() -> int:
    """Measure, and with --check fail over a bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--per-s", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=76, help="in two halves")
    parser.add_argument("--talking", type=int, default=150, help="calls that talk at once")
    parser.add_argument("--talk-s", type=float, default=20.0)
    options = parser.parse_args()
    wrong = asyncio.run(measure(options))
    for reason in wrong:
        print(f"over the bar: {reason}", file=sys.stderr)
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
