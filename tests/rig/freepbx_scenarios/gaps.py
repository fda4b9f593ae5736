"""Connecting in mid-call, a cut connection, restarts, shutdown."""

import asyncio
import time

from rig.freepbx_stage import CHAN, CHEN, DID, DID2, DID3, DID4, HE, LUO, FreepbxStage, answered_by_8001, inbound, scenario
from rig.leg import Answer, Ring
from rig.stage import seconds


@scenario(late=True)
async def midcall_connect(w: FreepbxStage) -> None:
    """Connected in mid-call: A talks with 8003 behind its Local pair since 2 s, B waits in queue 7001 while a desk rings, C is
    parked, D is in a menu; CoreShowChannels, BridgeList, QueueStatus; then B is answered, D gives up, C is picked up by
    8004, A hangs up.
    """
    for did, target in (
        (DID, "ext-queues,7002,1"),
        (DID2, "ext-queues,7001,1"),
        (DID3, "from-did-direct,8005,1"),
        (DID4, "ivr-1,s,1"),
    ):
        await w.route(did, target)
    w.behave(x8001=Answer(5.5), x8002=Answer(5.5), x8003=Answer(0.6), x8005=Answer(0.6))
    a = await (await w.inbound(DID, CHEN)).until_up()
    xa = await w.answered("8003")
    c = await w.inbound(DID3, HE)
    xc = await w.answered("8005")
    await asyncio.sleep(0.5)
    await xc.refer("70")
    await asyncio.sleep(0.3)
    await xc.hang_up()
    d = await (await w.inbound(DID4, LUO)).until_up()
    b = await (await w.inbound(DID2, CHAN, w.west)).until_up()
    await asyncio.sleep(2)
    await w.ami.open()
    await w.snapshot()
    w.evidence["recorder_connected"] = w.ami.parts[0]["connected"]
    await asyncio.sleep(1)
    await d.hang_up()
    await asyncio.sleep(0.5)
    p = await (await w["8004"].dial("71")).until_up()
    xb = await (await w.first("8001", "8002")).until_up()
    await asyncio.sleep(1.5)
    await xb.hang_up()
    await b.until_ended()
    await c.hang_up()
    await p.until_ended()
    await a.hang_up()
    await xa.until_ended()
    w.calls = [
        {
            "caller": CHEN[0],
            "direction": "inbound",
            "answered_by": ["8003"],
            "outcome": "answered",
            "ended_by": "caller",
            "complete": False,
        },
        {
            "caller": CHAN[0],
            "direction": "inbound",
            "queue": "7001",
            "answered_by": [xb.phone.user],
            "outcome": "answered",
            "talk_s": seconds(xb.answered_at, xb.ended_at),
            "ended_by": "called",
            "complete": False,
        },
        {"caller": HE[0], "direction": "inbound", "outcome": "answered", "ended_by": "caller", "complete": False},
        {
            "caller": LUO[0],
            "direction": "inbound",
            "answered_by": [],
            "outcome": "abandoned",
            "talk_s": 0,
            "ended_by": "caller",
            "complete": False,
        },
    ]


@scenario
async def connection_cut_queue(w: FreepbxStage) -> None:
    """The connection is cut for 3 s: A talks with 8003 behind its Local pair through the cut; B, in queue 7001, is answered
    and hung up within it; C comes in it and is answered after it.
    """
    for did, target in ((DID, "ext-queues,7002,1"), (DID2, "ext-queues,7001,1"), (DID3, "from-did-direct,8005,1")):
        await w.route(did, target)
    w.behave(x8001=Answer(2.5), x8002=Answer(2.5), x8003=Answer(0.6), x8005=Answer(5))
    a = await (await w.inbound(DID, CHEN)).until_up()
    xa = await w.answered("8003")
    b = await (await w.inbound(DID2, CHAN, w.west)).until_up()
    await asyncio.sleep(1.8)
    await w.ami.cut()
    xb = await (await w.first("8001", "8002")).until_up()
    c = await w.inbound(DID3, LUO)
    await asyncio.sleep(0.8)
    await b.hang_up()
    await xb.until_ended()
    await asyncio.sleep(1.2)
    await w.ami.open()
    await w.snapshot()
    xc = await w.answered("8005")
    await asyncio.sleep(1.5)
    await xa.hang_up()
    await a.until_ended()
    await c.hang_up()
    await xc.until_ended()
    w.evidence.update(
        cut_at=w.ami.parts[0]["disconnected"],
        back_at=w.ami.parts[1]["connected"],
        B_answered_at=xb.answered_at,
        B_ended_at=b.ended_at,
        A_talk_s=seconds(xa.answered_at, xa.ended_at),
        C_invited_at=c.invited_at,
    )
    w.calls = [
        {
            "caller": CHEN[0],
            "called": DID,
            "direction": "inbound",
            "caller_name": CHEN[1],
            "queue": "7002",
            "answered_by": ["8003"],
            "outcome": "answered",
            "ended_by": "called",
        },
        {
            "caller": CHAN[0],
            "called": DID2,
            "direction": "inbound",
            "caller_name": CHAN[1],
            "queue": "7001",
            "outcome": "unknown",
            "complete": False,
            "talk_s": None,
        },
        {
            "caller": LUO[0],
            "direction": "inbound",
            "answered_by": ["8005"],
            "outcome": "answered",
            "talk_s": seconds(xc.answered_at, c.ended_at),
            "ended_by": "caller",
        },
    ]


