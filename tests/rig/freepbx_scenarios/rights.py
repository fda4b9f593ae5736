"""Seen by AMI users who may see less."""

import asyncio
import time

from rig.freepbx_stage import CHEN, DID, FAR, HE, SENT, FreepbxStage, answered_by_8001, hold, inbound, outbound, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario(user="tieline-nodp")
async def nodialplan_ivr_queue(w: FreepbxStage) -> None:
    """As ivr_queue, seen by a user without the dialplan class: no Newexten, so the menu is not visible and digits show only as
    DTMF.
    """
    await w.route(DID, "ivr-1,s,1")
    w.behave(x8003=Answer(1))
    c = await (await w.inbound()).until_up()
    await asyncio.sleep(2.5)
    await c.press("2")
    await asyncio.sleep(1.5)
    await c.press("1")
    x = await w.answered("8003")
    await asyncio.sleep(2)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario(user="tieline-nodp")
async def nodialplan_hunt_transfer(w: FreepbxStage) -> None:
    """Hunt group, then a blind transfer by REFER, seen by a user without the dialplan class."""
    await w.route(DID, "ext-group,7601,1")
    w.behave(x8001=Ring(), x8002=Answer(1), x8005=Answer(1))
    c = await w.inbound()
    a = await w.answered("8002")
    await asyncio.sleep(1)
    t = time.time()
    await a.refer("8005")
    b = await w.answered("8005")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002", "8005"],
            answered_by=["8002", "8005"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8002", "to": "8005", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario(user="tieline-nodp")
async def nodialplan_group_pickup(w: FreepbxStage) -> None:
    """Ring group of Local legs and a directed pick-up, seen by a user without the dialplan class."""
    await w.route(DID, "ext-group,7603,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Ring())
    c = await w.inbound()
    await w.ringing("8002")
    await asyncio.sleep(1)
    p = await (await w["8004"].dial("**8002")).until_up()
    await asyncio.sleep(1.5)
    await p.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002", "8003"],
            answered_by=["8004"],
            outcome="answered",
            talk_s=seconds(p.answered_at, p.ended_at),
            ended_by="called",
        )
    ]


@scenario(user="tieline-nodp")
async def nodialplan_conference(w: FreepbxStage) -> None:
    """Conference, seen by a user without the dialplan class: 8001 and 8002 in room 7800."""
    a = await (await w["8001"].dial("7800")).until_up()
    await asyncio.sleep(2.5)
    b = await (await w["8002"].dial("7800")).until_up()
    await asyncio.sleep(4)
    await b.hang_up()
    await asyncio.sleep(0.6)
    await a.hang_up()
    w.calls = [
        {
            "caller": "8001",
            "called": "7800",
            "direction": "internal",
            "conference": "7800",
            "parties": ["8001", "8002"],
            "answered_by": ["8002"],
            "outcome": "answered",
        }
    ]


@scenario(user="tieline-min")
async def min_queue_transfer(w: FreepbxStage) -> None:
    """Queue 7003 (ringall), then an attended transfer by REFER, seen by a user with call, agent and cdr only (no FullyBooted,
    no DTMF, no dialplan).
    """
    await w.route(DID, "ext-queues,7003,1")
    w.behave(x8001=Ring(), x8002=Answer(1), x8003=Ring(), x8004=Ring(), x8005=Answer(0.8))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8002")
    await asyncio.sleep(1)
    await hold(a)
    k = await (await w["8002"].dial("8005")).until_up()
    b = await w.answered("8005")
    await asyncio.sleep(1.2)
    t = time.time()
    await a.refer("8005", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7003",
            wait_s=seconds(w.executed(r"\bQueue\("), a.answered_at),
            rang=["8001", "8002", "8003", "8004", "8005"],
            answered_by=["8002", "8005"],
            outcome="answered",
            transfers=[
                {"kind": "attended", "by": "8002", "to": "8005", "result": "completed", "consult_s": seconds(b.answered_at, t)}
            ],
            talk_s=seconds(a.answered_at, b.ended_at),
            ended_by="called",
        )
    ]


@scenario(user="tieline-min")
async def min_voicemail(w: FreepbxStage) -> None:
    """Voicemail after 4 s of ringing, seen by a user with call, agent and cdr only: the mailbox shows in MessageWaiting alone."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("AMPUSER/8001/ringtimer", "4")
    await w.db("AMPUSER/8001/voicemail", "default")
    w.behave(x8001=Ring())
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(18)
    await c.hang_up()
    w.calls = [inbound(HE, rang=["8001"], answered_by=[], outcome="voicemail", talk_s=0, ended_by="caller")]


@scenario(user="tieline-min")
async def min_outbound_failover(w: FreepbxStage) -> None:
    """Two trunks tried, seen by a user with call, agent and cdr only: sbc-east 503, isp-west answers; the far end hangs up."""
    w.behave(east=Reject(503), west=Answer(1))
    a = await w["8001"].dial(FAR)
    x = await w.answered("west")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        outbound(
            "8001", rang=[], answered_by=[SENT], outcome="answered", talk_s=seconds(x.answered_at, x.ended_at), ended_by="called"
        )
    ]


@scenario(user="tieline-min")
async def min_park(w: FreepbxStage) -> None:
    """Parked by REFER and picked up, seen by a user with call, agent and cdr only."""
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("70")
    await asyncio.sleep(0.7)
    await a.hang_up()
    await asyncio.sleep(1)
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
