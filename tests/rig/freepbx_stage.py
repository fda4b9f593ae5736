"""What a scenario of the FreePBX-style site plays on: its telephones and trunks, astdb, the recorder and the evidence."""

import asyncio
import datetime as dt
import json
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self, overload

from rig.ami import AmiRecorder, leg_names
from rig.freepbx_site import EXTENSIONS, TRUNKS, USERS, FreepbxAsterisk
from rig.leg import Answer, Behaviour, PhoneLeg
from rig.phone import Phone
from rig.site import BACKUP_HOST, CARRIER_HOST
from rig.stage import CDR_COLUMNS, Record, read_rows

DID: Final = "+862160001000"
DID2: Final = "+862160001001"
DID3: Final = "+862160001002"
DID4: Final = "+862160001003"
CHEN: Final = ("+8613916880001", "Chen Wei")
HE: Final = ("+8613916880003", "He Xin")
LUO: Final = ("+8613916880007", "Luo Na")
CHAN: Final = ("+85298765432", "Chan T M")
FAR: Final = "013900001111"
"""An outside number as the telephones dial it."""
SENT: Final = "13900001111"
"""The same as the trunks get it."""
DIGIT_GAP_S: Final = 0.25
"""After a pressed digit a telephone waits so long: the code was recognised that much earlier."""
Caller = tuple[str, str]
"""Number and name."""


class FreepbxEnsemble:
    """The telephones of the site, registered, and its two trunks; used by one scenario after the other."""

    def __init__(self, pbx: FreepbxAsterisk) -> None:
        self.pbx = pbx
        # The last extension has no telephone.
        self.desks = {number: Phone(number, pbx.sip, password=f"secret{number}") for number in list(EXTENSIONS)[:-1]}
        self.east = Phone(TRUNKS[0], pbx.sip, CARRIER_HOST, pbx.ports.carrier)
        self.west = Phone(TRUNKS[1], pbx.sip, BACKUP_HOST, pbx.ports.backup)

    @property
    def all(self) -> tuple[Phone, ...]:
        """Every telephone and trunk."""
        return (*self.desks.values(), self.east, self.west)

    async def __aenter__(self) -> Self:
        for phone in self.all:
            await phone.open()
        await self.register()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for phone in self.all:
            await phone.close()

    async def register(self) -> None:
        """Register every telephone."""
        for phone in self.desks.values():
            assert await phone.register() == 200

    async def tidy(self) -> None:
        """Hang up everything, forget it, and answer as telephones do by default."""
        for phone in self.all:
            await phone.hang_up_all()
            phone.behaviour = Answer(0.6)
        await self.pbx.idle()


@dataclass
class FreepbxStage:
    """One scenario's world. ``ami`` records; ``calls`` is the truth that the scenario fills in."""

    ensemble: FreepbxEnsemble
    ami: AmiRecorder
    calls: list[Record] = field(default_factory=list)
    many: list[Record] = field(default_factory=list)
    """Calls of callers that are unique, for a capture with too many to list in truth.json."""
    optional_calls: list[int] = field(default_factory=list)
    evidence: Record = field(default_factory=dict)
    log_from: int = 0
    _keys: list[tuple[str, str]] = field(default_factory=list)

    @property
    def pbx(self) -> FreepbxAsterisk:
        """The Asterisk."""
        return self.ensemble.pbx

    @property
    def desks(self) -> dict[str, Phone]:
        """The telephones by extension."""
        return self.ensemble.desks

    @property
    def east(self) -> Phone:
        """The first trunk's far end."""
        return self.ensemble.east

    @property
    def west(self) -> Phone:
        """The second trunk's far end."""
        return self.ensemble.west

    def __getitem__(self, extension: str) -> Phone:
        """The telephone of an extension."""
        return self.desks[extension]

    def phone(self, name: str) -> Phone:
        """A telephone by extension, a trunk by ``east`` or ``west``."""
        return {"east": self.east, "west": self.west}.get(name) or self.desks[name]

    def behave(self, **behaviours: Behaviour) -> None:
        """``x8001=Answer(1.0)`` for a telephone, ``east=`` and ``west=`` for a trunk's far end."""
        for name, behaviour in behaviours.items():
            self.phone(name.removeprefix("x")).behaviour = behaviour

    async def inbound(self, did: str = DID, caller: Caller = CHEN, trunk: Phone | None = None) -> PhoneLeg:
        """A caller from outside dials one of the site's numbers."""
        far_end = trunk or self.east
        return await far_end.dial(did, f'"{caller[1]}" <sip:{caller[0]}@{far_end.host}>')

    async def called(self, name: str) -> PhoneLeg:
        """The next leg that arrives at a telephone or trunk."""
        return await self.phone(name).next_leg(20)

    async def ringing(self, name: str) -> PhoneLeg:
        """The next leg at a telephone or trunk, ringing."""
        return await (await self.called(name)).until_ringing()

    async def answered(self, name: str) -> PhoneLeg:
        """The next leg at a telephone or trunk, answered."""
        return await (await self.called(name)).until_up(20)

    async def first(self, *extensions: str, timeout_s: float = 20) -> PhoneLeg:
        """The first leg that arrives at one of these telephones."""
        waiting = [asyncio.create_task(self[extension].next_leg(timeout_s)) for extension in extensions]
        done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return done.pop().result()

    # ---- the site's settings, which last for one scenario
    async def db(self, key: str, value: str) -> None:
        """Set a key of astdb, such as ``QUEUE/7001/maxwait``."""
        family, _, name = key.rpartition("/")
        self._keys.append((family, name))
        await self.pbx.cli(f'database put {family} {name} "{value}"')

    async def route(self, did: str, destination: str) -> None:
        """Say where a number of the site leads: ``context,extension,priority``."""
        await self.db(f"DID/{did}", destination)

    async def dial_options(self, options: str) -> None:
        """What the two parties of a call may do with feature codes."""
        await self.pbx.cli(f"dialplan set global DIAL_OPTIONS {options}")

    async def reset(self) -> None:
        """The site as it was before the scenario."""
        for family in ("CF", "CFU", "CFB", "DND"):
            await self.pbx.cli(f"database deltree {family}")
        for family, name in self._keys:
            await self.pbx.cli(f"database del {family} {name}")
        self._keys = []
        await self.dial_options("Ttr")
        await self.pbx.cli('dialplan set global OUTPREFIX_1 ""')

    async def boot(self) -> None:
        """Start the PBX again, with the same settings, and register the telephones anew."""
        await self.pbx.start()
        await self.ensemble.register()

    # ---- actions
    async def by_us(self, name: str, **headers: str) -> str:
        """An action of the client that records; it stands in sent.jsonl."""
        return await self.ami.action(name, *headers.items())

    async def by_crm(self, name: str, **headers: str) -> None:
        """An action of another application, on a connection of its own."""
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.pbx.ports.ami)
            login = {"Action": "Login", "Username": "crm", "Secret": "crm-secret", "Events": "off"}
            for action in (login, {"Action": name, **headers}):
                writer.write(("".join(f"{key}: {value}\r\n" for key, value in action.items()) + "\r\n").encode())
                await reader.readuntil(b"\r\n\r\n")
            writer.close()

    async def leg_name(self, name: str) -> str:
        """The name of the newest leg of a telephone or trunk, such as ``PJSIP/8001-0000000c``."""
        return (await leg_names(self.pbx.ports.ami, f"{self.pbx.tech}/{name}"))[-1]

    async def ami_lost(self) -> None:
        """Wait until the PBX has gone from the recorder's connection, which ends this part of the tape."""
        async with asyncio.timeout(10):
            await self.ami.closed.wait()
        await self.ami.cut()

    async def snapshot(self) -> None:
        """What a client asks after it has connected."""
        await self.ami.listing("CoreShowChannels", "CoreShowChannelsComplete")
        await self.ami.listing("BridgeList", "BridgeListComplete")
        await self.ami.listing("QueueStatus", "QueueStatusComplete")

    # ---- evidence
    def executed(self, pattern: str, nth: int = 0) -> float:
        """When the PBX's own log says that a step of the dial plan ran, as epoch seconds."""
        text = (self.pbx.run / "log/messages.log").read_bytes()[self.log_from :].decode("utf-8", "replace")
        moments = [line[1:24] for line in text.splitlines() if "Executing" in line and re.search(pattern, line)]
        return dt.datetime.strptime(moments[nth] + "000", "%Y-%m-%d %H:%M:%S.%f").astimezone().timestamp()


async def answered_by_8001(w: FreepbxStage) -> tuple[PhoneLeg, PhoneLeg]:
    """A call from outside that 8001 has answered a second ago: the caller's leg and 8001's."""
    await w.route(DID, "from-did-direct,8001,1")
    caller = await w.inbound()
    desk = await w.answered("8001")
    await caller.until_up()
    await asyncio.sleep(1)
    return caller, desk


