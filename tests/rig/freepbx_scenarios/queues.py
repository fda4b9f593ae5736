"""Queues with Local members: waiting, missing, refusing, overflow, mailbox, outside and forwarded members."""

import asyncio
import time

from rig.freepbx_stage import CHAN, CHEN, DID, FAR, HE, LUO, SENT, FreepbxStage, hold, inbound, resume, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def queue_ringall(w: FreepbxStage) -> None:
    """Straight into queue 7003 (ringall): four desks ring, 8003 answers after 2 s and hangs up."""
    await w.route(DID, "ext-queues,7003,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Answer(2), x8004=Ring())
    c = await (await w.inbound()).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(1.8)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            ivr_path=[],
            queue="7003",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8001", "8002", "8003", "8004"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def queue_miss_refuse_answer(w: FreepbxStage) -> None:
    """Queue 7001: the first desk rings 6 s and misses, the second refuses with 486, then the first answers; the caller hangs
    up.
    """
    await w.route(DID, "ext-queues,7001,1")
    w.behave(x8001=Ring(), x8002=Ring())
    c = await (await w.inbound()).until_up()
    first = (await w.first("8001", "8002")).phone.user
    other = "8002" if first == "8001" else "8001"
    w[first].behaviour, w[other].behaviour = Answer(1), Reject()
    x = await w.answered(first)
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7001",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=[first],
            answered_by=[first],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def queue_abandon(w: FreepbxStage) -> None:
    """Queue 7001: the caller gives up after 4 s while a desk rings."""
    await w.route(DID, "ext-queues,7001,1")
    w.behave(x8001=Ring(), x8002=Ring())
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(4)
    await c.hang_up()
    await asyncio.sleep(0.5)
    rang = sorted({p.user for p in (w["8001"], w["8002"]) if p.legs})
    w.calls = [
        inbound(
            HE,
            queue="7001",
            wait_s=seconds(w.executed(r"\bQueue\("), c.ended_at),
            rang=rang,
            answered_by=[],
            outcome="abandoned",
            stage="queue",
            talk_s=0,
            ended_by="caller",
        )
    ]


@scenario
async def queue_overflow(w: FreepbxStage) -> None:
    """Queue 7001 for 5 s, nobody answers, overflow to queue 7002, whose 8003 answers; 8003 hangs up."""
    await w.route(DID, "ext-queues,7001,1")
    await w.db("QUEUE/7001/maxwait", "5")
    await w.db("QUEUE/7001/dest", "ext-queues,7002,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Answer(1.5))
    c = await (await w.inbound(caller=LUO)).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(2)
    await x.hang_up()
    await c.until_ended()
    first = sorted({p.user for p in (w["8001"], w["8002"]) if p.legs})
    joined1, left1, joined2 = w.executed(r"\bQueue\("), w.executed(r"left: "), w.executed(r"\bQueue\(", 1)
    w.evidence.update(joined_7001=joined1, left_7001=left1, joined_7002=joined2)
    w.calls = [
        inbound(
            LUO,
            queue="7002",
            queues=[
                {"queue": "7001", "wait_s": seconds(joined1, left1)},
                {"queue": "7002", "wait_s": seconds(joined2, x.answered_at)},
            ],
            wait_s=seconds(joined2, x.answered_at),
            rang=sorted([*first, "8003"]),
            answered_by=["8003"],
            diversions=[{"from": "7001", "to": "7002", "reason": "no_answer"}],
            transfers=[],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def queue_timeout_voicemail(w: FreepbxStage) -> None:
    """Queue 7001 for 5 s, nobody answers, then the mailbox of 8001; the caller speaks 5 s and hangs up. Whether the way to the
    mailbox counts as a diversion is open.
    """
    await w.route(DID, "ext-queues,7001,1")
    await w.db("QUEUE/7001/maxwait", "5")
    await w.db("QUEUE/7001/dest", "vm-direct,8001,1")
    w.behave(x8001=Ring(), x8002=Ring())
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(14)
    await c.hang_up()
    await asyncio.sleep(0.5)
    joined, left = w.executed(r"\bQueue\("), w.executed(r"left: ")
    rang = sorted({p.user for p in (w["8001"], w["8002"]) if p.legs})
    w.calls = [
        inbound(
            HE,
            queue="7001",
            wait_s=seconds(joined, left),
            rang=rang,
            answered_by=[],
            outcome="voicemail",
            talk_s=0,
            ended_by="caller",
        )
    ]


@scenario
async def queue_timeout_hangup(w: FreepbxStage) -> None:
    """Queue 7004 has no desks: after 5 s the PBX says good-bye and hangs up."""
    await w.route(DID, "ext-queues,7004,1")
    await w.db("QUEUE/7004/maxwait", "5")
    c = await (await w.inbound(caller=CHAN)).until_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHAN,
            queue="7004",
            wait_s=seconds(w.executed(r"\bQueue\("), w.executed(r"left: ")),
            rang=[],
            answered_by=[],
            outcome="no_answer",
            stage="queue",
            talk_s=0,
            ended_by="pbx",
        )
    ]


@scenario
async def queue_record_hold(w: FreepbxStage) -> None:
    """Queue 7002 with recording (MixMonitor) and a spoken welcome before the queue: 8003 answers, holds 1.5 s, resumes, hangs
    up. A hold inside the desk's Local pair is a hold of the caller.
    """
    await w.route(DID, "ext-queues,7002,1")
    await w.db("QUEUE/7002/record", "yes")
    await w.db("QUEUE/7002/joinmsg", "vm-youhave")
    w.behave(x8003=Answer(1))
    c = await (await w.inbound()).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(1)
    t1 = await hold(x)
    await asyncio.sleep(1.5)
    t2 = await resume(x)
    await asyncio.sleep(1)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            hold_s=seconds(t1, t2),
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def queue_exit_key(w: FreepbxStage) -> None:
    """Queue 7002: the caller leaves by key 0 after 3 s to 8004, which answers; the caller hangs up. A key pressed in a queue
    is no menu choice; whether it is in digits is open.
    """
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Ring(), x8004=Answer(1))
    c = await (await w.inbound(caller=LUO)).until_up()
    await asyncio.sleep(3)
    await c.press("0")
    x = await w.answered("8004")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            LUO,
            queue="7002",
            rang=["8003", "8004"],
            ivr_path=[],
            answered_by=["8004"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def queue_outside_member(w: FreepbxStage) -> None:
    """Queue 7004 has one member, the outside number 013900001111 behind Local/…@from-queue/n with confirmation: it answers and
    accepts with 1; the caller hangs up.
    """
    await w.route(DID, "ext-queues,7004,1")
    await w.by_crm("QueueAdd", Queue="7004", Interface=f"Local/{FAR}@from-queue/n", MemberName="Mobile desk")
    w.behave(east=Answer(1))
    try:
        c = await (await w.inbound(caller=LUO, trunk=w.west)).until_up()
        x = await w.answered("east")
        await asyncio.sleep(1.5)
        await x.press("1")
        accepted = time.time()
        await asyncio.sleep(2)
        await c.hang_up()
        await x.until_ended()
    finally:
        await w.by_crm("QueueRemove", Queue="7004", Interface=f"Local/{FAR}@from-queue/n")
    w.calls = [
        inbound(
            LUO,
            digits="",
            queue="7004",
            wait_s=seconds(w.executed(r"\bQueue\("), accepted),
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            talk_s=seconds(accepted, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def queue_dynamic_member(w: FreepbxStage) -> None:
    """Queue 7004 has one member, 8005, as a plain device added at run time; 8005 answers and hangs up."""
    await w.route(DID, "ext-queues,7004,1")
    await w.by_crm("QueueAdd", Queue="7004", Interface=f"{w.pbx.tech}/8005", MemberName="Zhao Min")
    w.behave(x8005=Answer(1))
    try:
        c = await (await w.inbound(caller=LUO)).until_up()
        x = await w.answered("8005")
        await asyncio.sleep(2)
        await x.hang_up()
        await c.until_ended()
    finally:
        await w.by_crm("QueueRemove", Queue="7004", Interface=f"{w.pbx.tech}/8005")
    w.calls = [
        inbound(
            LUO,
            queue="7004",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def queue_member_forwarded(w: FreepbxStage) -> None:
    """Queue 7002, whose member 8003 has its phone forwarded to 8005 (a Local pair behind a Local pair): 8005 answers; the
    caller hangs up.
    """
    await w.route(DID, "ext-queues,7002,1")
    await w.db("CF/8003", "8005")
    w.behave(x8005=Answer(1))
    c = await (await w.inbound(caller=LUO)).until_up()
    x = await w.answered("8005")
    await asyncio.sleep(2)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            LUO,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            diversions=[{"from": "8003", "to": "8005", "reason": "unconditional"}],
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def queue_redirect_other_application(w: FreepbxStage) -> None:
    """A caller waits in queue 7001 while a desk rings; another application redirects it to 8005 (not in sent.jsonl), which
    answers and hangs up.
    """
    await w.route(DID, "ext-queues,7001,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    await asyncio.sleep(2)
    await w.by_crm("Redirect", Channel=await w.leg_name("sbc-east"), Context="from-internal", Exten="8005", Priority="1")
    moved = time.time()
    b = await w.answered("8005")
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    rang = sorted({p.user for p in (w["8001"], w["8002"]) if p.legs} | {"8005"})
    w.calls = [
        inbound(
            CHEN,
            queue="7001",
            wait_s=seconds(w.executed(r"\bQueue\("), moved),
            rang=rang,
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(b.answered_at, b.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def anonymous(w: FreepbxStage) -> None:
    """A withheld number (anonymous) to queue 7002; 8003 answers; the caller hangs up."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(1))
    c = await (await w.east.dial(DID, '"Anonymous" <sip:anonymous@anonymous.invalid>')).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(1.2)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        {
            "caller": None,
            "called": DID,
            "direction": "inbound",
            "queue": "7002",
            "rang": ["8003"],
            "answered_by": ["8003"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, c.ended_at),
            "ended_by": "caller",
        }
    ]
