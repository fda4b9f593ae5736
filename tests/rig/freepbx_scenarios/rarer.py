"""Rarer courses: refusal codes, silent telephones, optimised Local legs, queue login, unconfirmed follow-me, pairs of calls."""

import asyncio

from rig.freepbx_stage import CHAN, CHEN, DID, DID2, FAR, HE, LUO, SENT, FreepbxStage, inbound, outbound, scenario
from rig.leg import Answer, Reject, Ring, Silent
from rig.stage import seconds


@scenario
async def refusal_codes(w: FreepbxStage) -> None:
    """Five callers for 8001, whose telephone answers 600, 404, 500, 403 and 486 in turn; nobody rang."""
    await w.route(DID, "from-did-direct,8001,1")
    outcomes = {600: "busy", 404: "unreachable", 500: "failed", 403: "rejected", 486: "busy"}
    for index, (code, outcome) in enumerate(outcomes.items()):
        w.behave(x8001=Reject(code))
        caller = (f"+861391688100{index}", "Chen Wei")
        c = await w.inbound(DID, caller)
        await c.until_ended()
        await asyncio.sleep(0.3)
        by = "called" if outcome in ("busy", "rejected") else "pbx"
        w.calls.append(inbound(caller, rang=[], answered_by=[], outcome=outcome, talk_s=0, ended_by=by))


