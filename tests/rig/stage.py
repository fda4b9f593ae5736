"""What a recorded scenario plays on: the PBX, its telephones, the recorder and the evidence for the truth."""

import asyncio
import csv
import json
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self, overload

from rig.ami import AmiRecorder
from rig.asterisk import Asterisk
from rig.leg import Answer, PhoneLeg
from rig.phone import Phone
from rig.site import AGENTS, BACKUP_HOST, CARRIER_HOST, SITE

CDR_COLUMNS: Final = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid", "sequence",
)  # fmt: skip
CEL_COLUMNS: Final = (
    "time", "type", "cid_num", "cid_name", "exten", "context", "channel", "app", "uniqueid", "linkedid", "peer", "extra",
)  # fmt: skip
CALLER: Final = "+85291234567"
CALLER_NAME: Final = "Chan Tai Man"
FROM_CALLER: Final = f'"{CALLER_NAME}" <sip:{CALLER}@127.0.0.2>'
SECOND_CALLER: Final = "+85298765432"
FROM_SECOND: Final = f'"Lee Siu Ming" <sip:{SECOND_CALLER}@127.0.0.2>'
THIRD_CALLER: Final = "+8613916880001"
FROM_THIRD: Final = f'"Chen Wei" <sip:{THIRD_CALLER}@127.0.0.2>'

Record = dict[str, object]


class Ensemble:
    """The telephones of the site, registered, and its two trunks; used by one scenario after the other."""

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx
        self.agents = {n: Phone(n, pbx.sip, password=f"secret{n}") for n in AGENTS}
        self.carrier = Phone("carrier", pbx.sip, CARRIER_HOST, pbx.ports.carrier)
        self.backup = Phone("backup", pbx.sip, BACKUP_HOST, pbx.ports.backup)
        self.guests: list[Phone] = []
        """Telephones elsewhere that a scenario brought; their legs are evidence too."""

    @property
    def all(self) -> tuple[Phone, ...]:
        """Every telephone and trunk."""
        return (*self.agents.values(), self.carrier, self.backup)

    async def __aenter__(self) -> Self:
        for phone in self.all:
            await phone.open()
        for phone in self.agents.values():
            await phone.register()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for phone in self.all:
            await phone.close()

    async def tidy(self) -> None:
        """Hang up everything, forget it, and answer as telephones do by default."""
        for phone in self.all:
            await phone.hang_up_all()
            phone.behaviour, phone.numbers = Answer(), {}
        self.guests = []
        await self.pbx.idle()


@dataclass
class Stage:
    """One scenario's world. ``ami`` records; ``calls`` is the truth that the scenario fills in."""

    ensemble: Ensemble
    ami: AmiRecorder
    calls: list[Record] = field(default_factory=list)
    evidence: Record = field(default_factory=dict)
    optional_calls: list[int] = field(default_factory=list)
    cel_from: int = 0

    @property
    def pbx(self) -> Asterisk:
        """The Asterisk."""
        return self.ensemble.pbx

    @property
    def carrier(self) -> Phone:
        """The first trunk's far end."""
        return self.ensemble.carrier

    @property
    def backup(self) -> Phone:
        """The second trunk's far end."""
        return self.ensemble.backup

    def __getitem__(self, extension: str) -> Phone:
        """The telephone of an extension."""
        return self.ensemble.agents[extension]

    async def inbound(self, number: str, caller: str = FROM_CALLER) -> PhoneLeg:
        """A caller from outside dials a number of ours."""
        return await self.carrier.dial(number, caller)

    async def answered_at(self, number: str, extension: str, caller: str = FROM_CALLER) -> tuple[PhoneLeg, PhoneLeg]:
        """An inbound call that this extension answers: the caller's leg and the agent's, both up."""
        caller_leg = await self.inbound(number, caller)
        agent_leg = await (await self[extension].next_leg()).until_up()
        await caller_leg.until_up()
        return caller_leg, agent_leg

    async def first_leg(self, *extensions: str, timeout_s: float = 20) -> PhoneLeg:
        """The first leg that arrives at one of these telephones."""
        return await _first([self[extension] for extension in extensions], timeout_s)

    async def snapshot(self) -> None:
        """Ask what a client asks that has just connected."""
        await self.ami.listing("CoreShowChannels", "CoreShowChannelsComplete")
        await self.ami.listing("BridgeList", "BridgeListComplete")
        await self.ami.listing("QueueStatus", "QueueStatusComplete")

    def cel(self, kind: str, app: str = "") -> list[float]:
        """Moments of the PBX's own event log (seconds since the epoch) of a kind such as ``APP_START``."""
        rows = read_rows(self.pbx.cel_path, CEL_COLUMNS, self.cel_from)
        return [float(row["time"]) for row in rows if row["type"] == kind and (not app or row["app"] == app)]

    def joined_queue(self, which: int = 0) -> float:
        """When a caller joined a queue, from the PBX's event log."""
        return self.cel("APP_START", "Queue")[which]


