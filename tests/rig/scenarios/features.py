"""Transfers by feature code (*2, #1, *0) and by AMI (Atxfer, Redirect, BlindTransfer, Hangup)."""

import asyncio
import time

from rig.ami import AmiRecorder
from rig.leg import PhoneLeg, Ring
from rig.scenarios.transfers import transferred
from rig.stage import CALLER, Stage, scenario, seconds, talk


@scenario
async def feature_attended(s: Stage) -> None:
    """Attended transfer by feature code: 1001 presses *2 and 1002, 1002 answers, 1.5 s later 1001 hangs up; caller
    hangs up. hold_s runs from the last digit of *2.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    recognised = await _code(agent, "*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await agent.hang_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001",
        {"kind": "attended", "by": "1001", "to": "1002", "result": "completed",
         "consult_s": seconds(second.answered_at, agent.ended_at)},
        ["1001", "1002"], talk_s=talk(agent, second), hold_s=seconds(recognised, agent.ended_at), ended_by="caller",
    )]  # fmt: skip


@scenario
async def feature_attended_aborted(s: Stage) -> None:
    """Attended transfer by feature code given up: 1001 presses *2 and 1002, 1002 answers, 1001 presses *1 (abort)
    and has the caller again; agent hangs up. The consultation given up stays a call.
    """
    await _given_up(s, "551001", "*1")


@scenario
async def feature_attended_target_hangs(s: Stage) -> None:
    """Attended transfer by feature code: 1002 answers the consultation and hangs up after 1.5 s, 1001 has the caller
    again; caller hangs up. The consultation given up stays a call.
    """
    await _given_up(s, "551001", "")


@scenario
async def feature_attended_no_answer(s: Stage) -> None:
    """Attended transfer by feature code: 1002 never answers the consultation (15 s), 1001 has the caller again;
    agent hangs up. The consultation stays a call.
    """
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    recognised = await _code(agent, "*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await s["1002"].next_leg()
    await second.until_ended(30)
    # The PBX tells 1001 that nobody answered before it gives the caller back: how long is not seen by the telephones.
    await asyncio.sleep(4)
    await agent.hang_up()
    await caller.until_ended()
    s.evidence["hold"] = {"from": recognised, "not_before": second.ended_at}
    s.calls = [
        transferred("551001", {}, ["1001"], talk_s=talk(agent), ended_by="called"),
        {"caller": "1001", "called": "1002", "direction": "internal", "rang": ["1002"], "answered_by": [],
         "outcome": "no_answer", "talk_s": 0},
    ]  # fmt: skip
    s.calls[0]["transfers"] = []


async def _given_up(s: Stage, number: str, code: str) -> None:
    """1001 consults 1002 by *2 and gives it up by a code, or 1002 does by hanging up."""
    caller, agent = await s.answered_at(number, "1001")
    await asyncio.sleep(1)
    recognised = await _code(agent, "*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    if code:
        await agent.press(code)
    else:
        await second.hang_up()
    await second.until_ended()
    await asyncio.sleep(2)
    last = agent if code else caller
    await last.hang_up()
    await caller.until_ended()
    await agent.until_ended()
    s.calls = [
        transferred(number, {}, ["1001"], talk_s=talk(agent), hold_s=seconds(recognised, second.ended_at),
                    ended_by="called" if code else "caller"),
        {"caller": "1001", "called": "1002", "direction": "internal", "answered_by": ["1002"], "outcome": "answered",
         "talk_s": talk(second), "ended_by": "caller" if code else "called"},
    ]  # fmt: skip
    s.calls[0]["transfers"] = []


@scenario
async def feature_disconnect(s: Stage) -> None:
    """1001 ends the call with the disconnect code *0."""
    caller, agent = await s.answered_at("571001", "1001")
    await asyncio.sleep(2)
    await agent.press("*0")
    await caller.until_ended()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "571001", "direction": "inbound", "answered_by": ["1001"], "rang": ["1001"],
        "outcome": "answered", "transfers": [], "talk_s": talk(agent), "ended_by": "called", "digits": "",
    }]  # fmt: skip


@scenario
async def feature_blonde(s: Stage) -> None:
    """Blonde transfer by feature code: 1001 presses *2 and 1002 and hangs up while 1002 rings; 1002 answers; caller
    hangs up.
    """
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await agent.press("*2")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_ringing()
    await asyncio.sleep(1)
    await agent.hang_up()
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
async def feature_blind(s: Stage) -> None:
    """Blind transfer by feature code: 1001 presses #1 and 1002, who answers; caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    recognised = await _code(agent, "#1")
    await asyncio.sleep(1.5)
    await agent.press("1002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.evidence["feature_code_pressed"] = recognised
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}, ["1001", "1002"],
        rang=["1001", "1002"], talk_s=talk(agent, second), ended_by="caller",
    )]  # fmt: skip


