"""Hold, call waiting, recording, hanging up by command and by code."""

import asyncio

from rig.freepbx_stage import CHAN, CHEN, DID, DID2, FreepbxStage, answered_by_8001, hold, inbound, resume, scenario
from rig.leg import Answer
from rig.stage import seconds


@scenario
async def hold_twice(w: FreepbxStage) -> None:
    """8001 holds the caller twice (1 s, 1.5 s); the caller hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    total = 0.0
    for length in (1.0, 1.5):
        await asyncio.sleep(0.8)
        t1 = await hold(a)
        await asyncio.sleep(length)
        total += await resume(a) - t1
    await asyncio.sleep(0.5)
    await c.hang_up()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            hold_s=round(total, 2),
            transfers=[],
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def hold_by_caller(w: FreepbxStage) -> None:
    """The caller puts 8001 on hold for 1.5 s (its trunk sends the re-INVITE): the caller was not held by the other side; 8001
    hangs up.
    """
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(1)
    await hold(c)
    await asyncio.sleep(1.5)
    await resume(c)
    await asyncio.sleep(0.5)
    await a.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            hold_s=0,
            transfers=[],
            talk_s=seconds(a.answered_at, a.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def call_waiting(w: FreepbxStage) -> None:
    """Call waiting: 8001 talks with A, B rings there, 8001 holds A and takes B; B hangs up, 8001 resumes A; 8001 hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.route(DID2, "from-did-direct,8001,1")
    w.behave(x8001=Answer(1.2))
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(0.8)
    d = await w.inbound(DID2, CHAN, w.west)
    b = await w.called("8001")
    await asyncio.sleep(0.8)
    held = await hold(a)
    await b.until_up()
    await asyncio.sleep(1.5)
    await d.hang_up()
    await b.until_ended()
    back = await resume(a)
    await asyncio.sleep(1)
    await a.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            hold_s=seconds(held, back),
            talk_s=seconds(a.answered_at, a.ended_at),
            ended_by="called",
        ),
        inbound(
            CHAN,
            DID2,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            hold_s=0,
            talk_s=seconds(b.answered_at, d.ended_at),
            ended_by="caller",
        ),
    ]


@scenario
async def hangup_cti(w: FreepbxStage) -> None:
    """The client hangs the talking caller up by AMI Hangup (its own command, in sent.jsonl)."""
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(1.5)
    await w.by_us("Hangup", Channel=await w.leg_name("sbc-east"))
    await c.until_ended()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="cti",
        )
    ]


@scenario
async def hangup_feature(w: FreepbxStage) -> None:
    """8001 hangs up with the feature code ** (Dial options H and h)."""
    await w.dial_options("TtrHh")
    c, a = await answered_by_8001(w)
    await a.press("**")
    await c.until_ended()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(a.answered_at, c.ended_at),
        )
    ]


@scenario
async def record_on_demand(w: FreepbxStage) -> None:
    """8001 records with the feature code *1 (MixMonitor on demand) while talking; the caller hangs up. The code is no digit of
    the caller.
    """
    await w.dial_options("TtrxX")
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(1)
    await a.press("*1")
    await asyncio.sleep(2.5)
    await c.hang_up()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]
