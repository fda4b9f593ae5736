"""Groups, direct calls and mailboxes."""

import asyncio
import time

from rig.freepbx_stage import CHAN, CHEN, DID, DID2, DID3, HE, LUO, FreepbxStage, inbound, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def group_ringall(w: FreepbxStage) -> None:
    """Ring group 7602 (three phones in one Dial): 8002 answers, the others get CANCEL; 8002 hangs up."""
    await w.route(DID, "ext-group,7602,1")
    w.behave(x8001=Ring(), x8002=Answer(1.2), x8003=Ring())
    c = await w.inbound()
    x = await w.answered("8002")
    await asyncio.sleep(1.7)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002", "8003"],
            answered_by=["8002"],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def group_local(w: FreepbxStage) -> None:
    """Ring group 7603 (Local/800X@from-internal/n): 8001 refuses with 486, 8003 answers; the caller hangs up."""
    await w.route(DID, "ext-group,7603,1")
    w.behave(x8001=Reject(), x8002=Ring(), x8003=Answer(1.5))
    c = await w.inbound(caller=LUO)
    x = await w.answered("8003")
    await asyncio.sleep(2)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            LUO,
            rang=["8002", "8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def group_no_answer(w: FreepbxStage) -> None:
    """Ring group 7602: nobody answers, Dial gives up after 12 s."""
    await w.route(DID, "ext-group,7602,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Ring())
    c = await w.inbound()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN, rang=["8001", "8002", "8003"], answered_by=[], outcome="no_answer", stage="ringing", talk_s=0, ended_by="pbx"
        )
    ]


@scenario
async def group_all_busy(w: FreepbxStage) -> None:
    """Ring group 7602: all three phones refuse with 486: busy, and nobody rang."""
    await w.route(DID, "ext-group,7602,1")
    w.behave(x8001=Reject(), x8002=Reject(), x8003=Reject())
    c = await w.inbound()
    await c.until_ended()
    w.calls = [inbound(CHEN, rang=[], answered_by=[], outcome="busy", talk_s=0, ended_by="called")]


@scenario
async def group_mixed(w: FreepbxStage) -> None:
    """Ring group 7602, in one Dial: 8001 is busy (486), 8002 rings and misses, 8003 refuses with 603 after ringing; the caller
    gives up after 4 s.
    """
    await w.route(DID, "ext-group,7602,1")
    w.behave(x8001=Reject(), x8002=Ring(), x8003=Reject(603, 1))
    c = await w.inbound()
    await asyncio.sleep(4)
    await c.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(CHEN, rang=["8002", "8003"], answered_by=[], outcome="abandoned", stage="ringing", talk_s=0, ended_by="caller")
    ]


@scenario
async def group_outside_confirmed(w: FreepbxStage) -> None:
    """Ring group 7604: 8001 and the outside party 013900001111 behind a Local leg with confirmation; the outside party accepts
    with 1 and hangs up.
    """
    await w.route(DID, "ext-group,7604,1")
    w.behave(x8001=Ring(), east=Answer(1))
    c = await w.inbound()
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await x.press("1")
    accepted = time.time()
    await asyncio.sleep(1.5)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001"],
            answered_by=["13900001111"],
            outcome="answered",
            talk_s=seconds(accepted, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def hunt_voicemail(w: FreepbxStage) -> None:
    """Hunt group 7601: 8001 rings 4 s, 8002 rings 4 s, then the mailbox of 8001; the caller speaks and hangs up."""
    await w.route(DID, "ext-group,7601,1")
    await w.db("RG/7601/dest", "vm-direct,8001,1")
    w.behave(x8001=Ring(), x8002=Ring())
    c = await w.inbound(caller=HE)
    await c.until_up()
    await asyncio.sleep(8)
    await c.hang_up()
    await asyncio.sleep(0.5)
    w.calls = [inbound(HE, rang=["8001", "8002"], answered_by=[], outcome="voicemail", talk_s=0, ended_by="caller")]


@scenario
async def direct_rewritten(w: FreepbxStage) -> None:
    """DID to 8001, direct: answered, the caller hangs up; the name carries a prefix and the number is rewritten after the
    first event.
    """
    await w.route(DID, "from-did-direct,8001,1")
    await w.db(f"DIDPREFIX/{DID}", "SALES:")
    await w.db(f"DIDREWRITE/{DID}", "013916880001")
    c = await w.inbound()
    x = await w.answered("8001")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            wait_s=None,
            queue=None,
            ended_by="caller",
        )
    ]