@scenario
async def ami_atxfer(s: Stage) -> None:
    """Attended transfer by AMI Atxfer to 1002; 1.5 s after 1002 answered, 1001 hangs up: completed; caller hangs up."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    leg = await s.ami.leg_name("PJSIP/1001")
    commanded = time.time()
    await s.ami.action("Atxfer", ("Channel", leg), ("Exten", "1002"), ("Context", "internal"))
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(1.5)
    await agent.hang_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await second.until_ended()
    s.calls = [transferred(
        "551001",
        {"kind": "attended", "by": "1001", "to": "1002", "result": "completed",
         "consult_s": seconds(second.answered_at, agent.ended_at)},
        ["1001", "1002"], talk_s=talk(agent, second), hold_s=seconds(commanded, agent.ended_at), ended_by="caller",
    )]  # fmt: skip


@scenario
async def ami_redirect(s: Stage) -> None:
    """AMI Redirect of the caller's leg to 1003 by our own command; 1001's leg ends, 1003 answers; caller hangs up.
    Kind and `by` of a Redirect that we commanded are disputable: the truth does not say them.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1.5)
    leg = await s.ami.leg_name("PJSIP/carrier")
    await s.ami.action("Redirect", ("Channel", leg), ("Exten", "1003"), ("Context", "internal"), ("Priority", "1"))
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await third.until_ended()
    s.calls = [transferred(
        "551001", {"to": "1003", "result": "completed"}, ["1001", "1003"],
        rang=["1001", "1003"], talk_s=talk(agent, third), ended_by="caller",
    )]  # fmt: skip


@scenario
async def other_redirect(s: Stage) -> None:
    """AMI Redirect of the caller's leg to 1003 by another application (its own AMI connection; not in sent.jsonl);
    1003 answers; caller hangs up.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1.5)
    other = await _other_application(s)
    leg = await other.leg_name("PJSIP/carrier")
    await other.action("Redirect", ("Channel", leg), ("Exten", "1003"), ("Context", "internal"), ("Priority", "1"))
    await other.close()
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await third.until_ended()
    s.calls = [transferred(
        "551001", {"kind": "redirect", "by": "cti", "to": "1003", "result": "completed"}, ["1001", "1003"],
        rang=["1001", "1003"], talk_s=talk(agent, third), ended_by="caller",
    )]  # fmt: skip


@scenario
async def ami_redirect_both(s: Stage) -> None:
    """AMI Redirect of both legs of a talking pair into conference 6001 by our own command (ExtraChannel); then the
    caller hangs up. Moving a talking caller into a room is no transfer.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1.5)
    first, second = await s.ami.leg_name("PJSIP/carrier"), await s.ami.leg_name("PJSIP/1001")
    await s.ami.action(
        "Redirect", ("Channel", first), ("ExtraChannel", second), ("Exten", "6001"), ("Context", "internal"), ("Priority", "1"),
    )  # fmt: skip
    await asyncio.sleep(2.5)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    await agent.hang_up()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "answered_by": ["1001"],
        "outcome": "answered", "transfers": [], "conference": "6001", "parties": [CALLER, "1001"],
        "rang": ["1001"],
    }]  # fmt: skip


@scenario
async def ami_hangup(s: Stage) -> None:
    """AMI Hangup of the caller's leg by our own command while 1001 talks: ended by cti."""
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(2)
    leg = await s.ami.leg_name("PJSIP/carrier")
    await s.ami.action("Hangup", ("Channel", leg), ("Cause", "16"))
    await caller.until_ended()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "answered_by": ["1001"], "rang": ["1001"],
        "outcome": "answered", "transfers": [], "talk_s": talk(agent), "ended_by": "cti",
    }]  # fmt: skip


@scenario
async def ami_blind_no_answer(s: Stage) -> None:
    """Blind transfer by AMI BlindTransfer of 1001's leg to 1002, who never answers; the PBX drops the caller."""
    s["1002"].behaviour = Ring()
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    leg = await s.ami.leg_name("PJSIP/1001")
    await s.ami.action("BlindTransfer", ("Channel", leg), ("Exten", "1002"), ("Context", "internal"))
    await caller.until_ended(30)
    s.calls = [transferred(
        "551001", {"kind": "blind", "by": "1001", "to": "1002", "result": "no_answer"}, ["1001"],
        rang=["1001", "1002"], talk_s=talk(agent), ended_by="pbx",
    )]  # fmt: skip


async def _code(agent: PhoneLeg, code: str) -> float:
    """Press a feature code; the moment of its last digit's end."""
    await agent.press(code, gap_s=0.25)
    return time.time() - 0.25


async def _other_application(s: Stage) -> AmiRecorder:
    return await AmiRecorder(s.pbx.ports.ami).open()