@scenario
async def direct_silent(w: FreepbxStage) -> None:
    """8001's telephone has lost its power: no answer to the INVITE, which times out after 32 s (408)."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("AMPUSER/8001/ringtimer", "45")
    w.behave(x8001=Silent())
    c = await w.inbound()
    await c.until_ended(60)
    w.calls = [inbound(CHEN, rang=[], answered_by=[], outcome="unreachable", talk_s=0, ended_by="pbx")]


@scenario
async def queue_local_optimised(w: FreepbxStage) -> None:
    """Queue 7004 has the member Local/8005@from-queue without /n: the pair vanishes once 8005 has answered; 8005 hangs up."""
    await w.route(DID, "ext-queues,7004,1")
    await w.by_crm("QueueAdd", Queue="7004", Interface="Local/8005@from-queue", MemberName="Desk 8005")
    w.behave(x8005=Answer(1))
    c = await (await w.inbound()).until_up()
    x = await w.answered("8005")
    await asyncio.sleep(2)
    await x.hang_up()
    await c.until_ended()
    await w.by_crm("QueueRemove", Queue="7004", Interface="Local/8005@from-queue")
    w.calls = [
        inbound(
            CHEN,
            queue="7004",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def queue_local_optimised_transfer(w: FreepbxStage) -> None:
    """As queue_local_optimised, then 8005 blind-transfers by REFER to 8002, which answers; the caller hangs up."""
    await w.route(DID, "ext-queues,7004,1")
    await w.by_crm("QueueAdd", Queue="7004", Interface="Local/8005@from-queue", MemberName="Desk 8005")
    w.behave(x8005=Answer(1), x8002=Answer(1))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8005")
    await asyncio.sleep(1.5)
    await a.refer("8002")
    b = await w.answered("8002")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    await w.by_crm("QueueRemove", Queue="7004", Interface="Local/8005@from-queue")
    w.calls = [
        inbound(
            CHEN,
            queue="7004",
            rang=["8002", "8005"],
            answered_by=["8005", "8002"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8005", "to": "8002", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, a.transferred_at) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def queue_login(w: FreepbxStage) -> None:
    """8005 logs into queue 7004 with *457004, a caller reaches it there and hangs up, 8005 logs out with *467004. The two
    service calls stand for themselves; which outcome and number they have is open.
    """
    await w.route(DID, "ext-queues,7004,1")
    w.behave(x8005=Answer(1))
    first = await (await w["8005"].dial("*457004")).until_up()
    await first.until_ended()
    c = await (await w.inbound()).until_up()
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    last = await (await w["8005"].dial("*467004")).until_up()
    await last.until_ended()
    service = {"caller": "8005", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"}
    w.calls = [
        dict(service),
        inbound(
            CHEN,
            queue="7004",
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        ),
        dict(service),
    ]


@scenario
async def queue_two_callers(w: FreepbxStage) -> None:
    """Two callers for queue 7002, one free desk (8004 refuses): 8003 takes the first, then the second, who waited meanwhile."""
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(1), x8004=Reject())
    first = await (await w.inbound()).until_up()
    await asyncio.sleep(0.5)
    second = await (await w.inbound(DID, CHAN, w.west)).until_up()
    a = await w.answered("8003")
    await asyncio.sleep(2)
    await a.hang_up()
    await first.until_ended()
    b = await w.answered("8003")
    await asyncio.sleep(1.5)
    await second.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), a.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(a.answered_at, a.ended_at),
            ended_by="called",
        ),
        inbound(
            CHAN,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\(", 1), b.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(b.answered_at, second.ended_at),
            ended_by="caller",
        ),
    ]


@scenario
async def group_overflow_queue(w: FreepbxStage) -> None:
    """Ring group 7602 rings 12 s in vain, then queue 7002: 8004 answers there after 8003 has missed; the caller hangs up.
    Whether the way from the group to the queue counts as a diversion is open.
    """
    await w.route(DID, "ext-group,7602,1")
    await w.db("RG/7602/dest", "ext-queues,7002,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Ring(), x8004=Answer(1))
    c = await w.inbound(caller=LUO)
    x = await (await w["8004"].next_leg(40)).until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            LUO,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8001", "8002", "8003", "8004"],
            answered_by=["8004"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def followme_unconfirmed(w: FreepbxStage) -> None:
    """Follow-me of 8003: the outside party's machine answers and never presses 1; the caller gives up meanwhile. Nobody spoke
    with the caller.
    """
    await w.route(DID, "from-did-direct,8003,1")
    await w.db("AMPUSER/8003/followme", FAR)
    await w.db("AMPUSER/8003/prering", "3")
    w.behave(x8003=Ring(), east=Answer(1))
    c = await w.inbound()
    x = await w.answered("east")
    await asyncio.sleep(4)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(CHEN, digits="", rang=["8003"], answered_by=[], outcome="abandoned", stage="ringing", talk_s=0, ended_by="caller")
    ]


@scenario
async def internal_blind(w: FreepbxStage) -> None:
    """8004 calls 8005, which blind-transfers it by REFER to 8002; 8002 answers and hangs up."""
    w.behave(x8005=Answer(0.6), x8002=Answer(1))
    c = await w["8004"].dial("8005")
    a = await w.answered("8005")
    await c.until_up()
    await asyncio.sleep(1)
    await a.refer("8002")
    b = await w.answered("8002")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "8005",
            "direction": "internal",
            "rang": ["8002", "8005"],
            "answered_by": ["8005", "8002"],
            "outcome": "answered",
            "transfers": [{"kind": "blind", "by": "8005", "to": "8002", "result": "completed"}],
            "talk_s": round(seconds(a.answered_at, a.transferred_at) + seconds(b.answered_at, b.ended_at), 2),
            "ended_by": "called",
        }
    ]


@scenario
async def click_twice(w: FreepbxStage) -> None:
    """Two agents click at the same time: 8001 by its telephone, 8002 by Local/8002@from-internal; both far ends answer. No
    ChannelId tells the two apart.
    """
    w.behave(x8001=Answer(0.8), x8002=Answer(0.7), east=Answer(1))
    common = {"Context": "from-internal", "Priority": "1", "Timeout": "15000", "Async": "true"}
    await w.by_us("Originate", Channel=f"{w.pbx.tech}/8001", Exten=FAR, CallerID="CRM <8001>", **common)
    await w.by_us("Originate", Channel="Local/8002@from-internal", Exten="013900002222", CallerID="CRM <8002>", **common)
    a, b = await w.answered("8001"), await w.answered("8002")
    ends = {leg.dialled: leg for leg in (await w.answered("east"), await w.answered("east"))}
    await asyncio.sleep(2)
    one, two = ends[SENT], ends["13900002222"]
    await one.hang_up()
    await a.until_ended()
    await asyncio.sleep(0.5)
    await b.hang_up()
    await two.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            talk_s=seconds(one.answered_at, one.ended_at),
            ended_by="called",
        ),
        {
            "caller": "8002",
            "called": "13900002222",
            "direction": "outbound",
            "rang": [],
            "answered_by": ["13900002222"],
            "outcome": "answered",
            "talk_s": seconds(two.answered_at, b.ended_at),
            "ended_by": "caller",
        },
    ]


@scenario
async def group_pickup_by_group(w: FreepbxStage) -> None:
    """Ring group 7602 rings three phones; 8004 picks the call up with *8 and hangs up. The picking leg joins the call."""
    await w.route(DID2, "ext-group,7602,1")
    w.behave(x8001=Ring(), x8002=Ring(), x8003=Ring())
    c = await w.inbound(DID2, HE, w.west)
    await w.ringing("8002")
    await asyncio.sleep(1.5)
    p = await (await w["8004"].dial("*8")).until_up()
    await asyncio.sleep(1.5)
    await p.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            HE,
            DID2,
            rang=["8001", "8002", "8003"],
            answered_by=["8004"],
            outcome="answered",
            talk_s=seconds(p.answered_at, p.ended_at),
            ended_by="called",
        )
    ]
