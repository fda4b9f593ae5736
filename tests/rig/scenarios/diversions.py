"""Forwards: 302 from the telephone, the dial plan's unconditional, busy and no-answer forwards, follow-me."""

import asyncio

from rig.leg import Answer, Deflect, Reject, Ring
from rig.stage import CALLER, Record, Stage, scenario, talk


async def _forward(s: Stage, key: str, desk: str, to: str) -> None:
    """Set a forward in the PBX's database, before the recording's first leg."""
    await s.pbx.cli(f"database put {key} {desk} {to}")


async def _clear(s: Stage) -> None:
    for key in ("CFU", "CFB", "CFN"):
        await s.pbx.cli(f"database deltree {key}")


def diverted(number: str, diversion: Record, **more: object) -> Record:
    """The truth of an inbound call that was diverted once."""
    return {
        "caller": CALLER, "called": number, "direction": "inbound", "outcome": "answered", "transfers": [],
        "diversions": [diversion], **more,
    }  # fmt: skip


@scenario
async def forward_302(s: Stage) -> None:
    """1001 deflects at once by 302 with Contact 1002; 1002 answers; caller hangs up."""
    s["1001"].behaviour = Deflect("1002")
    caller = await s.inbound("551001")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [diverted(
        "551001", {"from": "1001", "to": "1002", "reason": "deflected"}, rang=["1002"], answered_by=["1002"],
        talk_s=talk(second), ended_by="caller",
    )]  # fmt: skip


@scenario
async def forward_302_no_answer(s: Stage) -> None:
    """1001 rings 1.5 s, then deflects by 302 to 1003, who never answers; Dial() gives up. Whether 1001 rang is
    disputable (it did, then answered 302): the truth does not name `rang`.
    """
    s["1001"].behaviour, s["1003"].behaviour = Deflect("1003", after_s=1.5), Ring()
    caller = await s.inbound("551001")
    await s["1003"].next_leg()
    await caller.until_ended(30)
    s.calls = [diverted(
        "551001", {"from": "1001", "to": "1003", "reason": "deflected"}, answered_by=[], outcome="no_answer",
        stage="ringing", talk_s=0, ended_by="pbx",
    )]  # fmt: skip


@scenario
async def forward_302_outside(s: Stage) -> None:
    """1001 deflects by 302 to the outside number 98885551 in the dial plan of the agents; the far end answers and
    hangs up. How `to` is written is disputable: the truth does not say.
    """
    s["1001"].behaviour = Deflect("98885551")
    s.carrier.numbers["8885551"] = Answer(0.8)
    caller = await s.inbound("551001")
    far = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await far.hang_up()
    await caller.until_ended()
    s.calls = [diverted(
        "551001", {"from": "1001", "reason": "deflected"}, rang=[], answered_by=["8885551"], talk_s=talk(far),
        ended_by="called",
    )]  # fmt: skip


@scenario
async def forward_unconditional(s: Stage) -> None:
    """Dial-plan forward, unconditional: 581001 goes to 1002 by Local/1002@internal/n; caller hangs up. The PBX says
    so in the dial plan only (DB(CFU/1001)).
    """
    await _forward(s, "CFU", "1001", "1002")
    caller = await s.inbound("581001")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    await _clear(s)
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "outcome": "answered", "transfers": [],
        "rang": ["1002"], "answered_by": ["1002"], "talk_s": talk(second), "ended_by": "caller",
    }]  # fmt: skip
    s.calls[0]["diversions"] = [{"from": "1001", "to": "1002", "reason": "unconditional"}]


@scenario
async def forward_busy(s: Stage) -> None:
    """Dial-plan forward on busy: 1001 answers 486, Local/1003@internal/n answers; agent hangs up."""
    await _forward(s, "CFB", "1001", "1003")
    s["1001"].behaviour = Reject(486)
    caller = await s.inbound("581001")
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await third.hang_up()
    await caller.until_ended()
    await _clear(s)
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "outcome": "answered", "transfers": [],
        "rang": ["1003"], "answered_by": ["1003"], "talk_s": talk(third), "ended_by": "called",
    }]  # fmt: skip
    s.calls[0]["diversions"] = [{"from": "1001", "to": "1003", "reason": "busy"}]


@scenario
async def forward_no_answer(s: Stage) -> None:
    """Dial-plan forward on no answer: 1001 rings 6 s, then Local/1002@internal/n rings and answers; caller hangs up."""
    await _forward(s, "CFN", "1001", "1002")
    s["1001"].behaviour = Ring()
    caller = await s.inbound("581001")
    await s["1001"].next_leg()
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    await _clear(s)
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "outcome": "answered", "transfers": [],
        "rang": ["1001", "1002"], "answered_by": ["1002"], "talk_s": talk(second), "ended_by": "caller",
    }]  # fmt: skip
    s.calls[0]["diversions"] = [{"from": "1001", "to": "1002", "reason": "no_answer"}]


@scenario
async def forward_to_busy(s: Stage) -> None:
    """Dial-plan forward on no answer, and the forward's target is busy too: the PBX ends the call."""
    await _forward(s, "CFN", "1001", "1002")
    s["1001"].behaviour, s["1002"].behaviour = Ring(), Reject(486, after_s=0.5)
    caller = await s.inbound("581001")
    await caller.until_ended(30)
    await _clear(s)
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "outcome": "busy", "transfers": [],
        "answered_by": [], "talk_s": 0,
    }]  # fmt: skip
    s.calls[0]["diversions"] = [{"from": "1001", "to": "1002", "reason": "no_answer"}]


@scenario
async def follow_me(s: Stage) -> None:
    """Follow-me: Local/1001@followme/n rings 1001 for 4 s, then the mobile 8887777 outside, which answers; caller
    hangs up. Diversions of a follow-me are disputable in their `to` and reason: the truth does not say.
    """
    s["1001"].behaviour = Ring()
    s.carrier.numbers["8887777"] = Answer(1)
    caller = await s.inbound("591001")
    await s["1001"].next_leg()
    mobile = await (await s.carrier.next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await mobile.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "591001", "direction": "inbound", "outcome": "answered", "transfers": [],
        "rang": ["1001"], "answered_by": ["8887777"], "talk_s": talk(mobile), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def follow_me_desk(s: Stage) -> None:
    """Follow-me whose first desk answers: Local/1001@followme/n, 1001 answers after 1 s; agent hangs up."""
    s["1001"].behaviour = Answer(1)
    caller = await s.inbound("591001")
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "591001", "direction": "inbound", "outcome": "answered", "transfers": [],
        "diversions": [], "rang": ["1001"], "answered_by": ["1001"], "talk_s": talk(agent), "ended_by": "called",
    }]  # fmt: skip
