"""Internal calls, intercom, pages, conferences, listening in, mailboxes."""

import asyncio

from rig.freepbx_stage import CHEN, DID, LUO, FreepbxStage, inbound, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def internal_answered(w: FreepbxStage) -> None:
    """8004 calls 8005: answered, 8005 hangs up."""
    w.behave(x8005=Answer(1))
    a = await w["8004"].dial("8005")
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "caller_name": "周杰",
            "called": "8005",
            "direction": "internal",
            "rang": ["8005"],
            "answered_by": ["8005"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, x.ended_at),
            "ended_by": "called",
        }
    ]


@scenario
async def internal_failures(w: FreepbxStage) -> None:
    """8004 calls 8005, which refuses: 486, then 603, then 8004 gives up while it rings."""
    for refusal in (Reject(), Reject(603)):
        w.behave(x8005=refusal)
        a = await w["8004"].dial("8005")
        await a.until_ended()
        await asyncio.sleep(0.5)
    w.behave(x8005=Ring())
    a = await w["8004"].dial("8005")
    await a.until_ringing()
    await asyncio.sleep(1)
    await a.hang_up()
    both = {"caller": "8004", "called": "8005", "direction": "internal", "answered_by": [], "talk_s": 0}
    w.calls = [
        {**both, "rang": [], "outcome": "busy", "ended_by": "called"},
        {**both, "rang": [], "outcome": "rejected", "ended_by": "called"},
        {**both, "rang": ["8005"], "outcome": "abandoned", "stage": "ringing", "ended_by": "caller"},
    ]


@scenario
async def internal_queue(w: FreepbxStage) -> None:
    """8004 calls queue 7002 from inside; 8003 answers; 8004 hangs up. A queue keeps its number."""
    w.behave(x8003=Answer(1))
    a = await (await w["8004"].dial("7002")).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(1.5)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "7002",
            "direction": "internal",
            "queue": "7002",
            "rang": ["8003"],
            "answered_by": ["8003"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, a.ended_at),
            "ended_by": "caller",
        }
    ]


@scenario
async def internal_group(w: FreepbxStage) -> None:
    """8004 calls ring group 7602 from inside; 8002 answers and hangs up. A group keeps its number."""
    w.behave(x8001=Ring(), x8002=Answer(1), x8003=Ring())
    a = await w["8004"].dial("7602")
    x = await w.answered("8002")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "7602",
            "direction": "internal",
            "rang": ["8001", "8002", "8003"],
            "answered_by": ["8002"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, x.ended_at),
            "ended_by": "called",
        }
    ]


@scenario
async def internal_wrong_number(w: FreepbxStage) -> None:
    """8004 dials a number that the site does not have; the catch-all answers, says so and hangs up. Only the sure fields are
    listed.
    """
    a = await (await w["8004"].dial("5555")).until_up()
    await a.until_ended()
    w.calls = [{"caller": "8004", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"}]


@scenario
async def intercom(w: FreepbxStage) -> None:
    """Intercom: 8004 dials *808001; 8001 opens by itself without ringing; 8004 hangs up. Called is 8001, and 8001 did not
    ring.
    """
    w.behave(x8001=Answer(0.02, rings=False))
    a = await w["8004"].dial("*808001")
    x = await w.answered("8001")
    await asyncio.sleep(2)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "8001",
            "direction": "internal",
            "rang": [],
            "answered_by": ["8001"],
            "outcome": "answered",
            "ended_by": "caller",
        }
    ]


@scenario
async def page_local(w: FreepbxStage) -> None:
    """Page group 7901 (Local/PAGE800X@app-paging/n): 8004 pages, 8001 and 8002 open, 8003 refuses with 486; 8004 hangs up. One
    call, answered by the phones that opened.
    """
    w.behave(x8001=Answer(0.3, rings=False), x8002=Answer(0.8, rings=False), x8003=Reject())
    a = await (await w["8004"].dial("7901")).until_up()
    x, y = await w.answered("8001"), await w.answered("8002")
    await asyncio.sleep(4)
    await a.hang_up()
    await x.until_ended()
    await y.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "7901",
            "direction": "internal",
            "rang": [],
            "answered_by": ["8001", "8002"],
            "outcome": "answered",
            "ended_by": "caller",
        }
    ]


@scenario
async def page_direct(w: FreepbxStage) -> None:
    """Page group 7902 (the phones themselves): 8004 pages, 8002 and 8003 open; 8004 hangs up."""
    w.behave(x8002=Answer(0.3, rings=False), x8003=Answer(0.8, rings=False))
    a = await (await w["8004"].dial("7902")).until_up()
    x, y = await w.answered("8002"), await w.answered("8003")
    await asyncio.sleep(4)
    await a.hang_up()
    await x.until_ended()
    await y.until_ended()
    w.calls = [
        {
            "caller": "8004",
            "called": "7902",
            "direction": "internal",
            "rang": [],
            "answered_by": ["8002", "8003"],
            "outcome": "answered",
            "ended_by": "caller",
        }
    ]


