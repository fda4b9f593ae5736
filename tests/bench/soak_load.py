"""The soak's callers and desks: which calls there are, and what SIPp saw of each.

A caller's number is his own and says what the desk that he reaches shall do: +8529, how it answers, for which of ``HOLDS_S``
it talks, five digits that count.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import Final

from rig.asterisk import Asterisk, free_udp_port
from rig.site import CARRIER_HOST

SCENARIOS: Final = Path(__file__).parent / "soak_calls"
HOLDS_S: Final = (0.3, 1.2, 2.5, 5.0, 9.0, 90.0)
"""How long one stays before he hangs up; with the last, the other side does."""
STAYS: Final = len(HOLDS_S) - 1
RING_MS: Final = 900
"""How long an impatient caller lets it ring."""
DESKS_HOST: Final = "127.0.0.5"
DIRECT: Final = tuple(str(n) for n in range(1200, 1220))
DESKS: Final = tuple(str(n) for n in range(1200, 1400))
DRAIN_TIMEOUT_S: Final = 60.0
"""After the last call began, until all have ended."""


class Desk(IntEnum):
    """What a desk does with a call."""

    ANSWERS = 0
    IS_SILENT = 1
    IS_BUSY = 2
    REJECTS = 3
    ANSWERS_SLOWLY = 4


@dataclass(frozen=True)
class Kind:
    """One kind of call; ``{desk}`` in ``dialled`` is a desk's number."""

    name: str
    weight: int
    dialled: str
    expected: str
    """The outcome where no desk answers."""
    caller_holds: Sequence[int]
    """Which of ``HOLDS_S`` he may choose."""
    desk: Desk = Desk.ANSWERS
    desk_holds: Sequence[int] = (STAYS,)
    digit: str = "-"
    impatient: bool = False
    goes_on: bool = False
    """The dial plan goes on to another place, so that a CDR does not hold the number dialled."""


KINDS: Final = (
    Kind("bridge, caller hangs up", 30, "55{desk}", "abandoned", (0, 1, 2, 3, 4)),
    Kind("bridge, desk hangs up", 20, "55{desk}", "abandoned", (STAYS,), desk_holds=(0, 1, 2, 3)),
    Kind("bridge, given up", 6, "55{desk}", "abandoned", (STAYS,), Desk.IS_SILENT, impatient=True),
    Kind("bridge, busy", 6, "55{desk}", "busy", (STAYS,), Desk.IS_BUSY),
    Kind("bridge, rejected", 4, "55{desk}", "rejected", (STAYS,), Desk.REJECTS),
    Kind("queue, caller hangs up", 24, "5430", "abandoned", (1, 2, 3, 4)),
    Kind("queue, desk hangs up", 14, "5430", "abandoned", (STAYS,), desk_holds=(0, 1, 2, 3)),
    Kind("queue, slow desk", 6, "5430", "abandoned", (3, 4), Desk.ANSWERS_SLOWLY),
    Kind("queue, Local member", 16, "5440", "abandoned", (1, 2, 3, 4)),
    Kind("queue, given up", 8, "5430", "abandoned", (0, 2, 3), Desk.IS_SILENT),
    Kind("menu, hung up", 16, "5400", "abandoned", (0, 1, 2)),
    Kind("menu, announcement", 8, "5400", "self_served", (STAYS,), digit="9"),
    Kind("menu to queue", 16, "5400", "abandoned", (2, 3, 4), digit="1"),
    Kind("menu to desk", 8, "5400", "abandoned", (STAYS,), desk_holds=(1, 2, 3), digit="2"),
    Kind("second menu, hung up", 6, "5410", "abandoned", (0, 1, 2), goes_on=True),
    Kind("second menu to queue", 10, "5410", "abandoned", (2, 3), digit="1", goes_on=True),
)


@dataclass(frozen=True)
class Planned:
    """A call that shall be made."""

    kind: Kind
    caller: str
    called: str
    hold: int