@scenario
async def direct_voicemail(w: FreepbxStage) -> None:
    """DID to 8001: rings 4 s, then its mailbox; the caller leaves a message."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("AMPUSER/8001/ringtimer", "4")
    await w.db("AMPUSER/8001/voicemail", "default")
    w.behave(x8001=Ring())
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(9)
    await c.hang_up()
    await asyncio.sleep(0.5)
    w.calls = [inbound(HE, rang=["8001"], answered_by=[], outcome="voicemail", talk_s=0, ended_by="caller")]


@scenario
async def busy_voicemail(w: FreepbxStage) -> None:
    """8001 is busy (486): its mailbox takes the call; the caller speaks and hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("AMPUSER/8001/voicemail", "default")
    w.behave(x8001=Reject())
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(16)
    await c.hang_up()
    w.calls = [inbound(HE, rang=[], answered_by=[], outcome="voicemail", talk_s=0, ended_by="caller")]


@scenario
async def internal_voicemail(w: FreepbxStage) -> None:
    """8004 calls 8005 from inside, 8005 rings 4 s in vain, its mailbox takes the call; 8004 hangs up."""
    await w.db("AMPUSER/8005/ringtimer", "4")
    await w.db("AMPUSER/8005/voicemail", "default")
    w.behave(x8005=Ring())
    a = await (await w["8004"].dial("8005")).until_up()
    await asyncio.sleep(10)
    await a.hang_up()
    w.calls = [
        {
            "caller": "8004",
            "called": "8005",
            "direction": "internal",
            "rang": ["8005"],
            "answered_by": [],
            "outcome": "voicemail",
            "talk_s": 0,
            "ended_by": "caller",
        }
    ]


@scenario
async def four_at_once(w: FreepbxStage) -> None:
    """Four calls at once: one in queue 7002 answered, one abandons queue 7001, one direct to 8005, one internal 8004 -> 8006
    that is not registered. Asterisk makes no leg for an unregistered phone; whether called is then 8006 or null is
    open.
    """
    await w.route(DID, "ext-queues,7002,1")
    await w.route(DID2, "from-did-direct,8005,1")
    await w.route(DID3, "ext-queues,7001,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Answer(2), x8005=Answer(1))
    a = await w.inbound(DID, CHEN)
    b = await w.inbound(DID2, CHAN, w.west)
    c = await w.inbound(DID3, HE)
    await asyncio.sleep(0.5)
    d = await w["8004"].dial("8006")
    x3 = await w.answered("8003")
    x5 = await w.answered("8005")
    await d.until_ended(20)
    await asyncio.sleep(0.5)
    await c.hang_up()
    await asyncio.sleep(0.7)
    await x5.hang_up()
    await asyncio.sleep(0.5)
    await a.hang_up()
    await x3.until_ended()
    await b.until_ended()
    rang = sorted({p.user for p in (w["8001"], w["8002"]) if p.legs})
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x3.answered_at, a.ended_at),
            ended_by="caller",
        ),
        inbound(
            CHAN,
            DID2,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(x5.answered_at, x5.ended_at),
            ended_by="called",
        ),
        inbound(
            HE, DID3, queue="7001", rang=rang, answered_by=[], outcome="abandoned", stage="queue", talk_s=0, ended_by="caller"
        ),
        {
            "caller": "8004",
            "direction": "internal",
            "rang": [],
            "answered_by": [],
            "outcome": "unreachable",
            "talk_s": 0,
            "ended_by": "pbx",
        },
    ]
