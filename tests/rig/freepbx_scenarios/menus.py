"""Menus, announcements, self-service and time conditions."""

import asyncio

from rig.freepbx_stage import CHAN, CHEN, DID, DID2, HE, LUO, FreepbxStage, inbound, scenario
from rig.leg import Answer, Ring
from rig.stage import seconds


@scenario
async def ivr_queue(w: FreepbxStage) -> None:
    """Menu ivr-1, option 1 -> queue 7001 (rrmemory, Local members): one of 8001 and 8002 answers after 1 s; the caller hangs
    up.
    """
    await w.route(DID, "ivr-1,s,1")
    w.behave(x8001=Answer(1), x8002=Answer(1))
    c = await (await w.inbound()).until_up()
    await asyncio.sleep(2.5)
    await c.press("1")
    x = await (await w.first("8001", "8002")).until_up()
    await asyncio.sleep(2)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="1",
            ivr_path=["ivr-1"],
            ivr_s=seconds(w.executed(r"\[s@ivr-1:1\]"), w.executed(r"@ext-queues:1\]")),
            queue="7001",
            queues=[{"queue": "7001"}],
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=[x.phone.user],
            answered_by=[x.phone.user],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def ivr_two_menus(w: FreepbxStage) -> None:
    """Two menus: ivr-1 option 2, ivr-2 back with 9, ivr-1 again, option 2, ivr-2 option 1 -> queue 7002; 8003 answers and
    hangs up.
    """
    await w.route(DID, "timeconditions,1,1")
    w.behave(x8003=Answer(1))
    c = await (await w.inbound(caller=CHAN)).until_up()
    await asyncio.sleep(1.5)
    for digit, pause in (("2", 1.5), ("9", 1.5), ("2", 1.5), ("1", 0.2)):
        await c.press(digit)
        await asyncio.sleep(pause)
    x = await w.answered("8003")
    await asyncio.sleep(2)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHAN,
            digits="2921",
            ivr_path=["ivr-1", "ivr-2", "ivr-1", "ivr-2"],
            ivr_s=seconds(w.executed(r"\[s@ivr-1:1\]"), w.executed(r"@ext-queues:1\]")),
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def ivr_wrong_then_direct(w: FreepbxStage) -> None:
    """Menu ivr-1: 9 is wrong, then direct dial 8005 from the menu; 8005 answers; the caller hangs up."""
    await w.route(DID, "ivr-1,s,1")
    c = await (await w.inbound(caller=LUO)).until_up()
    await asyncio.sleep(2)
    await c.press("9")
    await asyncio.sleep(2)
    await c.press("8005")
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            LUO,
            digits="98005",
            ivr_path=["ivr-1"],
            ivr_s=seconds(w.executed(r"\[s@ivr-1:1\]"), w.executed(r"\[8005@from-did-direct:1\]")),
            queue=None,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def ivr_abandon(w: FreepbxStage) -> None:
    """Menu ivr-1: the caller hangs up in the menu without a key. The times do not say when the menu's context was left, so
    ivr_s is to the hang-up.
    """
    await w.route(DID, "ivr-1,s,1")
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(3.5)
    await c.hang_up()
    await asyncio.sleep(0.5)
    w.calls = [
        inbound(
            HE,
            digits="",
            ivr_path=["ivr-1"],
            ivr_s=seconds(w.executed(r"\[s@ivr-1:1\]"), c.ended_at),
            rang=[],
            answered_by=[],
            outcome="abandoned",
            stage="ivr",
            talk_s=0,
            ended_by="caller",
        )
    ]


@scenario
async def ivr_timeout(w: FreepbxStage) -> None:
    """Menu ivr-1: no key at all; after two rounds the PBX says good-bye and hangs up. Which outcome such a call has is open."""
    await w.route(DID, "ivr-1,s,1")
    c = await (await w.inbound(caller=HE)).until_up()
    await c.until_ended(60)
    w.calls = [inbound(HE, digits="", ivr_path=["ivr-1"], rang=[], answered_by=[], talk_s=0, stage="ivr", ended_by="pbx")]


@scenario
async def ivr_self_service(w: FreepbxStage) -> None:
    """Self-service: ivr-1 option 4, a card number is read and typed, the balance is said, the PBX hangs up."""
    await w.route(DID, "ivr-1,s,1")
    c = await (await w.inbound(caller=CHAN)).until_up()
    await asyncio.sleep(2)
    await c.press("4")
    await asyncio.sleep(1)
    await c.press("4711")
    await c.until_ended()
    w.calls = [
        inbound(
            CHAN,
            digits="44711",
            ivr_path=["ivr-1", "app-selfservice"],
            rang=[],
            answered_by=[],
            outcome="self_served",
            talk_s=0,
            queue=None,
            ended_by="pbx",
        )
    ]


@scenario
async def ivr_account(w: FreepbxStage) -> None:
    """Account by Read: ivr-1 option 3, 1234# typed, queue 7002, 8003 answers; the caller hangs up."""
    await w.route(DID, "ivr-1,s,1")
    w.behave(x8003=Answer(1))
    c = await (await w.inbound(caller=CHAN)).until_up()
    await asyncio.sleep(2)
    await c.press("3")
    await asyncio.sleep(1.2)
    await c.press("1234#")
    x = await w.answered("8003")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHAN,
            digits="31234#",
            ivr_path=["ivr-1", "app-account"],
            queue="7002",
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def ivr_group(w: FreepbxStage) -> None:
    """Menu ivr-1, option 6 -> ring group 7602, whose 8001 answers; the caller hangs up; the number of the call stays the DID."""
    await w.route(DID2, "ivr-1,s,1")
    w.behave(x8001=Answer(1), x8002=Ring(), x8003=Ring())
    c = await (await w.inbound(DID2, CHAN, w.west)).until_up()
    await asyncio.sleep(2)
    await c.press("6")
    x = await w.answered("8001")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHAN,
            DID2,
            digits="6",
            ivr_path=["ivr-1"],
            rang=["8001", "8002", "8003"],
            answered_by=["8001"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def ivr_outside(w: FreepbxStage) -> None:
    """ivr-1, option 7: the menu connects the caller to the outside number 13900002222 (trunk to trunk); it answers and hangs
    up. The number of the call stays the DID.
    """
    await w.route(DID, "ivr-1,s,1")
    w.behave(east=Answer(1))
    c = await (await w.inbound(caller=LUO, trunk=w.west)).until_up()
    await asyncio.sleep(2)
    await c.press("7")
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            LUO,
            digits="7",
            ivr_path=["ivr-1"],
            rang=[],
            answered_by=["13900002222"],
            outcome="answered",
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def ivr_announcement_return(w: FreepbxStage) -> None:
    """ivr-1, option 5: an announcement and back to the menu, then option 2 and 1 -> queue 7002; the caller gives up in the
    queue. The menu entered again after the announcement stands once more.
    """
    await w.route(DID, "ivr-1,s,1")
    w.behave(x8003=Ring())
    c = await (await w.inbound(caller=LUO)).until_up()
    await asyncio.sleep(2)
    await c.press("5")
    await asyncio.sleep(3.5)
    await c.press("2")
    await asyncio.sleep(1.5)
    await c.press("1")
    await asyncio.sleep(2)
    await c.hang_up()
    w.calls = [
        inbound(
            LUO,
            digits="521",
            queue="7002",
            rang=["8003"],
            answered_by=[],
            outcome="abandoned",
            stage="queue",
            talk_s=0,
            ended_by="caller",
        )
    ]


@scenario
async def closed_message(w: FreepbxStage) -> None:
    """Closed: the time condition plays the closed message and hangs up. Which outcome such a call has is open."""
    await w.route(DID, "timeconditions,1,1")
    await w.db("TC/1", "closed")
    c = await (await w.inbound(caller=HE)).until_up()
    await c.until_ended()
    w.calls = [inbound(HE, digits="", ivr_path=[], rang=[], answered_by=[], talk_s=0, queue=None, ended_by="pbx")]


@scenario
async def closed_abandoned(w: FreepbxStage) -> None:
    """Closed: the caller hangs up in the closed message. Which outcome such a call has is open."""
    await w.route(DID, "timeconditions,1,1")
    await w.db("TC/1", "closed")
    c = await (await w.inbound(caller=HE)).until_up()
    await asyncio.sleep(2)
    await c.hang_up()
    w.calls = [inbound(HE, digits="", ivr_path=[], rang=[], answered_by=[], talk_s=0, queue=None, ended_by="caller")]


@scenario
async def announcement_queue(w: FreepbxStage) -> None:
    """Announcement, then queue 7002: 8003 answers, the caller hangs up; the announcement is no menu."""
    await w.route(DID, "app-announcement-3,s,1")
    w.behave(x8003=Answer(1))
    c = await (await w.inbound(caller=HE)).until_up()
    x = await w.answered("8003")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            HE,
            digits="",
            ivr_path=[],
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), x.answered_at),
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]
