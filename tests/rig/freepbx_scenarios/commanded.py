"""Calls out of queues, and to outside, that Tieline commands: one half of a Local pair is held and handed over."""

import asyncio
import time

from rig.freepbx_scenarios.click import click
from rig.freepbx_stage import CHEN, DID, SENT, FreepbxStage, inbound, outbound, scenario
from rig.leg import Answer
from rig.stage import seconds


async def silence(w: FreepbxStage, extension: str, gain: str) -> float:
    """Hold for an extension, or take that back; the moment. There is no music here: the caller hears silence."""
    at = time.time()
    leg = await w.leg_name(extension)
    for direction in ("RX", "TX"):
        await w.by_us("Setvar", Channel=leg, Variable=f"VOLUME({direction})", Value=gain)
    return at


@scenario
async def commanded_queue_transfer(w: FreepbxStage) -> None:
    """Queue 7002, 8003 (behind its Local pair) is commanded to hold for 2 s, to consult 8005 by Atxfer, and to complete."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    held = await silence(w, "8003", "-32000")
    await asyncio.sleep(2)
    retrieved = await silence(w, "8003", "0")
    await asyncio.sleep(1)
    consulted = time.time()
    await w.by_us("Atxfer", Channel=await w.leg_name("8003"), Exten="8005", Context="from-internal")
    b = await w.answered("8005")
    await asyncio.sleep(1.5)
    await w.by_us("Hangup", Channel=await w.leg_name("8003"), Cause="16")
    await a.until_ended()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003", "8005"],
            answered_by=["8003", "8005"],
            outcome="answered",
            transfers=[
                {
                    "kind": "attended",
                    "by": "8003",
                    "to": "8005",
                    "result": "completed",
                    "consult_s": seconds(b.answered_at, a.ended_at),
                }
            ],
            hold_s=round(seconds(held, retrieved) + seconds(consulted, a.ended_at), 2),
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def commanded_click(w: FreepbxStage) -> None:
    """Click-to-dial as our connector does it: 8001 answers and is shown the number, then 013900001111 answers; 8001 hangs up."""
    w.behave(x8001=Answer(0.8), east=Answer(1))
    leg = "tieline-01KXTIELINE0000000000000001"
    await click(w, f"{w.pbx.tech}/8001", ChannelId=leg, OtherChannelId=f"{leg}-2", Variable="CONNECTEDLINE(num)=013900001111")
    a = await w.answered("8001")
    x = await w.answered("east")
    await asyncio.sleep(2)
    await a.hang_up()
    await x.until_ended()
    w.evidence["shown_to_8001"] = a.shown
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            talk_s=seconds(x.answered_at, a.ended_at),
            ended_by="caller",
        )
    ]
