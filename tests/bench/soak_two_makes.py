"""One gateway hears a real Asterisk and a simulated FreeSWITCH at once, both under load, and shows both on one page.

Every call of either must have exactly one record, of the right PBX, and it says the truth: SIPp's and the CDR's for the Asterisk,
for the FreeSWITCH what the telephones did when the call was recorded that is played with another caller. ``python -m
bench.soak_two_makes --check`` (in tests/) fails when it is not so, or when the page did not show live calls of both.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import soak_load
from bench.soak import SEED, configuration
from bench.soak_gateway import SNIPPET_SECRET, GatewayProcess, Listener, asterisk_connector
from bench.soak_judge import Record, Verdict, judge
from bench.soak_load import Planned
from playwright.async_api import Page
from rig.asterisk import Asterisk, free_udp_port
from rig.stage import CDR_COLUMNS, read_rows
from support.agent_desks import browser, signed_in, users
from support.played_freeswitch import PlayedCall, PlayedFreeswitch
from support.truth import differences

LOOK_S: Final = 0.5
"""Between two looks at the page."""
LOOKED_AT_S: Final = 20.0
"""Then the browser is closed: it takes a core, and Asterisk with its telephones needs one."""
SETTLE_S: Final = 10.0
"""For the last call's end to reach the store."""
MOST_LINES: Final = 40
ASTERISK: Final = "soak"
FREESWITCH: Final = "fs"


@dataclass(frozen=True)
class TwoMakes:
    """How much of it."""

    seconds: float = 60.0
    per_second: float = 20.0
    """Of each."""
    seed: int = SEED


@dataclass
class Looks:
    """What the page showed."""

    asterisk: set[str] = field(default_factory=set)
    """Callers that were seen."""
    freeswitch: set[str] = field(default_factory=set)
    both: int = 0
    """Looks that saw live calls of both at once."""
    names: set[str] = field(default_factory=set)
    """PBXs that were said to be connected."""


@dataclass
class Outcome:
    """What came of it."""

    asterisk: Verdict
    freeswitch: int
    """Calls that it played."""
    wrong: list[str]
    """About FreeSWITCH's calls, about mixing, about events, and about the page."""
    looks: Looks
    events: int
    cpu_s: float

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.wrong or self.asterisk.wrong or self.asterisk.unknown)


async def soak_two_makes(how: TwoMakes, folder: Path) -> Outcome:
    """Run it; logs stay in ``folder``.

    Raises:
        SippFailedError: There is no SIPp, or it failed.
        AsteriskError: The PBX did not start.
    """
    port = free_udp_port(soak_load.DESKS_HOST)
    number = round(how.seconds * how.per_second)
    plan = soak_load.plan(number, how.seed)
    looks = Looks()
    async with (
        Asterisk(append=configuration(22, port)) as pbx,
        PlayedFreeswitch(SNIPPET_SECRET, how.seed) as other,
        soak_load.desks(folder, port),
        GatewayProcess(folder, [asterisk_connector(pbx, pbx.ports.ami), other.connector("${env:SOAK_SECRET}")]) as gateway,
        Listener(gateway) as listener,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_look(gateway, plan, other, looks))
            tasks.create_task(soak_load.make_calls(pbx, plan, how.per_second, folder))
            tasks.create_task(other.make_calls(number, how.per_second))
        await pbx.idle(30)
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_S
        while True:
            # SIPp writes its last lines late.
            calls = soak_load.seen(plan, folder)
            records = await gateway.records()
            theirs = [record for record in records if record["pbx"] == FREESWITCH]
            ours = [record for record in records if record["pbx"] == ASTERISK]
            verdict = judge(calls, ours, listener.gaps, read_rows(pbx.cdr_path, CDR_COLUMNS, 0))
            wrong = judge_played(other.calls, theirs) + mixed(ours, theirs)
            wrong += [f"a record of {each['pbx']}" for each in records if each["pbx"] not in (ASTERISK, FREESWITCH)]
            if not (wrong or verdict.wrong or verdict.unknown) or loop.time() > until:
                break
            await asyncio.sleep(0.5)
        cpu_s = gateway.cpu_s
        (folder / "records.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
    wrong += listener.wrong() + [f"a gap was declared: {gap}" for gap in listener.gaps] + _unseen(looks)
    return Outcome(verdict, len(other.calls), wrong, looks, len(listener.events), cpu_s)


def judge_played(calls: Sequence[PlayedCall], records: Iterable[Record]) -> list[str]:
    """Return what is wrong with the records of played calls: each has one, and it says the truth."""
    wrong: list[str] = []
    by_leg: dict[str, Record] = {}
    for record in records:
        for leg in record["pbx_ids"]:
            if leg in by_leg:
                wrong.append(f"leg {leg} is in two records: {by_leg[leg]['call_id']} and {record['call_id']}")
            by_leg[leg] = record
    for call in calls:
        name = f"{call.caller} ({call.kind})"
        found = {by_leg[leg]["call_id"]: by_leg[leg] for leg in call.legs if leg in by_leg}
        if len(found) != 1:
            wrong.append(f"{name}: {len(found)} records {list(found)}")
            continue
        (record,) = found.values()
        strange = set(record["pbx_ids"]) - call.legs
        want = call.truth | {"state": "ended", "complete": True}
        wrong += [f"{name}: {line}: {record['call_id']}" for line in differences(want, record)]
        wrong += [f"{name}: legs of another call {strange}"] if strange else []
    known = set().union(*(call.legs for call in calls))
    return wrong + [f"nobody called: leg {leg} of {record['call_id']}" for leg, record in by_leg.items() if leg not in known]


def mixed(ours: Iterable[Record], theirs: Iterable[Record]) -> list[str]:
    """Return what one PBX's records have of the other's."""
    asterisk, freeswitch = list(ours), list(theirs)
    legs = {leg for record in asterisk for leg in record["pbx_ids"]} & {leg for record in freeswitch for leg in record["pbx_ids"]}
    wrong = [f"leg {leg} is in records of both" for leg in legs]
    told = Counter(record["call_id"] for record in (*asterisk, *freeswitch))
    wrong += [f"{call_id} names {count} calls" for call_id, count in told.items() if count > 1]
    return wrong + [
        f"{record['call_id']} of {record['pbx']} has a leg {leg['name']}"
        for records, foreign in ((asterisk, "sofia/"), (freeswitch, "PJSIP/"))
        for record in records
        for leg in record["legs"]
        if leg["name"].startswith(foreign)
    ]


@asynccontextmanager
async def _page(gateway: GatewayProcess) -> AsyncIterator[Page]:
    """Open the page of live calls in a real browser."""
    await users(gateway, {"login": "sue", "role": "supervisor"})
    async with browser() as chromium:
        page = await (await signed_in(chromium, gateway, "sue")).new_page()
        await page.goto(gateway.address + "live")
        await page.locator("#live").wait_for(state="attached")
        yield page


async def _look(gateway: GatewayProcess, plan: Sequence[Planned], other: PlayedFreeswitch, looks: Looks) -> None:
    """Look at the page again and again: which callers are live on it. Cancelling is safe."""
    loop = asyncio.get_running_loop()
    async with _page(gateway) as page:
        until = loop.time() + LOOKED_AT_S
        while loop.time() < until:
            # Numbers are shown in groups of digits.
            live = (await page.locator("#live").inner_text()).replace(" ", "")
            links = await page.locator("#links").inner_text()
            looks.names |= {name for name in (ASTERISK, FREESWITCH) if f"{name} · Connected" in links}
            asterisk = {call.caller for call in plan if call.caller in live}
            freeswitch = {call.caller for call in other.calls if call.caller in live}
            looks.asterisk |= asterisk
            looks.freeswitch |= freeswitch
            looks.both += bool(asterisk and freeswitch)
            await asyncio.sleep(LOOK_S)


def _unseen(looks: Looks) -> list[str]:
    wrong = [f"the page does not say that {name} is connected" for name in {ASTERISK, FREESWITCH} - looks.names]
    return wrong if looks.both else [*wrong, "the page never showed live calls of both at once"]


def report(how: TwoMakes, result: Outcome) -> str:
    """Return the figures as text."""
    verdict, looks = result.asterisk, result.looks
    lines = [
        f"two makes: {verdict.calls} calls on Asterisk, {result.freeswitch} on FreeSWITCH, {how.per_second:g} a second of each",
        f"  events told: {result.events}; the gateway took {result.cpu_s:.1f} s of CPU",
        f"  the page showed live calls of both in {looks.both} looks, {len(looks.asterisk)} and {len(looks.freeswitch)} in all",
        f"  wrong: {len(verdict.wrong)} on Asterisk, {len(result.wrong)} else; unknown: {sum(verdict.unknown.values())}",
    ]
    return "\n".join([*lines, *(f"    {line}" for line in (*result.wrong, *verdict.wrong)[:MOST_LINES])])


def main() -> int:
    """Return 0, or 1 when something is wrong and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when something is wrong")
    parser.add_argument("--seconds", type=float, default=TwoMakes.seconds)
    parser.add_argument("--rate", type=float, default=TwoMakes.per_second, help="calls a second on each")
    parser.add_argument("--seed", type=int, default=TwoMakes.seed)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave all logs there")
    options = parser.parse_args()
    how = TwoMakes(options.seconds, options.rate, options.seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak_two_makes(how, folder))
    print(report(how, result))
    return 1 if options.check and not result.is_well else 0


if __name__ == "__main__":
    sys.exit(main())
