"""Calls that Tieline commands, by the actions that its connector sends: click-to-dial, hold, transfers, listening in, recording.

The music for those on hold needs the context ``tieline-hold``: record them with the lines of ``tieline pbx snippet asterisk``.
"""

import asyncio
import time

from rig.leg import Answer, PhoneLeg, Reject
from rig.scenarios.originate import FAR, clicked
from rig.scenarios.parking import parked
from rig.scenarios.transfers import transferred
from rig.stage import CALLER, Stage, scenario, seconds, talk

ORDER = "01KXTIELINE0000000000000{:02d}"
"""The ids of orders; legs are named after them."""


async def place(s: Stage, exten: str, number: int, agent: str = "1001") -> None:
    """Click-to-dial: the agent's telephone shows whom it is about to call."""
    leg = f"tieline-{ORDER.format(number)}"
    await s.ami.action(
        "Originate", ("Channel", f"PJSIP/{agent}"), ("Context", "internal"), ("Exten", exten), ("Priority", "1"),
        ("Timeout", "30000"), ("ChannelId", leg), ("OtherChannelId", f"{leg}-2"), ("Async", "true"),
        ("Variable", f"CONNECTEDLINE(num)={exten}"), ("Variable", f"CONNECTEDLINE(name)={exten}"),
    )  # fmt: skip


async def hold(s: Stage, number: int) -> float:
    """1001 holds the caller, who hears music; the moment."""
    holder, other = await s.ami.leg_name("PJSIP/1001"), await s.ami.leg_name("PJSIP/carrier")
    began = time.time()
    for direction in ("RX", "TX"):
        await s.ami.action("Setvar", ("Channel", holder), ("Variable", f"VOLUME({direction})"), ("Value", "-32000"))
    await s.ami.action(
        "Originate", ("Channel", "Local/s@tieline-hold/n"), ("Application", "ChanSpy"), ("Data", f"{other},qwES"),
        ("ChannelId", f"tieline-hold-{number}"), ("OtherChannelId", f"tieline-hold-{number}-2"), ("Async", "true"),
    )  # fmt: skip
    return began


async def retrieve(s: Stage, number: int) -> float:
    """1001 takes the caller back; the moment."""
    holder = await s.ami.leg_name("PJSIP/1001")
    ended = time.time()
    for direction in ("TX", "RX"):
        await s.ami.action("Setvar", ("Channel", holder), ("Variable", f"VOLUME({direction})"), ("Value", "0"))
    await s.ami.action("Hangup", ("Channel", f"tieline-hold-{number}"))
    return ended


async def consult(s: Stage) -> tuple[float, PhoneLeg]:
    """1001 consults 1002, who answers; when it was commanded, and his leg."""
    began = time.time()
    leg = await s.ami.leg_name("PJSIP/1001")
    await s.ami.action("Atxfer", ("Channel", leg), ("Exten", "1002"), ("Context", "internal"))
    return began, await (await s["1002"].next_leg()).until_up()