async def _first(phones: list[Phone], timeout_s: float) -> PhoneLeg:
    waiting = [asyncio.create_task(phone.next_leg(timeout_s)) for phone in phones]
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    return done.pop().result()


def seconds(begin: float | None, end: float | None) -> float:
    """From one moment to another, as a truth says it."""
    assert begin is not None
    assert end is not None
    return round(end - begin, 2)


def talk(*legs: PhoneLeg) -> float:
    """Length of the union of the times in which these legs talked: from the answer to the end or the REFER."""
    total, reached = 0.0, 0.0
    for begin, end in sorted((leg.answered_at or 0.0, leg.transferred_at or leg.ended_at or 0.0) for leg in legs):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return round(total, 2)


def read_rows(path: Path, columns: Iterable[str], offset: int) -> list[dict[str, str]]:
    """Rows of a headless CSV file from a byte offset on; none when there is no file."""
    if not path.exists():
        return []
    text = path.read_bytes()[offset:].decode("utf-8", "backslashreplace")
    names = tuple(columns)
    return [dict(zip(names, row, strict=False)) for row in csv.reader(text.splitlines())]


class Play(Protocol):
    """A scenario's function."""

    __name__: str

    def __call__(self, s: Stage, /) -> Coroutine[object, object, None]: ...


@dataclass(frozen=True)
class Scenario:
    """A named play; its function fills in ``stage.calls``."""

    name: str
    description: str
    play: Play
    late: bool = False
    """The recorder is opened by the play itself, in mid-call."""


SCENARIOS: dict[str, Scenario] = {}


@overload
def scenario(play: Play) -> Play: ...
@overload
def scenario(*, late: bool) -> Callable[[Play], Play]: ...
def scenario(play: Play | None = None, *, late: bool = False) -> Play | Callable[[Play], Play]:
    """Register a play under its function's name; its docstring is the description."""

    def register(play: Play) -> Play:
        name = play.__name__
        SCENARIOS[name] = Scenario(name, " ".join((play.__doc__ or "").split()), play, late)
        return play

    return register if play is None else register(play)


async def record(scenario: Scenario, ensemble: Ensemble, folder: Path, user: str) -> int:
    """Play one scenario, write its capture folder and return the bytes that the AMI user got.

    Raises:
        Exception: Whatever the play raised; nothing is written then.
    """
    pbx = ensemble.pbx
    stage = Stage(ensemble, AmiRecorder(pbx.ports.ami, user, f"{user}-secret"))
    cdr_from, stage.cel_from = _size(pbx.cdr_path), _size(pbx.cel_path)
    began = time.time()
    if not scenario.late:
        await stage.ami.open()
        await asyncio.sleep(0.15)
    try:
        await scenario.play(stage)
        await asyncio.sleep(0.6)
        legs = [leg for phone in (*ensemble.all, *ensemble.guests) for leg in phone.legs]
        logs = [leg.log() for leg in sorted(legs, key=lambda leg: leg.invited_at)]
    finally:
        await stage.ami.close()
        await ensemble.tidy()
    truth: Record = {
        "name": folder.name,
        "pbx": "asterisk",
        "version": pbx.version,
        "description": scenario.description,
        "ami_user": user,
        "recorded_at": round(began, 3),
        "calls": stage.calls,
    }
    if stage.optional_calls:
        truth["optional_calls"] = stage.optional_calls
    if stage.evidence:
        truth["evidence"] = stage.evidence
    truth["cdr"] = read_rows(pbx.cdr_path, CDR_COLUMNS, cdr_from)
    truth["phones"] = logs
    await asyncio.to_thread(_write_folder, folder, stage.ami, truth)
    return len(stage.ami.wire)


def _write_folder(folder: Path, ami: AmiRecorder, truth: Record) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ami.write(folder)
    _write(folder / "truth.json", truth)
    _write(folder / "site.json", SITE)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
