"""Click-to-dial by Originate, to Local legs and to telephones."""

import asyncio

from rig.freepbx_stage import FAR, SENT, FreepbxStage, outbound, scenario
from rig.leg import Answer, Reject, Ring
from rig.stage import seconds


async def click(w: FreepbxStage, leg: str, number: str = FAR, timeout_ms: int = 15_000, **more: str) -> None:
    """The client asks for a call: first this leg, then the number."""
    await w.by_us(
        "Originate",
        Channel=leg,
        Context="from-internal",
        Exten=number,
        Priority="1",
        Timeout=str(timeout_ms),
        Async="true",
        **more,
    )


@scenario
async def click_local_answered(w: FreepbxStage) -> None:
    """Click-to-dial by Originate to Local/8001@from-internal: 8001 answers, then 013900001111 answers; the far end hangs up."""
    w.behave(x8001=Answer(0.8), east=Answer(1))
    await click(w, "Local/8001@from-internal", CallerID="CRM <8001>")
    a = await w.answered("8001")
    x = await w.answered("east")
    await asyncio.sleep(2)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            transfers=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def click_local_kept(w: FreepbxStage) -> None:
    """Click-to-dial by Originate to Local/8001@from-internal/n with ChannelId: both answer, 8001 hangs up."""
    w.behave(x8001=Answer(0.8), east=Answer(1))
    await click(w, "Local/8001@from-internal/n", CallerID="CRM <8001>", ChannelId="click-77", OtherChannelId="click-77b")
    a = await w.answered("8001")
    x = await w.answered("east")
    await asyncio.sleep(2)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            transfers=[],
            talk_s=seconds(x.answered_at, a.ended_at),
            ended_by="caller",
        )
    ]


@scenario
async def click_local_agent_no_answer(w: FreepbxStage) -> None:
    """Click-to-dial by Originate to Local/8001@from-internal: 8001 does not answer within 3 s."""
    w.behave(x8001=Ring())
    await click(w, "Local/8001@from-internal", timeout_ms=3000, CallerID="CRM <8001>")
    await (await w.called("8001")).until_ended()
    await asyncio.sleep(1)
    w.calls = [
        {
            "caller": "8001",
            "called": None,
            "direction": "outbound",
            "rang": [],
            "answered_by": [],
            "outcome": "no_answer",
            "stage": "agent_leg",
            "talk_s": 0,
            "ended_by": "pbx",
        }
    ]


@scenario
async def click_local_busy(w: FreepbxStage) -> None:
    """Click-to-dial by Originate to Local/8001@from-internal: 8001 answers, the far end is busy (486); 8001 listens to the
    busy tone and hangs up.
    """
    w.behave(x8001=Answer(0.8), east=Reject(486, 0.6))
    await click(w, "Local/8001@from-internal", CallerID="CRM <8001>")
    a = await w.answered("8001")
    await asyncio.sleep(4)
    await a.hang_up()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="busy", talk_s=0, ended_by="called")]


@scenario
async def click_answered(w: FreepbxStage) -> None:
    """Click-to-dial by Originate to the phone itself: answered by both; the far end hangs up."""
    w.behave(x8001=Answer(0.8), east=Answer(1))
    await click(w, f"{w.pbx.tech}/8001", CallerID="CRM <8001>", Variable="CRM_REF=c-42")
    a = await w.answered("8001")
    x = await w.answered("east")
    await asyncio.sleep(2)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        outbound(
            "8001",
            rang=[],
            answered_by=[SENT],
            outcome="answered",
            transfers=[],
            talk_s=seconds(x.answered_at, x.ended_at),
            ended_by="called",
        )
    ]


@scenario
async def click_shows_target(w: FreepbxStage) -> None:
    """Click-to-dial whose caller id shows the number to be called on 8001's display: the caller is still the agent 8001."""
    w.behave(x8001=Answer(0.8), east=Answer(1))
    await click(w, f"{w.pbx.tech}/8001", CallerID=f"{FAR} <{FAR}>")
    a = await w.answered("8001")
    x = await w.answered("east")
    await asyncio.sleep(2)
    await a.hang_up()
    await x.until_ended()
    w.calls = [
        outbound(
            "8001", rang=[], answered_by=[SENT], outcome="answered", talk_s=seconds(x.answered_at, a.ended_at), ended_by="caller"
        )
    ]


