"""Transfers by the telephone: REFER blind, attended and blonde."""

import asyncio

from rig.leg import Answer, PhoneLeg, Reject, Ring
from rig.stage import CALLER, Record, Stage, scenario, seconds, talk

OUTSIDE = "8885551"


def transferred(number: str, transfer: Record, answered_by: list[str], **more: object) -> Record:
    """The truth of an inbound call that 1001 answered and transferred."""
    return {
        "caller": CALLER, "called": number, "direction": "inbound", "answered_by": answered_by, "outcome": "answered",
        "transfers": [transfer], **more,
    }  # fmt: skip


async def _drop(leg: PhoneLeg) -> None:
    """A telephone ends its own leg after a transfer, unless the PBX did."""
    await asyncio.sleep(0.3)
    await leg.hang_up()


async def _consult(s: Stage, agent: PhoneLeg, target: str) -> PhoneLeg:
    """1001 holds the caller and dials the target from its second line."""
    await agent.hold()
    await asyncio.sleep(0.3)
    return await s["1001"].dial(target)


@scenario
async def blind_to_queue(s: Stage) -> None:
    """Blind transfer by REFER to queue pool; 1002 answers there; caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    s["1001"].behaviour, s["1002"].behaviour = Ring(), Answer(1)
    await agent.refer("5040")
    second = await s["1002"].next_leg()
    await _drop(agent)
    await second.until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "5040", "result": "completed"}, ["1001", "1002"], queue="pool",
        wait_s=seconds(s.joined_queue(), second.answered_at), talk_s=talk(agent, second), ended_by="caller",
    )]  # fmt: skip


@scenario
async def blind_no_answer(s: Stage) -> None:
    """Blind transfer by REFER to 1002, who rings 20 s without answering; the PBX drops the caller."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    s["1002"].behaviour = Ring()
    await agent.refer("1002")
    await s["1002"].next_leg()
    await _drop(agent)
    await caller.until_ended(30)
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "no_answer"}, ["1001"],
        rang=["1001", "1002"], talk_s=talk(agent), ended_by="pbx",
    )]  # fmt: skip


@scenario
async def blind_abandoned(s: Stage) -> None:
    """Blind transfer by REFER to 1002; the caller hangs up while 1002 rings."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    s["1002"].behaviour = Ring()
    await agent.refer("1002")
    second = await (await s["1002"].next_leg()).until_ringing()
    await _drop(agent)
    await asyncio.sleep(1)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "abandoned"}, ["1001"],
        rang=["1001", "1002"], talk_s=talk(agent), ended_by="caller",
    )]  # fmt: skip


@scenario
async def blind_to_outside(s: Stage) -> None:
    """Blind transfer by REFER to the outside number 98885551, which answers; the far end hangs up. Whether `to` is
    written with or without the outside prefix is disputable: the truth does not say.
    """
    s.carrier.numbers[OUTSIDE] = Answer(1)
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.refer("9" + OUTSIDE)
    far = await s.carrier.next_leg()
    await _drop(agent)
    await far.until_up()
    await asyncio.sleep(2)
    await far.hang_up()
    await caller.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "result": "completed"}, ["1001", OUTSIDE], rang=["1001"],
        talk_s=talk(agent, far), ended_by="called",
    )]  # fmt: skip


@scenario
async def blind_unreachable(s: Stage) -> None:
    """Blind transfer by REFER to extension 1006, which nobody registered; the PBX drops the caller."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.refer("1006")
    await _drop(agent)
    await caller.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1006", "result": "failed"}, ["1001"], rang=["1001"],
        talk_s=talk(agent), ended_by="pbx",
    )]  # fmt: skip


@scenario
async def attended_to_outside(s: Stage) -> None:
    """Attended transfer by REFER with Replaces to the outside number 98885551 after talking 1.5 s; the far end hangs
    up.
    """
    s.carrier.numbers[OUTSIDE] = Answer(0.8)
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "9" + OUTSIDE)
    far = await (await s.carrier.next_leg()).until_up()
    await consult.until_up()
    await asyncio.sleep(1.5)
    await agent.refer("9" + OUTSIDE, consult)
    await asyncio.sleep(0.3)
    await agent.hang_up()
    await consult.hang_up()
    await asyncio.sleep(2)
    await far.hang_up()
    await caller.until_ended()
    s.calls = [transferred(
        "551001",
        {"kind": "attended", "by": "1001", "result": "completed", "consult_s": consult.connected_s},
        ["1001", OUTSIDE], rang=["1001"], talk_s=talk(agent, far), hold_s=agent.held_s, ended_by="called",
    )]  # fmt: skip