@scenario
async def restart(w: FreepbxStage) -> None:
    """Asterisk is killed (SIGKILL) while A talks with 8001 and B waits in queue 7002, and started again; the client
    reconnects; C is a new call to 8005. A was seen answered, its end was not; B was never seen answered.
    """
    await w.route(DID, "from-did-direct,8001,1")
    await w.route(DID2, "ext-queues,7002,1")
    await w.route(DID3, "from-did-direct,8005,1")
    w.behave(x8003=Ring(), x8005=Answer(1))
    await w.inbound()
    await w.answered("8001")
    await (await w.inbound(DID2, CHAN, w.west)).until_up()
    await asyncio.sleep(1.5)
    await w.pbx.kill()
    w.evidence["killed_at"] = time.time()
    await w.ami_lost()
    await asyncio.sleep(1)
    await w.boot()
    await w.ami.open()
    await w.snapshot()
    w.evidence["back_at"] = w.ami.parts[1]["connected"]
    await asyncio.sleep(0.5)
    c = await w.inbound(DID3, LUO)
    xc = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await xc.until_ended()
    w.calls = [
        inbound(CHEN, rang=["8001"], answered_by=["8001"], outcome="answered", talk_s=None, complete=False),
        inbound(CHAN, DID2, queue="7002", outcome="unknown", complete=False),
        inbound(
            LUO,
            DID3,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(xc.answered_at, c.ended_at),
            ended_by="caller",
        ),
    ]


@scenario
async def restart_in_order(w: FreepbxStage) -> None:
    """Asterisk stops in order (core stop now) while A talks with 8001, and is started again; the client reconnects; C is a new
    call to 8005.
    """
    await w.route(DID3, "from-did-direct,8005,1")
    w.behave(x8005=Answer(1))
    _, a = await answered_by_8001(w)
    await asyncio.sleep(1)
    stopped = time.time()
    await w.pbx.cli("core stop now")
    await w.ami_lost()
    await asyncio.sleep(1.5)
    await w.boot()
    await w.ami.open()
    await w.snapshot()
    await asyncio.sleep(0.5)
    d = await w.inbound(DID3, LUO)
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await d.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN, rang=["8001"], answered_by=["8001"], outcome="answered", talk_s=seconds(a.answered_at, stopped), ended_by="pbx"
        ),
        inbound(
            LUO,
            DID3,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(x.answered_at, d.ended_at),
            ended_by="caller",
        ),
    ]


@scenario(last=True)
async def shutdown(w: FreepbxStage) -> None:
    """core stop now while A talks with 8003 behind its Local pair and B listens to a menu: Hangups, Shutdown, the end of the
    connection.
    """
    await w.route(DID, "ext-queues,7002,1")
    await w.route(DID2, "ivr-1,s,1")
    w.behave(x8003=Answer(0.6))
    await (await w.inbound()).until_up()
    xa = await w.answered("8003")
    await (await w.inbound(DID2, CHAN, w.west)).until_up()
    await asyncio.sleep(2)
    stopped = time.time()
    await w.pbx.cli("core stop now")
    await w.ami_lost()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(xa.answered_at, stopped),
            ended_by="pbx",
        ),
        inbound(CHAN, DID2, ivr_path=["ivr-1"], answered_by=[], talk_s=0, ended_by="pbx"),
    ]
