"""What happens twice, or one thing after the other: transfers of transfers, chains of forwards, queues after other things."""

import asyncio

from rig.leg import Answer, Deflect, PhoneLeg, Ring
from rig.scenarios.transfers import transferred
from rig.stage import CALLER, Stage, scenario, talk


async def blind(agent: PhoneLeg, to: str) -> None:
    """Blind transfer by REFER; the telephone ends its own leg, as telephones do."""
    await agent.refer(to)
    await asyncio.sleep(0.2)
    await agent.hang_up()


@scenario
async def blind_twice(s: Stage) -> None:
    """Blind transfer from 1001 to 1002, and by 1002 to 1003, both by REFER; caller hangs up."""
    caller, first = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await blind(first, "1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await blind(second, "1003")
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await third.until_ended()
    call = transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}, ["1001", "1002", "1003"],
        rang=["1001", "1002", "1003"], talk_s=talk(first, second, third), ended_by="caller",
    )  # fmt: skip
    call["transfers"] = [
        {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"},
        {"kind": "blind", "by": "1002", "to": "1003", "result": "completed"},
    ]
    s.calls = [call]


@scenario
async def blind_and_back(s: Stage) -> None:
    """Blind transfer from 1001 to 1002, who sends the caller back to 1001; agent hangs up. Each answerer is named once."""
    caller, first = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await blind(first, "1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await blind(second, "1001")
    again = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await again.hang_up()
    await caller.until_ended()
    call = transferred(
        "551001", {}, ["1001", "1002"], rang=["1001", "1002"], talk_s=talk(first, second, again), ended_by="called"
    )
    call["transfers"] = [
        {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"},
        {"kind": "blind", "by": "1002", "to": "1001", "result": "completed"},
    ]
    s.calls = [call]


@scenario
async def attended_then_blind(s: Stage) -> None:
    """Attended transfer from 1001 to 1002 by REFER with Replaces, then blind from 1002 to 1003; caller hangs up."""
    caller, first = await s.answered_at("551001", "1001")
    await asyncio.sleep(0.8)
    await first.hold()
    consult = await s["1001"].dial("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await consult.until_up()
    await asyncio.sleep(1)
    await first.refer("1002", consult)
    await asyncio.sleep(0.2)
    await first.hang_up()
    await consult.hang_up()
    await asyncio.sleep(1)
    await blind(second, "1003")
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await third.until_ended()
    call = transferred("551001", {}, ["1001", "1002", "1003"], talk_s=talk(first, second, third), ended_by="caller")
    call["transfers"] = [
        {"kind": "attended", "by": "1001", "to": "1002", "result": "completed", "consult_s": consult.connected_s},
        {"kind": "blind", "by": "1002", "to": "1003", "result": "completed"},
    ]
    call["hold_s"] = first.held_s
    s.calls = [call]


@scenario
async def hold_twice(s: Stage) -> None:
    """1001 holds the caller twice, for 1 s and 1.5 s; caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    for held_s in (1, 1.5):
        await asyncio.sleep(0.7)
        await agent.hold()
        await asyncio.sleep(held_s)
        await agent.resume()
    await asyncio.sleep(0.7)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "hold_s": agent.held_s, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def hold_until_abandoned(s: Stage) -> None:
    """1001 holds the caller, who loses patience and hangs up while on hold."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.hold()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "hold_s": agent.held_s, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def hold_by_caller(s: Stage) -> None:
    """An internal call in which the caller 1002 holds 1003 for 2 s: the caller was not held; called hangs up."""
    caller = await s["1002"].dial("1003")
    called = await (await s["1003"].next_leg()).until_up()
    await caller.until_up()
    await asyncio.sleep(1)
    await caller.hold()
    await asyncio.sleep(2)
    await caller.resume()
    await asyncio.sleep(1)
    await called.hang_up()
    await caller.until_ended()
    s.calls = [{
        "caller": "1002", "called": "1003", "direction": "internal", "rang": ["1003"], "answered_by": ["1003"],
        "transfers": [], "outcome": "answered", "talk_s": talk(called), "hold_s": 0, "ended_by": "called",
    }]  # fmt: skip


@scenario
async def forward_chain(s: Stage) -> None:
    """1001 deflects by 302 to 1002, who deflects by 302 to 1003, who answers; caller hangs up."""
    s["1001"].behaviour, s["1002"].behaviour = Deflect("1002"), Deflect("1003")
    caller = await s.inbound("551001")
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await third.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1003"], "answered_by": ["1003"],
        "transfers": [], "outcome": "answered", "talk_s": talk(third), "ended_by": "caller",
        "diversions": [
            {"from": "1001", "to": "1002", "reason": "deflected"},
            {"from": "1002", "to": "1003", "reason": "deflected"},
        ],
    }]  # fmt: skip


@scenario
async def forward_in_ring_group(s: Stage) -> None:
    """Ring group 5200: 1001 deflects by 302 to 1004, 1002 and 1003 ring; 1004 answers; caller hangs up."""
    s["1001"].behaviour, s["1002"].behaviour, s["1003"].behaviour = Deflect("1004"), Ring(), Ring()
    s["1004"].behaviour = Answer(1.5)
    caller = await s.inbound("5200")
    fourth = await (await s["1004"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await fourth.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5200", "direction": "inbound", "rang": ["1002", "1003", "1004"],
        "answered_by": ["1004"], "transfers": [], "outcome": "answered", "talk_s": talk(fourth), "ended_by": "caller",
        "diversions": [{"from": "1001", "to": "1004", "reason": "deflected"}],
    }]  # fmt: skip


@scenario
async def ivr_extension(s: Stage) -> None:
    """IVR 5120: the caller dials extension 1002 in the menu; 1002 answers; caller hangs up."""
    s["1002"].behaviour = Answer(1)
    caller = await (await s.inbound("5120")).until_up()
    await asyncio.sleep(1)
    await caller.press("1002")
    agent = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await caller.press("5")
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5120", "direction": "inbound", "digits": "1002", "ivr_path": ["ivr-directory"],
        "rang": ["1002"], "answered_by": ["1002"], "transfers": [], "outcome": "answered", "talk_s": talk(agent),
        "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def announcement(s: Stage) -> None:
    """5130 says that the office is closed and hangs up: no key is awaited, so no menu is passed. The outcome is
    disputable: the truth does not name it.
    """
    caller = await s.inbound("5130")
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5130", "direction": "inbound", "digits": "", "ivr_path": [], "rang": [],
        "answered_by": [], "transfers": [], "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def park_by_parker(s: Stage) -> None:
    """1001 parks the caller by REFER and picks it up itself with 701; agent hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await blind(agent, "700")
    await asyncio.sleep(2)
    again = await (await s["1001"].dial("701")).until_up()
    await asyncio.sleep(2)
    await again.hang_up()
    await caller.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "park", "by": "1001", "slot": "701"}, ["1001"], rang=["1001"],
        talk_s=talk(agent, again), ended_by="called",
    )]  # fmt: skip


@scenario
async def outbound_early_media(s: Stage) -> None:
    """1001 dials 98885551, whose network plays a tone (183) for 1.5 s before the far end answers; 1001 presses 12 in the
    far end's menu, which are no digits of this call; far end hangs up.
    """
    s.carrier.numbers["8885551"] = Answer(1.5, early_media=True)
    agent = await s["1001"].dial("98885551")
    far = await (await s.carrier.next_leg()).until_up()
    await agent.until_up()
    await asyncio.sleep(1)
    await agent.press("12")
    await asyncio.sleep(1)
    await far.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": "1001", "called": "8885551", "direction": "outbound", "rang": [], "answered_by": ["8885551"],
        "transfers": [], "outcome": "answered", "talk_s": talk(far), "ended_by": "called", "digits": "", "ivr_path": [],
    }]  # fmt: skip


@scenario
async def inbound_second_trunk(s: Stage) -> None:
    """A call that arrives by the second trunk; 1001 answers; caller hangs up."""
    s.backup.name = "Chen Wei"
    caller = await s.backup.dial("551001", '"Chen Wei" <sip:+8613916880001@127.0.0.3>')
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": "+8613916880001", "caller_name": "Chen Wei", "called": "551001", "direction": "inbound",
        "rang": ["1001"], "answered_by": ["1001"], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def three_way_by_feature(s: Stage) -> None:
    """1001 consults 1002 by *2 and joins all three by *3 (three-way); 1001 leaves first, then the caller hangs up. How a
    record tells a three-way call is disputable: the truth names what is sure.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.press("*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await agent.press("*3")
    await asyncio.sleep(2)
    await agent.hang_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "answered_by": ["1001", "1002"],
        "outcome": "answered", "talk_s": talk(agent, second), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def feature_attended_swap(s: Stage) -> None:
    """1001 consults 1002 by *2, swaps to the caller by *4 and back by *4, then hangs up: completed; 1002 hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.press("*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1)
    await agent.press("*4")
    await asyncio.sleep(1.5)
    await agent.press("*4")
    await asyncio.sleep(1)
    await agent.hang_up()
    await asyncio.sleep(1.5)
    await second.hang_up()
    await caller.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "attended", "by": "1001", "to": "1002", "result": "completed"}, ["1001", "1002"],
        talk_s=talk(agent, second), ended_by="called",
    )]  # fmt: skip