@scenario
async def conference(w: FreepbxStage) -> None:
    """Conference 7800: 8001, 8002 and 8003 dial in one after the other and leave in the same order. One call, 8001 its caller."""
    calls = []
    for number in ("8001", "8002", "8003"):
        calls.append(await (await w[number].dial("7800")).until_up())
        await asyncio.sleep(2.5)
    await asyncio.sleep(2)
    for call in calls:
        await call.hang_up()
        await asyncio.sleep(0.8)
    w.calls = [
        {
            "caller": "8001",
            "called": "7800",
            "direction": "internal",
            "conference": "7800",
            "parties": ["8001", "8002", "8003"],
            "answered_by": ["8002", "8003"],
            "outcome": "answered",
        }
    ]


@scenario
async def conference_outside(w: FreepbxStage) -> None:
    """A DID leads into conference 7801: the outside caller is first, 8001 and 8002 join; the outside caller leaves last."""
    await w.route(DID, "ext-meetme,7801,1")
    c = await (await w.inbound()).until_up()
    await asyncio.sleep(2.5)
    calls = []
    for number in ("8001", "8002"):
        calls.append(await (await w[number].dial("7801")).until_up())
        await asyncio.sleep(2.5)
    await asyncio.sleep(2)
    for call in calls:
        await call.hang_up()
        await asyncio.sleep(0.8)
    await c.hang_up()
    w.calls = [
        inbound(
            CHEN,
            conference="7801",
            parties=[CHEN[0], "8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[],
        )
    ]


@scenario
async def conference_moved(w: FreepbxStage) -> None:
    """8001 talks with the caller; the client's AMI Redirect moves both into conference 7800, where 8002 joins; the caller
    hangs up last. CSTA Conferenced, no transfer.
    """
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(1)
    mine, theirs = await w.leg_name("8001"), await w.leg_name("sbc-east")
    await w.by_us(
        "Redirect",
        Channel=theirs,
        ExtraChannel=mine,
        Context="from-internal",
        Exten="7800",
        Priority="1",
        ExtraContext="from-internal",
        ExtraExten="7800",
        ExtraPriority="1",
    )
    await asyncio.sleep(5)
    b = await (await w["8002"].dial("7800")).until_up()
    await asyncio.sleep(5)
    await b.hang_up()
    await asyncio.sleep(0.6)
    await a.hang_up()
    await asyncio.sleep(0.6)
    await c.hang_up()
    w.calls = [
        inbound(
            CHEN,
            conference="7800",
            parties=[CHEN[0], "8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[],
        )
    ]


@scenario
async def spy(w: FreepbxStage) -> None:
    """8001 talks with a caller; 8005 listens in by 2228001 (ChanSpy). The listener's call is its own; it is no party of the
    other.
    """
    await w.route(DID, "from-did-direct,8001,1")
    c = await w.inbound()
    a = await w.answered("8001")
    await asyncio.sleep(1)
    s = await (await w["8005"].dial("2228001")).until_up()
    await asyncio.sleep(3)
    await s.hang_up()
    await asyncio.sleep(1)
    await c.hang_up()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        ),
        {"caller": "8005", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "caller"},
    ]


@scenario
async def spy_idle(w: FreepbxStage) -> None:
    """8003 talks with a queue caller behind its Local pair; 8005 whispers by 555-like code for 8001, which is idle, then hangs
    up.
    """
    await w.route(DID, "ext-queues,7002,1")
    w.behave(x8003=Answer(0.6))
    c = await (await w.inbound()).until_up()
    a = await w.answered("8003")
    s = await (await w["8005"].dial("2228003")).until_up()
    await asyncio.sleep(2.5)
    await a.hang_up()
    await c.until_ended()
    await asyncio.sleep(0.5)
    await s.hang_up()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(a.answered_at, a.ended_at),
            ended_by="called",
        ),
        {"caller": "8005", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "caller"},
    ]


@scenario
async def mailbox(w: FreepbxStage) -> None:
    """8001 calls its mailbox with *97, gives the PIN, listens to the menu and hangs up: a service call of its own. Which
    outcome and number it has is open.
    """
    a = await (await w["8001"].dial("*97")).until_up()
    await asyncio.sleep(2.5)
    await a.press("1234#")
    await asyncio.sleep(4)
    await a.hang_up()
    w.calls = [{"caller": "8001", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "caller"}]


@scenario
async def mailbox_wrong_pin(w: FreepbxStage) -> None:
    """8001 calls its mailbox with *97 and gives a wrong PIN three times; the PBX hangs up. Which outcome and number it has is
    open.
    """
    a = await (await w["8001"].dial("*97")).until_up()
    for _ in range(3):
        await asyncio.sleep(2.5)
        await a.press("9999#")
    await a.until_ended()
    w.calls = [{"caller": "8001", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"}]


@scenario
async def unknown_did(w: FreepbxStage) -> None:
    """A DID that nobody routed: the catch-all answers, the caller hangs up in the message."""
    c = await (await w.inbound("02160009999", LUO)).until_up()
    await asyncio.sleep(2.5)
    await c.hang_up()
    w.calls = [inbound(LUO, "02160009999", rang=[], answered_by=[], talk_s=0, digits="", ivr_path=[], ended_by="caller")]
