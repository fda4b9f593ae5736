"""Calls to the outside, by one trunk after the other."""

import asyncio

from rig.freepbx_stage import FAR, SENT, FreepbxStage, outbound, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


@scenario
async def outbound_answered(w: FreepbxStage) -> None:
    """8001 dials 013900001111: trunk sbc-east, answered, 8001 hangs up. The PBX rewrites the caller's number on the way."""
    w.behave(east=Answer(1))
    a = await w["8001"].dial(FAR)
    x = await w.answered("east")
    await a.until_up()
    await asyncio.sleep(1.5)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        outbound(
            "8001",
            caller_name="Wang Fang",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            transfers=[],
            diversions=[],
            talk_s=seconds(x.answered_at, a.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def outbound_failover(w: FreepbxStage) -> None:
    """8001 dials 013900001111: sbc-east answers 503, isp-west is tried and answers; the far end hangs up."""
    w.behave(east=Reject(503), west=Answer(1))
    a = await w["8001"].dial(FAR)
    x = await w.answered("west")
    await a.until_up()
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            diversions=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def outbound_failover_busy(w: FreepbxStage) -> None:
    """8001 dials 013900001111: sbc-east answers 503, isp-west 486: the outcome is the last trunk's, busy."""
    w.behave(east=Reject(503), west=Reject())
    a = await w["8001"].dial(FAR)
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="busy", talk_s=0, ended_by="called")]


@scenario
async def outbound_failed(w: FreepbxStage) -> None:
    """8001 dials 013900001111: both trunks answer 503; the PBX says that all circuits are busy."""
    w.behave(east=Reject(503), west=Reject(503))
    a = await w["8001"].dial(FAR)
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="failed", talk_s=0, ended_by="pbx")]


@scenario
async def outbound_busy(w: FreepbxStage) -> None:
    """8001 dials 013900001111: sbc-east rings and answers 486 after 1 s: busy."""
    w.behave(east=Reject(486, 1))
    a = await w["8001"].dial(FAR)
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="busy", talk_s=0, ended_by="called")]


@scenario
async def outbound_unreachable(w: FreepbxStage) -> None:
    """8001 dials 013900001111: 404 on both trunks, so unreachable."""
    w.behave(east=Reject(404), west=Reject(404))
    a = await w["8001"].dial(FAR)
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="unreachable", talk_s=0, ended_by="pbx")]


@scenario
async def outbound_rejected(w: FreepbxStage) -> None:
    """8001 dials 013900001111: 603 on sbc-east. Asterisk takes 603 for a failed trunk or for busy by version; on isp-west 603
    again: rejected.
    """
    w.behave(east=Reject(603), west=Reject(603))
    a = await w["8001"].dial(FAR)
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="rejected", talk_s=0, ended_by="called")]


@scenario
async def outbound_no_answer(w: FreepbxStage) -> None:
    """8001 dials 013900001111: the far end rings 15 s in vain, the PBX gives up and says so."""
    w.behave(east=Ring())
    a = await w["8001"].dial(FAR)
    await a.until_ended(60)
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="no_answer", stage="ringing", talk_s=0, ended_by="pbx")]


@scenario
async def outbound_cancelled(w: FreepbxStage) -> None:
    """8001 dials 013900001111 and gives up while it rings."""
    w.behave(east=Ring())
    a = await w["8001"].dial(FAR)
    await w.ringing("east")
    await asyncio.sleep(2)
    await a.hang_up()
    await a.until_ended()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="abandoned", stage="ringing", talk_s=0, ended_by="caller")]


@scenario
async def outbound_early_media(w: FreepbxStage) -> None:
    """8001 dials 013900001111: the trunk sends 183 with sound, no 180, and answers after 2 s; 8001 hangs up."""
    w.behave(east=Answer(2, early_media=True))
    a = await w["8001"].dial(FAR)
    x = await w.answered("east")
    await a.until_up()
    await asyncio.sleep(1.5)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        outbound(
            "8001", rang=[], answered_by=[SENT], outcome="answered", talk_s=seconds(x.answered_at, a.ended_at), ended_by="caller"
        )
    ]


@scenario
async def outbound_prefixes(w: FreepbxStage) -> None:
    """8001 dials 013900001111: trunk sbc-east sends its numbers with the prefix 17951, answers 503; isp-west sends them plain
    and answers; 8001 hangs up. Called is what the answering trunk was sent.
    """
    await w.pbx.cli("dialplan set global OUTPREFIX_1 17951")
    w.behave(east=Reject(503), west=Answer(1))
    a = await w["8001"].dial(FAR)
    x = await w.answered("west")
    await a.until_up()
    await asyncio.sleep(1.5)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        {
            "caller": "8001",
            "direction": "outbound",
            "rang": [],
            "answered_by": [SENT],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, a.ended_at),
            "ended_by": "caller",
        }
    ]


@scenario
async def emergency(w: FreepbxStage) -> None:
    """Emergency: 8002 dials 110 without a prefix, through isp-west; answered, the far end hangs up."""
    w.behave(west=Answer(0.6))
    a = await w["8002"].dial("110")
    x = await w.answered("west")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        {
            "caller": "8002",
            "called": "110",
            "direction": "outbound",
            "rang": [],
            "answered_by": ["110"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, x.ended_at),
            "ended_by": "called",
        }
    ]
