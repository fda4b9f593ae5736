"""Blind transfers by REFER and by feature code."""

import asyncio
import time

from rig.freepbx_stage import CHEN, FreepbxStage, answered_by_8001, inbound, press_code, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def blind_refer(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to 8002, which answers after 1 s; the caller hangs up."""
    w.behave(x8002=Answer(1))
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("8002")
    b = await w.answered("8002")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "completed"}],
            diversions=[],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def blind_feature(w: FreepbxStage) -> None:
    """8001 blind-transfers by ## and 8002, which answers after 1 s and hangs up. Hold runs from the recognised ## to 8002's
    answer.
    """
    w.behave(x8002=Answer(1))
    c, a = await answered_by_8001(w)
    t = await press_code(a, "##")
    await asyncio.sleep(1)
    await a.press("8002")
    b = await w.answered("8002")
    await a.until_ended()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, a.ended_at) + seconds(b.answered_at, b.ended_at), 2),
            hold_s=seconds(t, b.answered_at),
            ended_by="called",
        )
    ]


@scenario
async def blind_busy(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to 8002, which refuses with 486; the caller is dropped."""
    w.behave(x8002=Reject())
    c, a = await answered_by_8001(w)
    await a.refer("8002")
    await asyncio.sleep(0.5)
    await a.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "busy"}],
            ended_by="pbx",
        )
    ]


@scenario
async def blind_voicemail(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to 8002, which rings for 6 s in vain: its mailbox takes the call. The result of the
    transfer is what became of 8002: no_answer.
    """
    await w.db("AMPUSER/8002/ringtimer", "6")
    await w.db("AMPUSER/8002/voicemail", "default")
    w.behave(x8002=Ring())
    c, a = await answered_by_8001(w)
    await a.refer("8002")
    await asyncio.sleep(0.5)
    await a.hang_up()
    await asyncio.sleep(11)
    await c.hang_up()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "no_answer"}],
            ended_by="caller",
        )
    ]


@scenario
async def blind_queue(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to queue 7002, whose 8003 answers; the caller hangs up."""
    w.behave(x8003=Answer(1))
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("7002")
    b = await w.answered("8003")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            queue="7002",
            wait_s=seconds(w.executed(r"\bQueue\("), b.answered_at),
            rang=["8001", "8003"],
            answered_by=["8001", "8003"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "7002", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def blind_outside(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to the outside number 013900001111; it answers and hangs up."""
    w.behave(east=Answer(1))
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("013900001111")
    b = await w.answered("east")
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001", "13900001111"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "13900001111", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, b.ended_at), 2),
            ended_by="called",
        )
    ]


@scenario
async def blind_abandoned(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to 8002; the caller gives up while it rings."""
    w.behave(x8002=Ring())
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("8002")
    await asyncio.sleep(0.5)
    await a.hang_up()
    await asyncio.sleep(2)
    await c.hang_up()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8002", "result": "abandoned"}],
            talk_s=seconds(a.answered_at, t),
            ended_by="caller",
        )
    ]


@scenario
async def blind_unregistered(w: FreepbxStage) -> None:
    """8001 blind-transfers by REFER to 8006, which is not registered; the caller is dropped."""
    c, a = await answered_by_8001(w)
    t = time.time()
    await a.refer("8006")
    await asyncio.sleep(0.5)
    await a.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blind", "by": "8001", "to": "8006", "result": "failed"}],
            talk_s=seconds(a.answered_at, t),
            ended_by="pbx",
        )
    ]
