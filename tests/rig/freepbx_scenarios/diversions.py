"""Forwards by the telephone and by the dial plan, follow-me."""

import asyncio
import time

from rig.freepbx_stage import CHEN, DID, FreepbxStage, inbound, scenario
from rig.leg import Answer, Deflect, Reject, Ring
from rig.stage import seconds


@scenario
async def forward_302(w: FreepbxStage) -> None:
    """8001 answers 302 to 8005; 8005 answers; the caller hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    w.behave(x8001=Deflect("8005"), x8005=Answer(1))
    c = await w.inbound()
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            diversions=[{"from": "8001", "to": "8005", "reason": "deflected"}],
            transfers=[],
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def forward_302_outside(w: FreepbxStage) -> None:
    """8001 answers 302 to the outside number 013900001111, which answers and hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    w.behave(x8001=Deflect("013900001111"), east=Answer(1))
    c = await w.inbound()
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=[],
            answered_by=["13900001111"],
            outcome="answered",
            diversions=[{"from": "8001", "reason": "deflected"}],
            transfers=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def forward_always(w: FreepbxStage) -> None:
    """Forward always (CF in astdb) of 8001 to 8005, through a Local leg; 8005 answers; the caller hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("CF/8001", "8005")
    w.behave(x8005=Answer(1))
    c = await w.inbound()
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            diversions=[{"from": "8001", "to": "8005", "reason": "unconditional"}],
            transfers=[],
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def forward_busy(w: FreepbxStage) -> None:
    """8001 is busy (486): forward on busy (CFB in astdb) to 8005, through a Local leg; 8005 answers and hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("CFB/8001", "8005")
    w.behave(x8001=Reject(), x8005=Answer(1))
    c = await w.inbound()
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            diversions=[{"from": "8001", "to": "8005", "reason": "busy"}],
            transfers=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def forward_no_answer(w: FreepbxStage) -> None:
    """8001 rings 4 s in vain: forward on no answer (CFU in astdb) to 013900001111, through a Local leg; the outside number
    answers; the caller hangs up.
    """
    await w.route(DID, "from-did-direct,8001,1")
    await w.db("CFU/8001", "013900001111")
    await w.db("AMPUSER/8001/ringtimer", "4")
    w.behave(x8001=Ring(), east=Answer(1))
    c = await w.inbound()
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await c.hang_up()
    await x.until_ended()
    w.calls = [
        inbound(
            CHEN,
            rang=["8001"],
            answered_by=["13900001111"],
            outcome="answered",
            diversions=[{"from": "8001", "reason": "no_answer"}],
            transfers=[],
            talk_s=seconds(x.answered_at, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def followme_confirmed(w: FreepbxStage) -> None:
    """Follow-me of 8003: 4 s at the desk, then desk and 013900001111 together; the outside party answers and accepts with 1;
    the caller hangs up. The 1 is no digit of the caller.
    """
    await w.route(DID, "from-did-direct,8003,1")
    await w.db("AMPUSER/8003/followme", "013900001111")
    await w.db("AMPUSER/8003/prering", "4")
    w.behave(x8003=Ring(), east=Answer(1))
    c = await w.inbound()
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await x.press("1")
    accepted = time.time()
    await asyncio.sleep(2)
    await c.hang_up()
    await x.until_ended()
    w.evidence["accepted"] = accepted
    w.calls = [
        inbound(
            CHEN,
            digits="",
            ivr_path=[],
            rang=["8003"],
            answered_by=["13900001111"],
            outcome="answered",
            transfers=[],
            talk_s=seconds(accepted, c.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def followme_refused(w: FreepbxStage) -> None:
    """Follow-me of 8003: the outside party answers, but refuses with 2; the desk answers afterwards and hangs up. The refusing
    party never spoke with the caller.
    """
    await w.route(DID, "from-did-direct,8003,1")
    await w.db("AMPUSER/8003/followme", "013900001111")
    await w.db("AMPUSER/8003/prering", "3")
    w.behave(x8003=Ring(), east=Answer(1))
    c = await w.inbound()
    await w.ringing("8003")
    w.behave(x8003=Answer(6))
    x = await w.answered("east")
    await asyncio.sleep(1.5)
    await x.press("2")
    await x.until_ended()
    desk = await w.answered("8003")
    await asyncio.sleep(1.5)
    await desk.hang_up()
    await c.until_ended()
    w.calls = [
        inbound(
            CHEN,
            digits="",
            rang=["8003"],
            answered_by=["8003"],
            outcome="answered",
            talk_s=seconds(desk.answered_at, desk.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def service_forward_set(w: FreepbxStage) -> None:
    """8001 sets its forward with *728005 (the PBX confirms and hangs up); then a caller for 8001 reaches 8005, who hangs up."""
    await w.route(DID, "from-did-direct,8001,1")
    w.behave(x8005=Answer(1))
    a = await (await w["8001"].dial("*728005")).until_up()
    await a.until_ended()
    await asyncio.sleep(0.5)
    c = await w.inbound()
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await c.until_ended()
    w.calls = [
        {"caller": "8001", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"},
        inbound(
            CHEN,
            rang=["8005"],
            answered_by=["8005"],
            outcome="answered",
            diversions=[{"from": "8001", "to": "8005", "reason": "unconditional"}],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        ),
    ]


@scenario
async def service_dnd(w: FreepbxStage) -> None:
    """8001 sets do-not-disturb with *78; a caller for 8001 gets busy without any phone being dialled: the stage is route,
    nobody rang.
    """
    await w.route(DID, "from-did-direct,8001,1")
    a = await (await w["8001"].dial("*78")).until_up()
    await a.until_ended()
    await asyncio.sleep(0.5)
    c = await w.inbound()
    await c.until_ended()
    await w["8001"].dial("*79")
    await asyncio.sleep(4)
    w.calls = [
        {"caller": "8001", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"},
        inbound(CHEN, rang=[], answered_by=[], talk_s=0),
        {"caller": "8001", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0, "ended_by": "pbx"},
    ]
