"""Load on a real Asterisk while the gateway is killed (-9) and started again, and what must be true afterwards.

Every call has exactly one record, and it says the truth; a client that resumes by position has each event exactly once; gaps are
declared, 5 s at most each; what they hid is known after the PBX's CDR and queue log were read. ``python -m bench.soak_killed
--check`` (in tests/) fails when it is not so; ``--postgresql`` takes a temporary PostgreSQL instead of SQLite.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import soak_load
from bench.soak import CORRECTED_WITHIN_S, SEED, configuration
from bench.soak_gateway import Gateway, Listener
from bench.soak_judge import Gap, Verdict, judge
from rig.asterisk import Asterisk, free_udp_port
from rig.stage import CDR_COLUMNS, read_rows
from support.postgres import postgres

AWAY_S: Final = 0.5
"""Between a kill and the next start: what a service manager takes."""
MOST_LINES: Final = 40


@dataclass(frozen=True)
class Killed:
    """How much of it."""

    seconds: float = 120.0
    per_second: float = 20.0
    kills: int = 3
    seed: int = SEED
    store_url: str | None = None
    """None is SQLite."""


@dataclass
class Outcome:
    """What came of it."""

    verdict: Verdict
    gaps: list[Gap]
    events: int
    wrong_events: list[str]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong, and nothing stayed unknown that the PBX wrote down."""
        return not (self.verdict.wrong or self.verdict.unknown or self.wrong_events)


async def soak_killed(how: Killed, folder: Path) -> Outcome:
    """Run it; logs stay in ``folder``.

    Raises:
        SippFailedError: There is no SIPp, or it failed.
        AsteriskError: The PBX did not start.
    """
    port = free_udp_port(soak_load.DESKS_HOST)
    plan = soak_load.plan(round(how.seconds * how.per_second), how.seed)
    async with (
        Asterisk(append=configuration(22, port)) as pbx,
        soak_load.desks(folder, port),
        Gateway(folder, pbx, pbx.ports.ami, how.store_url) as gateway,
        Listener(gateway) as listener,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(soak_load.make_calls(pbx, plan, how.per_second, folder))
            tasks.create_task(_kills(how, gateway))
        await pbx.idle(30)
        over_at = time.monotonic()
        calls = soak_load.seen(plan, folder)
        while True:
            await asyncio.sleep(1.0)
            records = await gateway.records()
            verdict = judge(calls, records, listener.gaps, read_rows(pbx.cdr_path, CDR_COLUMNS, 0))
            if not (verdict.unknown or verdict.wrong) or time.monotonic() - over_at > CORRECTED_WITHIN_S:
                break
        await asyncio.sleep(1.0)
        (folder / "records.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
        (folder / "events.json").write_text("\n".join(json.dumps(event) for event in listener.events))
        (folder / "Master.csv").write_bytes(pbx.cdr_path.read_bytes())
    return Outcome(verdict, listener.gaps, len(listener.events), listener.wrong())


async def _kills(how: Killed, gateway: Gateway) -> None:
    for _ in range(how.kills):
        await asyncio.sleep(how.seconds / (how.kills + 1))
        await gateway.kill()
        await asyncio.sleep(AWAY_S)
        await gateway.start()


def report(how: Killed, result: Outcome) -> str:
    """Return the figures as text."""
    verdict = result.verdict
    gaps = ", ".join(f"{gap.ended_at - gap.began_at:.2f} s" for gap in result.gaps) or "none"
    store = "SQLite" if how.store_url is None else "PostgreSQL"
    lines = [
        f"killed: {verdict.calls} calls at {how.per_second:g} a second, the gateway killed {how.kills} times, {store}",
        f"  gaps declared: {gaps}; calls that one touches: {verdict.covered}; not complete: {verdict.incomplete}",
        f"  events told to the client that resumes: {result.events}, wrong: {len(result.wrong_events)}",
        f"  records wrong: {len(verdict.wrong)}; unknown after correction: {sum(verdict.unknown.values())}",
    ]
    lines += [f"    {number} {name}" for name, number in sorted(verdict.unknown.items())]
    lines += [f"  what no CDR tells: {number} {name}" for name, number in sorted(verdict.untold.items())]
    return "\n".join([*lines, *(f"    {line}" for line in (*result.wrong_events, *verdict.slow, *verdict.wrong)[:MOST_LINES])])


def main() -> int:
    """Return 0, or 1 when something is wrong and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when something is wrong or stays unknown")
    parser.add_argument("--seconds", type=float, default=Killed.seconds)
    parser.add_argument("--rate", type=float, default=Killed.per_second, help="calls a second")
    parser.add_argument("--kills", type=int, default=Killed.kills)
    parser.add_argument("--seed", type=int, default=Killed.seed)
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave all logs there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres()).database() if options.postgresql else None
        how = Killed(options.seconds, options.rate, options.kills, options.seed, url)
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak_killed(how, folder))
    print(report(how, result))
    return 1 if options.check and (result.verdict.slow or not result.is_well) else 0


if __name__ == "__main__":
    sys.exit(main())