async def consult(w: FreepbxStage, desk: PhoneLeg, target: str, *, answered: bool = True) -> tuple[float, PhoneLeg, PhoneLeg]:
    """8001 holds the caller and calls an extension: when it held, its second leg, the extension's leg."""
    held = await hold(desk)
    await asyncio.sleep(0.2)
    second = await w["8001"].dial(target)
    far = await w.called(target)
    if answered:
        await second.until_up()
        await far.until_up()
    else:
        await second.until_ringing()
    return held, second, far


async def hold(leg: PhoneLeg) -> float:
    """Hold the far side and return the moment."""
    moment = time.time()
    await leg.hold()
    return moment


async def resume(leg: PhoneLeg) -> float:
    """Retrieve the far side and return the moment."""
    moment = time.time()
    await leg.resume()
    return moment


async def press_code(leg: PhoneLeg, digits: str) -> float:
    """Press a feature code and return the moment at which it was complete."""
    await leg.press(digits)
    return time.time() - DIGIT_GAP_S


def inbound(caller: Caller, did: str = DID, **more: object) -> Record:
    """The truth of a call from outside."""
    return {"caller": caller[0], "caller_name": caller[1], "called": did, "direction": "inbound", **more}


def outbound(caller: str, **more: object) -> Record:
    """The truth of a call to the outside number."""
    return {"caller": caller, "called": SENT, "direction": "outbound", **more}


class Play(Protocol):
    """A scenario's function."""

    __name__: str

    def __call__(self, w: FreepbxStage, /) -> Coroutine[object, object, None]: ...


@dataclass(frozen=True)
class Scenario:
    """A named play; its function fills in ``calls`` of the stage."""

    name: str
    description: str
    play: Play
    user: str
    late: bool
    """The play itself opens the recorder, in mid-call."""
    last: bool
    """The play ends the Asterisk."""


SCENARIOS: dict[str, Scenario] = {}


@overload
def scenario(play: Play) -> Play: ...
@overload
def scenario(*, user: str = "tieline", late: bool = False, last: bool = False) -> Callable[[Play], Play]: ...
def scenario(
    play: Play | None = None, *, user: str = "tieline", late: bool = False, last: bool = False
) -> Play | Callable[[Play], Play]:
    """Register a play under its function's name; its docstring is the description."""

    def register(play: Play) -> Play:
        text = " ".join((play.__doc__ or "").split())
        SCENARIOS[play.__name__] = Scenario(play.__name__, text, play, user, late, last)
        return play

    return register if play is None else register(play)


async def record(wanted: Scenario, ensemble: FreepbxEnsemble, folder: Path) -> int:
    """Play one scenario, write its capture folder and return the bytes that the AMI user got.

    Raises:
        Exception: Whatever the play raised; nothing is written then.
    """
    pbx = ensemble.pbx
    stage = FreepbxStage(ensemble, AmiRecorder(pbx.ports.ami, wanted.user, USERS[wanted.user]))
    cdr_from, stage.log_from = _size(pbx.cdr_path), _size(pbx.run / "log/messages.log")
    try:
        if not wanted.late:
            await stage.ami.open()
            await asyncio.sleep(0.2)
        await wanted.play(stage)
        await pbx.idle(40)
        await asyncio.sleep(0.6)
        legs = sorted((leg for phone in ensemble.all for leg in phone.legs), key=lambda leg: leg.invited_at)
        logs = [leg.log() for leg in legs]
    finally:
        await stage.ami.close()
        if wanted.last:
            await pbx.stop()
            await stage.boot()
        await ensemble.tidy()
        await stage.reset()
    truth: Record = {
        "name": folder.name,
        "pbx": "asterisk",
        "version": pbx.version,
        "description": wanted.description,
        "timestampevents": "yes" if pbx.timestamps else "no",
        "ami_user": wanted.user,
        **({"call_count": len(stage.many)} if stage.many else {"calls": stage.calls}),
        **({"optional_calls": stage.optional_calls} if stage.optional_calls else {}),
        **({"evidence": stage.evidence} if stage.evidence else {}),
        "cdr": read_rows(pbx.cdr_path, CDR_COLUMNS, cdr_from),
        "phones": logs,
    }
    await asyncio.to_thread(_write_folder, folder, stage, truth)
    return len(stage.ami.wire)


def _write_folder(folder: Path, stage: FreepbxStage, truth: Record) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # The run folder's name is this machine's own: another of the same length keeps every offset.
    name = str(stage.pbx.run).encode()
    stage.ami.wire[:] = stage.ami.wire.replace(name, b"/srv/pbx".ljust(len(name), b"x"))
    stage.ami.write(folder)
    if stage.many:
        (folder / "truth_calls.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in stage.many))
    for file, value in (("truth.json", truth), ("site.json", stage.pbx.site)):
        (folder / file).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
