"""Click-to-dial by AMI Originate, with what may go wrong at either end."""

import asyncio

from rig.leg import Answer, Reject, Ring
from rig.stage import CALLER, Record, Stage, scenario, talk

FAR = "8885551"


async def click(s: Stage, exten: str, timeout_ms: int = 15000, channel: str = "PJSIP/1001", identity: str = "") -> None:
    """Originate as our own command does it; with an identity it gives ChannelId, the correlation key."""
    ids = [("ChannelId", f"{identity}-1"), ("OtherChannelId", f"{identity}-2")] if identity else []
    await s.ami.action(
        "Originate", ("Channel", channel), ("Context", "internal"), ("Exten", exten), ("Priority", "1"),
        ("CallerID", '"CRM click" <1001>'), ("Timeout", str(timeout_ms)), ("Async", "true"), *ids,
        ("Variable", "CTI_CUST=c-42"),
    )  # fmt: skip


def clicked(outcome: str, **more: object) -> Record:
    """The truth of a click-to-dial of agent 1001."""
    return {"caller": "1001", "direction": "outbound", "outcome": outcome, "rang": [], "transfers": [], **more}


@scenario
async def originate_agent_gives_up(s: Stage) -> None:
    """Click-to-dial: the agent hangs up while the far end rings."""
    s.carrier.numbers[FAR] = Ring()
    await click(s, "9" + FAR, identity="click-0003")
    agent = await (await s["1001"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_ringing()
    await asyncio.sleep(2)
    await agent.hang_up()
    await far.until_ended()
    s.calls = [clicked("abandoned", called=FAR, answered_by=[], stage="ringing", talk_s=0, ended_by="caller")]


@scenario
async def originate_invalid_number(s: Stage) -> None:
    """Click-to-dial: the far number is invalid (404 of the trunk)."""
    s.carrier.numbers[FAR] = Reject(404)
    await click(s, "9" + FAR, identity="click-0005")
    agent = await (await s["1001"].next_leg()).until_up()
    await agent.until_ended()
    s.calls = [clicked("unreachable", called=FAR, answered_by=[], talk_s=0, ended_by="pbx")]


@scenario
async def originate_far_rejects(s: Stage) -> None:
    """Click-to-dial: the far end rejects (603)."""
    s.carrier.numbers[FAR] = Reject(603, after_s=1)
    await click(s, "9" + FAR, identity="click-0007")
    agent = await (await s["1001"].next_leg()).until_up()
    await agent.until_ended()
    s.calls = [clicked("rejected", called=FAR, answered_by=[], talk_s=0, ended_by="called")]


@scenario
async def originate_trunk_fails(s: Stage) -> None:
    """Click-to-dial: the trunk fails (503)."""
    s.carrier.numbers[FAR] = Reject(503)
    await click(s, "9" + FAR, identity="click-0009")
    agent = await (await s["1001"].next_leg()).until_up()
    await agent.until_ended()
    s.calls = [clicked("failed", called=FAR, answered_by=[], talk_s=0, ended_by="pbx")]


@scenario
async def originate_unknown_exten(s: Stage) -> None:
    """Click-to-dial of an exten that the dial plan does not know: the PBX refuses the command, no leg and so no
    call; then an ordinary call.
    """
    await click(s, "4444", identity="click-0011")
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{"caller": CALLER, "direction": "inbound", "outcome": "answered", "talk_s": talk(agent)}]


@scenario
async def originate_agent_busy(s: Stage) -> None:
    """Click-to-dial: the agent's telephone is busy (486)."""
    s["1001"].behaviour = Reject(486, after_s=0.5)
    await click(s, "9" + FAR, identity="click-0013")
    await (await s["1001"].next_leg()).until_ended()
    await asyncio.sleep(0.5)
    s.calls = [{
        "caller": "1001", "called": None, "rang": [], "answered_by": [], "outcome": "busy", "stage": "agent_leg", "talk_s": 0,
    }]  # fmt: skip


@scenario
async def originate_agent_unregistered(s: Stage) -> None:
    """Click-to-dial of agent 1006, who is not registered: the command fails before any leg exists, so there is no
    call.
    """
    await click(s, "9" + FAR, channel="PJSIP/1006", identity="click-0015")
    await asyncio.sleep(2)
    s.calls = []


@scenario
async def originate_internal(s: Stage) -> None:
    """Click-to-dial of a colleague: 1001 answers, 1002 answers; 1002 hangs up."""
    s["1002"].behaviour = Answer(1)
    await click(s, "1002", identity="click-0017")
    agent = await (await s["1001"].next_leg()).until_up()
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await second.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": "1001", "called": "1002", "direction": "internal", "answered_by": ["1002"], "rang": ["1002"],
        "outcome": "answered", "transfers": [], "talk_s": talk(second), "ended_by": "called",
    }]  # fmt: skip


@scenario
async def originate_plain(s: Stage) -> None:
    """Click-to-dial without ChannelId; answered; the agent hangs up."""
    s.carrier.numbers[FAR] = Answer(0.8)
    await click(s, "9" + FAR)
    agent = await (await s["1001"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await far.until_ended()
    s.calls = [clicked("answered", called=FAR, answered_by=[FAR], talk_s=talk(far), ended_by="caller")]


@scenario
async def originate_local(s: Stage) -> None:
    """Click-to-dial through Local/1001@internal (FreePBX way): the agent answers, the far end answers; the far end
    hangs up.
    """
    s.carrier.numbers[FAR] = Answer(0.8)
    await click(s, "9" + FAR, channel="Local/1001@internal")
    agent = await (await s["1001"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await far.hang_up()
    await agent.until_ended()
    s.calls = [clicked("answered", called=FAR, answered_by=[FAR], talk_s=talk(far), ended_by="called")]


@scenario
async def originate_local_agent_no_answer(s: Stage) -> None:
    """Click-to-dial through Local/1001@internal: the agent does not answer within 4 s."""
    s["1001"].behaviour = Ring()
    await click(s, "9" + FAR, timeout_ms=4000, channel="Local/1001@internal")
    await (await s["1001"].next_leg()).until_ended()
    await asyncio.sleep(0.5)
    s.calls = [{"caller": "1001", "rang": [], "answered_by": [], "outcome": "no_answer", "stage": "agent_leg", "talk_s": 0}]


@scenario
async def originate_hangup_command(s: Stage) -> None:
    """Click-to-dial: both talk, then our own AMI Hangup ends it: ended by cti."""
    s.carrier.numbers[FAR] = Answer(0.5)
    await click(s, "9" + FAR, identity="click-0019")
    agent = await (await s["1001"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await s.ami.action("Hangup", ("Channel", await s.ami.leg_name("PJSIP/1001")))
    await agent.until_ended()
    await far.until_ended()
    s.calls = [clicked("answered", called=FAR, answered_by=[FAR], talk_s=talk(far), ended_by="cti")]
