"""A night in a minute: load on a real Asterisk, its connection cut and held up, and every call's record compared with the truth.

SIPp calls through menus, queues and desks; the running gateway hears of it over a wire that is cut twice and stalled once
meanwhile. ``python -m bench.soak --check`` (in tests/) fails when a record is missing, doubled, invented or false, when a gap is
longer than 5 s, or when something is unknown after the PBX's CDR has corrected what the gaps hid.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from bench import soak_load
from bench.soak_gateway import Gateway, Listener
from bench.soak_judge import Gap, Record, Verdict, judge
from bench.soak_load import DESKS_HOST, Seen
from rig.asterisk import Asterisk, free_udp_port
from rig.provision import SUITES
from rig.stage import CDR_COLUMNS, read_rows
from support.line import Line

from connectors.asterisk_ami.snippet import files

CORRECTED_WITHIN_S: Final = 20.0
"""After the last call's end."""
STALL_S: Final = 4.0
OUTAGE_S: Final = 3.0
LATE_TURNS: Final = 3
"""Turns of the loop for which the beginning of what a stall held up still passes."""
SEED: Final = 20
MOST_LINES: Final = 40


class Trouble(Enum):
    """What may befall a connection."""

    CUT = "cut"
    """It can be made again at once."""
    STALL = "stall"
    """Nothing passes for ``STALL_S``, then all of it."""
    OUTAGE = "outage"
    """It is cut, and cannot be made again for ``OUTAGE_S``."""
    LATE_CUT = "late cut"
    """Of what a stall held up only the beginning passes before the cut, as when the PBX gives a slow reader up."""


@dataclass(frozen=True)
class Soak:
    """How much of it."""

    seconds: float = 60.0
    per_second: float = 20.0
    troubles: tuple[Trouble, ...] = (Trouble.CUT, Trouble.STALL, Trouble.OUTAGE)
    seed: int = SEED
    asterisk: int = 22
    """Its major version."""
    store_url: str | None = None
    """None is SQLite."""


@dataclass
class Result:
    """What came of it."""

    verdict: Verdict
    calls: list[Seen]
    records: list[Record]
    gaps: list[Gap]
    corrected_after_s: float
    """From the end of the last call to the last correction; infinite when something stayed unknown."""
    cpu_s: float
    """Of the gateway's process."""
    folder: Path


def configuration(major: int, desks_port: int) -> dict[str, str]:
    """Return what is added to the PBX's files: the soak's desks and queues, and what ``tieline pbx snippet asterisk`` prints."""
    ours = files(str(major))
    theirs = soak_load.configuration(desks_port)
    return {name: ours.get(name, "") + "\n" + theirs.get(name, "") for name in ours | theirs}


