"""Queues before and after other things: desks, menus, other queues, transfers, pick-up."""

import asyncio

from rig.leg import Answer, Reject, Ring
from rig.scenarios.chains import blind
from rig.scenarios.transfers import transferred
from rig.stage import CALLER, Stage, scenario, seconds, talk


@scenario
async def desk_then_queue(s: Stage) -> None:
    """531001 rings 1001 for 4 s, then queue pool, where 1002 answers after 1001 missed again; agent hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Ring(), Answer(1)
    caller = await s.inbound("531001")
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await caller.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "531001", "direction": "inbound", "queue": "pool",
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "rang": ["1001", "1002"], "answered_by": ["1002"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "called",
    }]  # fmt: skip


@scenario
async def queue_then_menu(s: Stage) -> None:
    """5060: queue front times out after 5 s (1002 rings), then the menu ivr-more: the caller presses 1 and 1002 answers
    now; caller hangs up.
    """
    s["1002"].behaviour = Ring()
    caller = await s.inbound("5060")
    await (await s["1002"].next_leg()).until_ended()
    s["1002"].behaviour = Answer(1)
    await asyncio.sleep(1.5)
    await caller.press("1")
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5060", "direction": "inbound", "queue": "front",
        "wait_s": seconds(s.joined_queue(), s.cel("APP_END", "Queue")[0]), "digits": "1", "ivr_path": ["ivr-more"],
        "rang": ["1002"], "answered_by": ["1002"], "transfers": [], "outcome": "answered", "talk_s": talk(agent),
        "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_agent_rejects(s: Stage) -> None:
    """Queue pool: 1001 rings 1 s and rejects with 603, 1002 answers; caller hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Reject(603, after_s=1), Answer(1)
    caller = await s.inbound("5040")
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5040", "direction": "inbound", "queue": "pool", "rang": ["1001", "1002"],
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "answered_by": ["1002"], "transfers": [],
        "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_to_queue_by_agent(s: Stage) -> None:
    """Queue sales answered by 1003, who transfers blind by REFER to queue pool; 1001 answers there; caller hangs up."""
    s["1001"].behaviour = Answer(1.5)
    caller = await s.inbound("5010")
    first = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(1)
    await blind(first, "5040")
    second = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await second.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5010", "direction": "inbound", "queue": "pool",
        "queues": [
            {"queue": "sales", "wait_s": seconds(s.joined_queue(0), first.answered_at)},
            {"queue": "pool", "wait_s": seconds(s.joined_queue(1), second.answered_at)},
        ],
        "rang": ["1001", "1003"], "answered_by": ["1003", "1001"], "outcome": "answered", "talk_s": talk(first, second),
        "transfers": [{"kind": "blind", "by": "1003", "to": "5040", "result": "completed"}], "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def queue_local_blind(s: Stage) -> None:
    """Queue vip (members Local/100X@from-queue/n): 1002 answers and transfers blind by REFER to 1003; caller hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Ring(), Answer(1)
    caller = await s.inbound("5050")
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await blind(agent, "1003")
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await third.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [transferred(
        "5050", {"kind": "blind", "by": "1002", "to": "1003", "result": "completed"}, ["1002", "1003"], queue="vip",
        wait_s=seconds(s.joined_queue(), agent.answered_at), rang=["1001", "1002", "1003"],
        talk_s=talk(agent, third), ended_by="caller",
    )]  # fmt: skip


@scenario
async def queue_local_hold(s: Stage) -> None:
    """Queue vip (Local members): 1001 answers, holds the caller for 1.5 s, resumes and hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Answer(1), Ring()
    caller = await s.inbound("5050")
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(1)
    await agent.hold()
    await asyncio.sleep(1.5)
    await agent.resume()
    await asyncio.sleep(1)
    await agent.hang_up()
    await caller.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5050", "direction": "inbound", "queue": "vip", "rang": ["1001", "1002"],
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "answered_by": ["1001"], "transfers": [],
        "outcome": "answered", "talk_s": talk(agent), "hold_s": agent.held_s, "ended_by": "called",
    }]  # fmt: skip


@scenario
async def blonde_to_queue(s: Stage) -> None:
    """1001 consults queue pool and completes by REFER with Replaces while the queue still looks for an agent; 1002
    answers the caller; caller hangs up. Kind and result of a transfer into a waiting queue are disputable (the queue has
    answered the consultation): the truth does not name them.
    """
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    s["1001"].behaviour = Ring()
    await asyncio.sleep(1)
    await agent.hold()
    consult = await (await s["1001"].dial("5040")).until_up()
    second = await (await s["1002"].next_leg()).until_ringing()
    await asyncio.sleep(0.5)
    await agent.refer("5040", consult)
    await asyncio.sleep(0.2)
    await agent.hang_up()
    await consult.hang_up()
    await asyncio.sleep(1)
    second.answer()
    await second.until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred("551001", {"by": "1001", "to": "5040"}, ["1001", "1002"], queue="pool", ended_by="caller")]


@scenario
async def pickup_from_queue(s: Stage) -> None:
    """Queue pool: 1001 rings, 1004 (no member) dials *8 and has the caller; caller hangs up."""
    s["1001"].behaviour = s["1002"].behaviour = Ring()
    caller = await s.inbound("5040")
    await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(1.5)
    fourth = await (await s["1004"].dial("*8")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await fourth.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5040", "direction": "inbound", "queue": "pool", "rang": ["1001"],
        "wait_s": seconds(s.joined_queue(), fourth.answered_at), "answered_by": ["1004"], "transfers": [],
        "outcome": "answered", "talk_s": talk(fourth), "ended_by": "caller",
    }]  # fmt: skip
