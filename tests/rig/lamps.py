"""Calls on a real Asterisk as its hints tell them: ``python -m rig.lamps OUT [NAME ...]`` in tests/ records capture folders.

Each play says what really happened, from the telephones, and under ``untold`` what of it lamps cannot tell.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from rig.asterisk import Asterisk
from rig.leg import Answer, PhoneLeg, Reject, Ring
from rig.stage import CALLER, FROM_CALLER, Ensemble, talk

from connectors.sip_mirror.record import record
from connectors.sip_mirror.settings import MirrorSettings
from gateway.model.secret import Secret
from gateway.model.site import Site

WATCHED: Final = ("1001", "1002", "1003")
"""The extensions that the site has hints for."""
WATCHER: Final = "1005"
"""Who subscribes: any telephone of the site may."""
SITE: Final = Site(region="HK", extensions=r"^1\d{3}$", outside_prefix="9")
SETTLED_S: Final = 1.5
"""Seconds until all has been told."""
Truth = dict[str, Any]
Play = Callable[[Ensemble], Awaitable[Truth]]
PLAYS: Final[dict[str, Play]] = {}


def settings_for(pbx: Asterisk) -> MirrorSettings:
    """Return how its lamps are watched."""
    return MirrorSettings(
        host=pbx.sip[0],
        port=pbx.sip[1],
        user=WATCHER,
        secret=Secret(f"secret{WATCHER}"),
        extensions=WATCHED,
        site=SITE,
    )


def _play(play: Play) -> Play:
    PLAYS[play.__name__] = play
    return play


def _truth(calls: list[Truth], *untold: str) -> Truth:
    # Asterisk's hints say of no call who ended it.
    return {"calls": calls, "untold": ["ended_by", *untold]}


def _inbound(**more: Any) -> Truth:
    return {"caller": CALLER, "called": "1001", "direction": "inbound", "transfers": [], "rang": ["1001"], **more}


async def _talking(s: Ensemble) -> tuple[PhoneLeg, PhoneLeg]:
    """The outside caller and 1001, who answered him."""
    caller = await s.carrier.dial("551001", FROM_CALLER)
    return caller, await (await s.agents["1001"].next_leg()).until_up()


@_play
async def answered(s: Ensemble) -> Truth:
    """An outside caller is answered, and hangs up."""
    s.agents["1001"].behaviour = Answer(0.5)
    caller, agent = await _talking(s)
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await agent.until_ended()
    return _truth([_inbound(answered_by=["1001"], outcome="answered", talk_s=talk(agent), ended_by="caller")])


@_play
async def given_up_while_ringing(s: Ensemble) -> Truth:
    """An outside caller hangs up while the telephone rings."""
    s.agents["1001"].behaviour = Ring()
    caller = await s.carrier.dial("551001", FROM_CALLER)
    await s.agents["1001"].next_leg()
    await asyncio.sleep(1.0)
    await caller.hang_up()
    return _truth([_inbound(answered_by=[], outcome="abandoned", talk_s=0.0, ended_by="caller")], "outcome")


@_play
async def busy(s: Ensemble) -> Truth:
    """The telephone rings and says that it is busy."""
    s.agents["1001"].behaviour = Ring()
    caller = await s.carrier.dial("551001", FROM_CALLER)
    agent = await s.agents["1001"].next_leg()
    await asyncio.sleep(0.7)
    await agent.hang_up()
    await caller.until_ended()
    return _truth([_inbound(answered_by=[], outcome="busy", talk_s=0.0, ended_by="called", rang=[])], "outcome", "rang")


@_play
async def rejected(s: Ensemble) -> Truth:
    """The telephone refuses before it rings: no lamp is lit."""
    s.agents["1002"].behaviour = Reject(603)
    caller = await s.carrier.dial("551002", FROM_CALLER)
    await caller.until_ended()
    return _truth([])


@_play
async def no_answer(s: Ensemble) -> Truth:
    """The telephone rings until the PBX's time is over."""
    s.agents["1001"].behaviour = Ring()
    caller = await s.carrier.dial("551001", FROM_CALLER)
    await caller.until_ended()
    return _truth([_inbound(answered_by=[], outcome="no_answer", talk_s=0.0, ended_by="pbx")])


@_play
async def unreachable(s: Ensemble) -> Truth:
    """No telephone is registered for the extension: no lamp is lit."""
    caller = await s.carrier.dial("551006", FROM_CALLER)
    await caller.until_ended()
    return _truth([])


@_play
async def group_ring(s: Ensemble) -> Truth:
    """Three telephones ring, one answers."""
    for extension in WATCHED:
        s.agents[extension].behaviour = Ring()
    s.agents["1002"].behaviour = Answer(1.0)
    caller = await s.carrier.dial("5200", FROM_CALLER)
    agent = await (await s.agents["1002"].next_leg()).until_up()
    await asyncio.sleep(1.0)
    await caller.hang_up()
    await agent.until_ended()
    call = _inbound(rang=list(WATCHED), answered_by=["1002"], outcome="answered", talk_s=talk(agent), called="5200")
    return _truth([call], "called")


@_play
async def hold(s: Ensemble) -> Truth:
    """1001 calls 1002, who puts him on hold, talks again, and is hung up on."""
    s.agents["1002"].behaviour = Answer(0.5)
    caller = await s.agents["1001"].dial("1002")
    agent = await (await s.agents["1002"].next_leg()).until_up()
    await asyncio.sleep(0.7)
    began = time.time()
    await agent.hold()
    await asyncio.sleep(1.0)
    await agent.resume()
    held_s = round(time.time() - began, 2)
    await asyncio.sleep(0.7)
    await caller.hang_up()
    await agent.until_ended()
    call = {"caller": "1001", "called": "1002", "direction": "internal", "transfers": [], "rang": ["1002"]}
    more = {"answered_by": ["1002"], "outcome": "answered", "talk_s": talk(agent), "hold_s": held_s, "ended_by": "caller"}
    return _truth([call | more])


@_play
async def hold_of_an_outside_caller(s: Ensemble) -> Truth:
    """1001 puts an outside caller on hold: he has no lamp that could show it."""
    s.agents["1001"].behaviour = Answer(0.5)
    caller, agent = await _talking(s)
    await agent.hold()
    await asyncio.sleep(1.0)
    await agent.resume()
    await caller.hang_up()
    await agent.until_ended()
    return _truth([_inbound(answered_by=["1001"], outcome="answered", talk_s=talk(agent), hold_s=1.0)], "hold_s")


@_play
async def blind_transfer(s: Ensemble) -> Truth:
    """1001 hands an outside caller over to 1003 by REFER."""
    s.agents["1001"].behaviour = s.agents["1003"].behaviour = Answer(0.5)
    caller, first = await _talking(s)
    await asyncio.sleep(1.0)
    await first.refer("1003")
    second = await (await s.agents["1003"].next_leg()).until_up()
    await asyncio.sleep(1.0)
    await caller.hang_up()
    await second.until_ended()
    transfer = {"kind": "blind", "by": "1001", "to": "1003", "result": "completed"}
    people = {"rang": ["1001", "1003"], "answered_by": ["1001", "1003"], "transfers": [transfer]}
    return _truth([_inbound(outcome="answered", talk_s=talk(first, second), **people)])


@_play
async def attended_transfer(s: Ensemble) -> Truth:
    """1001 puts an outside caller on hold, asks 1003, and connects the two."""
    s.agents["1001"].behaviour = s.agents["1003"].behaviour = Answer(0.5)
    caller, first = await _talking(s)
    await asyncio.sleep(0.7)
    await first.hold()
    consult = await s.agents["1001"].dial("1003")
    second = await (await s.agents["1003"].next_leg()).until_up()
    await consult.until_up()
    await asyncio.sleep(1.0)
    await first.refer("1003", consult)
    await asyncio.sleep(2.0)
    await caller.hang_up()
    await second.until_ended()
    transfer = {"kind": "attended", "by": "1001", "to": "1003", "result": "completed", "consult_s": talk(consult)}
    people = {"rang": ["1001", "1003"], "answered_by": ["1001", "1003"], "transfers": [transfer]}
    return _truth([_inbound(outcome="answered", hold_s=1.5, **people)], "hold_s")


@_play
async def dialled_outside(s: Ensemble) -> Truth:
    """1001 dials a number outside and talks: its lamp is lit, and tells no more."""
    leg = await (await s.agents["1001"].dial("98885551")).until_up()
    await asyncio.sleep(1.0)
    await leg.hang_up()
    call = {"caller": "1001", "called": "8885551", "direction": "outbound", "transfers": [], "rang": []}
    more = {"answered_by": ["8885551"], "outcome": "answered", "talk_s": talk(leg), "ended_by": "caller"}
    return _truth([call | more], "called", "direction", "answered_by", "outcome", "talk_s")


async def record_play(name: str, ensemble: Ensemble, folder: Path) -> None:
    """Play, and write a capture folder with its truth."""
    task = asyncio.create_task(record(settings_for(ensemble.pbx), folder, anonymise=False))
    await asyncio.sleep(0.5)
    truth = await PLAYS[name](ensemble)
    await asyncio.sleep(SETTLED_S)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await ensemble.tidy()
    head = {"name": name, "pbx": "asterisk", "version": ensemble.pbx.version, "description": PLAYS[name].__doc__}
    text = json.dumps(head | truth, indent=1, ensure_ascii=False) + "\n"
    await asyncio.to_thread((folder / "truth.json").write_text, text)


async def record_all(out: Path, names: list[str]) -> None:
    """Record these plays, or all of them."""
    async with Asterisk() as pbx, Ensemble(pbx) as ensemble:
        for name in names or list(PLAYS):
            await record_play(name, ensemble, out / name)
            print(f"ok     {name}", flush=True)


if __name__ == "__main__":
    asyncio.run(record_all(Path(sys.argv[1]), sys.argv[2:]))
