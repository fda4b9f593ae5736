"""Many calls at once, each by a caller of its own."""

import asyncio
import random
import time
from typing import Final

from rig.freepbx_stage import DID, DID2, DID3, DID4, Caller, FreepbxStage, scenario
from rig.leg import Answer, PhoneLeg, Reject, Ring
from rig.stage import Record, seconds

CALLS: Final = 60
PATIENCE_S: Final = 12
DID5: Final = "+862160001004"
ROUTES: Final = {
    "direct": (DID, "from-did-direct,8005,1"),
    "busy": (DID2, "from-did-direct,8004,1"),
    "given up": (DID3, "from-did-direct,8003,1"),
    "menu": (DID4, "ivr-1,s,1"),
    "menu queue": (DID4, "ivr-1,s,1"),
    "queue": (DID5, "ext-queues,7001,1"),
}
"""What a caller does: the number dialled and where it leads."""


@scenario
async def many_at_once(w: FreepbxStage) -> None:
    """60 callers, each with a number of its own, over 40 s: direct and answered, busy, rung in vain and given up, a menu given
    up, menu to queue, queue, queue given up. Every call has its record.
    """
    dice = random.Random(7)
    for did, destination in ROUTES.values():
        await w.route(did, destination)
    w.behave(x8001=Answer(1), x8002=Answer(1), x8003=Ring(), x8004=Reject(), x8005=Answer(1))
    async with asyncio.TaskGroup() as tasks:
        for index in range(CALLS):
            kind = dice.choice(list(ROUTES))
            tasks.create_task(_call(w, dice, (f"+8613700{index:06d}", "Caller"), kind))
            await asyncio.sleep(dice.uniform(0.4, 0.9))


async def _call(w: FreepbxStage, dice: random.Random, caller: Caller, kind: str) -> None:
    """One caller's course; its truth comes from the telephone that answered the number that it was shown."""
    number, did = caller[0], ROUTES[kind][0]
    leg = await w.inbound(did, caller)
    truth: Record = {"caller": number, "called": did, "direction": "inbound", "answered_by": [], "talk_s": 0}
    match kind:
        case "busy":
            await leg.until_ended()
            truth |= {"outcome": "busy", "ended_by": "called", "rang": []}
        case "given up":
            await asyncio.sleep(dice.uniform(2, 4))
            await leg.hang_up()
            truth |= {"outcome": "abandoned", "stage": "ringing", "ended_by": "caller", "rang": ["8003"]}
        case "menu":
            await leg.until_up()
            await asyncio.sleep(dice.uniform(2.5, 4))
            await leg.hang_up()
            truth |= {"outcome": "abandoned", "stage": "ivr", "ivr_path": ["ivr-1"], "digits": "", "ended_by": "caller"}
        case _:
            await leg.until_up()
            if kind == "menu queue":
                await asyncio.sleep(2)
                await leg.press("1")
                truth |= {"ivr_path": ["ivr-1"], "digits": "1"}
            if kind != "direct":
                truth["queue"] = "7001"
            truth |= await _talk(w, dice, leg, number)
    w.many.append(truth)


async def _talk(w: FreepbxStage, dice: random.Random, leg: PhoneLeg, number: str) -> Record:
    """Wait for a telephone, talk, and let one side hang up."""
    give_up = time.monotonic() + PATIENCE_S
    while (answered := _answered(w, number)) is None:
        await asyncio.sleep(0.1)
        if time.monotonic() > give_up:
            await leg.hang_up()
            return {"outcome": "abandoned", "stage": "queue", "ended_by": "caller"}
    await asyncio.sleep(dice.uniform(1.5, 3))
    first, second, by = (leg, answered, "caller") if dice.random() < 0.5 else (answered, leg, "called")
    await first.hang_up()
    await second.until_ended()
    return {
        "outcome": "answered",
        "answered_by": [answered.phone.user],
        "talk_s": seconds(answered.answered_at, first.ended_at),
        "ended_by": by,
    }


def _answered(w: FreepbxStage, number: str) -> PhoneLeg | None:
    """The leg of a telephone that has answered this caller."""
    return next((leg for phone in w.desks.values() for leg in phone.legs if leg.answered_at and leg.peer_number == number), None)
