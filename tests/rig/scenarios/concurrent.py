"""Several calls at once, call waiting, connecting in mid-call and a connection that is cut."""

import asyncio

from rig.leg import Answer, Ring
from rig.stage import CALLER, FROM_SECOND, FROM_THIRD, SECOND_CALLER, THIRD_CALLER, Stage, scenario, seconds, talk


@scenario
async def call_waiting_swap(s: Stage) -> None:
    """Call waiting: 1001 talks with a first caller, a second caller arrives, 1001 holds the first, answers the
    second, swaps back after 2 s, the second hangs up, then the first.
    """
    first, one = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    s["1001"].behaviour = Ring()
    second = await s.inbound("551001", FROM_SECOND)
    two = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(1)
    await one.hold()
    two.answer()
    await two.until_up()
    await asyncio.sleep(2)
    await two.hold()
    await one.resume()
    await asyncio.sleep(2)
    await second.hang_up()
    await two.until_ended()
    await asyncio.sleep(0.5)
    await first.hang_up()
    await one.until_ended()
    s.calls = [
        {"caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
         "transfers": [], "outcome": "answered", "talk_s": talk(one), "hold_s": one.held_s, "ended_by": "caller"},
        {"caller": SECOND_CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
         "transfers": [], "outcome": "answered", "talk_s": talk(two), "hold_s": two.held_s, "ended_by": "caller"},
    ]  # fmt: skip


@scenario
async def call_waiting_missed(s: Stage) -> None:
    """Call waiting rejected: 1001 talks, a second caller rings 1001 and gives up; the first call goes on; agent
    hangs up.
    """
    first, one = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    s["1001"].behaviour = Ring()
    second = await s.inbound("551001", FROM_SECOND)
    two = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(2)
    await second.hang_up()
    await two.until_ended()
    await asyncio.sleep(1)
    await one.hang_up()
    await first.until_ended()
    s.calls = [
        {"caller": CALLER, "rang": ["1001"], "answered_by": ["1001"], "outcome": "answered", "talk_s": talk(one),
         "ended_by": "called", "direction": "inbound"},
        {"caller": SECOND_CALLER, "rang": ["1001"], "answered_by": [], "outcome": "abandoned", "stage": "ringing",
         "talk_s": 0, "ended_by": "caller", "direction": "inbound"},
    ]  # fmt: skip


@scenario
async def three_at_once(s: Stage) -> None:
    """Three calls at once: a queue call answered by 1001, an internal call 1003 -> 1004, an outbound call of 1002;
    they end in another order than they began.
    """
    s["1001"].behaviour, s["1004"].behaviour = Answer(1.5), Answer(1)
    s.carrier.numbers["8885551"] = Answer(1)
    caller = await s.inbound("5040", FROM_THIRD)
    internal = await s["1003"].dial("1004")
    outbound = await s["1002"].dial("98885551")
    agent = await (await s["1001"].next_leg()).until_up()
    fourth = await (await s["1004"].next_leg()).until_up()
    far = await (await s.carrier.next_leg()).until_up()
    await outbound.until_up()
    await asyncio.sleep(1.5)
    await far.hang_up()
    await outbound.until_ended()
    await asyncio.sleep(0.7)
    await internal.hang_up()
    await fourth.until_ended()
    await asyncio.sleep(0.7)
    await agent.hang_up()
    await caller.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [
        {"caller": THIRD_CALLER, "called": "5040", "direction": "inbound", "queue": "pool", "rang": ["1001"],
         "wait_s": seconds(s.joined_queue(), agent.answered_at), "answered_by": ["1001"], "outcome": "answered",
         "transfers": [], "talk_s": talk(agent), "ended_by": "called"},
        {"caller": "1003", "called": "1004", "direction": "internal", "rang": ["1004"], "answered_by": ["1004"],
         "outcome": "answered", "transfers": [], "talk_s": talk(fourth), "ended_by": "caller"},
        {"caller": "1002", "called": "8885551", "direction": "outbound", "rang": [], "answered_by": ["8885551"],
         "outcome": "answered", "transfers": [], "talk_s": talk(far), "ended_by": "called"},
    ]  # fmt: skip


