"""Queues: overflow, ring-no-answer, voicemail after time-out, leaving by a key, hold, abandon while ringing."""

import asyncio

from rig.leg import Answer, Reject, Ring
from rig.stage import CALLER, CALLER_NAME, Stage, scenario, seconds, talk


@scenario
async def queue_overflow(s: Stage) -> None:
    """Queue sales (1003 rings) times out after 6 s and overflows to queue support, where 1001 answers; caller hangs
    up. The overflow is CSTA Diverted; how `diversions` writes queues is disputable: it stands in the evidence.
    """
    s["1003"].behaviour = Ring()
    s["1001"].behaviour = s["1002"].behaviour = Answer(1)
    caller = await s.inbound("5010")
    await s["1003"].next_leg()
    agent = await (await s.first_leg("1001", "1002")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    first, second = s.joined_queue(0), s.joined_queue(1)
    left = s.cel("APP_END", "Queue")[0]
    s.calls = [{
        "caller": CALLER, "caller_name": CALLER_NAME, "called": "5010", "direction": "inbound", "queue": "support",
        "queues": [
            {"queue": "sales", "wait_s": seconds(first, left)},
            {"queue": "support", "wait_s": seconds(second, agent.answered_at)},
        ],
        "wait_s": seconds(second, agent.answered_at), "rang": sorted({"1003", agent.phone.user}),
        "answered_by": [agent.phone.user], "transfers": [], "outcome": "answered",
        "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip
    s.evidence["diversions"] = [{"from": "sales", "to": "support", "reason": "no_answer"}]


@scenario
async def queue_second_agent(s: Stage) -> None:
    """Queue pool: 1001 rings 4 s and misses (AgentRingNoAnswer), then 1002 answers; agent hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Ring(), Answer(1)
    caller = await s.inbound("5040")
    await s["1001"].next_leg()
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5040", "direction": "inbound", "queue": "pool",
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "rang": ["1001", "1002"],
        "answered_by": ["1002"], "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "called",
    }]  # fmt: skip


@scenario
async def queue_timeout_voicemail(s: Stage) -> None:
    """Queue front times out after 6 s (1002 rings unanswered); the caller leaves a message of 2 s in voicemail and
    hangs up.
    """
    s["1002"].behaviour = Ring()
    caller = await s.inbound("5020")
    agent = await s["1002"].next_leg()
    await agent.until_ended()
    await asyncio.sleep(15)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    s.evidence["message_files"] = sorted(p.name for p in (s.pbx.run / "spool/voicemail/default/5020").rglob("*.wav"))
    s.calls = [{
        "caller": CALLER, "called": "5020", "direction": "inbound", "queue": "front",
        "wait_s": seconds(s.joined_queue(), s.cel("APP_END", "Queue")[0]), "rang": ["1002"],
        "answered_by": [], "transfers": [], "outcome": "voicemail", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_exit_by_key(s: Stage) -> None:
    """Queue callback: 1001 rings; the caller presses 1, leaves the queue and 1003 answers; caller hangs up. Whether
    the key belongs to `digits` is disputable: the truth does not say.
    """
    s["1001"].behaviour, s["1003"].behaviour = Ring(), Answer(1)
    caller = await s.inbound("5030")
    await (await s["1001"].next_leg()).until_ringing()
    await caller.until_up()
    await asyncio.sleep(2)
    await caller.press("1")
    agent = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5030", "direction": "inbound", "queue": "callback",
        "wait_s": seconds(s.joined_queue(), s.cel("APP_END", "Queue")[0]), "rang": ["1001", "1003"],
        "answered_by": ["1003"], "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_hold(s: Stage) -> None:
    """Queue support: 1001 answers, holds the caller for 2 s and resumes; caller hangs up."""
    s["1001"].behaviour = s["1002"].behaviour = Answer(1)
    caller = await s.inbound("5000")
    agent = await (await s.first_leg("1001", "1002")).until_up()
    await asyncio.sleep(1)
    await agent.hold()
    await asyncio.sleep(2)
    await agent.resume()
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5000", "direction": "inbound", "queue": "support",
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "rang": [agent.phone.user],
        "answered_by": [agent.phone.user], "transfers": [], "outcome": "answered", "talk_s": talk(agent),
        "hold_s": agent.held_s, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_abandon_ringing(s: Stage) -> None:
    """Queue pool: both agents ring in turn without answering, the caller abandons while 1002 rings."""
    s["1001"].behaviour = s["1002"].behaviour = Ring()
    caller = await s.inbound("5040")
    await s["1001"].next_leg()
    await (await s["1002"].next_leg()).until_ringing()
    await asyncio.sleep(1)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    s.calls = [{
        "caller": CALLER, "called": "5040", "direction": "inbound", "queue": "pool",
        "wait_s": seconds(s.joined_queue(), caller.ended_at), "rang": ["1001", "1002"], "answered_by": [],
        "transfers": [], "outcome": "abandoned", "stage": "queue", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_agent_busy(s: Stage) -> None:
    """Queue front: 1002 is busy on the telephone (486) again and again; the caller abandons after 4 s."""
    s["1002"].behaviour = Reject(486)
    caller = await s.inbound("5020")
    await caller.until_up()
    await asyncio.sleep(4)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    s.calls = [{
        "caller": CALLER, "called": "5020", "direction": "inbound", "queue": "front",
        "wait_s": seconds(s.joined_queue(), caller.ended_at), "rang": [], "answered_by": [], "transfers": [],
        "outcome": "abandoned", "stage": "queue", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip
