"""Load on the real Asterisk: Debian's SIPp as the carrier's callers and as the desks that answer them.

SIPp writes a line for each step of each call; the lines make one ``LoadCall`` per caller, which call records are compared
with. Callers have numbers of their own, so that every call can be found again.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rig.asterisk import DIES_WITH_US, Asterisk, free_udp_port
from rig.site import CARRIER_HOST, DESKS_HOST

SCENARIOS: Final = Path(__file__).parent / "sipp"
FIRST_CALLER: Final = 85290000000


class SippError(Exception):
    """SIPp is missing or could not run; the message says why."""


@dataclass(frozen=True)
class LoadCall:
    """What SIPp saw of one caller's call. Times are seconds on the callers' own clock."""

    caller: str
    invited_s: float
    answered_s: float | None
    ended_s: float | None
    ended_by: str
    """``caller``, ``pbx`` (which may pass on the desk's BYE), or empty when the call was refused."""
    talk_s: float | None
    """Seconds for which a desk was up with this caller, by the desk's log; None when no desk answered."""


@dataclass(frozen=True)
class Load:
    """How the callers behave."""

    dialled: str
    calls: int
    per_second: float
    hang_up_after_s: float
    """After the answer, unless the PBX hangs up before."""
    digit: str = ""
    digit_after_s: float = 1.0
    first_caller: int = FIRST_CALLER


class Desks:
    """Every telephone 1101 to 1199 in one SIPp. Made by ``desks``."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "desk.log"

    def lines(self) -> list[list[str]]:
        """The steps so far: word, caller, milliseconds."""
        return _lines(self._log)


@contextlib.asynccontextmanager
async def desks(pbx: Asterisk, ring_s: float = 0.3, talk_s: float = 60.0) -> AsyncIterator[Desks]:
    """Answer for all desks until the block ends; a desk hangs up after ``talk_s`` unless the PBX does before.

    Raises:
        SippError: SIPp is not installed, or its port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        folder = Path(name)
        scenario = _scenario(folder, "desk.xml", RING_MS=round(ring_s * 1000), TALK_MS=round(talk_s * 1000))
        process = await _start(folder, scenario, "desk", DESKS_HOST, pbx.ports.desks)
        try:
            await asyncio.sleep(0.3)
            if process.returncode is not None:
                raise SippError(f"the desks' SIPp ended at once: {_complaint(folder)}")
            yield Desks(folder)
        finally:
            await _end(process)


async def call(pbx: Asterisk, load: Load, answered_by: Desks | None = None) -> list[LoadCall]:
    """Make the calls, wait for their end, and return one ``LoadCall`` per caller, in order.

    Raises:
        SippError: SIPp is not installed or could not run; calls that fail are no error.
    """
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        folder = Path(name)
        callers = [f"+{load.first_caller + i}" for i in range(load.calls)]
        injected = folder / "callers.csv"
        injected.write_text("SEQUENTIAL\n" + "".join(f"{caller};{load.dialled}\n" for caller in callers))
        digit = ""
        if load.digit:
            digit = (SCENARIOS / "digit.xml").read_text().replace("@DIGIT@", load.digit)
            digit = digit.replace("@DIGIT_AFTER_MS@", str(round(load.digit_after_s * 1000)))
        scenario = _scenario(folder, "caller.xml", DIGIT=digit, TALK_MS=round(load.hang_up_after_s * 1000))
        process = await _start(
            folder, scenario, "caller", CARRIER_HOST, free_udp_port(CARRIER_HOST), f"{pbx.sip[0]}:{pbx.sip[1]}",
            "-inf", str(injected),
            "-m", str(load.calls), "-r", str(load.per_second), "-l", "5000",
        )  # fmt: skip
        try:
            code = await process.wait()
        finally:
            await _end(process)
        # 0: all went as written; 1: some call did not.
        if code not in (0, 1):
            raise SippError(f"the callers' SIPp ended with {code}: {_complaint(folder)}")
        steps = _by_caller(_lines(folder / "caller.log"))
        await asyncio.sleep(0.2)
        answered = _by_caller(answered_by.lines() if answered_by is not None else [])
        return [_call(caller, steps[caller], answered.get(caller, {})) for caller in callers if caller in steps]


def _call(caller: str, steps: dict[str, float], desk: dict[str, float]) -> LoadCall:
    ended = steps.get("ended", steps.get("dropped", steps.get("refused")))
    over = desk.get("ended", desk.get("dropped"))
    talking = desk.get("talking")
    return LoadCall(
        caller=caller,
        invited_s=steps["invited"],
        answered_s=steps.get("answered"),
        ended_s=ended,
        ended_by="caller" if "ended" in steps else "pbx" if "dropped" in steps else "",
        talk_s=round(over - talking, 3) if over is not None and talking is not None else None,
    )


def _by_caller(lines: list[list[str]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for word, caller, at_ms in lines:
        found.setdefault(caller, {})[word] = int(at_ms) / 1000
    return found


def _lines(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    return [parts for line in path.read_text(errors="replace").splitlines() if len(parts := line.split()) == 3]


def _scenario(folder: Path, name: str, **values: object) -> Path:
    text = (SCENARIOS / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    path = folder / name
    path.write_text(text)
    return path


async def _start(folder: Path, scenario: Path, name: str, host: str, port: int, *more: str) -> asyncio.subprocess.Process:
    if shutil.which("sipp") is None:
        raise SippError("sipp is missing: install Debian's sip-tester")
    with (folder / f"{name}.out").open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *DIES_WITH_US, "sipp", "-sf", str(scenario), "-i", host, "-p", str(port), "-nostdin", "-trace_logs", "-log_file",
            str(folder / f"{name}.log"), "-trace_err", "-error_file", str(folder / f"{name}.err"), *more,
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _complaint(folder: Path) -> str:
    texts = [path.read_text(errors="replace").strip() for path in (*folder.glob("*.err"), *folder.glob("*.out"))]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