@dataclass
class Seen:
    """What SIPp saw of a call: seconds since the epoch by step, of the caller and of the last desk that it reached."""

    plan: Planned
    caller: dict[str, float] = field(default_factory=dict)
    desk: dict[str, float] = field(default_factory=dict)
    desk_number: str | None = None

    @property
    def began_at(self) -> float:
        return self.caller["invited"]

    @property
    def ended_at(self) -> float:
        """When the last of both said goodbye."""
        return max((*self.caller.values(), *self.desk.values()))

    @property
    def talk_s(self) -> float | None:
        """Seconds for which a desk was up; None when none answered."""
        begun, over = self.desk.get("talking"), self.desk.get("ended", self.desk.get("dropped"))
        return None if begun is None or over is None else over - begun

    @property
    def ended_by(self) -> str:
        """Who hung up: ``caller called pbx``."""
        if "ended" in self.caller:
            return "caller"
        return "called" if "ended" in self.desk or "refused" in self.caller else "pbx"


def plan(calls: int, seed: int) -> list[Planned]:
    """Return calls of all kinds in a mixed order, the same for the same seed."""
    random = Random(seed)
    chosen = [kind for kind in KINDS for _ in range(kind.weight)]
    kinds = [chosen[i % len(chosen)] for i in range(0, calls * 7, 7)]
    random.shuffle(kinds)
    return [
        Planned(
            kind=kind,
            caller=f"+8529{kind.desk:d}{random.choice(kind.desk_holds)}{number:05d}",
            called=kind.dialled.format(desk=random.choice(DIRECT)),
            hold=random.choice(kind.caller_holds),
        )
        for number, kind in enumerate(kinds)
    ]


def configuration(port: int) -> dict[str, str]:
    """Return what Asterisk needs of desks, queues and dial plan, by file; the desks' SIPp listens on ``port``."""
    desk = "[{n}](agent)\naors = {n}\ncallerid = Desk {n} <{n}>\n[{n}]\ntype = aor\ncontact = sip:{n}@{host}:{port}\n"
    queue = "[{name}]\nstrategy = random\ntimeout = 15\nretry = 1\nringinuse = no\nmusicclass = default\n"
    direct = "".join(f"member => PJSIP/{n},0,Desk {n},PJSIP/{n}\n" for n in DESKS[20:140])
    local = "".join(f"member => Local/{n}@from-queue/n,0,Desk {n},PJSIP/{n}\n" for n in DESKS[140:])
    return {
        "pjsip.conf": "".join(desk.format(n=n, host=DESKS_HOST, port=port) for n in DESKS),
        "queues.conf": queue.format(name="soak") + direct + queue.format(name="soak-local") + local,
        "extensions.conf": _DIAL_PLAN,
    }


_DIAL_PLAN: Final = """
[from-carrier](+)
exten => _5512XX,1,Dial(PJSIP/${EXTEN:2},15,tT)
 same => n,Hangup()
exten => 5400,1,Answer()
 same => n,Read(CHOICE,vm-press,1,,1,6)
 same => n,GotoIf($["${CHOICE}" = "1"]?queue)
 same => n,GotoIf($["${CHOICE}" = "2"]?desk)
 same => n,Playback(beep)
 same => n,Hangup()
 same => n(queue),Queue(soak,tT,,,30)
 same => n,Hangup()
 same => n(desk),Dial(PJSIP/1200,15,tT)
 same => n,Hangup()
exten => 5410,1,Goto(menu-soak,s,1)
exten => 5430,1,Answer()
 same => n,Queue(soak,tT,,,30)
 same => n,Hangup()
exten => 5440,1,Answer()
 same => n,Queue(soak-local,tT,,,30)
 same => n,Hangup()

[menu-soak]
exten => s,1,Answer()
 same => n,Background(vm-press)
 same => n,WaitExten(6)
exten => 1,1,Queue(soak,tT,,,30)
 same => n,Hangup()
exten => t,1,Hangup()

[from-queue](+)
exten => _1[23]XX,1,Dial(PJSIP/${EXTEN},15,tT)
 same => n,Hangup()
"""


class SippFailedError(Exception):
    """SIPp is missing, or could not run; the message says why."""


@contextlib.asynccontextmanager
async def desks(folder: Path, port: int) -> AsyncIterator[None]:
    """Let all desks answer until the block ends.

    Raises:
        SippFailedError: SIPp is not installed, or its port is taken.
    """
    process = await _start(folder, "desk", DESKS_HOST, port, "-l", "5000")
    try:
        await asyncio.sleep(0.3)
        if process.returncode is not None:
            raise SippFailedError(f"the desks' SIPp ended at once, see {folder}")
        yield
    finally:
        await _end(process)


