"""Parking by REFER, feature code and AMI, pick-up of parked and of ringing calls, comeback."""

import asyncio
import time

from rig.leg import Answer, Ring
from rig.stage import CALLER, Record, Stage, scenario, talk


def parked(number: str, slot: str, answered_by: list[str], **more: object) -> Record:
    """The truth of an inbound call that 1001 answered and parked."""
    return {
        "caller": CALLER, "called": number, "direction": "inbound", "answered_by": answered_by, "outcome": "answered",
        "transfers": [{"kind": "park", "by": "1001", "slot": slot}], **more,
    }  # fmt: skip


@scenario
async def park_refer(s: Stage) -> None:
    """Parking by REFER to 700: 1001 parks the caller in 701, 1002 dials 701 three seconds later; caller hangs up.
    The pick-up joins the parked call.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.refer("700")
    await asyncio.sleep(0.3)
    await agent.hang_up()
    await asyncio.sleep(3)
    second = await (await s["1002"].dial("701")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [parked("551001", "701", ["1001", "1002"], rang=["1001"], talk_s=talk(agent, second), ended_by="caller")]


@scenario
async def park_feature(s: Stage) -> None:
    """Parking by feature code #72: 1001 parks the caller in 701 and hears the slot; 1003 picks up with 701; 1003
    hangs up.
    """
    caller, agent = await s.answered_at("571001", "1001")
    await asyncio.sleep(1)
    await agent.press("#72")
    agent.transferred_at = time.time() - 0.25
    await asyncio.sleep(4)
    if not agent.ended.is_set():
        await agent.hang_up()
    third = await (await s["1003"].dial("701")).until_up()
    await asyncio.sleep(2)
    await third.hang_up()
    await caller.until_ended()
    s.calls = [parked("571001", "701", ["1001", "1003"], rang=["1001"], talk_s=talk(agent, third), ended_by="called")]


@scenario
async def park_ami(s: Stage) -> None:
    """Parking by AMI Park of the caller's leg by our own command; 1002 picks up with 701; 1002 hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    leg, parker = await s.ami.leg_name("PJSIP/carrier"), await s.ami.leg_name("PJSIP/1001")
    s.ami.send("Park", ("Channel", leg), ("TimeoutChannel", parker), ("AnnounceChannel", parker))
    await asyncio.sleep(2.5)
    if not agent.ended.is_set():
        await agent.hang_up()
    second = await (await s["1002"].dial("701")).until_up()
    await asyncio.sleep(2)
    await second.hang_up()
    await caller.until_ended()
    s.calls = [parked("551001", "701", ["1001", "1002"], rang=["1001"], ended_by="called")]


@scenario
async def park_comeback(s: Stage) -> None:
    """Parking comes back: 1001 parks by REFER, nobody picks up for 12 s, the PBX rings 1001 again, who answers;
    caller hangs up.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.refer("700")
    await asyncio.sleep(0.3)
    await agent.hang_up()
    again = await (await s["1001"].next_leg(20)).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await again.until_ended()
    s.calls = [parked("551001", "701", ["1001"], rang=["1001"], talk_s=talk(agent, again), ended_by="caller")]


@scenario
async def park_abandoned(s: Stage) -> None:
    """Parked caller gives up: 1001 parks by REFER, the caller hangs up 3 s later in the parking lot."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.refer("700")
    await asyncio.sleep(0.3)
    await agent.hang_up()
    await asyncio.sleep(3)
    await caller.hang_up()
    s.calls = [parked("551001", "701", ["1001"], rang=["1001"], talk_s=talk(agent), ended_by="caller")]


@scenario
async def pickup_group(s: Stage) -> None:
    """Group pick-up: 1001 rings, 1002 dials *8 and has the caller; 1001 never answers; caller hangs up. The pick-up
    joins the call.
    """
    s["1001"].behaviour = Ring()
    caller = await s.inbound("551001")
    ringing = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(1.5)
    second = await (await s["1002"].dial("*8")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    await ringing.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1002"],
        "transfers": [], "outcome": "answered", "talk_s": talk(second), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def pickup_directed(s: Stage) -> None:
    """Directed pick-up by PickupChan: 1001 rings, 1003 dials *81001 and has the caller; 1003 hangs up."""
    s["1001"].behaviour = Ring()
    caller = await s.inbound("551001")
    ringing = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(1.5)
    third = await (await s["1003"].dial("*81001")).until_up()
    await asyncio.sleep(2)
    await third.hang_up()
    await caller.until_ended()
    await ringing.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1003"],
        "transfers": [], "outcome": "answered", "talk_s": talk(third), "ended_by": "called",
    }]  # fmt: skip


@scenario
async def pickup_internal(s: Stage) -> None:
    """Directed pick-up by Pickup(): 1002 calls 1001, who rings; 1003 dials **1001 and has 1002; 1002 hangs up."""
    s["1001"].behaviour = Ring()
    caller = await s["1002"].dial("1001")
    ringing = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(1.5)
    third = await (await s["1003"].dial("**1001")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await third.until_ended()
    await ringing.until_ended()
    s.calls = [{
        "caller": "1002", "called": "1001", "direction": "internal", "rang": ["1001"], "answered_by": ["1003"],
        "transfers": [], "outcome": "answered", "talk_s": talk(third), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def pickup_ring_group(s: Stage) -> None:
    """Pick-up out of a ring group: 1001, 1002 and 1003 ring, 1004 dials *8; caller hangs up."""
    for extension in ("1001", "1002", "1003"):
        s[extension].behaviour = Ring()
    caller = await s.inbound("5200")
    ringing = [await (await s[n].next_leg()).until_ringing() for n in ("1001", "1002", "1003")]
    await asyncio.sleep(1.5)
    fourth = await (await s["1004"].dial("*8")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await fourth.until_ended()
    for leg in ringing:
        await leg.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5200", "direction": "inbound", "rang": ["1001", "1002", "1003"],
        "answered_by": ["1004"], "transfers": [], "outcome": "answered", "talk_s": talk(fourth), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def takeover_replaces(s: Stage) -> None:
    """1002 takes a talking call over by INVITE with Replaces of 1001's dialog; 1001 is released; caller hangs up.
    Kind and `by` of this CSTA Transferred are disputable: the truth names no transfer.
    """
    s["1001"].behaviour = Answer(0.5)
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1.5)
    second = await (await s["1002"].take_over("1001", agent)).until_up()
    await agent.until_ended()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001", "1002"],
        "outcome": "answered", "talk_s": talk(agent, second), "ended_by": "caller",
    }]  # fmt: skip