@scenario
async def blonde_answered(s: Stage) -> None:
    """Blonde transfer: 1001 completes by REFER with Replaces while 1002 still rings; 1002 answers 1.5 s later;
    caller hangs up.
    """
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "1002")
    second = await s["1002"].next_leg()
    await consult.until_ringing()
    await asyncio.sleep(1)
    await agent.refer("1002", consult)
    await _drop(agent)
    await asyncio.sleep(1.5)
    second.answer()
    await second.until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blonde", "by": "1001", "to": "1002", "result": "completed"}, ["1001", "1002"],
        rang=["1001", "1002"], talk_s=talk(agent, second), ended_by="caller",
    )]  # fmt: skip


@scenario
async def blonde_no_answer(s: Stage) -> None:
    """Blonde transfer by REFER with Replaces; 1002 never answers: Dial() gives up and the PBX drops the caller."""
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "1002")
    await s["1002"].next_leg()
    await consult.until_ringing()
    await asyncio.sleep(1)
    await agent.refer("1002", consult)
    await _drop(agent)
    await caller.until_ended(30)
    s.calls = [transferred(
        "551001", {"kind": "blonde", "by": "1001", "to": "1002", "result": "no_answer"}, ["1001"],
        rang=["1001", "1002"], talk_s=talk(agent), ended_by="pbx",
    )]  # fmt: skip


@scenario
async def blonde_abandoned(s: Stage) -> None:
    """Blonde transfer by REFER with Replaces; the caller hangs up while 1002 still rings."""
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "1002")
    second = await s["1002"].next_leg()
    await consult.until_ringing()
    await asyncio.sleep(1)
    await agent.refer("1002", consult)
    await _drop(agent)
    await asyncio.sleep(1.5)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "blonde", "by": "1001", "to": "1002", "result": "abandoned"}, ["1001"],
        rang=["1001", "1002"], talk_s=talk(agent), ended_by="caller",
    )]  # fmt: skip


@scenario
async def blonde_busy(s: Stage) -> None:
    """Blonde transfer by REFER with Replaces; 1002 rejects with 486 afterwards; the PBX drops the caller."""
    s["1002"].behaviour = Reject(486, after_s=3)
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "1002")
    await s["1002"].next_leg()
    await consult.until_ringing()
    await asyncio.sleep(1)
    await agent.refer("1002", consult)
    await _drop(agent)
    await caller.until_ended(30)
    s.calls = [transferred(
        "551001", {"kind": "blonde", "by": "1001", "to": "1002", "result": "busy"}, ["1001"],
        talk_s=talk(agent), ended_by="pbx",
    )]  # fmt: skip


@scenario
async def attended_from_queue(s: Stage) -> None:
    """Attended transfer out of a queue call by REFER with Replaces to 1003; caller hangs up."""
    s["1002"].behaviour = Ring()
    caller = await s.inbound("5040")
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(1)
    consult = await _consult(s, agent, "1003")
    third = await (await s["1003"].next_leg()).until_up()
    await consult.until_up()
    await asyncio.sleep(1.2)
    await agent.refer("1003", consult)
    await asyncio.sleep(0.3)
    await agent.hang_up()
    await consult.hang_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await third.until_ended()
    await asyncio.sleep(0.3)
    s.calls = [transferred(
        "5040",
        {"kind": "attended", "by": "1001", "to": "1003", "result": "completed", "consult_s": consult.connected_s},
        ["1001", "1003"], queue="pool", wait_s=seconds(s.joined_queue(), agent.answered_at),
        talk_s=talk(agent, third), hold_s=agent.held_s, ended_by="caller",
    )]  # fmt: skip


@scenario
async def blind_of_outbound(s: Stage) -> None:
    """1001 has dialled outside 98885551; blind transfer by REFER of the outside party to 1002, who answers and hangs
    up.
    """
    s.carrier.numbers[OUTSIDE] = Answer(0.8)
    agent = await s["1001"].dial("9" + OUTSIDE)
    far = await (await s.carrier.next_leg()).until_up()
    await agent.until_up()
    await asyncio.sleep(1)
    await agent.refer("1002")
    second = await s["1002"].next_leg()
    await _drop(agent)
    await second.until_up()
    await asyncio.sleep(2)
    await second.hang_up()
    await far.until_ended()
    s.calls = [{
        "caller": "1001", "called": OUTSIDE, "direction": "outbound", "outcome": "answered",
        "transfers": [{"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}],
    }]  # fmt: skip
