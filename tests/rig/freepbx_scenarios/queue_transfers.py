"""Transfers out of and into queues, where one half of a Local pair is the transferred side; transfers by AMI."""

import asyncio
import time

from rig.freepbx_stage import CHEN, DID, FAR, LUO, FreepbxStage, answered_by_8001, hold, inbound, outbound, scenario
from rig.leg import Answer
from rig.stage import seconds


@scenario
async def queue_blind_feature(w: FreepbxStage) -> None:
    """Queue 7002, 8003 (behind its Local pair) blind-transfers by ## to 8005; 8005 answers; the caller hangs up."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    await a.press("##")
    await asyncio.sleep(1)
    await a.press("8005")
    b = await w.answered("8005")
    await a.until_ended()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            queue="7002",
            rang=["8003", "8005"],
            answered_by=["8003", "8005"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8003", "to": "8005", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, a.ended_at) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def queue_blind_refer(w: FreepbxStage) -> None:
    """Queue 7002, 8003 (behind its Local pair) blind-transfers by REFER to 8005; 8005 answers and hangs up."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    t = time.time()
    await a.refer("8005")
    b = await w.answered("8005")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003", "8005"],
            answered_by=["8003", "8005"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8003", "to": "8005", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, b.ended_at), 2),
            ended_by="called",
        )
    ]


@scenario
async def queue_attended_refer(w: FreepbxStage) -> None:
    """Queue 7002, 8003 (behind its Local pair) holds, calls 8005, talks 1.2 s, completes by REFER with Replaces; the caller
    hangs up.
    """
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8005=Answer(0.8))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    held = await hold(a)
    await asyncio.sleep(0.2)
    k = await (await w["8003"].dial("8005")).until_up()
    b = await w.answered("8005")
    await asyncio.sleep(1.2)
    t = time.time()
    await a.refer("8005", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
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
                {"kind": "attended", "by": "8003", "to": "8005", "result": "completed", "consult_s": seconds(b.answered_at, t)}
            ],
            hold_s=seconds(held, t),
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def queue_to_queue_blind(w: FreepbxStage) -> None:
    """Queue 7002, 8003 blind-transfers by REFER into queue 7001, where a desk answers; the caller hangs up."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8001=Answer(1), x8002=Answer(1))
    c = await (await w.inbound(caller=LUO)).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    t = time.time()
    await a.refer("7001")
    await asyncio.sleep(0.8)
    await a.hang_up()
    b = next(k for n in ("8001", "8002") for k in w[n].legs)
    await b.until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            LUO,
            queue="7001",
            queues=[{"queue": "7002"}, {"queue": "7001"}],
            rang=sorted(["8003", b.phone.user]),
            answered_by=["8003", b.phone.user],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8003", "to": "7001", "result": "completed"}],
            diversions=[],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def queue_park(w: FreepbxStage) -> None:
    """Queue 7002, 8003 (behind its Local pair) parks by REFER to 70, so that half of the pair stands in the slot; 8004 picks
    up with 71; the caller hangs up.
    """
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
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
            queue="7002",
            rang=["8003"],
            answered_by=["8003", "8004"],
            outcome="answered",
            transfers=[{"kind": "park", "by": "8003", "slot": "71"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(p.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def transfer_into_waiting(w: FreepbxStage) -> None:
    """8001 holds, calls queue 7002 and completes by REFER with Replaces while it still waits there; 8003 answers; the caller
    hangs up. Whether that is blonde or attended, and to 7002 or to 8003, is open.
    """
    w.behave(x8003=Answer(3))
    c, a = await answered_by_8001(w)
    await hold(a)
    k = await (await w["8001"].dial("7002")).until_up()
    await asyncio.sleep(1.2)
    await a.refer("7002", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    x = await w.answered("8003")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8001", "8003"],
            answered_by=["8001", "8003"],
            outcome="answered",
            transfers=[{"by": "8001", "result": "completed"}],
            ended_by="caller",
        )
    ]


@scenario
async def ami_atxfer(w: FreepbxStage) -> None:
    """The client transfers by AMI Atxfer on 8001's leg to 8002; 8001 talks 1.5 s with it and hangs up; the caller hangs up
    last.
    """
    w.behave(x8002=Answer(0.8))
    c, a = await answered_by_8001(w)
    await w.by_us("Atxfer", Channel=await w.leg_name("8001"), Exten="8002", Context="from-internal")
    b = await w.answered("8002")
    await asyncio.sleep(1.5)
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[
                {
                    "kind": "attended",
                    "by": "8001",
                    "to": "8002",
                    "result": "completed",
                    "consult_s": seconds(b.answered_at, a.ended_at),
                }
            ],
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def ami_blind_queue(w: FreepbxStage) -> None:
    """Queue 7002, the client transfers by AMI BlindTransfer on 8003's leg (behind its Local pair) to 8005; 8005 answers; the
    caller hangs up.
    """
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6), x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(1)
    leg = await w.leg_name("8003")
    t = time.time()
    await w.by_us("BlindTransfer", Channel=leg, Exten="8005", Context="from-internal")
    b = await w.answered("8005")
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
            transfers=[{"kind": "blind", "by": "8003", "to": "8005", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def redirect_other_application(w: FreepbxStage) -> None:
    """Another application redirects the caller's leg from 8001 to 8005 (AMI Redirect on a second connection, not in
    sent.jsonl); 8005 answers; the caller hangs up.
    """
    w.behave(x8005=Answer(1))
    c, a = await answered_by_8001(w)
    leg = await w.leg_name("sbc-east")
    t = time.time()
    await w.by_crm("Redirect", Channel=leg, Context="from-internal", Exten="8005", Priority="1")
    await a.until_ended()
    b = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8005"],
            answered_by=["8001", "8005"],
            outcome="answered",
            transfers=[{"kind": "redirect", "by": "cti", "to": "8005", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def outbound_transferred(w: FreepbxStage) -> None:
    """8001 calls 013900001111 and transfers it blindly by REFER to 8002; 8002 answers and hangs up. The caller's side is
    8001's, then 8002's: only what is sure is listed.
    """
    w.behave(east=Answer(0.8), x8002=Answer(1))
    a = await w["8001"].dial(FAR)
    x = await w.answered("east")
    await a.until_up()
    await asyncio.sleep(1)
    await a.refer("8002")
    b = await w.answered("8002")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await x.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=["8002"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "completed"}],
        )
    ]
