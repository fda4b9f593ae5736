"""Parking and picking up parked and ringing calls."""

import asyncio
import time

from rig.freepbx_stage import CHEN, DID, FreepbxStage, answered_by_8001, inbound, scenario
from rig.leg import Ring
from rig.stage import seconds


@scenario
async def park_refer(w: FreepbxStage) -> None:
    """8001 parks by REFER to 70; 8004 picks up by dialling the slot; the caller hangs up. A pick-up joins the call and 8004
    did not ring.
    """
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("70")
    await asyncio.sleep(0.7)
    await a.hang_up()
    await asyncio.sleep(1.5)
    p = await (await w["8004"].dial("71")).until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await p.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001", "8004"],
            outcome="answered",
            transfers=[{"kind": "park", "by": "8001", "slot": "71"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(p.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def park_feature(w: FreepbxStage) -> None:
    """8001 parks by the feature code #72; 8004 picks up by dialling the slot and hangs up."""
    await w.dial_options("TtrKk")
    c, a = await answered_by_8001(w)
    await a.press("#72")
    await asyncio.sleep(3)
    await a.hang_up()
    await asyncio.sleep(0.5)
    p = await (await w["8004"].dial("71")).until_up()
    await asyncio.sleep(1.5)
    await p.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001"],
            answered_by=["8001", "8004"],
            outcome="answered",
            transfers=[{"kind": "park", "by": "8001", "slot": "71"}],
            ended_by="called",
        )
    ]


@scenario
async def park_comeback(w: FreepbxStage) -> None:
    """8001 parks by REFER to 70; nobody comes: after 8 s the call rings back at 8001, which answers and hangs up."""
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("70")
    await asyncio.sleep(0.7)
    await a.hang_up()
    b = await w.answered("8001")
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "park", "by": "8001", "slot": "71"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, b.ended_at), 2),
            ended_by="called",
        )
    ]


@scenario
async def park_abandoned(w: FreepbxStage) -> None:
    """8001 parks by REFER to 70; the caller gives up while parked."""
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("70")
    await asyncio.sleep(0.7)
    await a.hang_up()
    await asyncio.sleep(2)
    await c.hang_up()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "park", "by": "8001", "slot": "71", "result": "abandoned"}],
            talk_s=seconds(a.answered_at, t),
            ended_by="caller",
        )
    ]


@scenario
async def ami_park(w: FreepbxStage) -> None:
    """The client parks by AMI Park (the caller's leg, announced to 8001's); 8004 picks up with 71; the caller hangs up."""
    c, a = await answered_by_8001(w)
    theirs, mine = await w.leg_name("sbc-east"), await w.leg_name("8001")
    # The line of its response ends in LF CR LF, which the recorder does not wait for.
    w.ami.send("Park", ("Channel", theirs), ("TimeoutChannel", mine), ("Timeout", "20000"), ("Parkinglot", "default"))
    await asyncio.sleep(1)
    await a.hang_up()
    await asyncio.sleep(1)
    p = await (await w["8004"].dial("71")).until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await p.until_ended()
    w.calls = [inbound(CHEN, rang=["8001"], answered_by=["8001", "8004"], outcome="answered", ended_by="caller")]


@scenario
async def pickup_directed(w: FreepbxStage) -> None:
    """8001 rings; 8004 picks the call up with **8001; the caller hangs up. The picking leg joins the call; 8004 did not ring."""
    await w.route(DID, "from-did-direct,8001,1")
    w.behave(x8001=Ring())
    c = await w.inbound()
    await w.ringing("8001")
    await asyncio.sleep(1.5)
    p = await (await w["8004"].dial("**8001")).until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await p.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8004"],
            outcome="answered",
            talk_s=seconds(p.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def pickup_group(w: FreepbxStage) -> None:
    """8001 rings; 8004 picks the call up with *8 (group pick-up) and hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    w.behave(x8001=Ring())
    c = await w.inbound()
    await w.ringing("8001")
    await asyncio.sleep(1.5)
    p = await (await w["8004"].dial("*8")).until_up()
    await asyncio.sleep(1.5)
    await p.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8004"],
            outcome="answered",
            talk_s=seconds(p.answered_at, p.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def pickup_queue(w: FreepbxStage) -> None:
    """Queue 7002 rings 8003 through its Local pair; 8005 picks up with **8003; the caller hangs up."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Ring())
    c = await (await w.inbound()).until_up()
    await w.ringing("8003")
    await asyncio.sleep(1.5)
    p = await (await w["8005"].dial("**8003")).until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await p.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(p.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]