@scenario
async def click_agent_rejects(w: FreepbxStage) -> None:
    """Click-to-dial to the phone: 8001 refuses (603)."""
    w.behave(x8001=Reject(603, 0.5))
    await click(w, f"{w.pbx.tech}/8001", CallerID="CRM <8001>")
    await (await w.called("8001")).until_ended()
    await asyncio.sleep(1)
    w.calls = [
        {
            "caller": "8001",
            "called": None,
            "direction": "outbound",
            "answered_by": [],
            "outcome": "rejected",
            "stage": "agent_leg",
            "talk_s": 0,
        }
    ]


@scenario
async def click_agent_busy(w: FreepbxStage) -> None:
    """Click-to-dial to the phone: 8001 is busy (486)."""
    w.behave(x8001=Reject())
    await click(w, f"{w.pbx.tech}/8001", CallerID="CRM <8001>")
    await (await w.called("8001")).until_ended()
    await asyncio.sleep(1)
    w.calls = [
        {
            "caller": "8001",
            "called": None,
            "direction": "outbound",
            "answered_by": [],
            "outcome": "busy",
            "stage": "agent_leg",
            "talk_s": 0,
        }
    ]


@scenario
async def click_agent_no_answer(w: FreepbxStage) -> None:
    """Click-to-dial to the phone: 8001 does not answer within 3 s."""
    w.behave(x8001=Ring())
    await click(w, f"{w.pbx.tech}/8001", timeout_ms=3000, CallerID="CRM <8001>")
    await (await w.called("8001")).until_ended()
    await asyncio.sleep(1)
    w.calls = [
        {
            "caller": "8001",
            "called": None,
            "direction": "outbound",
            "answered_by": [],
            "outcome": "no_answer",
            "stage": "agent_leg",
            "talk_s": 0,
            "ended_by": "pbx",
        }
    ]


@scenario
async def click_agent_unregistered(w: FreepbxStage) -> None:
    """Click-to-dial to 8006, which is not registered: PJSIP makes no leg for it, so there may be no call at all; the record is
    optional.
    """
    await click(w, f"{w.pbx.tech}/8006", CallerID="CRM <8006>")
    await asyncio.sleep(2)
    w.optional_calls = [0]
    w.calls = [
        {
            "caller": "8006",
            "called": None,
            "direction": "outbound",
            "answered_by": [],
            "outcome": "unreachable",
            "stage": "agent_leg",
            "talk_s": 0,
        }
    ]


@scenario
async def click_no_answer(w: FreepbxStage) -> None:
    """Click-to-dial to the phone: 8001 answers, the far end rings 15 s in vain."""
    w.behave(x8001=Answer(0.6), east=Ring())
    await click(w, f"{w.pbx.tech}/8001", CallerID="CRM <8001>")
    a = await w.answered("8001")
    await a.until_ended(60)
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="no_answer", stage="ringing", talk_s=0, ended_by="pbx")]


@scenario
async def click_abandoned(w: FreepbxStage) -> None:
    """Click-to-dial to the phone: 8001 answers, hangs up while the far end rings."""
    w.behave(x8001=Answer(0.6), east=Ring())
    await click(w, f"{w.pbx.tech}/8001", CallerID="CRM <8001>")
    a = await w.answered("8001")
    await w.ringing("east")
    await asyncio.sleep(1.5)
    await a.hang_up()
    w.calls = [outbound("8001", rang=[], answered_by=[], outcome="abandoned", stage="ringing", talk_s=0, ended_by="caller")]


@scenario
async def click_internal(w: FreepbxStage) -> None:
    """Click-to-dial to the phone, inside: 8001 answers, 8005 is dialled, answers and hangs up."""
    w.behave(x8001=Answer(0.6), x8005=Answer(1))
    await click(w, f"{w.pbx.tech}/8001", "8005", CallerID="CRM <8001>")
    a = await w.answered("8001")
    x = await w.answered("8005")
    await asyncio.sleep(1.5)
    await x.hang_up()
    await a.until_ended()
    w.calls = [
        {
            "caller": "8001",
            "called": "8005",
            "direction": "internal",
            "rang": ["8005"],
            "answered_by": ["8005"],
            "outcome": "answered",
            "talk_s": seconds(x.answered_at, x.ended_at),
            "ended_by": "called",
        }
    ]