@scenario
async def commanded_click(s: Stage) -> None:
    """Click-to-dial: the agent answers, the far end answers and hangs up."""
    s.carrier.numbers[FAR] = Answer(0.8)
    await place(s, "9" + FAR, 1)
    agent = await (await s["1001"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await far.hang_up()
    await agent.until_ended()
    s.calls = [clicked("answered", called=FAR, answered_by=[FAR], talk_s=talk(far), ended_by="called")]


@scenario
async def commanded_click_far_busy(s: Stage) -> None:
    """Click-to-dial: the agent answers, the far end is busy."""
    s.carrier.numbers[FAR] = Reject(486, after_s=0.5)
    await place(s, "9" + FAR, 2)
    agent = await (await s["1001"].next_leg()).until_up()
    await agent.until_ended()
    s.calls = [clicked("busy", called=FAR, answered_by=[], talk_s=0, ended_by="called")]


@scenario
async def commanded_click_agent_rejects(s: Stage) -> None:
    """Click-to-dial: the agent's telephone rejects (603)."""
    s["1001"].behaviour = Reject(603, after_s=0.5)
    await place(s, "9" + FAR, 3)
    await (await s["1001"].next_leg()).until_ended()
    await asyncio.sleep(0.5)
    s.calls = [{
        "caller": "1001", "called": None, "rang": [], "answered_by": [], "outcome": "rejected", "stage": "agent_leg", "talk_s": 0,
    }]  # fmt: skip


@scenario
async def commanded_hold(s: Stage) -> None:
    """1001 is commanded to hold the caller for 2 s, twice; the agent hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    held_s = 0.0
    for number in (1, 2):
        await asyncio.sleep(1)
        began = await hold(s, number)
        await asyncio.sleep(2)
        held_s += seconds(began, await retrieve(s, number))
    await asyncio.sleep(1)
    await agent.hang_up()
    await caller.until_ended()
    s.calls = [transferred("551001", {}, ["1001"], rang=["1001"], talk_s=talk(agent), hold_s=round(held_s, 2), ended_by="called")]
    s.calls[0]["transfers"] = []


@scenario
async def commanded_hold_until_abandoned(s: Stage) -> None:
    """1001 is commanded to hold the caller, who hangs up after 2 s."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    began = await hold(s, 1)
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [transferred(
        "551001", {}, ["1001"], rang=["1001"], talk_s=talk(agent), hold_s=seconds(began, caller.ended_at), ended_by="caller",
    )]  # fmt: skip
    s.calls[0]["transfers"] = []


@scenario
async def commanded_transfer(s: Stage) -> None:
    """Held, then consulted with 1002 by Atxfer, completed by hanging up 1001; the caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    began = await hold(s, 1)
    await asyncio.sleep(1.5)
    await retrieve(s, 1)
    _, second = await consult(s)
    await asyncio.sleep(1.5)
    await s.ami.action("Hangup", ("Channel", await s.ami.leg_name("PJSIP/1001")), ("Cause", "16"))
    await agent.until_ended()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001",
        {"kind": "attended", "by": "1001", "to": "1002", "result": "completed",
         "consult_s": seconds(second.answered_at, agent.ended_at)},
        ["1001", "1002"], talk_s=talk(agent, second), hold_s=seconds(began, agent.ended_at), ended_by="caller",
    )]  # fmt: skip


@scenario
async def commanded_consultation_cancelled(s: Stage) -> None:
    """Consulted with 1002 by Atxfer, given up by CancelAtxfer 1.5 s later; the agent has the caller again and hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    began, second = await consult(s)
    await asyncio.sleep(1.5)
    await s.ami.action("CancelAtxfer", ("Channel", await s.ami.leg_name("PJSIP/1001")))
    await second.until_ended()
    await asyncio.sleep(2)
    await agent.hang_up()
    await caller.until_ended()
    s.calls = [
        transferred("551001", {}, ["1001"], talk_s=talk(agent), hold_s=seconds(began, second.ended_at), ended_by="called"),
        {"caller": "1001", "called": "1002", "direction": "internal", "answered_by": ["1002"], "outcome": "answered",
         "talk_s": talk(second), "ended_by": "caller"},
    ]  # fmt: skip
    s.calls[0]["transfers"] = []


@scenario
async def commanded_blind(s: Stage) -> None:
    """Blind transfer to 1002 by BlindTransfer, and at once on to 1003 by Redirect, both ours; 1003 is hung up by Hangup."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await s.ami.action(
        "BlindTransfer", ("Channel", await s.ami.leg_name("PJSIP/1001")), ("Exten", "1002"), ("Context", "internal"),
    )  # fmt: skip
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    leg = await s.ami.leg_name("PJSIP/carrier")
    await s.ami.action("Redirect", ("Channel", leg), ("Context", "internal"), ("Exten", "1003"), ("Priority", "1"))
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await s.ami.action("Hangup", ("Channel", await s.ami.leg_name("PJSIP/1003")), ("Cause", "16"))
    await caller.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}, ["1001", "1002", "1003"],
        rang=["1001", "1002", "1003"], talk_s=talk(agent, second, third), ended_by="cti",
    )]  # fmt: skip
    s.calls[0]["transfers"] = [
        {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"},
        {"kind": "redirect", "by": "cti", "to": "1003", "result": "completed"},
    ]


@scenario
async def commanded_park(s: Stage) -> None:
    """1001 is commanded to park the caller, hears the slot and hangs up; 1002 dials it; the caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    parker = await s.ami.leg_name("PJSIP/1001")
    leg = await s.ami.leg_name("PJSIP/carrier")
    s.ami.send("Park", ("Channel", leg), ("TimeoutChannel", parker), ("AnnounceChannel", parker))
    await asyncio.sleep(2.5)
    if not agent.ended.is_set():
        await agent.hang_up()
    second = await (await s["1002"].dial("701")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [parked("551001", "701", ["1001", "1002"], rang=["1001"], ended_by="caller")]


@scenario
async def commanded_whisper(s: Stage) -> None:
    """1001 talks with a caller; the supervisor 1003 is rung, whispers for 2 s and hangs up; then the caller hangs up.
    Listening in is an internal call of its own; its outcome and `called` are disputable: the truth does not name them.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    leg = f"tieline-{ORDER.format(4)}"
    await s.ami.action(
        "Originate", ("Channel", "PJSIP/1003"), ("Application", "ChanSpy"),
        ("Data", f"{await s.ami.leg_name('PJSIP/1001')},qwES"), ("Timeout", "30000"), ("ChannelId", leg),
        ("OtherChannelId", f"{leg}-2"), ("Async", "true"), ("Variable", "CONNECTEDLINE(num)=1001"),
    )  # fmt: skip
    supervisor = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await supervisor.hang_up()
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [
        {"caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
         "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller"},
        {"caller": "1003", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0},
    ]  # fmt: skip


@scenario
async def commanded_recording(s: Stage) -> None:
    """Recorded by MixMonitor for 3 s, one of them paused; then the caller hangs up. The dial plan records nothing."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    leg = await s.ami.leg_name("PJSIP/carrier")
    await s.ami.action("MixMonitor", ("Channel", leg), ("File", "tieline-recorded.wav"), ("Options", "b"))
    for state in ("1", "0"):
        await asyncio.sleep(1)
        await s.ami.action("MixMonitorMute", ("Channel", leg), ("Direction", "both"), ("State", state))
    await asyncio.sleep(1)
    await s.ami.action("StopMixMonitor", ("Channel", leg))
    await asyncio.sleep(0.5)
    s.evidence["recorded_bytes"] = (s.pbx.run / "spool/monitor/tieline-recorded.wav").stat().st_size
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller", "recording": "tieline-recorded.wav",
    }]  # fmt: skip