async def soak(how: Soak, folder: Path) -> Result:
    """Run it; logs stay in ``folder``.

    Raises:
        SippFailedError: There is no SIPp, or it failed.
        AsteriskError: The PBX did not start.
    """
    port = free_udp_port(DESKS_HOST)
    plan = soak_load.plan(round(how.seconds * how.per_second), how.seed)
    async with (
        Asterisk(how.asterisk, append=configuration(how.asterisk, port)) as pbx,
        Line(pbx.ports.ami) as line,
        soak_load.desks(folder, port),
        Gateway(folder, pbx, line.port, how.store_url) as gateway,
        Listener(gateway) as listener,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(soak_load.make_calls(pbx, plan, how.per_second, folder))
            tasks.create_task(_trouble(how, line))
        await pbx.idle(30)
        over_at = time.monotonic()
        calls = soak_load.seen(plan, folder)
        while True:
            await asyncio.sleep(0.5)
            records = await gateway.records()
            verdict = judge(calls, records, listener.gaps, read_rows(pbx.cdr_path, CDR_COLUMNS, 0))
            waited_s = time.monotonic() - over_at
            if not verdict.unknown or waited_s > CORRECTED_WITHIN_S:
                break
        cpu_s = gateway.cpu_s
        (folder / "records.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
        (folder / "Master.csv").write_bytes(pbx.cdr_path.read_bytes())
    return Result(
        verdict=verdict,
        calls=calls,
        records=records,
        gaps=listener.gaps,
        corrected_after_s=float("inf") if verdict.unknown else waited_s,
        cpu_s=cpu_s,
        folder=folder,
    )


async def _trouble(how: Soak, line: Line) -> None:
    """What befalls the connection, evenly over the time: a cut, a stall, an outage, and a stall that the PBX does not stand."""
    pause_s = how.seconds / (len(how.troubles) + 1)
    for trouble in how.troubles:
        await asyncio.sleep(pause_s)
        match trouble:
            case Trouble.CUT:
                line.cut()
            case Trouble.STALL:
                line.stall()
                await asyncio.sleep(STALL_S)
                line.resume()
            case Trouble.OUTAGE:
                line.lead_nowhere()
                await asyncio.sleep(OUTAGE_S)
                line.lead_on()
            case Trouble.LATE_CUT:
                line.stall()
                await asyncio.sleep(STALL_S)
                line.resume()
                for _ in range(LATE_TURNS):
                    await asyncio.sleep(0)
                line.cut()


def report(how: Soak, result: Result) -> str:
    """Return the figures as text."""
    verdict = result.verdict
    gaps = ", ".join(f"{gap.ended_at - gap.began_at:.2f} s" for gap in result.gaps) or "none"
    troubles = ", ".join(trouble.value for trouble in how.troubles) or "nothing"
    lines = [
        f"soak: {verdict.calls} calls at {how.per_second:g} a second, {verdict.rows} rows of CDR; on the wire: {troubles}",
        f"  gaps declared: {gaps}",
        f"  calls that a gap touches: {verdict.covered}; records that say they are not complete: {verdict.incomplete}",
        f"  talk that was heard: {_spread(verdict.off_s)}",
        f"  talk that a gap hid: {_spread(verdict.corrected_off_s)}",
        f"  all corrected {result.corrected_after_s:.1f} s after the last call; the gateway took {result.cpu_s:.1f} s of CPU",
        f"  wrong: {len(verdict.wrong)}; unknown after correction: {sum(verdict.unknown.values())}",
    ]
    lines += [f"    {number} {name}" for name, number in sorted(verdict.unknown.items())]
    lines += [f"  what no CDR tells: {number} {name}" for name, number in sorted(verdict.untold.items())]
    lines += [f"    {line}" for line in (*verdict.slow, *verdict.wrong)[:MOST_LINES]]
    return "\n".join(lines)


def _spread(off_s: Sequence[float]) -> str:
    if not off_s:
        return "none"
    return f"{len(off_s)} calls off by {statistics.fmean(off_s):+.3f} s on average, {max(off_s, key=abs):+.3f} s at most"


def main() -> int:
    """Return 0, or 1 when something is wrong and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a record is wrong or something stays unknown")
    parser.add_argument("--seconds", type=float, default=Soak.seconds)
    parser.add_argument("--rate", type=float, default=Soak.per_second, help="calls a second")
    parser.add_argument(
        "--troubles",
        nargs="*",
        type=Trouble,
        default=Soak.troubles,
        metavar="|".join(trouble.value for trouble in Trouble),
        help="what befalls the connection, in this order",
    )
    parser.add_argument("--seed", type=int, default=Soak.seed)
    parser.add_argument("--asterisk", type=int, default=Soak.asterisk, choices=sorted(SUITES), help="its major version")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave all logs there")
    options = parser.parse_args()
    how = Soak(options.seconds, options.rate, tuple(options.troubles), options.seed, options.asterisk)
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak(how, folder))
    print(report(how, result))
    return 1 if options.check and (result.verdict.wrong or result.verdict.unknown or result.verdict.slow) else 0


if __name__ == "__main__":
    sys.exit(main())