async def make_calls(pbx: Asterisk, calls: Sequence[Planned], per_second: float, folder: Path) -> None:
    """Make the calls, and return when all have ended; what was seen of them is in ``folder`` then.

    Raises:
        SippFailedError: SIPp is not installed, could not run, or did not get to an end.
    """
    async with asyncio.TaskGroup() as tasks:
        for name, impatient in (("caller", False), ("impatient", True)):
            some = [call for call in calls if call.kind.impatient == impatient]
            if some:
                tasks.create_task(_make(name, pbx, some, per_second * len(some) / len(calls), folder))


async def _make(name: str, pbx: Asterisk, calls: Sequence[Planned], per_second: float, folder: Path) -> None:
    injected = folder / f"{name}.csv"
    lines = [f"{call.caller};{call.called};{call.hold};{call.kind.digit}" for call in calls]
    injected.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
    process = await _start(
        folder, name, CARRIER_HOST, free_udp_port(CARRIER_HOST), f"{pbx.sip[0]}:{pbx.sip[1]}", "-inf", str(injected),
        "-m", str(len(calls)), "-r", str(round(per_second * 1000)), "-rp", "1000000", "-l", "5000",
    )  # fmt: skip
    try:
        async with asyncio.timeout(len(calls) / per_second + DRAIN_TIMEOUT_S):
            code = await process.wait()
    except TimeoutError as error:
        raise SippFailedError(f"the soak's {name} SIPp does not end, see {folder}") from error
    finally:
        await _end(process)
    # 0: all went as written; 1: some call did not, which the comparison finds.
    if code not in (0, 1):
        raise SippFailedError(f"the soak's {name} SIPp ended with {code}, see {folder}")


def seen(calls: Iterable[Planned], folder: Path) -> list[Seen]:
    """Return what SIPp saw of each call that it made."""
    found = {call.caller: Seen(call) for call in calls}
    for log in ("caller", "impatient"):
        for word, caller, at, _ in _steps(folder / f"{log}.log"):
            found[caller].caller.setdefault(word, at)
    for word, caller, at, desk in _steps(folder / "desk.log"):
        call = found[caller]
        if word == "offered":
            call.desk.clear()
        call.desk.setdefault(word, at)
        call.desk_number = desk
    return [call for call in found.values() if call.caller]


def _steps(log: Path) -> Iterable[tuple[str, str, float, str]]:
    if not log.exists():
        return
    for line in log.read_text(errors="replace").splitlines():
        # SIPp writes nothing for no microseconds at all.
        word, caller, seconds, micros, *desk = line.split(" ")
        yield word, caller, float(seconds) + float(micros or 0) / 1e6, desk[0] if desk else ""


async def _start(folder: Path, name: str, host: str, port: int, *more: str) -> asyncio.subprocess.Process:
    if shutil.which("sipp") is None:
        raise SippFailedError("sipp is missing: install Debian's sip-tester")
    scenario = folder / f"{name}.xml"
    text = (SCENARIOS / f"{name}.xml").read_text().replace("@RING_MS@", str(RING_MS))
    scenario.write_text(text.replace("@HOLDS@", _holds()))
    with (folder / f"{name}.out").open("wb") as output:
        return await asyncio.create_subprocess_exec(
            "sipp", "-sf", str(scenario), "-i", host, "-p", str(port), "-nostdin", "-trace_logs", "-log_file",
            str(folder / f"{name}.log"), "-trace_err", "-error_file", str(folder / f"{name}.err"), *more,
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip


def _holds() -> str:
    """A caller or a desk waits for the other's goodbye, for the time that ``$hold`` names."""
    tests = "".join(f'<test assign_to="h{n}" variable="hold" compare="equal" value="{n}"/>' for n in range(len(HOLDS_S)))
    jumps = "".join(f'<nop next="hold{n}" test="h{n}"/>\n' for n in range(len(HOLDS_S)))
    wait = '<label id="hold{n}"/>\n<recv request="BYE" timeout="{ms}" ontimeout="hang_up"/>\n<nop next="dropped"/>\n'
    waits = "".join(wait.format(n=n, ms=round(hold_s * 1000)) for n, hold_s in enumerate(HOLDS_S))
    return f"<nop><action>{tests}</action></nop>\n{jumps}{waits}"


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
