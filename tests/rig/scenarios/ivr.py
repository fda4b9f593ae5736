"""Menus: direct dial by 0, time-outs, wrong keys, self-service, a second menu and back."""

import asyncio

from rig.leg import Answer, Ring
from rig.stage import CALLER, Stage, scenario, seconds, talk


@scenario
async def ivr_direct_dial(s: Stage) -> None:
    """IVR 5100: the caller presses 0 and 1001 answers directly; agent hangs up."""
    s["1001"].behaviour = Answer(1)
    caller = await (await s.inbound("5100")).until_up()
    await asyncio.sleep(1.5)
    await caller.press("0")
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5100", "direction": "inbound", "digits": "0", "ivr_path": ["ivr-main"],
        "rang": ["1001"], "answered_by": ["1001"], "transfers": [], "outcome": "answered", "talk_s": talk(agent),
        "ended_by": "called",
    }]  # fmt: skip


@scenario
async def ivr_direct_dial_no_answer(s: Stage) -> None:
    """IVR 5100: the caller presses 0, 1001 rings 15 s without answering; Dial() gives up and the PBX hangs up."""
    s["1001"].behaviour = Ring()
    caller = await (await s.inbound("5100")).until_up()
    await asyncio.sleep(1)
    await caller.press("0")
    await caller.until_ended(25)
    s.calls = [{
        "caller": CALLER, "called": "5100", "direction": "inbound", "digits": "0", "ivr_path": ["ivr-main"],
        "rang": ["1001"], "answered_by": [], "transfers": [], "outcome": "no_answer", "stage": "ringing",
        "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def ivr_timeout(s: Stage) -> None:
    """IVR 5100: the caller presses nothing until the time-out ends the call (WaitExten, t, Hangup by the PBX). The
    outcome is disputable, so the truth does not name it.
    """
    caller = await (await s.inbound("5100")).until_up()
    await caller.until_ended(40)
    s.calls = [{
        "caller": CALLER, "called": "5100", "direction": "inbound", "digits": "", "ivr_path": ["ivr-main"],
        "ivr_s": seconds(caller.answered_at, caller.ended_at), "rang": [], "answered_by": [], "transfers": [],
        "stage": "ivr", "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def ivr_loops_then_queue(s: Stage) -> None:
    """IVR 5110: a time-out (t) and a wrong key 7 (i) lead back to the menu, then 2 to queue pool, where 1001
    answers; caller hangs up.
    """
    s["1001"].behaviour = Answer(1)
    caller = await (await s.inbound("5110")).until_up()
    # The menu lasts 3.5 s and waits 3 s; the time-out then plays a sentence of 3.1 s and the menu again.
    await asyncio.sleep(10.5)
    await caller.press("7")
    await asyncio.sleep(4.5)
    await caller.press("2")
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [{
        "caller": CALLER, "called": "5110", "direction": "inbound", "digits": "72", "ivr_path": ["ivr-service"],
        "ivr_s": seconds(caller.answered_at, s.joined_queue()), "queue": "pool",
        "wait_s": seconds(s.joined_queue(), agent.answered_at), "rang": ["1001"], "answered_by": ["1001"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def ivr_self_service(s: Stage) -> None:
    """IVR 5110: the caller presses 1, hears the announcement to its end, the PBX hangs up: the IVR finished the
    business.
    """
    caller = await (await s.inbound("5110")).until_up()
    await asyncio.sleep(1.5)
    await caller.press("1")
    await caller.until_ended(20)
    s.calls = [{
        "caller": CALLER, "called": "5110", "direction": "inbound", "digits": "1", "ivr_path": ["ivr-service"],
        "rang": [], "answered_by": [], "transfers": [], "outcome": "self_served", "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def ivr_two_menus(s: Stage) -> None:
    """IVR 5110: the caller presses 3 (second menu), 9 (back to the first), 3 again, then 1: 1002 answers; caller
    hangs up.
    """
    s["1002"].behaviour = Answer(1)
    caller = await (await s.inbound("5110")).until_up()
    for digit in "3931":
        await asyncio.sleep(1.2)
        await caller.press(digit)
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5110", "direction": "inbound", "digits": "3931",
        "ivr_path": ["ivr-service", "ivr-more", "ivr-service", "ivr-more"], "rang": ["1002"], "answered_by": ["1002"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def ivr_abandon_second_menu(s: Stage) -> None:
    """IVR 5110: the caller hangs up in the second menu."""
    caller = await (await s.inbound("5110")).until_up()
    await asyncio.sleep(1.2)
    await caller.press("3")
    await asyncio.sleep(2)
    await caller.hang_up()
    s.calls = [{
        "caller": CALLER, "called": "5110", "direction": "inbound", "digits": "3",
        "ivr_path": ["ivr-service", "ivr-more"], "ivr_s": seconds(caller.answered_at, caller.ended_at), "rang": [],
        "answered_by": [], "transfers": [], "outcome": "abandoned", "stage": "ivr", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip
