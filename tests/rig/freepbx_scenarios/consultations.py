"""Attended and blonde transfers by REFER and by feature code, and consultations that were given up."""

import asyncio
import time

from rig.freepbx_stage import (
    CHEN,
    FAR,
    SENT,
    FreepbxStage,
    answered_by_8001,
    consult,
    hold,
    inbound,
    press_code,
    resume,
    scenario,
)
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def attended_refer(w: FreepbxStage) -> None:
    """8001 holds, calls 8002, talks 1.2 s, completes by REFER with Replaces; 8002 hangs up."""
    w.behave(x8002=Answer(0.8))
    c, a = await answered_by_8001(w)
    held, k, b = await consult(w, a, "8002")
    await asyncio.sleep(1.2)
    t = time.time()
    await a.refer("8002", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[
                {"kind": "attended", "by": "8001", "to": "8002", "result": "completed", "consult_s": seconds(b.answered_at, t)}
            ],
            hold_s=seconds(held, t),
            talk_s=seconds(a.answered_at, b.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def attended_feature(w: FreepbxStage) -> None:
    """8001 transfers with *2 to 8002: talks 1.5 s with it, hangs up; the caller hangs up last."""
    w.behave(x8002=Answer(0.8))
    c, a = await answered_by_8001(w)
    t = await press_code(a, "*2")
    await asyncio.sleep(1)
    await a.press("8002")
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
            hold_s=seconds(t, a.ended_at),
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def attended_feature_outside(w: FreepbxStage) -> None:
    """8001 transfers with *2 to the outside number 013900001111, talks 1.5 s with it, hangs up; the outside party hangs up."""
    w.behave(east=Answer(0.8))
    c, a = await answered_by_8001(w)
    t = await press_code(a, "*2")
    await asyncio.sleep(1)
    await a.press(FAR)
    b = await w.answered("east")
    await asyncio.sleep(1.5)
    await a.hang_up()
    await asyncio.sleep(1.5)
    await b.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8001"],
            answered_by=["8001", SENT],
            outcome="answered",
            transfers=[
                {
                    "kind": "attended",
                    "by": "8001",
                    "to": SENT,
                    "result": "completed",
                    "consult_s": seconds(b.answered_at, a.ended_at),
                }
            ],
            hold_s=seconds(t, a.ended_at),
            talk_s=seconds(a.answered_at, b.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def attended_feature_given_up(w: FreepbxStage) -> None:
    """8001 starts *2 to 8002, talks 1.2 s with it, 8002 hangs up: 8001 is back with the caller and hangs up later. The
    consultation was given up, so it stays a call of its own; as 8001 has one leg only, the record of the consultation
    is optional.
    """
    w.behave(x8002=Answer(0.8))
    c, a = await answered_by_8001(w)
    await press_code(a, "*2")
    await asyncio.sleep(1)
    await a.press("8002")
    b = await w.answered("8002")
    await asyncio.sleep(1.2)
    await b.hang_up()
    await asyncio.sleep(2.5)
    await a.hang_up()
    await c.until_ended()
    w.optional_calls = [1]
    w.calls = [
        inbound(
            CHEN,
            digits="",
            answered_by=["8001"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(a.answered_at, a.ended_at),
            ended_by="called",
        ),
        {
            "caller": "8001",
            "called": "8002",
            "direction": "internal",
            "rang": ["8002"],
            "answered_by": ["8002"],
            "outcome": "answered",
        },
    ]


@scenario
async def consult_rejected(w: FreepbxStage) -> None:
    """8001 holds, calls 8002, 8002 refuses with 603: 8001 resumes the caller, the caller hangs up. The second call of 8001
    stays a call of its own.
    """
    w.behave(x8002=Reject(603))
    c, a = await answered_by_8001(w)
    held = await hold(a)
    k = await w["8001"].dial("8002")
    await asyncio.sleep(2)
    await k.hang_up()
    await k.until_ended()
    back = await resume(a)
    await asyncio.sleep(1)
    await c.hang_up()
    await a.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[],
            hold_s=seconds(held, back),
            talk_s=seconds(a.answered_at, c.ended_at),
            ended_by="caller",
        ),
        {
            "caller": "8001",
            "called": "8002",
            "direction": "internal",
            "rang": [],
            "answered_by": [],
            "outcome": "rejected",
            "talk_s": 0,
        },
    ]


@scenario
async def blonde_refer(w: FreepbxStage) -> None:
    """8001 holds, calls 8002, and completes by REFER with Replaces while 8002 still rings; 8002 answers 1.5 s later; the
    caller hangs up.
    """
    w.behave(x8002=Answer(2.5))
    c, a = await answered_by_8001(w)
    _, k, b = await consult(w, a, "8002", answered=False)
    await asyncio.sleep(0.8)
    t = time.time()
    await a.refer("8002", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    await b.until_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001", "8002"],
            outcome="answered",
            transfers=[{"kind": "blonde", "by": "8001", "to": "8002", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, t) + seconds(b.answered_at, c.ended_at), 2),
            ended_by="caller",
        )
    ]


@scenario
async def blonde_abandoned(w: FreepbxStage) -> None:
    """As blonde_refer, but the caller gives up while 8002 rings."""
    w.behave(x8002=Ring())
    c, a = await answered_by_8001(w)
    _, k, b = await consult(w, a, "8002", answered=False)
    await asyncio.sleep(0.8)
    t = time.time()
    await a.refer("8002", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    await asyncio.sleep(1.5)
    await c.hang_up()
    await b.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blonde", "by": "8001", "to": "8002", "result": "abandoned"}],
            talk_s=seconds(a.answered_at, t),
            ended_by="caller",
        )
    ]


@scenario
async def blonde_no_answer(w: FreepbxStage) -> None:
    """As blonde_refer, but 8002 never answers: its Dial gives up after 5 s and the caller is dropped."""
    await w.db("AMPUSER/8002/ringtimer", "5")
    w.behave(x8002=Ring())
    c, a = await answered_by_8001(w)
    _, k, b = await consult(w, a, "8002", answered=False)
    await asyncio.sleep(0.8)
    t = time.time()
    await a.refer("8002", k)
    await asyncio.sleep(0.4)
    await a.hang_up()
    await b.until_ended()
    await c.until_ended(20)
    w.calls = [
        inbound(
            CHEN,
            rang=["8001", "8002"],
            answered_by=["8001"],
            outcome="answered",
            transfers=[{"kind": "blonde", "by": "8001", "to": "8002", "result": "no_answer"}],
            talk_s=seconds(a.answered_at, t),
            ended_by="pbx",
        )
    ]


@scenario
async def blonde_feature(w: FreepbxStage) -> None:
    """8001 starts *2 to 8002 and hangs up while it rings (blonde by feature code); 8002 answers 1.5 s later and hangs up."""
    w.behave(x8002=Answer(2.5))
    c, a = await answered_by_8001(w)
    t = await press_code(a, "*2")
    await asyncio.sleep(1)
    await a.press("8002")
    b = await w.ringing("8002")
    await asyncio.sleep(1)
    await a.hang_up()
    await b.until_up()
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
            transfers=[{"kind": "blonde", "by": "8001", "to": "8002", "result": "completed"}],
            talk_s=round(seconds(a.answered_at, a.ended_at) + seconds(b.answered_at, b.ended_at), 2),
            hold_s=seconds(t, b.answered_at),
            ended_by="called",
        )
    ]