@scenario
async def queue_two_callers(s: Stage) -> None:
    """Two callers in one queue: 1001 takes the first, 1002 the second; both callers hang up."""
    s["1001"].behaviour, s["1002"].behaviour = Answer(1), Answer(1.5)
    first = await s.inbound("5040")
    await asyncio.sleep(0.3)
    second = await s.inbound("5040", FROM_SECOND)
    one = await (await s["1001"].next_leg()).until_up()
    two = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await first.hang_up()
    await asyncio.sleep(0.7)
    await second.hang_up()
    await one.until_ended()
    await two.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [
        {"caller": CALLER, "queue": "pool", "wait_s": seconds(s.joined_queue(0), one.answered_at), "outcome": "answered",
         "answered_by": ["1001"], "talk_s": talk(one), "ended_by": "caller", "direction": "inbound"},
        {"caller": SECOND_CALLER, "queue": "pool", "wait_s": seconds(s.joined_queue(1), two.answered_at),
         "answered_by": ["1002"], "talk_s": talk(two), "ended_by": "caller", "direction": "inbound", "outcome": "answered"},
    ]  # fmt: skip


@scenario(late=True)
async def midcall_connect(s: Stage) -> None:
    """The recorder connects in mid-call: one caller talks with 1001 since 2 s, another waits in queue pool while
    1002 rings; snapshot; then 1002 answers and both calls end.
    """
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    s["1001"].behaviour = Ring()
    waiting = await (await s.inbound("5040", FROM_SECOND)).until_up()
    await asyncio.sleep(2)
    await s.ami.open()
    await s.snapshot()
    second = await s["1002"].next_leg()
    await asyncio.sleep(1)
    second.answer()
    await second.until_up()
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await asyncio.sleep(1)
    await second.hang_up()
    await agent.until_ended()
    await waiting.until_ended()
    s.evidence["first_talk_s"] = talk(agent)
    s.evidence["second_wait_s"] = seconds(s.joined_queue(), second.answered_at)
    s.calls = [
        {"caller": CALLER, "direction": "inbound", "answered_by": ["1001"], "outcome": "answered", "ended_by": "caller"},
        {"caller": SECOND_CALLER, "direction": "inbound", "queue": "pool", "answered_by": ["1002"],
         "outcome": "answered", "talk_s": talk(second), "ended_by": "called"},
    ]  # fmt: skip


@scenario
async def connection_cut(s: Stage) -> None:
    """The AMI connection is cut for 3 s and made again: A talks with 1001 through the cut; B (1002) ends during it;
    C rings 1003 from within it and is answered after.
    """
    s["1003"].behaviour = Ring()
    caller_a, agent_a = await s.answered_at("551001", "1001")
    caller_b, agent_b = await s.answered_at("551002", "1002", FROM_SECOND)
    await asyncio.sleep(1)
    await s.ami.cut()
    cut_at = s.ami.parts[-1]["disconnected"]
    await asyncio.sleep(0.7)
    await agent_b.hang_up()
    await caller_b.until_ended()
    caller_c = await s.inbound("551003", FROM_THIRD)
    agent_c = await s["1003"].next_leg()
    await asyncio.sleep(2.3)
    await s.ami.open()
    await s.snapshot()
    await asyncio.sleep(2)
    agent_c.answer()
    await agent_c.until_up()
    await asyncio.sleep(1.2)
    await agent_a.hang_up()
    await caller_a.until_ended()
    await asyncio.sleep(0.6)
    await caller_c.hang_up()
    await agent_c.until_ended()
    s.evidence |= {
        "cut_at": cut_at, "back_at": s.ami.parts[-1]["connected"], "A_talk_s": talk(agent_a), "B_talk_s": talk(agent_b),
        "B_ended_at": agent_b.ended_at, "C_invited_at": agent_c.invited_at,
    }  # fmt: skip
    s.calls = [
        {"caller": CALLER, "called": "551001", "direction": "inbound", "answered_by": ["1001"], "outcome": "answered",
         "ended_by": "called"},
        {"caller": SECOND_CALLER, "called": "551002", "direction": "inbound", "answered_by": ["1002"],
         "outcome": "answered", "complete": False, "talk_s": None},
        {"caller": THIRD_CALLER, "direction": "inbound", "answered_by": ["1003"], "outcome": "answered",
         "talk_s": talk(agent_c), "ended_by": "caller"},
    ]  # fmt: skip
